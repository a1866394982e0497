#include "auth/map_key.h"

#include "auth/usersig.h"
#include "wire/json_text.h"

namespace duet {
namespace {

constexpr uint8_t kNumericRoom = 0;
constexpr uint8_t kStringRoom = 1;

Error Malformed(std::string message) { return {ErrorCode::kMalformed, std::move(message)}; }

// The low byte of every UTF-16 unit of a UTF-8 text.
std::string LowBytesOfUtf16(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0) return {};
    constexpr uint8_t kLeadBits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = static_cast<uint8_t>(text[0]) & kLeadBits[length];
    for (size_t i = 1; i < length; ++i) code = (code << 6) | (static_cast<uint8_t>(text[i]) & 0x3f);
    if (code > 0xffff) {  // a surrogate pair (RFC 2781)
      code -= 0x10000;
      out.push_back(static_cast<char>((code >> 10) & 0xff));
    }
    out.push_back(static_cast<char>(code & 0xff));
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace

Result<MapKey> DecodeMapKey(Bytes userbuf) {
  ByteReader reader(userbuf);
  MapKey key;
  const uint8_t type = reader.U8();
  key.account = AsText(reader.Read(reader.U16()));
  key.sdk_app_id = reader.U32();
  const uint32_t number = reader.U32();
  key.expires_unix_s = reader.U32();
  key.privileges = reader.U32();
  key.account_type = reader.U32();
  if (type == kStringRoom) {
    key.room = std::string(AsText(reader.Read(reader.U16())));
  } else {
    key.room = number;
  }
  if (!reader.ok()) return Error{ErrorCode::kTruncated, "its userbuf ends too early"};
  if (type > kStringRoom) return Malformed("its userbuf has the unknown type " + std::to_string(type));
  if (reader.remaining() != 0)
    return Malformed("its userbuf has " + std::to_string(reader.remaining()) + " bytes too many");
  if (type == kNumericRoom && number == 0) return Malformed("its userbuf names no room");
  if (const auto* name = std::get_if<std::string>(&key.room);
      name != nullptr && (name->empty() || name->size() > kMaxRoomNameBytes)) {
    return Malformed("its userbuf has a string room that is not 1 to 64 bytes long");
  }
  return key;
}

std::vector<std::byte> EncodeMapKey(const MapKey& key) {
  const auto* name = std::get_if<std::string>(&key.room);
  const auto* number = std::get_if<uint32_t>(&key.room);
  constexpr size_t kFixedBytes = 1 + 2 + 5 * 4;
  std::vector<std::byte> out(kFixedBytes + key.account.size() + (name != nullptr ? 2 + name->size() : 0));
  ByteWriter writer(out);
  writer.U8(name != nullptr ? kStringRoom : kNumericRoom);
  writer.U16(static_cast<uint16_t>(key.account.size()));
  writer.Write(AsBytes(key.account));
  writer.U32(key.sdk_app_id);
  writer.U32(number != nullptr ? *number : 0);
  writer.U32(key.expires_unix_s);
  writer.U32(key.privileges);
  writer.U32(key.account_type);
  if (name != nullptr) {
    writer.U16(static_cast<uint16_t>(name->size()));
    writer.Write(AsBytes(*name));
  }
  DUET_CHECK(writer.ok() && writer.remaining() == 0);
  return out;
}

bool AccountIs(std::string_view account, std::string_view user_id) {
  return account == user_id || (!account.empty() && account == LowBytesOfUtf16(user_id));
}

std::string RoomText(const std::variant<uint32_t, std::string_view>& room) {
  if (const auto* number = std::get_if<uint32_t>(&room)) return std::to_string(*number);
  return "\"" + Excerpt(*std::get_if<std::string_view>(&room), kMaxRoomNameBytes) + "\"";
}

std::string RoomText(const std::variant<uint32_t, std::string>& room) {
  if (const auto* number = std::get_if<uint32_t>(&room)) return RoomText(RoomRef(*number));
  return RoomText(RoomRef(std::string_view(*std::get_if<std::string>(&room))));
}

}  // namespace duet
