// LossBasedControl: an upper bound on the rate while losses show that we send too much (draft-ietf-rmcat-gcc-02
// section 6: above 10 % lower it by half the loss, below 2 % raise it) - and none while they are not of our making.
//
// Half of the packets lost on a bad radio link, at any rate, is no reason to send less: it would end the call that
// retransmissions and redundancy carry through. A policer, or a queue too short to be seen in the delay, loses the same
// half because we send twice what it lets through. One look cannot tell them apart; sending less can:
//
//   open ── loss above the inherent one by 10 % ──> testing: lowered, at most to 0.9 of what arrived
//     │ <── still there at that rate: it is inherent, the former rate is restored ──┤
//     │ <── gone: it was ours ── limited, rises by 8 %/s while less than 2 % ───────┘
//
// - So the bound never falls below 0.9 of what arrives, and a test at half of a rate lasts about two seconds.
// - While the delay grows too, no verdict is given: the delay part lowers the rate, and the losses of an overflowing
//   queue are not taken for inherent ones.
// - The inherent loss follows every lower loss down, and only a test raises it. Losses within it count as delivered
//   when others compare what arrives with what was sent.
// - Loss is looked at in windows of 40 packets and 400 ms at least; what 40 packets cannot tell from chance is not
//   acted on (two standard deviations).
// - Known weakness: several flows in one policer, which one of them does not relieve by yielding, take its losses for
//   inherent ones.
//
// Thread rule: owned by one SendBandwidthEstimator.
#pragma once

#include <cstdint>
#include <limits>

#include "base/time.h"

namespace duet {

class LossBasedControl {
 public:
  static constexpr double kHighLoss = 0.10;
  static constexpr double kLowLoss = 0.02;
  static constexpr double kRaisePerSecond = 1.08;
  static constexpr double kShare = 0.9;  // of what arrives: the least bound
  static constexpr double kMaxInherent = 0.9;
  static constexpr int64_t kMinPackets = 40;
  static constexpr Duration kMinWindow = Duration::Millis(400);
  // Few packets are judged all the same.
  static constexpr Duration kMaxWindow = Duration::Seconds(2);
  // A rate that cannot be lowered further tells nothing: the test ends.
  static constexpr Duration kMaxTest = Duration::Seconds(5);

  struct Window {
    int64_t told = 0;  // packets whose fate became known, at least 1
    int64_t lost = 0;
    double sent_bps = 0;  // the rate at which they were sent
    bool delay_grew = false;
  };
  // `target_bps` is what was asked for meanwhile.
  void OnWindow(Time now, const Window& window, double target_bps);

  bool limited() const { return limit_bps_ != kNoLimit; }
  bool testing() const { return testing_; }
  // Infinite when not limited.
  double limit_bps() const { return limit_bps_; }
  double loss() const { return loss_; }
  double inherent_loss() const { return inherent_; }

 private:
  static constexpr double kNoLimit = std::numeric_limits<double>::infinity();
  // A limit so far above what the others allow is none.
  static constexpr double kForgetAbove = 1.2;

  double Excess(double loss) const { return (loss - inherent_) / (1 - inherent_); }
  void StartTest(Time now, const Window& window, double loss, double target_bps);
  void ContinueTest(Time now, const Window& window, double loss, double target_bps);
  void Lower(double excess, double from_bps);

  double loss_ = 0;      // of the last windows
  double inherent_ = 0;  // the part that does not depend on our rate
  double limit_bps_ = kNoLimit;
  Time last_window_ = Time::LongAgo();

  bool testing_ = false;
  Time test_start_;
  double test_excess_ = 0;      // before it
  double test_target_bps_ = 0;  // before it
  double test_limit_bps_ = 0;   // before it
  double test_floor_bps_ = 0;
};

}  // namespace duet
