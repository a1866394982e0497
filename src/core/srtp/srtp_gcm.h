// SrtpGcm: the packet formats of the AEAD profiles (RFC 7714) over AesGcm.
//
//   IV, 12 B = session salt XOR  00 00 | SSRC, 4 B | rollover counter, 4 B | sequence number, 2 B     (section 8.1)
//                           XOR  00 00 | SSRC, 4 B | 00 00 | 0, index 31 bits                         (section 9.1)
//   authenticated data: the RTP header; the first 8 bytes of RTCP and the word E | index
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "core/srtp/aes_gcm.h"
#include "core/srtp/srtp_key.h"

namespace duet {

// One direction of one stream. Either seals or opens, as chosen at construction.
class SrtpGcm {
 public:
  static constexpr size_t kTagSize = AesGcm::kTagSize;
  using Direction = AesGcm::Direction;

  SrtpGcm(SrtpProfile profile, const SrtpSessionKeys& keys, Direction direction);

  void Prefetch() const { cipher_.Prefetch(); }

  // `out` has room for payload and tag, which are written to it.
  void SealRtp(Ssrc ssrc, uint64_t index, Bytes header, Bytes payload, std::byte* out);
  // `body` is encrypted payload and tag, at least kTagSize bytes; decrypted in place.
  bool OpenRtp(Ssrc ssrc, uint64_t index, Bytes header, MutableBytes body);

  // packet[0, size) is a compound packet of at least 8 bytes, with kTagSize + 4 bytes of room behind it.
  void SealRtcp(uint32_t index, std::byte* packet, size_t size);
  // A whole SRTCP packet of at least 8 + kTagSize + 4 bytes.
  bool OpenRtcp(uint32_t index, MutableBytes packet);

 private:
  using Iv = AesGcm::Iv;
  Iv RtpIv(Ssrc ssrc, uint64_t index) const;
  Iv RtcpIv(const std::byte* packet, uint32_t index) const;

  AesGcm cipher_;
  std::array<std::byte, 12> salt_;
};

}  // namespace duet
