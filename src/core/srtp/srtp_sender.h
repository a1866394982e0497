// SrtpSender: protects what we send to one remote, SRTP and SRTCP (RFC 3711, AEAD: RFC 7714).
//
//   SRTP           header | encrypted payload | tag                        (both kinds of profile)
//   SRTCP, AES-CM  header and SSRC, 8 B | encrypted rest | E, index 31 bits | tag
//   SRTCP, AEAD    header and SSRC, 8 B | encrypted rest | tag | E, index 31 bits
//
// Cipher contexts are made once with their key; a packet sets the IV only. Nothing allocates after construction.
// Per 1200 B packet, OpenSSL 3.0 on one core of an EPYC server, beside libsrtp2 2.5 as Debian builds it
// (srtp_bench.cc):
//
//   AEAD_AES_128_GCM         0.48 us   libsrtp2 0.93
//   AEAD_AES_256_GCM         0.49 us   libsrtp2 0.97
//   AES128_CM_HMAC_SHA1_80   0.91 us   libsrtp2 4.64
//
// Thread rule: owned by one Peer. Invariant, on the caller's side: an index of an SSRC is used for one content only,
// else AEAD profiles give away the authentication key. The same content may be protected again (retransmission).
#pragma once

#include <variant>

#include "base/bytes.h"
#include "base/ids.h"
#include "core/srtp/srtp_cm.h"
#include "core/srtp/srtp_gcm.h"
#include "core/srtp/srtp_key.h"

namespace duet {

class SrtpSender {
 public:
  explicit SrtpSender(const SrtpMasterKey& master);

  SrtpProfile profile() const { return profile_; }

  // The RTP header stands in out[0, header_size). Encrypts `payload` to behind it and appends the tag; `payload` may be
  // that same place, but must not overlap it otherwise. `index` is the packet index of RFC 3711 section 3.3.1,
  // rollover counter << 16 | sequence number; its upper 16 bits are ignored. Returns the packet's size, 0 when `out` is
  // too small for header, payload and tag.
  size_t ProtectRtp(Ssrc ssrc, uint64_t index, size_t header_size, Bytes payload, MutableBytes out);

  // The cipher's context, before ProtectRtp.
  void Prefetch() const;

  // Protects the compound packet buffer[0, size) in place. Returns the new size; 0 when the buffer has no room for up
  // to kSrtcpMaxOverhead bytes more, when `size` is below the 8 bytes of an RTCP header with SSRC, or when all 2^31
  // indices are used up.
  size_t ProtectRtcp(MutableBytes buffer, size_t size);

 private:
  SrtpProfile profile_;
  std::variant<SrtpGcm, SrtpCm> rtp_;
  std::variant<SrtpGcm, SrtpCm> rtcp_;
  uint32_t rtcp_index_ = 0;  // of the next packet
};

}  // namespace duet
