#include "core/bwe/loss_based_control.h"

#include <algorithm>
#include <cmath>

namespace duet {

void LossBasedControl::OnWindow(Time now, const Window& window, double target_bps) {
  const auto packets = static_cast<double>(window.told);
  const double loss = static_cast<double>(window.lost) / packets;
  const double deviation = std::sqrt(loss * (1 - loss) / packets);
  const double excess = Excess(loss);
  const double seconds = last_window_ == Time::LongAgo() ? 0 : std::min((now - last_window_).seconds(), 1.0);
  last_window_ = now;
  loss_ = 0.5 * loss_ + 0.5 * loss;

  if (testing_) {
    ContinueTest(now, window, loss, target_bps);
  } else if (excess > std::max(kHighLoss, 2 * deviation / (1 - inherent_))) {
    StartTest(now, window, loss, target_bps);
  } else if (limited() && excess < kLowLoss) {
    limit_bps_ *= std::pow(kRaisePerSecond, seconds);
    if (limit_bps_ > kForgetAbove * target_bps) limit_bps_ = kNoLimit;
  }
  // Less than thought: at once when it is beyond chance, else with time.
  if (loss < inherent_) inherent_ += (loss < inherent_ - 2 * deviation ? 1.0 : 0.1) * (loss - inherent_);
}

void LossBasedControl::StartTest(Time now, const Window& window, double loss, double target_bps) {
  testing_ = true;
  test_start_ = now;
  test_excess_ = Excess(loss);
  test_target_bps_ = target_bps;
  test_limit_bps_ = limit_bps_;
  // An application that sends less than it may has to be brought below what it sends.
  const double rate_bps = std::min(target_bps, window.sent_bps);
  test_floor_bps_ = kShare * rate_bps * (1 - test_excess_);
  Lower(test_excess_, rate_bps);
}

void LossBasedControl::ContinueTest(Time now, const Window& window, double loss, double target_bps) {
  const double excess = Excess(loss);
  // What arrived before the test; a path that loses because we send more than this loses nothing at this rate.
  const bool low_enough = window.sent_bps <= test_floor_bps_ / kShare;
  const bool gone = excess < 0.5 * test_excess_;
  if (gone) {
    testing_ = false;
  } else if (low_enough && !window.delay_grew) {
    inherent_ = std::min(loss, kMaxInherent);
    limit_bps_ = test_limit_bps_;
    testing_ = false;
  } else if (now - test_start_ > kMaxTest) {
    testing_ = false;
  } else {
    Lower(std::max(excess, kHighLoss), std::min(target_bps, limit_bps_));
  }
}

void LossBasedControl::Lower(double excess, double from_bps) {
  limit_bps_ = std::max(from_bps * (1 - 0.5 * excess), test_floor_bps_);
}

}  // namespace duet
