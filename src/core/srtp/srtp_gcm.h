// SrtpGcm: the packet formats of the AEAD profiles (RFC 7714) over OpenSSL's AES-GCM.
//
//   IV, 12 B = session salt XOR  00 00 | SSRC, 4 B | rollover counter, 4 B | sequence number, 2 B     (section 8.1)
//                           XOR  00 00 | SSRC, 4 B | 00 00 | 0, index 31 bits                         (section 9.1)
//   authenticated data: the RTP header; the first 8 bytes of RTCP and the word E | index
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/prefetch.h"
#include "core/srtp/srtp_key.h"

namespace duet {

struct EvpCipherCtxDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using EvpCipherCtx = std::unique_ptr<EVP_CIPHER_CTX, EvpCipherCtxDeleter>;

// One direction of one stream. Either seals or opens, as chosen at construction.
class SrtpGcm {
 public:
  static constexpr size_t kTagSize = 16;
  enum class Direction : bool { kSeal, kOpen };

  SrtpGcm(SrtpProfile profile, const SrtpSessionKeys& keys, Direction direction);

  void Prefetch() const {
    constexpr size_t kContextBytes = 192;  // about; what it points to cannot be reached from here
    duet::Prefetch(context_.get(), kContextBytes);
  }

  // `out` has room for payload and tag, which are written to it.
  void SealRtp(Ssrc ssrc, uint64_t index, Bytes header, Bytes payload, std::byte* out);
  // `body` is encrypted payload and tag, at least kTagSize bytes; decrypted in place.
  bool OpenRtp(Ssrc ssrc, uint64_t index, Bytes header, MutableBytes body);

  // packet[0, size) is a compound packet of at least 8 bytes, with kTagSize + 4 bytes of room behind it.
  void SealRtcp(uint32_t index, std::byte* packet, size_t size);
  // A whole SRTCP packet of at least 8 + kTagSize + 4 bytes.
  bool OpenRtcp(uint32_t index, MutableBytes packet);

 private:
  using Iv = std::array<std::byte, 12>;
  Iv RtpIv(Ssrc ssrc, uint64_t index) const;
  Iv RtcpIv(const std::byte* packet, uint32_t index) const;
  void Seal(const Iv& iv, Bytes aad1, Bytes aad2, Bytes plain, std::byte* out);
  bool Open(const Iv& iv, Bytes aad1, Bytes aad2, MutableBytes body);

  EvpCipherCtx context_;
  std::array<std::byte, 12> salt_;
};

}  // namespace duet
