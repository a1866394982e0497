// RttEstimator: the round trip time to one remote, from what its report blocks say about our sender reports
// (RFC 3550 section 6.4.1, figure 2):
//
//   rtt = now - LSR - DLSR           all in the middle 32 bits of NTP time, 1/65536 s, modulo 2^32
//
// smoothed as in RFC 6298 section 2 (gain 1/8). A remote can claim what it wants; claims beyond kMax are left out, and
// slightly negative ones (clocks that round) count as the least.
//
// Thread rule: owned by one Peer.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace duet {

class RttEstimator {
 public:
  static constexpr Duration kMin = Duration::Micros(100);
  static constexpr Duration kMax = Duration::Seconds(10);

  // LSR 0 means that the remote has had no sender report yet.
  void OnReportBlock(Time now, uint32_t last_sr, uint32_t delay_since_last_sr);

  bool valid() const { return valid_; }
  // Smoothed. REQUIRES: valid().
  Duration rtt() const { return smoothed_; }
  Duration latest() const { return latest_; }

 private:
  bool valid_ = false;
  Duration smoothed_;
  Duration latest_;
};

}  // namespace duet
