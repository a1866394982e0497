// UserSig v2 and privateMapKey: who a client is, and what it may do in one room (docs/protocol.md section 1).
//
//   token    = escape(base64(zlib(json)))           escape: + / =  become  * - _
//   json     = {"TLS.ver":"2.0", "TLS.identifier":id, "TLS.sdkappid":n, "TLS.expire":seconds, "TLS.time":unix seconds,
//               "TLS.sig":base64(hmac-sha256(secretKey, content)) [, "TLS.userbuf":base64(userbuf)]}
//   content  = "TLS.identifier:" id "\nTLS.sdkappid:" n "\nTLS.time:" t "\nTLS.expire:" e "\n"
//              ["TLS.userbuf:" base64(userbuf) "\n"]
//   userbuf  = u8 type, u16 length + account, u32 sdkAppID, u32 roomID, u32 absolute expiry, u32 privileges,
//              u32 account type [, u16 length + room when type = 1]         big-endian; only a privateMapKey has it
//
// Stateless; any thread. The clock is an argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "auth/app_registry.h"
#include "auth/sig_error.h"
#include "base/bytes.h"
#include "base/result.h"

namespace duet {

inline constexpr size_t kMaxTokenBytes = 4 * 1024;
inline constexpr size_t kMaxInflatedTokenBytes = 16 * 1024;
inline constexpr size_t kMaxUserIdBytes = 128;
inline constexpr size_t kMaxRoomNameBytes = 64;
inline constexpr int64_t kMaxClockSkewSeconds = 5 * 60;

// A numeric room 1..4294967295, or a string room of 1..64 bytes. 7 and "7" are two rooms.
using RoomRef = std::variant<uint32_t, std::string_view>;

// Bits of a privateMapKey.
enum Privilege : uint32_t {
  kMayCreateRoom = 1,
  kMayEnter = 2,
  kMaySendAudio = 4,
  kMayReceiveAudio = 8,
  kMaySendVideo = 16,
  kMayReceiveVideo = 32,
  kMaySendAux = 64,
  kMayReceiveAux = 128,
  kAllPrivileges = 255,
};

// 1..128 bytes of UTF-8 without line breaks, which would make the signed content ambiguous.
bool IsValidUserId(std::string_view user_id);

// A UserSig that is valid from `now_unix_s` for `expire_s` seconds. A user ID that is not valid gives a token that will
// not verify. `userbuf`: at most 1 KiB, signed with the rest; empty = none.
std::string CreateUserSig(const App& app, std::string_view user_id, int64_t now_unix_s, uint32_t expire_s,
                          Bytes userbuf = {});

// A privateMapKey for one room; `privileges` are bits of Privilege.
std::string CreatePrivateMapKey(const App& app, std::string_view user_id, const RoomRef& room, uint32_t privileges,
                                int64_t now_unix_s, uint32_t expire_s);

struct VerifiedSig {
  const App* app = nullptr;  // in the registry
  int64_t issued_unix_s = 0;
  int64_t expires_unix_s = 0;  // the first second in which it is no longer valid
};

// Whether `token` shows that its bearer is `user_id` of the app. The causes are tried in the order app_unknown,
// malformed, wrong app, signature, wrong user, time: whatever is said of a token's user or time, its signer said.
Result<VerifiedSig, SigFailure> VerifyUserSig(const AppRegistry& apps, uint32_t sdk_app_id, std::string_view user_id,
                                              std::string_view token, int64_t now_unix_s);

struct VerifiedMapKey {
  const App* app = nullptr;
  uint32_t privileges = 0;  // has kMayEnter
  int64_t expires_unix_s = 0;
};

// Whether `token` allows `user_id` to enter `room`, and what it may do there.
Result<VerifiedMapKey, SigFailure> VerifyPrivateMapKey(const AppRegistry& apps, uint32_t sdk_app_id,
                                                       std::string_view user_id, std::string_view token,
                                                       int64_t now_unix_s, const RoomRef& room);

}  // namespace duet
