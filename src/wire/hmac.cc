// The functions for one hash only are deprecated in favour of those that find theirs by name, and allocate.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "wire/hmac.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

#include "base/check.h"

namespace duet {
namespace {

struct Sha1 {
  static constexpr size_t kBytes = kSha1Bytes;
  static constexpr size_t kBlock = SHA_CBLOCK;
  Sha1() { DUET_CHECK(SHA1_Init(&context) == 1); }
  void Add(Bytes bytes) { DUET_CHECK(SHA1_Update(&context, bytes.data(), bytes.size()) == 1); }
  void Finish(std::byte* out) { DUET_CHECK(SHA1_Final(reinterpret_cast<unsigned char*>(out), &context) == 1); }
  SHA_CTX context;
};

struct Sha256 {
  static constexpr size_t kBytes = kSha256Bytes;
  static constexpr size_t kBlock = SHA256_CBLOCK;
  Sha256() { DUET_CHECK(SHA256_Init(&context) == 1); }
  void Add(Bytes bytes) { DUET_CHECK(SHA256_Update(&context, bytes.data(), bytes.size()) == 1); }
  void Finish(std::byte* out) { DUET_CHECK(SHA256_Final(reinterpret_cast<unsigned char*>(out), &context) == 1); }
  SHA256_CTX context;
};

// H(key ^ opad | H(key ^ ipad | message)); a key that is longer than a block is hashed before.
template <typename Hash>
std::array<std::byte, Hash::kBytes> Hmac(std::string_view key, Bytes message) {
  constexpr std::byte kInner{0x36};
  constexpr std::byte kOuter{0x5c};
  std::array<std::byte, Hash::kBlock> pad{};
  const Bytes key_bytes = AsBytes(key);
  if (key_bytes.size() > pad.size()) {
    Hash hash;
    hash.Add(key_bytes);
    hash.Finish(pad.data());
  } else {
    std::copy(key_bytes.begin(), key_bytes.end(), pad.begin());
  }
  std::array<std::byte, Hash::kBytes> out;
  for (std::byte& b : pad) b ^= kInner;
  Hash inner;
  inner.Add(pad);
  inner.Add(message);
  inner.Finish(out.data());
  for (std::byte& b : pad) b ^= kInner ^ kOuter;
  Hash outer;
  outer.Add(pad);
  outer.Add(out);
  outer.Finish(out.data());
  OPENSSL_cleanse(pad.data(), pad.size());
  return out;
}

}  // namespace

std::array<std::byte, kSha1Bytes> HmacSha1(std::string_view key, Bytes message) { return Hmac<Sha1>(key, message); }
std::array<std::byte, kSha256Bytes> HmacSha256(std::string_view key, Bytes message) {
  return Hmac<Sha256>(key, message);
}

}  // namespace duet
