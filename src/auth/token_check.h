// The single checks that make up the verdict on a token, each with its sentence. Used by usersig.cc, which stops at the
// first failure, and explain_token.cc, which collects them all.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "auth/app_registry.h"
#include "auth/map_key.h"
#include "auth/sig_error.h"
#include "auth/token.h"
#include "auth/usersig.h"

namespace duet {

// The causes of one of the two kinds of token, and what it is called.
struct TokenKind {
  std::string_view noun;
  SigError malformed, wrong_app, wrong_user, expired, from_future, bad_signature, other_environment;
};
extern const TokenKind kUserSigKind;
extern const TokenKind kMapKeyKind;

// nullopt = nothing is wrong.
using Fault = std::optional<SigFailure>;

SigFailure AppUnknownFailure(uint32_t sdk_app_id);
SigFailure MalformedFailure(const TokenKind& kind, const Error& error);
Fault CheckAppId(const TokenKind& kind, uint32_t in_token, uint32_t expected, const AppRegistry& apps);
Fault CheckSignature(const TokenKind& kind, const Token& token, const App& app, const AppRegistry& apps);
Fault CheckUser(const TokenKind& kind, std::string_view in_token, std::string_view expected);
Fault CheckTime(const TokenKind& kind, int64_t begins_unix_s, int64_t expires_unix_s, int64_t now_unix_s);
// The userbuf agrees with the token around it: app and account.
Fault CheckMapKeyOwner(const MapKey& key, const Token& token);
Fault CheckRoom(const MapKey& key, const RoomRef& room);
Fault CheckMayEnter(const MapKey& key);

// What the token is good until: the earlier end of the token and its map key.
int64_t ExpiryOf(const Token& token, const MapKey& key);

}  // namespace duet
