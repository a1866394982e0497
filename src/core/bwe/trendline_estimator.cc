#include "core/bwe/trendline_estimator.h"

#include <algorithm>
#include <cmath>

namespace duet {
namespace {

double Milliseconds(Duration d) { return static_cast<double>(d.us()) / 1000; }

}  // namespace

void TrendlineEstimator::OnDelta(const InterArrivalDelta::Delta& delta) {
  if (deltas_ == 0) origin_ = delta.arrival;
  deltas_ = std::min(deltas_ + 1, kMaxDeltas);
  const double arrival_ms = Milliseconds(delta.arrival - origin_);
  accumulated_ms_ += Milliseconds(delta.arrived - delta.sent);
  smoothed_ms_ = kSmoothing * smoothed_ms_ + (1 - kSmoothing) * accumulated_ms_;
  points_[next_] = Point{arrival_ms, smoothed_ms_};
  next_ = (next_ + 1) % kWindow;
  count_ = std::min(count_ + 1, kWindow);

  Detect(count_ == kWindow ? Slope() : last_slope_, Milliseconds(delta.sent));
  AdaptThreshold(arrival_ms);
}

// Least squares; ms of delay per ms. The last slope when all came at once.
double TrendlineEstimator::Slope() const {
  double mean_x = 0;
  double mean_y = 0;
  for (const Point& p : points_) {
    mean_x += p.arrival_ms / kWindow;
    mean_y += p.delay_ms / kWindow;
  }
  double xy = 0;
  double xx = 0;
  for (const Point& p : points_) {
    xy += (p.arrival_ms - mean_x) * (p.delay_ms - mean_y);
    xx += (p.arrival_ms - mean_x) * (p.arrival_ms - mean_x);
  }
  return xx > 0 ? xy / xx : last_slope_;
}

void TrendlineEstimator::Detect(double slope, double sent_ms) {
  if (deltas_ < 2) return;
  trend_ms_ = deltas_ * slope * kGain;
  if (trend_ms_ > threshold_ms_) {
    // Since when is not known: in the middle of the first interval.
    overusing_ms_ = overusing_ms_ < 0 ? sent_ms / 2 : overusing_ms_ + sent_ms;
    ++overusing_groups_;
    if (overusing_ms_ > kOveruseTimeMs && overusing_groups_ > 1 && slope >= last_slope_) {
      overusing_ms_ = 0;
      overusing_groups_ = 0;
      usage_ = BandwidthUsage::kOverusing;
    }
  } else {
    overusing_ms_ = -1;
    overusing_groups_ = 0;
    usage_ = trend_ms_ < -threshold_ms_ ? BandwidthUsage::kUnderusing : BandwidthUsage::kNormal;
  }
  last_slope_ = slope;
}

void TrendlineEstimator::AdaptThreshold(double arrival_ms) {
  if (last_adapted_ms_ < 0) last_adapted_ms_ = arrival_ms;
  const double passed_ms = std::clamp(arrival_ms - last_adapted_ms_, 0.0, kMaxAdaptTimeMs);
  last_adapted_ms_ = arrival_ms;
  const double size_ms = std::abs(trend_ms_);
  if (size_ms > threshold_ms_ + kMaxAdaptOffsetMs) return;
  const double gain = size_ms < threshold_ms_ ? kThresholdDown : kThresholdUp;
  threshold_ms_ += gain * (size_ms - threshold_ms_) * passed_ms;
  threshold_ms_ = std::clamp(threshold_ms_, kMinThresholdMs, kMaxThresholdMs);
}

void TrendlineEstimator::Reset() { *this = TrendlineEstimator(); }

}  // namespace duet
