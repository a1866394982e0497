// The signed token under UserSig and privateMapKey: reading it out of its wrapping, and the content that is signed.
// Says nothing about whether it is valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace duet {

struct Token {
  std::string user_id;
  uint32_t sdk_app_id = 0;
  int64_t time_unix_s = 0;               // when it was made, 0..2^53
  int64_t expire_s = 0;                  // for how long it is valid from then, 0..2^53
  std::vector<std::byte> signature;      // 32 bytes
  std::optional<std::string> userbuf;    // base64 as it was sent, which is what is signed
  std::vector<std::byte> userbuf_bytes;  // decoded
  bool operator==(const Token&) const = default;

  int64_t expires_unix_s() const { return time_unix_s + expire_s; }
};

// Bounded zlib (RFC 1950): kLimit when more than `max_bytes` come out, without making more than that; kTruncated and
// kMalformed otherwise. Nothing may follow the stream.
Result<std::string> InflateBounded(Bytes compressed, size_t max_bytes);

// The token in `text`, or a sentence that begins with "it" and says what is wrong. Accepts standard base64 and the form
// with * - _, but no mixture; numbers as JSON integers or decimal strings. All limits of docs/protocol.md hold.
Result<Token> DecodeToken(std::string_view text);

// The token as text, in the form with * - _.
std::string EncodeToken(const Token& token);

// The bytes that are signed, and the signature. `key` is used as it is written.
std::string SignedContent(const Token& token);
std::vector<std::byte> Sign(std::string_view key, std::string_view content);
// In constant time.
bool SignatureFits(const Token& token, std::string_view key);

}  // namespace duet
