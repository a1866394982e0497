#include "auth/token_check.h"

#include <algorithm>

#include "auth/time_text.h"
#include "wire/json_text.h"

namespace duet {

const TokenKind kUserSigKind{"UserSig",
                             SigError::kSigMalformed,
                             SigError::kSigWrongApp,
                             SigError::kSigWrongUser,
                             SigError::kSigExpired,
                             SigError::kSigFromFuture,
                             SigError::kSigBadSignature,
                             SigError::kSigOtherEnvironment};

const TokenKind kMapKeyKind{
    "privateMapKey",          SigError::kMapKeyMalformed, SigError::kMapKeyWrongApp,     SigError::kMapKeyWrongUser,
    SigError::kMapKeyExpired, SigError::kMapKeyExpired,   SigError::kMapKeyBadSignature, SigError::kMapKeyBadSignature};

namespace {

std::string The(const TokenKind& kind) { return "The " + std::string(kind.noun); }

std::string Quoted(std::string_view user_id) { return "\"" + Excerpt(user_id, kMaxUserIdBytes) + "\""; }

}  // namespace

SigFailure AppUnknownFailure(uint32_t sdk_app_id) {
  return {SigError::kAppUnknown,
          "No app of this server has the sdkAppID " + std::to_string(sdk_app_id) + ". `duet app list` shows them."};
}

SigFailure MalformedFailure(const TokenKind& kind, const Error& error) {
  return {kind.malformed, The(kind) + " cannot be read: " + error.message + "."};
}

Fault CheckAppId(const TokenKind& kind, uint32_t in_token, uint32_t expected, const AppRegistry& apps) {
  if (in_token == expected) return std::nullopt;
  const App* other = apps.Find(in_token);
  const std::string of = other != nullptr ? " (environment " + other->environment + ")" : "";
  return SigFailure{kind.wrong_app, The(kind) + " was made for the sdkAppID " + std::to_string(in_token) + of +
                                        ", not for " + std::to_string(expected) +
                                        ". Sign with the sdkAppID and key of the app that is entered."};
}

Fault CheckSignature(const TokenKind& kind, const Token& token, const App& app, const AppRegistry& apps) {
  if (SignatureFits(token, app.secret_key)) return std::nullopt;
  for (const App& other : apps.apps()) {
    if (other.sdk_app_id == app.sdk_app_id || !SignatureFits(token, other.secret_key)) continue;
    return SigFailure{kind.other_environment,
                      The(kind) + " was signed with the key of the environment " + other.environment + " (sdkAppID " +
                          std::to_string(other.sdk_app_id) + "), but the sdkAppID " + std::to_string(app.sdk_app_id) +
                          " belongs to " + app.environment + ". Change the key together with the environment."};
  }
  return SigFailure{kind.bad_signature, The(kind) + " does not fit the secret key of the sdkAppID " +
                                            std::to_string(app.sdk_app_id) +
                                            ". Either it was signed with another key or it was changed afterwards."};
}

Fault CheckUser(const TokenKind& kind, std::string_view in_token, std::string_view expected) {
  if (in_token == expected) return std::nullopt;
  return SigFailure{kind.wrong_user, The(kind) + " was made for the user " + Quoted(in_token) + ", not for " +
                                         Quoted(expected) + ". Ask your back end for one of this user."};
}

Fault CheckTime(const TokenKind& kind, int64_t begins_unix_s, int64_t expires_unix_s, int64_t now_unix_s) {
  if (begins_unix_s > now_unix_s + kMaxClockSkewSeconds) {
    return SigFailure{kind.from_future, The(kind) + " was made at " + UnixTimeText(begins_unix_s) + ", which is " +
                                            SecondsText(begins_unix_s - now_unix_s) +
                                            " ahead of the server's clock. Set the clock of the signing machine "
                                            "(seconds, not milliseconds) or of the server."};
  }
  if (now_unix_s >= expires_unix_s) {
    return SigFailure{kind.expired, The(kind) + " expired at " + UnixTimeText(expires_unix_s) + ", " +
                                        SecondsText(now_unix_s - expires_unix_s) +
                                        " ago. Ask your back end for a new one."};
  }
  return std::nullopt;
}

Fault CheckMapKeyOwner(const MapKey& key, const Token& token) {
  if (key.sdk_app_id != token.sdk_app_id) {
    return SigFailure{SigError::kMapKeyWrongApp, "The privateMapKey was made for the sdkAppID " +
                                                     std::to_string(key.sdk_app_id) + ", not for " +
                                                     std::to_string(token.sdk_app_id) + "."};
  }
  if (!AccountIs(key.account, token.user_id)) {
    return SigFailure{SigError::kMapKeyWrongUser, "The privateMapKey gives its rights to the user " +
                                                      Quoted(key.account) + ", but was signed for " +
                                                      Quoted(token.user_id) + "."};
  }
  return std::nullopt;
}

Fault CheckRoom(const MapKey& key, const RoomRef& room) {
  const auto* name = std::get_if<std::string>(&key.room);
  const RoomRef own = name != nullptr ? RoomRef(std::string_view(*name)) : RoomRef(*std::get_if<uint32_t>(&key.room));
  if (own == room) return std::nullopt;
  const bool kinds_differ = own.index() != room.index();
  return SigFailure{SigError::kMapKeyWrongRoom,
                    "The privateMapKey was made for the room " + RoomText(own) + ", not for " + RoomText(room) +
                        (kinds_differ ? " (numeric rooms and string rooms are different rooms)." : ".")};
}

Fault CheckMayEnter(const MapKey& key) {
  if ((key.privileges & kMayEnter) != 0) return std::nullopt;
  return SigFailure{SigError::kMapKeyPrivilege, "The privateMapKey has the rights " + std::to_string(key.privileges) +
                                                    ", which do not contain 2, the right to enter the room."};
}

int64_t ExpiryOf(const Token& token, const MapKey& key) {
  return std::min<int64_t>(token.expires_unix_s(), key.expires_unix_s);
}

}  // namespace duet
