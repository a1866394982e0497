// Retransmission payload format (RFC 4588 section 4): the original payload behind the original sequence number, in a
// packet of another SSRC and payload type with a sequence number of its own.
//
//   | RTP header: PT and SSRC of the RTX stream, own sequence number, the original's timestamp, marker, extensions |
//   | OSN, 16 bits | original payload |
//
// A packet of the RTX stream without payload (nothing, or only padding) is a probe of the bandwidth and carries
// nothing.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/packet_pool.h"
#include "wire/rtp.h"

namespace duet {

inline constexpr size_t kRtxOverhead = 2;  // the OSN

// True when an RTX packet has no original in it.
inline bool IsRtxProbe(const RtpPacketView& view) { return view.payload_size == 0; }

// Turns a received RTX packet in place into the original, two bytes shorter and without padding. `view` is the packet
// parsed; it is void afterwards. False, and nothing changed, when the payload is too short for an OSN (a probe, or
// malformed). REQUIRES: packet.unique().
bool RestoreRtx(Packet& packet, const RtpPacketView& view, Ssrc primary_ssrc, PayloadType primary_payload_type);

// Writes OSN and payload to `out` (behind the header of the RTX packet); the bytes written, 0 when `out` is too small.
size_t WriteRtxPayload(uint16_t original_seq, Bytes payload, MutableBytes out);

}  // namespace duet
