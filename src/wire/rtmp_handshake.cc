#include "wire/rtmp_handshake.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "base/check.h"

namespace duet {
namespace {

constexpr size_t kDigestBytes = 32;
using Digest = std::array<std::byte, kDigestBytes>;

constexpr std::string_view kServerName = "Genuine Adobe Flash Media Server 001";
constexpr std::string_view kPlayerName = "Genuine Adobe Flash Player 001";
constexpr std::array<uint8_t, 32> kKeyTail = {0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0,
                                              0xD1, 0x02, 0x9E, 0x7E, 0x57, 0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80,
                                              0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE};

// The short keys are the names; the long ones, for C2 and S2, have the tail as well.
struct Key {
  std::array<std::byte, 68> bytes{};
  size_t size = 0;

  Key(std::string_view name, bool with_tail) {
    ByteWriter writer(bytes);
    writer.Write(AsBytes(name));
    if (with_tail) writer.Write(std::as_bytes(std::span(kKeyTail)));
    DUET_CHECK(writer.ok());
    size = writer.size();
  }
  Bytes view() const { return Bytes(bytes).first(size); }
};

Digest Hmac(Bytes key, Bytes content) {
  Digest digest;
  unsigned int size = 0;
  const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(content.data()), content.size(),
                          reinterpret_cast<unsigned char*>(digest.data()), &size);
  DUET_CHECK(done != nullptr && size == kDigestBytes);
  return digest;
}

// Where the digest stands. The four bytes in front of each block, added up, say it.
size_t DigestOffset(Bytes block, int scheme) {
  const size_t base = scheme == 0 ? 8 : 772;
  size_t sum = 0;
  for (size_t i = 0; i < 4; ++i) sum += LoadU8(&block[base + i]);
  return base + 4 + sum % 728;
}

// Of everything but the digest's own bytes.
Digest DigestOf(Bytes block, size_t offset, Bytes key) {
  std::array<std::byte, kRtmpHandshakeBytes - kDigestBytes> joined;
  ByteWriter writer(joined);
  writer.Write(block.first(offset));
  writer.Write(block.subspan(offset + kDigestBytes));
  return Hmac(key, joined);
}

// The digest in the block, where there is a right one.
std::optional<Bytes> FindDigest(Bytes block, Bytes key, int& scheme) {
  for (const int s : {0, 1}) {
    const size_t offset = DigestOffset(block, s);
    const Bytes found = block.subspan(offset, kDigestBytes);
    if (CRYPTO_memcmp(DigestOf(block, offset, key).data(), found.data(), kDigestBytes) == 0) {
      scheme = s;
      return found;
    }
  }
  return std::nullopt;
}

void WriteDigestBlock(uint32_t time_ms, uint32_t version, int scheme, Bytes key, Rng& rng, MutableBytes out) {
  rng.Fill(out);
  StoreU32(out.data(), time_ms);
  StoreU32(out.data() + 4, version);
  const size_t offset = DigestOffset(out, scheme);
  const Digest digest = DigestOf(out, offset, key);
  std::copy(digest.begin(), digest.end(), out.begin() + static_cast<ptrdiff_t>(offset));
}

// The last 32 bytes of C2 or S2 for a block whose digest this is.
Digest AnswerTo(Bytes digest, const Key& key, Bytes answer) {
  return Hmac(Hmac(key.view(), digest), answer.first(kRtmpHandshakeBytes - kDigestBytes));
}

}  // namespace

RtmpHandshakeKind AnswerRtmpHandshake(Bytes c1, uint32_t time_ms, Rng& rng, MutableBytes out) {
  DUET_CHECK(c1.size() == kRtmpHandshakeBytes && out.size() == 1 + 2 * kRtmpHandshakeBytes);
  StoreU8(out.data(), kRtmpVersion);
  const MutableBytes s1 = out.subspan(1, kRtmpHandshakeBytes);
  const MutableBytes s2 = out.subspan(1 + kRtmpHandshakeBytes);
  int scheme = 0;
  // A version of zero says that the client knows no digests.
  const auto digest =
      LoadU32(c1.data() + 4) == 0 ? std::nullopt : FindDigest(c1, Key(kPlayerName, false).view(), scheme);
  if (!digest) {
    rng.Fill(s1);
    StoreU32(s1.data(), time_ms);
    StoreU32(s1.data() + 4, 0);
    std::copy(c1.begin(), c1.end(), s2.begin());
    return RtmpHandshakeKind::kSimple;
  }
  constexpr uint32_t kServerVersion = 0x05000101;  // anything above 3.0.0.0: a server that knows digests
  WriteDigestBlock(time_ms, kServerVersion, scheme, Key(kServerName, false).view(), rng, s1);
  rng.Fill(s2);
  const Digest end = AnswerTo(*digest, Key(kServerName, true), s2);
  std::copy(end.begin(), end.end(), s2.end() - kDigestBytes);
  return RtmpHandshakeKind::kDigest;
}

void WriteRtmpC1(uint32_t time_ms, Rng& rng, MutableBytes out) {
  DUET_CHECK(out.size() == kRtmpHandshakeBytes);
  constexpr uint32_t kClientVersion = 0x09007C02;  // 9.0.124.2, the first player that made digests
  WriteDigestBlock(time_ms, kClientVersion, 0, Key(kPlayerName, false).view(), rng, out);
}

bool CheckRtmpS2(Bytes c1, Bytes s2) {
  DUET_CHECK(c1.size() == kRtmpHandshakeBytes && s2.size() == kRtmpHandshakeBytes);
  if (std::equal(c1.begin(), c1.end(), s2.begin())) return true;
  int scheme = 0;
  const auto digest = FindDigest(c1, Key(kPlayerName, false).view(), scheme);
  if (!digest) return false;
  const Digest expected = AnswerTo(*digest, Key(kServerName, true), s2);
  return CRYPTO_memcmp(expected.data(), s2.data() + kRtmpHandshakeBytes - kDigestBytes, kDigestBytes) == 0;
}

}  // namespace duet
