// What an RTMP or FLV address asks for (docs/protocol.md section 4).
//
//   push: rtmp://HOST/push/ROOM?sdkappid=&userid=&usersig=[&privatemapkey=][&remark=][&use_number_room_id=1]
//   play: rtmp://HOST/live/{sdkAppID}_{room}_{userID}_{main|aux}?userid=&usersig=[&privatemapkey=]
//         [&use_number_room_id=0]
//   both: ticket= in place of usersig=
//
// ROOM is a string room unless use_number_room_id is 1, as the hosted cloud has it. The room of a play name is a number
// when it consists of digits, unless use_number_room_id is 0. Parts are percent-decoded after they were taken apart: a
// string room with an underscore is written with %5F in a play name; a user ID may have underscores as they are.
//
// Clients cut an address at different places: the application may hold a part of the path, and the query may stand in
// tcUrl, in the application or behind the stream's name. All are looked at; the stream's own wins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "wire/signal_types.h"

namespace duet {

inline constexpr size_t kMaxRtmpUrlBytes = 8 * 1024;  // a UserSig has up to 4 KiB

struct RtmpPush {
  uint32_t sdk_app_id = 0;
  signal::RoomName room;
  std::string user_id;
  std::string user_sig;
  std::optional<std::string> private_map_key;
  std::string ticket;  // made by Control for a member without SDP
  std::string remark;  // free text of the publisher
  bool operator==(const RtmpPush&) const = default;
};

struct RtmpPlay {
  uint32_t sdk_app_id = 0;
  signal::RoomName room;
  std::string publisher;  // whose stream
  signal::StreamType stream{};
  std::string user_id;  // who wants to see it
  std::string user_sig;
  std::optional<std::string> private_map_key;
  std::string ticket;
  bool operator==(const RtmpPlay&) const = default;
};

using RtmpTarget = std::variant<RtmpPush, RtmpPlay>;

// `app` and `tc_url` of connect, `stream` of publish or play. kMalformed or kLimit, with a sentence for the client.
// Who may do what is for others to say, so user_id, user_sig and ticket can be empty.
Result<RtmpTarget> ParseRtmpTarget(std::string_view app, std::string_view tc_url, std::string_view stream);

// The play of an HTTP path "/live/NAME.flv" (not percent-decoded yet) with its query.
Result<RtmpPlay> ParseFlvTarget(std::string_view path, std::string_view query);

// The stream's name of a play address, percent-encoded as ParseRtmpTarget reads it.
std::string RtmpPlayName(uint32_t sdk_app_id, const signal::RoomName& room, std::string_view publisher,
                         signal::StreamType stream);

// The addresses of a member without SDP behind the host, read by the functions above as they were written; the remark
// is left out.
std::string RtmpPushAddress(const RtmpPush& push);  // "push/ROOM?QUERY"
std::string RtmpPlayAddress(const RtmpPlay& play);  // "live/NAME?QUERY"
std::string FlvPlayAddress(const RtmpPlay& play);   // "live/NAME.flv?QUERY"

}  // namespace duet
