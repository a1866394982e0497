#include "core/bwe/acked_bitrate_estimator.h"

#include <algorithm>
#include <cmath>

namespace duet {
namespace {

// How much a sample may be off, per relative distance to the estimate, in kbit/s.
constexpr double kUncertaintyKbps = 10;
// What the true rate may change between two windows, in (kbit/s)^2.
constexpr double kDriftVariance = 5;
constexpr double kExpectedGain = 0.5;
constexpr int kExpectedWindows = 7;
// Packets do not overtake each other by so much: the receiver's clock was set back.
constexpr Duration kClockJump = Duration::Seconds(3);

}  // namespace

void AckedBitrateEstimator::OnPacket(Time arrived, size_t bytes, bool after_hole) {
  const Duration window = bps_ ? kWindow : kFirstWindow;
  if (!any_ || last_arrived_ - arrived > kClockJump) {
    any_ = true;
    bytes_ = 0;
    window_start_ = last_arrived_ = arrived;
  }
  arrived = std::max(arrived, last_arrived_);
  if (after_hole) {
    window_start_ = window_start_ + (arrived - last_arrived_);
  } else if (arrived - last_arrived_ > window) {
    // Nothing came for more than a window: that says how much was sent, not what arrives.
    bytes_ = 0;
    window_start_ = arrived - Duration::Micros((arrived - last_arrived_).us() % window.us());
  } else if (arrived - window_start_ >= window) {
    OnWindow(8.0 * static_cast<double>(bytes_) / window.seconds());
    bytes_ = 0;
    window_start_ = window_start_ + window;
  }
  bytes_ += static_cast<int64_t>(bytes);
  last_arrived_ = arrived;
}

void AckedBitrateEstimator::OnWindow(double sample_bps) {
  last_window_bps_ = sample_bps;
  if (!bps_) {
    bps_ = sample_bps;
    return;
  }
  const double estimate = *bps_ / 1000;
  const double sample = sample_bps / 1000;
  const double uncertainty = kUncertaintyKbps * std::abs(estimate - sample) / std::max(estimate, 1.0);
  const double sample_variance = std::max(uncertainty * uncertainty, 1e-3);
  const double predicted_variance = variance_ + kDriftVariance;
  double gain = predicted_variance / (sample_variance + predicted_variance);
  variance_ = sample_variance * gain;
  if (expected_windows_ > 0) {
    --expected_windows_;
    gain = std::max(gain, kExpectedGain);
  }
  bps_ = 1000 * (estimate + gain * (sample - estimate));
}

void AckedBitrateEstimator::ExpectChange() { expected_windows_ = kExpectedWindows; }

}  // namespace duet
