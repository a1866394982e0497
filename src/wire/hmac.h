// HMAC-SHA1 and HMAC-SHA256 (RFC 2104) of short messages, without allocations: each peer's check of consent takes two,
// every few seconds. OpenSSL 3's HMAC() makes 13 allocations, for a context that it looks up by name.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/bytes.h"

namespace duet {

constexpr size_t kSha1Bytes = 20;
constexpr size_t kSha256Bytes = 32;

// `key` may have any length.
std::array<std::byte, kSha1Bytes> HmacSha1(std::string_view key, Bytes message);
std::array<std::byte, kSha256Bytes> HmacSha256(std::string_view key, Bytes message);

}  // namespace duet
