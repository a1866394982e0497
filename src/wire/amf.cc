#include "wire/amf.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace duet {
namespace {

enum Amf0Marker : uint8_t {
  kNumber = 0,
  kBoolean = 1,
  kString = 2,
  kObject = 3,
  kNull = 5,
  kUndefined = 6,
  kReference = 7,
  kEcmaArray = 8,
  kObjectEnd = 9,
  kStrictArray = 10,
  kDate = 11,
  kLongString = 12,
  kUnsupportedValue = 13,
  kXmlDocument = 15,
  kTypedObject = 16,
  kAmf3 = 17,
};

}  // namespace

const AmfValue* AmfValue::Find(std::string_view name) const {
  for (const AmfMember& member : members)
    if (member.name == name) return &member.value;
  return nullptr;
}

double AmfValue::NumberOr(double fallback) const {
  return is(Kind::kNumber) && std::isfinite(number) ? number : fallback;
}

Result<AmfValue> AmfReader::Read() {
  strings_.clear();
  traits_.clear();
  objects_ = 0;
  AmfValue value;
  const bool ok = !failed_ && (version_ == AmfVersion::k3 ? ReadValue3(value, 0) : ReadValue(value, 0));
  if (!ok) return error_;
  return value;
}

bool AmfReader::Fail(ErrorCode code, const char* message) {
  if (!failed_) error_ = {code, message};
  failed_ = true;
  return false;
}

bool AmfReader::Need(bool ok) { return ok || Fail(ErrorCode::kTruncated, "AMF value ends early"); }

bool AmfReader::Enter(int depth) {
  if (depth > kMaxDepth) return Fail(ErrorCode::kLimit, "AMF values are nested too deeply");
  if (++values_ > kMaxValues) return Fail(ErrorCode::kLimit, "too many AMF values");
  return true;
}

bool AmfReader::ReadText(size_t length, std::string& text) {
  if (length > kMaxText - text_) return Fail(ErrorCode::kLimit, "too much text in AMF values");
  text = AsText(reader_.Read(length));
  text_ += length;
  return Need(reader_.ok());
}

bool AmfReader::ReadValue(AmfValue& value, int depth) {
  if (!Enter(depth)) return false;
  const uint8_t marker = reader_.U8();
  if (!Need(reader_.ok())) return false;
  using Kind = AmfValue::Kind;
  switch (marker) {
    case kNumber:
    case kDate:
      value.kind = marker == kDate ? Kind::kDate : Kind::kNumber;
      value.number = std::bit_cast<double>(reader_.U64());
      if (marker == kDate) reader_.Skip(2);
      break;
    case kBoolean:
      value.kind = Kind::kBoolean;
      value.boolean = reader_.U8() != 0;
      break;
    case kString: value.kind = Kind::kString; return ReadText(reader_.U16(), value.text);
    case kLongString:
    case kXmlDocument: value.kind = Kind::kString; return ReadText(reader_.U32(), value.text);
    case kTypedObject: {
      std::string class_name;
      value.kind = Kind::kObject;
      return ReadText(reader_.U16(), class_name) && ReadMembers(value, depth);
    }
    case kObject: value.kind = Kind::kObject; return ReadMembers(value, depth);
    case kEcmaArray:
      value.kind = Kind::kEcmaArray;
      reader_.Skip(4);  // writers leave the count at zero or wrong; the end marker counts
      return ReadMembers(value, depth);
    case kStrictArray: value.kind = Kind::kStrictArray; return ReadStrictArray(value, depth);
    case kNull: value.kind = Kind::kNull; break;
    case kUndefined:
    case kUnsupportedValue: value.kind = Kind::kUndefined; break;
    case kReference:
      value.kind = Kind::kReference;
      value.number = reader_.U16();
      break;
    case kAmf3: return ReadValue3(value, depth + 1);
    default: return Fail(ErrorCode::kUnsupported, "AMF0 value of an unknown type");
  }
  return Need(reader_.ok());
}

bool AmfReader::ReadMembers(AmfValue& value, int depth) {
  while (true) {
    AmfMember member;
    if (!ReadText(reader_.U16(), member.name)) return false;
    const Bytes rest = reader_.rest();
    if (member.name.empty() && !rest.empty() && LoadU8(rest.data()) == kObjectEnd) {
      reader_.Skip(1);
      return true;
    }
    if (!ReadValue(member.value, depth + 1)) return false;
    value.members.push_back(std::move(member));
  }
}

bool AmfReader::ReadStrictArray(AmfValue& value, int depth) {
  const uint32_t count = reader_.U32();
  for (uint32_t i = 0; i < count; ++i) {
    AmfMember member;
    if (!ReadValue(member.value, depth + 1)) return false;
    value.members.push_back(std::move(member));
  }
  return Need(reader_.ok());
}

void AmfWriter::Number(double value) {
  out_.U8(kNumber);
  out_.U64(std::bit_cast<uint64_t>(value));
}

void AmfWriter::Boolean(bool value) {
  out_.U8(kBoolean);
  out_.U8(value ? 1 : 0);
}

void AmfWriter::String(std::string_view value) {
  if (value.size() <= 0xFFFF) {
    out_.U8(kString);
    out_.U16(static_cast<uint16_t>(value.size()));
  } else {
    out_.U8(kLongString);
    out_.U32(static_cast<uint32_t>(value.size()));
  }
  out_.Write(AsBytes(value));
}

void AmfWriter::Null() { out_.U8(kNull); }
void AmfWriter::Undefined() { out_.U8(kUndefined); }
void AmfWriter::BeginObject() { out_.U8(kObject); }

void AmfWriter::BeginEcmaArray(uint32_t count) {
  out_.U8(kEcmaArray);
  out_.U32(count);
}

void AmfWriter::Name(std::string_view name) {
  name = name.substr(0, 0xFFFF);
  out_.U16(static_cast<uint16_t>(name.size()));
  out_.Write(AsBytes(name));
}

void AmfWriter::End() {
  out_.U16(0);
  out_.U8(kObjectEnd);
}

void AmfWriter::Value(const AmfValue& value) {
  using Kind = AmfValue::Kind;
  switch (value.kind) {
    case Kind::kUndefined: return Undefined();
    case Kind::kNull:
    case Kind::kBytes:
    case Kind::kReference: return Null();
    case Kind::kBoolean: return Boolean(value.boolean);
    case Kind::kNumber: return Number(value.number);
    case Kind::kString: return String(value.text);
    case Kind::kDate:
      out_.U8(kDate);
      out_.U64(std::bit_cast<uint64_t>(value.number));
      out_.U16(0);
      return;
    case Kind::kStrictArray:
      out_.U8(kStrictArray);
      out_.U32(static_cast<uint32_t>(value.members.size()));
      for (const AmfMember& member : value.members) Value(member.value);
      return;
    case Kind::kObject:
    case Kind::kEcmaArray:
      if (value.kind == Kind::kObject) {
        BeginObject();
      } else {
        BeginEcmaArray(static_cast<uint32_t>(value.members.size()));
      }
      for (const AmfMember& member : value.members) {
        Name(member.name);
        Value(member.value);
      }
      return End();
  }
}

}  // namespace duet
