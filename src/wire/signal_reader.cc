#include "wire/signal_reader.h"

#include <boost/json/error.hpp>
#include <boost/json/parse.hpp>
#include <exception>

#include "wire/json_text.h"

namespace duet::signal {

namespace json = boost::json;

Result<json::value> ParseJson(std::string_view text, size_t max_bytes, json::storage_ptr storage) {
  if (text.size() > max_bytes)
    return Error{ErrorCode::kLimit, "the message has " + std::to_string(text.size()) + " bytes, " +
                                        std::to_string(max_bytes) + " are allowed"};
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  try {
    json::error_code error;
    json::value value = json::parse(text, error, std::move(storage), options);
    if (!error) return value;
    if (error == json::error::too_deep)
      return Error{ErrorCode::kLimit, "objects and arrays nest deeper than " + std::to_string(kMaxJsonDepth)};
    return Error{ErrorCode::kMalformed, "not JSON: " + error.message()};
  } catch (const std::exception& e) {
    return Error{ErrorCode::kMalformed, std::string("not JSON: ") + e.what()};
  }
}

std::optional<int64_t> AsInteger(const json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  if (const auto* number = value.if_uint64(); number != nullptr && *number <= std::numeric_limits<int64_t>::max())
    return static_cast<int64_t>(*number);
  return std::nullopt;
}

RequestId ReadId(const json::object& message) {
  const json::value* id = message.if_contains("id");
  if (id == nullptr) return {};
  if (const auto number = AsInteger(*id)) return *number;
  if (const json::string* text = id->if_string()) return std::string(text->data(), text->size());
  return {};
}

void ObjectReader::Fail(SignalErrorKind kind, std::string message) {
  if (ok()) problem_ = MakeError(kind, std::move(message));
}

void ObjectReader::FailMember(SignalErrorKind kind, std::string_view name, std::string_view what) {
  Fail(kind, "\"" + Path(name) + "\" " + std::string(what));
}

const json::value* ObjectReader::Find(std::string_view name) const {
  if (!ok()) return nullptr;
  const json::value* value = object_.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool ObjectReader::Require(std::string_view name) {
  if (ok() && !Has(name)) FailMember(SignalErrorKind::kInvalidParams, name, "is missing");
  return ok();
}

std::string ObjectReader::String(std::string_view name) {
  return Require(name) ? OptionalString(name).value_or(std::string()) : std::string();
}

std::optional<std::string> ObjectReader::OptionalString(std::string_view name) {
  const json::value* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (const json::string* text = value->if_string()) return std::string(text->data(), text->size());
  FailMember(SignalErrorKind::kInvalidParams, name, "must be a string");
  return std::nullopt;
}

bool ObjectReader::Bool(std::string_view name) { return Require(name) && OptionalBool(name).value_or(false); }

std::optional<bool> ObjectReader::OptionalBool(std::string_view name) {
  const json::value* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (const bool* flag = value->if_bool()) return *flag;
  FailMember(SignalErrorKind::kInvalidParams, name, "must be true or false");
  return std::nullopt;
}

int64_t ObjectReader::Integer(std::string_view name, int64_t min, int64_t max) {
  return Require(name) ? OptionalInteger(name, min, max).value_or(min) : min;
}

std::optional<int64_t> ObjectReader::OptionalInteger(std::string_view name, int64_t min, int64_t max) {
  const json::value* value = Find(name);
  if (value == nullptr) return std::nullopt;
  const auto number = AsInteger(*value);
  if (number && *number >= min && *number <= max) return number;
  FailMember(SignalErrorKind::kInvalidParams, name,
             "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

std::optional<size_t> ObjectReader::WordIndex(std::string_view name, std::span<const std::string_view> words) {
  const json::value* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (const json::string* text = value->if_string())
    for (size_t i = 0; i < words.size(); ++i)
      if (words[i] == std::string_view(text->data(), text->size())) return i;
  std::string what = "must be";
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) what += i + 1 == words.size() ? " or" : ",";
    what += " \"" + std::string(words[i]) + "\"";
  }
  FailMember(SignalErrorKind::kInvalidParams, name, what);
  return std::nullopt;
}

std::string ObjectReader::UserId(std::string_view name) {
  const json::value* value = Find(name);
  const json::string* text = value != nullptr ? value->if_string() : nullptr;
  if (text != nullptr && !text->empty() && text->size() <= kMaxUserIdBytes) return {text->data(), text->size()};
  FailMember(SignalErrorKind::kUserIdInvalid, name,
             "must be a string of 1 to " + std::to_string(kMaxUserIdBytes) + " bytes");
  return {};
}

RoomName ObjectReader::Room(std::string_view name) {
  if (const json::value* value = Find(name)) {
    const auto number = AsInteger(*value);
    if (number && *number >= 1 && *number <= std::numeric_limits<uint32_t>::max())
      return RoomName{static_cast<uint32_t>(*number)};
    const json::string* text = value->if_string();
    if (text != nullptr && !text->empty() && text->size() <= kMaxRoomNameBytes)
      return RoomName{std::string(text->data(), text->size())};
  }
  FailMember(
      SignalErrorKind::kRoomIdInvalid, name,
      "must be a number from 1 to 4294967295 or a string of 1 to " + std::to_string(kMaxRoomNameBytes) + " bytes");
  return {};
}

std::vector<std::byte> ObjectReader::Base64(std::string_view name) {
  const std::string text = String(name);
  if (!ok()) return {};
  auto bytes = DecodeBase64(text);
  if (!bytes) FailMember(SignalErrorKind::kInvalidParams, name, "must be base64 with + and /, padded with =");
  return std::move(bytes).value_or(std::vector<std::byte>());
}

std::vector<std::string> ObjectReader::Strings(std::string_view name, size_t max) {
  std::vector<std::string> strings;
  const json::array* array = FindArray(name, max);
  if (array == nullptr) return strings;
  for (const json::value& value : *array) {
    const json::string* text = value.if_string();
    if (text == nullptr) {
      FailMember(SignalErrorKind::kInvalidParams, name, "must hold strings only");
      return {};
    }
    strings.emplace_back(text->data(), text->size());
  }
  return strings;
}

const json::object* ObjectReader::FindObject(std::string_view name) {
  if (!Require(name)) return nullptr;
  const json::object* object = Find(name)->if_object();
  if (object == nullptr) FailMember(SignalErrorKind::kInvalidParams, name, "must be an object");
  return object;
}

const json::array* ObjectReader::FindArray(std::string_view name, size_t max) {
  if (!Require(name)) return nullptr;
  const json::array* array = Find(name)->if_array();
  if (array == nullptr) {
    FailMember(SignalErrorKind::kInvalidParams, name, "must be an array");
  } else if (array->size() > max) {
    FailMember(SignalErrorKind::kInvalidParams, name, "may have at most " + std::to_string(max) + " elements");
    return nullptr;
  }
  return array;
}

}  // namespace duet::signal
