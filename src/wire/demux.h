// Which protocol a datagram on the one UDP port belongs to, by its first bytes (RFC 7983, RFC 9443; RFC 5761 section 4
// for RTP against RTCP).
//
//   first byte   0..3    STUN
//               20..63   DTLS
//              128..191  RTP or RTCP: RTCP when the second byte is 192..223, that is, an RTP payload type of 64..95
//              with
//                        the marker bit set or not; these payload types are therefore never used for RTP
//   all else             unknown (ZRTP 16..19, TURN channels 64..79, QUIC)
//
// A datagram that is shorter than the fixed header of its protocol is unknown.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace duet {

enum class DatagramKind : uint8_t { kStun, kDtls, kRtp, kRtcp, kUnknown };

inline DatagramKind Classify(Bytes datagram) {
  constexpr size_t kStunHeader = 20;
  constexpr size_t kDtlsHeader = 13;
  constexpr size_t kRtpHeader = 12;
  constexpr size_t kRtcpHeader = 8;
  if (datagram.size() < kRtcpHeader) return DatagramKind::kUnknown;
  const uint8_t first = LoadU8(datagram.data());
  const uint8_t second = LoadU8(datagram.data() + 1);
  const auto if_at_least = [&](size_t size, DatagramKind kind) {
    return datagram.size() >= size ? kind : DatagramKind::kUnknown;
  };
  if (first <= 3) return if_at_least(kStunHeader, DatagramKind::kStun);
  if (first >= 20 && first <= 63) return if_at_least(kDtlsHeader, DatagramKind::kDtls);
  if (first >= 128 && first <= 191) {
    if (second >= 192 && second <= 223) return DatagramKind::kRtcp;
    return if_at_least(kRtpHeader, DatagramKind::kRtp);
  }
  return DatagramKind::kUnknown;
}

}  // namespace duet
