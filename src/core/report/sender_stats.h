// SenderStats: what was sent on one stream, for its sender reports (RFC 3550 section 6.4.1). Retransmissions on the
// stream itself count, those on an RTX stream belong to that one.
//
// Thread rule: owned by one stream.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/ids.h"
#include "base/time.h"
#include "wire/rtcp.h"

namespace duet {

class SenderStats {
 public:
  // `payload_bytes`: without header and padding.
  void OnSent(size_t payload_bytes) {
    ++packets_;
    octets_ += static_cast<uint32_t>(payload_bytes);
  }
  // Both wrap, as in the report.
  uint32_t packets() const { return packets_; }
  uint32_t octets() const { return octets_; }

  // `rtp_timestamp` is that of what is captured `now`, in the numbers of this stream.
  SenderReport MakeReport(Time now, Ssrc ssrc, uint32_t rtp_timestamp) const {
    SenderReport report;
    report.sender_ssrc = ssrc;
    report.ntp = now.ntp();
    report.rtp_timestamp = rtp_timestamp;
    report.packets = packets_;
    report.octets = octets_;
    return report;
  }

 private:
  uint32_t packets_ = 0;
  uint32_t octets_ = 0;
};

}  // namespace duet
