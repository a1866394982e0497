// Reading the members of a JSON object by name and type. Internal to the signalling messages.
//
// ObjectReader fails softly, as ByteReader does: after the first problem every further call yields a default, and the
// problem, a sentence that names the member, is found in the place that was given to the constructor. So a message is
// read member by member and asked about once.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/signal.h"

namespace duet::signal {

inline constexpr size_t kMaxJsonDepth = 16;

// One JSON value of at most `max_bytes`, in the memory of `storage`. kLimit when it is too long or nests deeper than
// kMaxJsonDepth, else kMalformed. UTF-8 is checked.
Result<boost::json::value> ParseJson(std::string_view text, size_t max_bytes, boost::json::storage_ptr storage);

// The whole number that `value` is, if it is one in the range of int64_t.
std::optional<int64_t> AsInteger(const boost::json::value& value);

// The "id" of a message; monostate when it is missing or neither a whole number nor a string.
RequestId ReadId(const boost::json::object& message);

class ObjectReader {
 public:
  // `path` stands before the names in sentences: "" or "tracks[0].". `problem` outlives the reader.
  ObjectReader(const boost::json::object& object, std::string path, std::optional<SignalError>& problem)
      : object_(object), path_(std::move(path)), problem_(problem) {}

  bool ok() const { return !problem_.has_value(); }
  // Present and not null.
  bool Has(std::string_view name) const { return Find(name) != nullptr; }

  std::string String(std::string_view name);
  std::optional<std::string> OptionalString(std::string_view name);
  bool Bool(std::string_view name);
  std::optional<bool> OptionalBool(std::string_view name);
  int64_t Integer(std::string_view name, int64_t min, int64_t max);
  std::optional<int64_t> OptionalInteger(std::string_view name, int64_t min, int64_t max);
  template <typename E>
  E Enum(std::string_view name) {
    return Require(name) ? OptionalEnum<E>(name).value_or(E{}) : E{};
  }
  template <typename E>
  std::optional<E> OptionalEnum(std::string_view name) {
    const auto index = WordIndex(name, EnumWords<E>());
    return index ? std::optional(static_cast<E>(*index)) : std::nullopt;
  }
  // user_id_invalid when it is missing or not 1..kMaxUserIdBytes bytes.
  std::string UserId(std::string_view name);
  // room_id_invalid when it is missing or breaks the rules for rooms.
  RoomName Room(std::string_view name);
  std::vector<std::byte> Base64(std::string_view name);

  // Calls read(ObjectReader&) for the object of this name.
  template <typename F>
  void Object(std::string_view name, F&& read) {
    if (const boost::json::object* object = FindObject(name)) {
      ObjectReader reader(*object, Path(name) + ".", problem_);
      read(reader);
    }
  }
  // Calls read(ObjectReader&) for each element of the array of this name, which holds at most `max` objects.
  template <typename F>
  void ForEach(std::string_view name, size_t max, F&& read) {
    const boost::json::array* array = FindArray(name, max);
    for (size_t i = 0; array != nullptr && i < array->size() && ok(); ++i) {
      const std::string path = Path(name) + "[" + std::to_string(i) + "]";
      if (const boost::json::object* object = (*array)[i].if_object()) {
        ObjectReader reader(*object, path + ".", problem_);
        read(reader);
      } else {
        Fail(SignalErrorKind::kInvalidParams, "\"" + path + "\" must be an object");
      }
    }
  }
  // The array of strings of this name.
  std::vector<std::string> Strings(std::string_view name, size_t max);

  // Remembers the first problem only.
  void Fail(SignalErrorKind kind, std::string message);
  // Fails with: the member `name` `what`.
  void FailMember(SignalErrorKind kind, std::string_view name, std::string_view what);

 private:
  std::string Path(std::string_view name) const { return path_ + std::string(name); }
  // Null when it is missing, null, or something failed before.
  const boost::json::value* Find(std::string_view name) const;
  // Fails when the member is missing.
  bool Require(std::string_view name);
  std::optional<size_t> WordIndex(std::string_view name, std::span<const std::string_view> words);
  const boost::json::object* FindObject(std::string_view name);
  const boost::json::array* FindArray(std::string_view name, size_t max);

  const boost::json::object& object_;
  std::string path_;
  std::optional<SignalError>& problem_;
};

}  // namespace duet::signal
