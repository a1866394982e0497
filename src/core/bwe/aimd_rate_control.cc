#include "core/bwe/aimd_rate_control.h"

#include <algorithm>
#include <cmath>

namespace duet {

// ---- the link's capacity -------------------------------------------------------------------------------------------

double LinkCapacity::deviation_kbps() const { return std::sqrt(variance_ * kbps_.value_or(0)); }

double LinkCapacity::upper_bps() const { return bps() + 3000 * deviation_kbps(); }

double LinkCapacity::lower_bps() const { return std::max(0.0, bps() - 3000 * deviation_kbps()); }

void LinkCapacity::Update(double bps, double gain) {
  constexpr double kMinVariance = 0.4;  // a deviation of 14 kbit/s at 500 kbit/s
  constexpr double kMaxVariance = 2.5;  // 35 kbit/s
  const double sample = bps / 1000;
  kbps_ = kbps_ ? (1 - gain) * *kbps_ + gain * sample : sample;
  const double error = *kbps_ - sample;
  variance_ = (1 - gain) * variance_ + gain * error * error / std::max(*kbps_, 1.0);
  variance_ = std::clamp(variance_, kMinVariance, kMaxVariance);
}

// ---- the rate ------------------------------------------------------------------------------------------------------

AimdRateControl::AimdRateControl(double start_bps, double min_bps, double max_bps)
    : min_bps_(min_bps), max_bps_(max_bps), estimate_bps_(start_bps) {}

void AimdRateControl::Update(Time now, BandwidthUsage usage, Throughput throughput_bps) {
  switch (usage) {
    case BandwidthUsage::kOverusing:
      if (MayDecrease(now, throughput_bps)) Decrease(now, throughput_bps);
      break;
    case BandwidthUsage::kUnderusing:
      phase_ = Phase::kHold;
      decreased_last_ = false;
      break;
    case BandwidthUsage::kNormal:
      decreased_last_ = false;
      if (phase_ == Phase::kHold || last_change_ == Time::LongAgo()) {
        phase_ = Phase::kIncrease;
        last_change_ = now;
      }
      Increase(now, throughput_bps);
      break;
  }
}

// What was done takes a round trip to be seen; only a rate that is far too high is lowered at once.
bool AimdRateControl::MayDecrease(Time now, const Throughput& throughput_bps) const {
  if (now - last_decrease_ >= std::clamp(rtt_, kMinDecreaseInterval, kMaxDecreaseInterval)) return true;
  return throughput_bps && *throughput_bps < 0.5 * estimate_bps_;
}

void AimdRateControl::Decrease(Time now, const Throughput& throughput_bps) {
  double lowered = throughput_bps ? kBackoff * *throughput_bps : 0.5 * estimate_bps_;
  // What arrived lately was more than the link carries: a queue that drained, or a link that just slowed down.
  if (lowered > estimate_bps_ && link_.known()) lowered = kBackoff * link_.bps();
  if (throughput_bps) {
    if (link_.known() && *throughput_bps < link_.lower_bps()) link_.Reset();
    link_.OnOveruse(*throughput_bps);
  }
  Set(now, std::min(lowered, estimate_bps_));
  phase_ = Phase::kHold;
  decreased_last_ = true;
  last_decrease_ = now;
}

void AimdRateControl::Increase(Time now, const Throughput& throughput_bps) {
  if (throughput_bps && link_.known() && *throughput_bps > link_.upper_bps()) link_.Reset();
  const double seconds = std::min((now - last_change_).seconds(), 1.0);
  const double raised = link_.known() ? estimate_bps_ + AdditiveBpsPerSecond() * seconds
                                      : estimate_bps_ * std::pow(kIncreasePerSecond, seconds);
  const double limit = throughput_bps ? kMaxLead * *throughput_bps + kMaxLeadOffsetBps : raised;
  Set(now, std::max(estimate_bps_, std::min(raised, limit)));
}

// One packet of a video of 30 frames a second in each response time.
double AimdRateControl::AdditiveBpsPerSecond() const {
  constexpr double kFramesPerSecond = 30;
  constexpr double kPacketBits = 8 * 1200;
  const double frame_bits = estimate_bps_ / kFramesPerSecond;
  const double packet_bits = frame_bits / std::ceil(frame_bits / kPacketBits);
  const double response_seconds = 2 * (rtt_ + kDetectionTime).seconds();
  return std::max(kMinIncreaseBpsPerSecond, packet_bits / response_seconds);
}

void AimdRateControl::SetEstimate(Time now, double bps) {
  if (link_.known() && bps > link_.upper_bps()) link_.Reset();
  if (link_.known()) link_.OnProbe(bps);
  Set(now, bps);
}

void AimdRateControl::Halve(Time now) {
  link_.Reset();
  Set(now, estimate_bps_ / 2);
}

void AimdRateControl::Set(Time now, double bps) {
  estimate_bps_ = std::clamp(bps, min_bps_, max_bps_);
  last_change_ = now;
}

}  // namespace duet
