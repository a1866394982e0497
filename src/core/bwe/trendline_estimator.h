// TrendlineEstimator: does the queue of the path grow? The slope of a line through the last delays, compared with a
// threshold that adapts.
//
//   delta of groups ─> sum of (arrival delta - send delta), smoothed ─> slope over 20 groups
//   slope * min(groups, 60) * 4 ms   > threshold for 10 ms, and not falling:  overusing
//                                    < -threshold:                            underusing: a queue drains
//
// The threshold follows what is measured, slowly up and faster down, between 6 and 600 ms: a flow that competes with
// TCP must bear the queue that TCP makes (draft-ietf-rmcat-gcc-02 section 5.4). Beyond the draft, the line fit in place
// of its Kalman filter and its parameters are those of libwebrtc, which every browser runs.
//
// Thread rule: owned by one SendBandwidthEstimator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/bwe/inter_arrival_delta.h"

namespace duet {

enum class BandwidthUsage : uint8_t { kNormal, kUnderusing, kOverusing };

class TrendlineEstimator {
 public:
  static constexpr size_t kWindow = 20;           // groups
  static constexpr double kSmoothing = 0.9;       // of the accumulated delay
  static constexpr double kGain = 4;              // of the slope
  static constexpr int kMaxDeltas = 60;           // groups
  static constexpr double kThresholdUp = 0.0087;  // 1/ms, toward a larger trend
  static constexpr double kThresholdDown = 0.039;
  static constexpr double kFirstThresholdMs = 12.5;
  static constexpr double kMinThresholdMs = 6;
  static constexpr double kMaxThresholdMs = 600;
  static constexpr double kMaxAdaptOffsetMs = 15;  // a spike of more leaves the threshold alone
  static constexpr double kMaxAdaptTimeMs = 100;
  static constexpr double kOveruseTimeMs = 10;

  void OnDelta(const InterArrivalDelta::Delta& delta);
  void Reset();

  BandwidthUsage usage() const { return usage_; }
  double threshold_ms() const { return threshold_ms_; }
  // What is compared with the threshold.
  double trend_ms() const { return trend_ms_; }

 private:
  struct Point {
    double arrival_ms = 0;
    double delay_ms = 0;
  };
  double Slope() const;
  void Detect(double slope, double sent_ms);
  void AdaptThreshold(double arrival_ms);

  std::array<Point, kWindow> points_{};
  size_t count_ = 0;  // of points, up to kWindow
  size_t next_ = 0;
  Time origin_;
  int deltas_ = 0;  // up to kMaxDeltas
  double accumulated_ms_ = 0;
  double smoothed_ms_ = 0;

  double threshold_ms_ = kFirstThresholdMs;
  double last_adapted_ms_ = -1;
  double trend_ms_ = 0;
  double last_slope_ = 0;
  double overusing_ms_ = -1;  // how long the trend has been above the threshold; -1 = it is not
  int overusing_groups_ = 0;
  BandwidthUsage usage_ = BandwidthUsage::kNormal;
};

}  // namespace duet
