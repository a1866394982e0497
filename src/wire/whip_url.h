// What a WHIP or WHEP address asks for (docs/protocol.md section 4).
//
//   publish: /v1/whip/{sdkAppID}/{room}/{userID}[?stream=main|aux]
//   watch:   /v1/whep/{sdkAppID}/{room}/{userID}[?stream=main|aux][&quality=main|small|auto][&userid=VIEWER]
//   short:   /whip/{room}/{userID} and /whep/{room}/{userID}, of the development app
//   session: /v1/whip/sessions/{id}, /v1/whep/sessions/{id}
//
// All take privatemapkey= and use_number_room_id=: the room is a number when it consists of digits, unless that is 0.
// Parts are percent-decoded after they were taken apart, so a user ID may have a slash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "wire/signal_types.h"

namespace duet {

inline constexpr size_t kMaxWhipUrlBytes = 8 * 1024;  // a privateMapKey has up to 4 KiB
inline constexpr size_t kMaxWhipSessionBytes = 64;

struct WhipEndpoint {
  bool watch = false;                  // WHEP
  std::optional<uint32_t> sdk_app_id;  // nothing: the development app's (the short form)
  signal::RoomName room;
  std::string user_id;  // who publishes, or who is watched
  signal::StreamType stream{};
  signal::Quality quality = signal::Quality::kAuto;
  std::string viewer;  // who watches; empty: whoever the UserSig was made for
  std::optional<std::string> private_map_key;
  bool operator==(const WhipEndpoint&) const = default;
};

struct WhipSessionUrl {
  std::string id;
  bool operator==(const WhipSessionUrl&) const = default;
};

using WhipTarget = std::variant<WhipEndpoint, WhipSessionUrl>;

// Whether the path belongs to these doors at all.
bool IsWhipPath(std::string_view path);

// `target` in origin form (RFC 9112 section 3.2.1), with its query, not decoded. kNotFound: no such address; kMalformed
// and kLimit: a part of it is wrong, with a sentence that says which.
Result<WhipTarget> ParseWhipTarget(std::string_view target);

}  // namespace duet
