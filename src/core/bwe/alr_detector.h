// AlrDetector: is the application the limit ("application limited region")? Then what arrives says nothing about what
// the path would carry, and only a probe does.
//
// A budget grows by 65 % of the target and shrinks by what is sent, within half a second's worth either way. It is
// limited from 80 % of the budget until it falls below 50 % (the figures of libwebrtc).
//
// Thread rule: owned by one SendBandwidthEstimator.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/time.h"

namespace duet {

class AlrDetector {
 public:
  static constexpr double kUsage = 0.65;  // of the target
  static constexpr double kStart = 0.8;   // of the budget
  static constexpr double kStop = 0.5;
  static constexpr double kBudgetSeconds = 0.5;

  void OnPacketSent(Time now, size_t bytes, double target_bps) {
    Advance(now, target_bps);
    level_bits_ -= 8.0 * static_cast<double>(bytes);
    Judge(now, target_bps);
  }
  void OnTimer(Time now, double target_bps) {
    Advance(now, target_bps);
    Judge(now, target_bps);
  }

  bool limited() const { return limited_; }
  // Limited, or was until less than `d` ago.
  bool LimitedWithin(Time now, Duration d) const { return limited_ || now - ended_ < d; }

 private:
  void Advance(Time now, double target_bps) {
    if (started_ && now > last_) level_bits_ += kUsage * target_bps * (now - last_).seconds();
    started_ = true;
    last_ = now;
  }
  void Judge(Time now, double target_bps) {
    const double budget_bits = kUsage * target_bps * kBudgetSeconds;
    level_bits_ = std::clamp(level_bits_, -budget_bits, budget_bits);
    if (!limited_ && level_bits_ > kStart * budget_bits) limited_ = true;
    if (limited_ && level_bits_ < kStop * budget_bits) {
      limited_ = false;
      ended_ = now;
    }
  }

  double level_bits_ = 0;
  bool limited_ = false;
  bool started_ = false;
  Time last_;
  Time ended_ = Time::LongAgo();
};

}  // namespace duet
