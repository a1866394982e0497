// The AMF3 half of AmfReader.
#include <bit>

#include "wire/amf.h"

namespace duet {
namespace {

enum Amf3Marker : uint8_t {
  kUndefined = 0,
  kNull = 1,
  kFalse = 2,
  kTrue = 3,
  kInteger = 4,
  kDouble = 5,
  kString = 6,
  kXmlDocument = 7,
  kDate = 8,
  kArray = 9,
  kObject = 10,
  kXml = 11,
  kByteArray = 12,
  kVectorInt = 13,
  kVectorUint = 14,
  kVectorDouble = 15,
  kVectorObject = 16,
  kDictionary = 17,
};

}  // namespace

bool AmfReader::ReadU29(uint32_t& value) {
  value = 0;
  for (int i = 0; i < 4; ++i) {
    const uint8_t octet = reader_.U8();
    if (i == 3) {
      value = value << 8 | octet;
      break;
    }
    value = value << 7 | (octet & 0x7f);
    if ((octet & 0x80) == 0) break;
  }
  return Need(reader_.ok());
}

bool AmfReader::ReadHeader3(AmfValue& value, uint32_t& length) {
  uint32_t header = 0;
  if (!ReadU29(header)) return false;
  if ((header & 1) == 0) {
    if (header >> 1 >= objects_) return Fail(ErrorCode::kMalformed, "AMF3 reference to nothing");
    value.kind = AmfValue::Kind::kReference;
    value.number = header >> 1;
    return false;
  }
  ++objects_;
  length = header >> 1;
  return true;
}

bool AmfReader::ReadString3(std::string& text) {
  uint32_t header = 0;
  if (!ReadU29(header)) return false;
  if ((header & 1) != 0) {
    if (!ReadText(header >> 1, text)) return false;
    // The empty string is never put into the table.
    if (!text.empty()) strings_.push_back(text);
    return true;
  }
  if (header >> 1 >= strings_.size()) return Fail(ErrorCode::kMalformed, "AMF3 reference to nothing");
  text = strings_[header >> 1];
  if (text.size() > kMaxText - text_) return Fail(ErrorCode::kLimit, "too much text in AMF values");
  text_ += text.size();
  return true;
}

bool AmfReader::ReadBytes3(AmfValue& value) {
  uint32_t length = 0;
  if (!ReadHeader3(value, length)) return !failed_;
  return ReadText(length, value.text);
}

bool AmfReader::ReadValue3(AmfValue& value, int depth) {
  if (!Enter(depth)) return false;
  const uint8_t marker = reader_.U8();
  if (!Need(reader_.ok())) return false;
  using Kind = AmfValue::Kind;
  switch (marker) {
    case kUndefined: value.kind = Kind::kUndefined; return true;
    case kNull: value.kind = Kind::kNull; return true;
    case kFalse:
    case kTrue:
      value.kind = Kind::kBoolean;
      value.boolean = marker == kTrue;
      return true;
    case kInteger: {
      uint32_t number = 0;
      if (!ReadU29(number)) return false;
      value.kind = Kind::kNumber;
      value.number = static_cast<int32_t>(number << 3) >> 3;  // 29 bits, signed
      return true;
    }
    case kDouble:
      value.kind = Kind::kNumber;
      value.number = std::bit_cast<double>(reader_.U64());
      return Need(reader_.ok());
    case kString: value.kind = Kind::kString; return ReadString3(value.text);
    case kXmlDocument:
    case kXml: value.kind = Kind::kString; return ReadBytes3(value);
    case kByteArray: value.kind = Kind::kBytes; return ReadBytes3(value);
    case kDate: {
      uint32_t unused = 0;
      value.kind = Kind::kDate;
      if (!ReadHeader3(value, unused)) return !failed_;
      value.number = std::bit_cast<double>(reader_.U64());
      return Need(reader_.ok());
    }
    case kArray: return ReadArray3(value, depth);
    case kObject: return ReadObject3(value, depth);
    case kVectorInt:
    case kVectorUint:
    case kVectorDouble:
    case kVectorObject: return ReadVector3(value, marker, depth);
    case kDictionary: return ReadDictionary3(value, depth);
    default: return Fail(ErrorCode::kUnsupported, "AMF3 value of an unknown type");
  }
}

// Names and values up to the empty name.
bool AmfReader::ReadNamed3(AmfValue& value, int depth) {
  while (true) {
    AmfMember member;
    if (!ReadString3(member.name)) return false;
    if (member.name.empty()) return true;
    if (!ReadValue3(member.value, depth + 1)) return false;
    value.members.push_back(std::move(member));
  }
}

bool AmfReader::ReadArray3(AmfValue& value, int depth) {
  uint32_t count = 0;
  value.kind = AmfValue::Kind::kStrictArray;
  if (!ReadHeader3(value, count)) return !failed_;
  if (!ReadNamed3(value, depth)) return false;
  if (!value.members.empty()) value.kind = AmfValue::Kind::kEcmaArray;
  for (uint32_t i = 0; i < count; ++i) {
    AmfMember member;
    if (value.is(AmfValue::Kind::kEcmaArray)) {
      member.name = std::to_string(i);
      text_ += member.name.size();
      if (text_ > kMaxText) return Fail(ErrorCode::kLimit, "too much text in AMF values");
    }
    if (!ReadValue3(member.value, depth + 1)) return false;
    value.members.push_back(std::move(member));
  }
  return true;
}

// The traits of an object: its class, whose names are sealed, and whether more members may follow.
bool AmfReader::ReadTraits3(uint32_t header, size_t& index) {
  if ((header & 1) == 0) {
    index = header >> 1;
    return index < traits_.size() || Fail(ErrorCode::kMalformed, "AMF3 reference to nothing");
  }
  if ((header & 2) != 0) return Fail(ErrorCode::kUnsupported, "AMF3 object with a format of its own");
  Traits traits;
  traits.dynamic = (header & 4) != 0;
  std::string class_name;
  if (!ReadString3(class_name)) return false;
  const uint32_t count = header >> 3;
  for (uint32_t i = 0; i < count; ++i) {
    if (++values_ > kMaxValues) return Fail(ErrorCode::kLimit, "too many AMF values");
    if (!ReadString3(traits.names.emplace_back())) return false;
  }
  index = traits_.size();
  traits_.push_back(std::move(traits));
  return true;
}

bool AmfReader::ReadObject3(AmfValue& value, int depth) {
  uint32_t header = 0;
  size_t index = 0;
  if (!ReadHeader3(value, header)) return !failed_;
  if (!ReadTraits3(header, index)) return false;
  value.kind = AmfValue::Kind::kObject;
  // By index: a member may be an object that adds traits.
  for (size_t i = 0; i < traits_[index].names.size(); ++i) {
    AmfMember member{.name = traits_[index].names[i], .value = {}};
    if (member.name.size() > kMaxText - text_) return Fail(ErrorCode::kLimit, "too much text in AMF values");
    text_ += member.name.size();
    if (!ReadValue3(member.value, depth + 1)) return false;
    value.members.push_back(std::move(member));
  }
  return !traits_[index].dynamic || ReadNamed3(value, depth);
}

bool AmfReader::ReadVector3(AmfValue& value, uint8_t marker, int depth) {
  uint32_t count = 0;
  if (!ReadHeader3(value, count)) return !failed_;
  reader_.Skip(1);  // whether its length is fixed
  if (!Need(reader_.ok())) return false;
  if (marker != kVectorObject) {
    value.kind = AmfValue::Kind::kBytes;
    return ReadText(size_t{count} * (marker == kVectorDouble ? 8 : 4), value.text);
  }
  value.kind = AmfValue::Kind::kStrictArray;
  std::string class_name;
  if (!ReadString3(class_name)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    AmfMember member;
    if (!ReadValue3(member.value, depth + 1)) return false;
    value.members.push_back(std::move(member));
  }
  return true;
}

// Keys may be any value; those that are no text are kept as empty names.
bool AmfReader::ReadDictionary3(AmfValue& value, int depth) {
  uint32_t count = 0;
  value.kind = AmfValue::Kind::kObject;
  if (!ReadHeader3(value, count)) return !failed_;
  reader_.Skip(1);  // whether its keys are weak
  if (!Need(reader_.ok())) return false;
  for (uint32_t i = 0; i < count; ++i) {
    AmfValue key;
    AmfMember member;
    if (!ReadValue3(key, depth + 1) || !ReadValue3(member.value, depth + 1)) return false;
    if (key.is(AmfValue::Kind::kString)) member.name = std::move(key.text);
    value.members.push_back(std::move(member));
  }
  return true;
}

}  // namespace duet
