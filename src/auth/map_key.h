// The userbuf of a privateMapKey: one account's rights in one room. All numbers big-endian.
//
//   u8 type (0 numeric room, 1 string room) | u16 length + account | u32 sdkAppID | u32 roomID | u32 absolute expiry
//   | u32 privilege bits | u32 account type | type 1: u16 length + room
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace duet {

struct MapKey {
  std::string account;
  uint32_t sdk_app_id = 0;
  std::variant<uint32_t, std::string> room;
  uint32_t expires_unix_s = 0;
  uint32_t privileges = 0;
  uint32_t account_type = 0;  // not interpreted
  bool operator==(const MapKey&) const = default;
};

// Fails with a sentence that begins with "it". The whole buffer must be used.
Result<MapKey> DecodeMapKey(Bytes userbuf);
// Account and string room: at most 65535 bytes each.
std::vector<std::byte> EncodeMapKey(const MapKey& key);

// Whether the account of a map key is this user. The signers published for JavaScript, Java and others write only the
// low byte of each UTF-16 unit of the account; that is accepted, since the token's own identifier, which is compared
// exactly, names the user too.
bool AccountIs(std::string_view account, std::string_view user_id);

// "7", or "\"seven\"" with the quotation marks for a string room.
std::string RoomText(const std::variant<uint32_t, std::string>& room);
std::string RoomText(const std::variant<uint32_t, std::string_view>& room);

}  // namespace duet
