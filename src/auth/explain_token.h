// What is in a UserSig or privateMapKey and everything that is wrong with it, for people who look for the reason why a
// call is refused. Reads on after a fault where it can; the server's own checks are in usersig.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/app_registry.h"
#include "auth/map_key.h"
#include "auth/sig_error.h"
#include "auth/token.h"
#include "auth/usersig.h"

namespace duet {

enum class SignatureState {
  kUnread,     // the token could not be read so far
  kUnchecked,  // no key to check it with
  kValid,
  kInvalid,
};

struct TokenExplanation {
  std::optional<Token> token;     // absent: not even JSON could be read from it, or a member is missing
  std::optional<MapKey> map_key;  // present: it is a privateMapKey
  SignatureState signature = SignatureState::kUnread;
  std::string environment;         // of the app that signed it, when known
  int64_t expires_unix_s = 0;      // of what the token says of itself, the earlier of both for a privateMapKey
  std::vector<SigFailure> faults;  // in the order in which the token is read; empty = nothing is wrong
};

// What to hold the token against. Absent = not checked.
struct TokenExpectation {
  const AppRegistry* apps = nullptr;
  std::optional<std::string_view> secret_key;  // instead of the registry's
  std::optional<uint32_t> sdk_app_id;
  std::optional<std::string_view> user_id;
  std::optional<RoomRef> room;
};

TokenExplanation ExplainToken(std::string_view token, int64_t now_unix_s, const TokenExpectation& expected = {});

}  // namespace duet
