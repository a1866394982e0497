#include "auth/usersig.h"

#include <algorithm>

#include "auth/map_key.h"
#include "auth/token.h"
#include "auth/token_check.h"
#include "base/check.h"
#include "wire/json_text.h"

namespace duet {
namespace {

// The part of the verdict that both kinds share: it is of this app and really signed with its key.
Result<Token, SigFailure> ReadSigned(const TokenKind& kind, const AppRegistry& apps, const App& app,
                                     std::string_view text) {
  auto token = DecodeToken(text);
  if (!token.ok()) return MalformedFailure(kind, token.error());
  if (auto fault = CheckAppId(kind, token->sdk_app_id, app.sdk_app_id, apps)) return *fault;
  if (auto fault = CheckSignature(kind, *token, app, apps)) return *fault;
  return std::move(token).value();
}

}  // namespace

bool IsValidUserId(std::string_view user_id) {
  if (user_id.empty() || user_id.size() > kMaxUserIdBytes) return false;
  if (user_id.find_first_of("\r\n") != user_id.npos) return false;
  while (!user_id.empty()) {
    const size_t length = Utf8Length(user_id);
    if (length == 0) return false;
    user_id.remove_prefix(length);
  }
  return true;
}

std::string CreateUserSig(const App& app, std::string_view user_id, int64_t now_unix_s, uint32_t expire_s,
                          Bytes userbuf) {
  Token token;
  token.user_id = user_id;
  token.sdk_app_id = app.sdk_app_id;
  token.time_unix_s = now_unix_s;
  token.expire_s = expire_s;
  if (!userbuf.empty()) token.userbuf = EncodeBase64(userbuf);
  token.signature = Sign(app.secret_key, SignedContent(token));
  return EncodeToken(token);
}

std::string CreatePrivateMapKey(const App& app, std::string_view user_id, const RoomRef& room, uint32_t privileges,
                                int64_t now_unix_s, uint32_t expire_s) {
  MapKey key;
  key.account = user_id;
  key.sdk_app_id = app.sdk_app_id;
  if (const auto* name = std::get_if<std::string_view>(&room)) {
    key.room = std::string(*name);
  } else {
    key.room = *std::get_if<uint32_t>(&room);
  }
  // The field has 32 bits; what ends after 2106 ends in 2106.
  key.expires_unix_s = static_cast<uint32_t>(std::clamp<int64_t>(now_unix_s + expire_s, 0, UINT32_MAX));
  key.privileges = privileges;
  return CreateUserSig(app, user_id, now_unix_s, expire_s, EncodeMapKey(key));
}

Result<VerifiedSig, SigFailure> VerifyUserSig(const AppRegistry& apps, uint32_t sdk_app_id, std::string_view user_id,
                                              std::string_view token, int64_t now_unix_s) {
  const App* app = apps.Find(sdk_app_id);
  if (app == nullptr) return AppUnknownFailure(sdk_app_id);
  const auto read = ReadSigned(kUserSigKind, apps, *app, token);
  if (!read.ok()) return read.error();
  if (auto fault = CheckUser(kUserSigKind, read->user_id, user_id)) return *fault;
  if (auto fault = CheckTime(kUserSigKind, read->time_unix_s, read->expires_unix_s(), now_unix_s)) return *fault;
  return VerifiedSig{app, read->time_unix_s, read->expires_unix_s()};
}

Result<VerifiedMapKey, SigFailure> VerifyPrivateMapKey(const AppRegistry& apps, uint32_t sdk_app_id,
                                                       std::string_view user_id, std::string_view token,
                                                       int64_t now_unix_s, const RoomRef& room) {
  const App* app = apps.Find(sdk_app_id);
  if (app == nullptr) return AppUnknownFailure(sdk_app_id);
  const auto read = ReadSigned(kMapKeyKind, apps, *app, token);
  if (!read.ok()) return read.error();
  if (!read->userbuf) {
    return MalformedFailure(kMapKeyKind, {ErrorCode::kMalformed, "it has no userbuf, so it is a plain UserSig"});
  }
  const auto key = DecodeMapKey(read->userbuf_bytes);
  if (!key.ok()) return MalformedFailure(kMapKeyKind, key.error());
  if (auto fault = CheckUser(kMapKeyKind, read->user_id, user_id)) return *fault;
  if (auto fault = CheckMapKeyOwner(*key, *read)) return *fault;
  const int64_t expires = ExpiryOf(*read, *key);
  if (auto fault = CheckTime(kMapKeyKind, read->time_unix_s, expires, now_unix_s)) return *fault;
  if (auto fault = CheckRoom(*key, room)) return *fault;
  if (auto fault = CheckMayEnter(*key)) return *fault;
  return VerifiedMapKey{app, key->privileges, expires};
}

}  // namespace duet
