// Any bytes as a token, and, half of the time, as what is inside its base64 and zlib (where random bytes never get by
// themselves) or as a userbuf. Properties: nothing that we did not sign is accepted; what can be read, printed and read
// again is the same; the explanation agrees with the verdict.
#include <cstdlib>

#include "auth/explain_token.h"
#include "auth/map_key.h"
#include "auth/token.h"
#include "auth/usersig.h"
#include "wire/json_text.h"

namespace {

using namespace duet;  // NOLINT: a program of its own

void Require(bool condition) {
  if (!condition) std::abort();
}

constexpr int64_t kNow = 1'700'000'100;

const AppRegistry& Apps() {
  static const AppRegistry* const apps = [] {
    auto* made = new AppRegistry;
    // Nobody has signed with these keys: they are not in the corpus.
    Require(made->Add({.sdk_app_id = 1400000001, .secret_key = "6f7d0c1b2ea84d55"}).ok());
    Require(made->Add({.sdk_app_id = 7, .secret_key = "0a91f3c4d2be8876", .environment = "DEV"}).ok());
    return made;
  }();
  return *apps;
}

void TryToken(std::string_view text) {
  const auto token = DecodeToken(text);
  const auto verdict = VerifyUserSig(Apps(), 1400000001, "alice", text, kNow);
  const auto key_verdict = VerifyPrivateMapKey(Apps(), 1400000001, "alice", text, kNow, 1234u);
  Require(!verdict.ok() && !key_verdict.ok());
  Require(!verdict.error().message.empty());
  Require(token.ok() == (verdict.error().error != SigError::kSigMalformed));
  const auto explanation = ExplainToken(text, kNow, {.apps = &Apps(), .sdk_app_id = 1400000001, .user_id = "alice"});
  Require(explanation.token.has_value() == token.ok());
  Require(!explanation.faults.empty());
  if (!token.ok()) return;
  const auto again = DecodeToken(EncodeToken(*token));
  // A token that compresses worse than the original may be over the limit.
  if (again.ok()) Require(*again == *token);
  Require(again.ok() || again.error().code == ErrorCode::kLimit);
}

void TryMapKey(Bytes bytes) {
  const auto key = DecodeMapKey(bytes);
  if (!key.ok()) return;
  const auto again = DecodeMapKey(EncodeMapKey(*key));
  Require(again.ok() && *again == *key);
  AccountIs(key->account, "\u5f20\u4e09");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'j': {  // the JSON of a token, in stored (not compressed) zlib blocks
      if (text.size() > 2048) return 0;
      std::string zlib("\x78\x01\x01", 3);
      const auto length = static_cast<uint16_t>(text.size());
      for (const uint16_t n : {length, static_cast<uint16_t>(~length)}) {
        zlib.push_back(static_cast<char>(n & 0xff));
        zlib.push_back(static_cast<char>(n >> 8));
      }
      zlib += text;
      uint32_t a = 1, b = 0;  // Adler-32, RFC 1950 section 8.2
      for (const char c : text) b = (b + (a = (a + static_cast<uint8_t>(c)) % 65521)) % 65521;
      for (const uint32_t n : {b >> 8, b, a >> 8, a}) zlib.push_back(static_cast<char>(n & 0xff));
      TryToken(EncodeBase64(AsBytes(zlib)));
      break;
    }
    case 'z': TryToken(EncodeBase64(AsBytes(text))); break;
    case 'u': TryMapKey(AsBytes(text)); break;
    default: TryToken(text);
  }
  return 0;
}
