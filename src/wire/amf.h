// AMF0 and AMF3, the values in RTMP commands and in FLV metadata (Adobe's "Action Message Format" specifications).
//
//   AMF0: marker (8), then  0 number: double (64)   1 boolean (8)   2 string: length (16), UTF-8   5 null   6 undefined
//         3 object: members, end         8 ECMA array: count (32, only a hint), members, end
//         10 strict array: count (32), values   11 date: double, time zone (16)   12 long string: length (32), UTF-8
//         member: length (16), name, value      end: 00 00 09      17: one AMF3 value follows
//   AMF3: marker (8), then lengths and references as U29: 7 bits a byte, 8 in the fourth; its lowest bit says whether
//         content follows (1) or the rest is an index into a table of strings, objects or traits seen before (0)
//
// An input cannot cost more than the limits below: nesting ends at kMaxDepth, values and text are counted over the
// whole reader, and references to objects are left unresolved, so that nothing can expand.
//
// Thread rule: plain values. Commands come a few times per connection; values own what they hold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace duet {

struct AmfMember;

struct AmfValue {
  enum class Kind : uint8_t {
    kUndefined,
    kNull,
    kBoolean,
    kNumber,
    kString,
    kObject,
    kEcmaArray,    // like an object
    kStrictArray,  // members without names
    kDate,         // number: milliseconds since the Unix epoch
    kBytes,        // AMF3 ByteArray or vector, raw, in `text`
    kReference,    // number: the index of an object read before, unresolved
  };
  Kind kind = Kind::kUndefined;
  bool boolean = false;
  double number = 0;
  std::string text;
  std::vector<AmfMember> members;

  bool is(Kind k) const { return kind == k; }
  // The first member with this name, null when there is none.
  const AmfValue* Find(std::string_view name) const;
  // What it is, or the fallback for a value of another kind (and for a number that is not finite).
  std::string_view TextOr(std::string_view fallback) const { return is(Kind::kString) ? text : fallback; }
  double NumberOr(double fallback) const;

  static AmfValue Null();
  static AmfValue Number(double n);
  static AmfValue Boolean(bool b);
  static AmfValue String(std::string s);
};

struct AmfMember {
  std::string name;
  AmfValue value;
};

inline AmfValue AmfValue::Null() { return {.kind = Kind::kNull}; }
inline AmfValue AmfValue::Number(double n) { return {.kind = Kind::kNumber, .number = n}; }
inline AmfValue AmfValue::Boolean(bool b) { return {.kind = Kind::kBoolean, .boolean = b}; }
inline AmfValue AmfValue::String(std::string s) { return {.kind = Kind::kString, .text = std::move(s)}; }

enum class AmfVersion : uint8_t { k0 = 0, k3 = 3 };

// Reads one value after the other.
class AmfReader {
 public:
  static constexpr int kMaxDepth = 16;           // an onMetaData has 3
  static constexpr size_t kMaxValues = 2048;     // in total
  static constexpr size_t kMaxText = 64 * 1024;  // bytes of all strings in total

  explicit AmfReader(Bytes bytes, AmfVersion version = AmfVersion::k0) : reader_(bytes), version_(version) {}

  bool at_end() const { return !failed_ && reader_.remaining() == 0; }
  // Everything not read yet.
  Bytes rest() const { return reader_.rest(); }
  // The next value. kTruncated, kMalformed, kUnsupported (a movie clip, a record set) or kLimit; every further call
  // fails, too.
  Result<AmfValue> Read();

 private:
  struct Traits {
    std::vector<std::string> names;
    bool dynamic = false;
  };

  // These return false once failed_; error_ then says why.
  bool ReadValue(AmfValue& value, int depth);
  bool ReadMembers(AmfValue& value, int depth);
  bool ReadStrictArray(AmfValue& value, int depth);
  bool ReadText(size_t length, std::string& text);
  bool ReadValue3(AmfValue& value, int depth);
  bool ReadObject3(AmfValue& value, int depth);
  bool ReadArray3(AmfValue& value, int depth);
  bool ReadDictionary3(AmfValue& value, int depth);
  bool ReadVector3(AmfValue& value, uint8_t marker, int depth);
  bool ReadNamed3(AmfValue& value, int depth);
  bool ReadTraits3(uint32_t header, size_t& index);
  bool ReadString3(std::string& text);
  bool ReadBytes3(AmfValue& value);
  // True when content follows, with its length or count; false for a reference, which is then in `value`, or failed_.
  bool ReadHeader3(AmfValue& value, uint32_t& length);
  bool ReadU29(uint32_t& value);
  bool Enter(int depth);
  bool Need(bool ok);
  bool Fail(ErrorCode code, const char* message);

  ByteReader reader_;
  AmfVersion version_;
  bool failed_ = false;
  Error error_;
  size_t values_ = 0;
  size_t text_ = 0;
  // The tables of AMF3; they begin anew with every value that Read returns.
  std::vector<std::string> strings_;
  std::vector<Traits> traits_;
  size_t objects_ = 0;
};

// Writes AMF0 into a buffer. What does not fit makes ok() false for good.
class AmfWriter {
 public:
  explicit AmfWriter(MutableBytes out) : out_(out) {}

  void Number(double value);
  void Boolean(bool value);
  void String(std::string_view value);
  void Null();
  void Undefined();
  // Members are Name, then one value; BeginEcmaArray says how many there will be.
  void BeginObject();
  void BeginEcmaArray(uint32_t count);
  void Name(std::string_view name);  // cut at 65535 bytes
  void End();
  // The whole tree; ByteArrays and references, which AMF0 does not have, as null.
  void Value(const AmfValue& value);

  bool ok() const { return out_.ok(); }
  Bytes written() const { return out_.written(); }

 private:
  ByteWriter out_;
};

}  // namespace duet
