// AimdRateControl: what the delay says becomes a rate (draft-ietf-rmcat-gcc-02 section 5.5).
//
//              overusing           normal
//   increase ───────────> decrease ──> hold ──> increase        underusing: hold, the queue drains
//
// - Decrease: to 0.85 of what arrives; to half while that is not known.
// - Increase: by 8 % a second while the capacity of the link is unknown; near the capacity at which it overused before,
//   by about one packet per response time. It never leads what arrives by more than half.
// - A probe sets the rate outright.
//
// Thread rule: owned by one SendBandwidthEstimator. Invariant: min_bps <= estimate_bps() <= max_bps.
#pragma once

#include <optional>

#include "base/time.h"
#include "core/bwe/trendline_estimator.h"

namespace duet {

// The capacity of the link as the rates that arrived when it overused tell it, in bit/s, with a deviation.
class LinkCapacity {
 public:
  void OnOveruse(double throughput_bps) { Update(throughput_bps, kOveruseGain); }
  void OnProbe(double bps) { Update(bps, kProbeGain); }
  void Reset() { kbps_.reset(); }

  bool known() const { return kbps_.has_value(); }
  double bps() const { return kbps_.value_or(0) * 1000; }
  // Three deviations around it.
  double upper_bps() const;
  double lower_bps() const;

 private:
  static constexpr double kOveruseGain = 0.05;
  static constexpr double kProbeGain = 0.5;
  void Update(double bps, double gain);
  double deviation_kbps() const;

  std::optional<double> kbps_;
  double variance_ = 0.4;  // of it, divided by it, in kbit/s
};

class AimdRateControl {
 public:
  static constexpr double kBackoff = 0.85;
  static constexpr double kIncreasePerSecond = 1.08;
  static constexpr double kMaxLead = 1.5;  // of the estimate over the throughput
  static constexpr double kMaxLeadOffsetBps = 10'000;
  // A response takes a round trip and this much for the overuse to be detected.
  static constexpr Duration kDetectionTime = Duration::Millis(100);
  static constexpr double kMinIncreaseBpsPerSecond = 4'000;
  static constexpr Duration kMinDecreaseInterval = Duration::Millis(10);
  static constexpr Duration kMaxDecreaseInterval = Duration::Millis(200);

  using Throughput = std::optional<double>;  // bit/s; nothing while unknown

  AimdRateControl(double start_bps, double min_bps, double max_bps);

  void Update(Time now, BandwidthUsage usage, Throughput throughput_bps);
  // Something measured what the path carries.
  void SetEstimate(Time now, double bps);
  // Feedback stays away: half of it.
  void Halve(Time now);
  void SetRtt(Duration rtt) { rtt_ = rtt; }

  double estimate_bps() const { return estimate_bps_; }
  bool decreasing() const { return decreased_last_; }
  bool increasing() const { return phase_ == Phase::kIncrease; }
  Time last_decrease() const { return last_decrease_; }
  const LinkCapacity& link() const { return link_; }

 private:
  enum class Phase : uint8_t { kHold, kIncrease };
  bool MayDecrease(Time now, const Throughput& throughput_bps) const;
  void Decrease(Time now, const Throughput& throughput_bps);
  void Increase(Time now, const Throughput& throughput_bps);
  double AdditiveBpsPerSecond() const;
  void Set(Time now, double bps);

  double min_bps_;
  double max_bps_;
  double estimate_bps_;
  Phase phase_ = Phase::kIncrease;
  bool decreased_last_ = false;
  LinkCapacity link_;
  Duration rtt_ = Duration::Millis(200);
  Time last_change_ = Time::LongAgo();
  Time last_decrease_ = Time::LongAgo();
};

}  // namespace duet
