// SrtpCm: the packet formats of AES128_CM_HMAC_SHA1_80 (RFC 3711) over OpenSSL's AES-CTR and SHA-1.
//
//   IV, 16 B = session salt, 14 B | 00 00   XOR   00 00 00 00 | SSRC, 4 B | packet index, 6 B | 00 00   (section 4.1.1)
//   tag = first 10 bytes of HMAC-SHA1( header | encrypted payload | rollover counter, 4 B )
//         of SRTCP: HMAC-SHA1( header | encrypted rest | E, index )
#pragma once

#include <openssl/sha.h>

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "core/srtp/evp_cipher_ctx.h"
#include "core/srtp/srtp_key.h"

namespace duet {

// HMAC-SHA1 (RFC 2104) whose two padded key blocks are hashed once, at construction.
class HmacSha1 {
 public:
  static constexpr size_t kSize = 20;
  explicit HmacSha1(Bytes key);  // at most 64 bytes
  std::array<std::byte, kSize> Sum(Bytes first, Bytes second) const;

 private:
  SHA_CTX inner_;
  SHA_CTX outer_;
};

// One direction of one stream.
class SrtpCm {
 public:
  static constexpr size_t kTagSize = 10;

  explicit SrtpCm(const SrtpSessionKeys& keys);

  // The header stands right before `out`, which has room for payload and tag.
  void SealRtp(Ssrc ssrc, uint64_t index, size_t header_size, Bytes payload, std::byte* out);
  // A whole packet, with a tag behind the header; decrypted in place.
  bool OpenRtp(Ssrc ssrc, uint64_t index, size_t header_size, MutableBytes packet);

  // packet[0, size) is a compound packet of at least 8 bytes, with kTagSize + 4 bytes of room behind it.
  void SealRtcp(uint32_t index, std::byte* packet, size_t size);
  // A whole SRTCP packet of at least 8 + kTagSize + 4 bytes.
  bool OpenRtcp(uint32_t index, MutableBytes packet);

 private:
  void Crypt(uint32_t ssrc, uint64_t index, Bytes in, std::byte* out);

  EvpCipherCtx context_;
  std::array<std::byte, 14> salt_;
  HmacSha1 hmac_;
};

}  // namespace duet
