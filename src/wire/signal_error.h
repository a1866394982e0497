// The errors of the signalling protocol (docs/protocol.md, "Errors"): every code, name and detail in one table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace duet::signal {

// One per cause, in the order of kErrorTable.
enum class SignalErrorKind : uint8_t {
  kParseError,
  kInvalidRequest,
  kUnknownMethod,
  kInvalidParams,
  kInternalError,
  kAppUnknown,
  kSigMalformed,
  kSigWrongApp,
  kSigWrongUser,
  kSigExpired,
  kSigFromFuture,
  kSigBadSignature,
  kSigOtherEnvironment,
  kMapKeyMalformed,
  kMapKeyWrongApp,
  kMapKeyWrongUser,
  kMapKeyExpired,
  kMapKeyBadSignature,
  kMapKeyWrongRoom,
  kMapKeyPrivilege,
  kMapKeyRequired,
  kRoomIdInvalid,
  kUserIdInvalid,
  kRoomFull,
  kServerDraining,
  kServerBusy,
  kVersionUnsupported,
  kNotEntered,
  kAlreadyEntered,
  kRateLimited,
  kMessageTooLarge,
  kMemberNotFound,
  kNoSlot,
  kSdpInvalid,
  kNoCommonCodec,
  kNotAllowed,
  kStreamNotFound,
  kTicketInvalid,
  kTicketExpired,
  kCount,
};

struct ErrorInfo {
  SignalErrorKind kind;
  int code;               // stable; the hosted cloud's number where it has one for the same thing
  std::string_view name;  // `data.name`
  int detail;             // `data.detail`: the hosted cloud's finer number, 0 = none
};

inline constexpr std::array<ErrorInfo, static_cast<size_t>(SignalErrorKind::kCount)> kErrorTable = {{
    {SignalErrorKind::kParseError, -32700, "parse_error", 0},
    {SignalErrorKind::kInvalidRequest, -32600, "invalid_request", 0},
    {SignalErrorKind::kUnknownMethod, -32601, "unknown_method", 0},
    {SignalErrorKind::kInvalidParams, -32602, "invalid_params", 0},
    {SignalErrorKind::kInternalError, -32603, "internal_error", 0},
    {SignalErrorKind::kAppUnknown, -100015, "app_unknown", 70020},
    {SignalErrorKind::kSigMalformed, -100018, "sig_malformed", 70003},
    {SignalErrorKind::kSigWrongApp, -100018, "sig_wrong_app", 70014},
    {SignalErrorKind::kSigWrongUser, -100018, "sig_wrong_user", 70013},
    {SignalErrorKind::kSigExpired, -100018, "sig_expired", 70001},
    {SignalErrorKind::kSigFromFuture, -100018, "sig_from_future", 70003},
    {SignalErrorKind::kSigBadSignature, -100018, "sig_bad_signature", 70009},
    {SignalErrorKind::kSigOtherEnvironment, -100018, "sig_other_environment", 70009},
    {SignalErrorKind::kMapKeyMalformed, -100006, "map_key_malformed", 0},
    {SignalErrorKind::kMapKeyWrongApp, -100006, "map_key_wrong_app", 0},
    {SignalErrorKind::kMapKeyWrongUser, -100006, "map_key_wrong_user", 0},
    {SignalErrorKind::kMapKeyExpired, -100006, "map_key_expired", 0},
    {SignalErrorKind::kMapKeyBadSignature, -100006, "map_key_bad_signature", 0},
    {SignalErrorKind::kMapKeyWrongRoom, -100006, "map_key_wrong_room", 0},
    {SignalErrorKind::kMapKeyPrivilege, -100006, "map_key_privilege", 0},
    {SignalErrorKind::kMapKeyRequired, -100006, "map_key_required", 0},
    {SignalErrorKind::kRoomIdInvalid, -3318, "room_id_invalid", 0},
    {SignalErrorKind::kUserIdInvalid, -3319, "user_id_invalid", 0},
    {SignalErrorKind::kRoomFull, -3301, "room_full", 0},
    {SignalErrorKind::kServerDraining, -3301, "server_draining", 0},
    {SignalErrorKind::kServerBusy, -3301, "server_busy", 0},
    {SignalErrorKind::kVersionUnsupported, -3301, "version_unsupported", 0},
    {SignalErrorKind::kNotEntered, -41001, "not_entered", 0},
    {SignalErrorKind::kAlreadyEntered, -41002, "already_entered", 0},
    {SignalErrorKind::kRateLimited, -41003, "rate_limited", 0},
    {SignalErrorKind::kMessageTooLarge, -41004, "message_too_large", 0},
    {SignalErrorKind::kMemberNotFound, -41005, "member_not_found", 0},
    {SignalErrorKind::kNoSlot, -41006, "no_slot", 0},
    {SignalErrorKind::kSdpInvalid, -41007, "sdp_invalid", 0},
    {SignalErrorKind::kNoCommonCodec, -41008, "no_common_codec", 0},
    {SignalErrorKind::kNotAllowed, -41009, "not_allowed", 0},
    {SignalErrorKind::kStreamNotFound, -41010, "stream_not_found", 0},
    {SignalErrorKind::kTicketInvalid, -41011, "ticket_invalid", 0},
    {SignalErrorKind::kTicketExpired, -41012, "ticket_expired", 0},
}};

consteval bool ErrorTableIsInOrder() {
  for (size_t i = 0; i < kErrorTable.size(); ++i)
    if (kErrorTable[i].kind != static_cast<SignalErrorKind>(i)) return false;
  return true;
}
static_assert(ErrorTableIsInOrder());

constexpr const ErrorInfo& InfoOf(SignalErrorKind kind) { return kErrorTable[static_cast<size_t>(kind)]; }

// What is sent. `name` always points to static storage: a name of kErrorTable, or kUnknownErrorName in a client that
// met a server newer than itself.
struct SignalError {
  int code = 0;
  std::string_view name;
  std::string message;  // a sentence that says what to do, without secrets
  std::optional<int> detail;

  bool Is(SignalErrorKind kind) const { return name == InfoOf(kind).name; }
  bool operator==(const SignalError&) const = default;
};

inline constexpr std::string_view kUnknownErrorName = "unknown_error";

// `message` is UTF-8.
SignalError MakeError(SignalErrorKind kind, std::string message);

// The entry of kErrorTable with this name, or null.
const ErrorInfo* FindErrorByName(std::string_view name);

}  // namespace duet::signal
