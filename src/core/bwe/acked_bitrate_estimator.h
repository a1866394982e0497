// AckedBitrateEstimator: the rate at which packets arrive at the receiver.
//
// Bytes are counted in windows of 150 ms of arrival time (the first one of 500 ms), and each window's rate corrects the
// estimate as in a Kalman filter: a rate far from the estimate counts as less certain, so that one keyframe does not
// throw it off, while a lasting change is followed within a second and a half. Parameters of libwebrtc.
//
// Thread rule: owned by one SendBandwidthEstimator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace duet {

class AckedBitrateEstimator {
 public:
  static constexpr Duration kFirstWindow = Duration::Millis(500);
  static constexpr Duration kWindow = Duration::Millis(150);

  // In the order of sending; arrivals may be out of order by little. `after_hole`: packets before it were never told of
  // (their feedback was lost), so the time since the last one counts as little as they do.
  void OnPacket(Time arrived, size_t bytes, bool after_hole = false);
  // The rate is about to change, since the sender's has: for a second of arrivals each window counts half at least.
  void ExpectChange();

  // Nothing in the first half second.
  std::optional<double> bps() const { return bps_; }
  // The same of the last window alone: what a link carries that has just been filled, after less was sent than it
  // carries. Nothing before there is an estimate.
  std::optional<double> last_window_bps() const { return last_window_bps_; }

 private:
  void OnWindow(double sample_bps);

  std::optional<double> bps_;
  std::optional<double> last_window_bps_;
  double variance_ = 50;  // in (kbit/s)^2
  int expected_windows_ = 0;
  bool any_ = false;
  Time window_start_;
  Time last_arrived_;
  int64_t bytes_ = 0;
};

}  // namespace duet
