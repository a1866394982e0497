// LossBasedControl: an upper bound on the rate while losses show that we send too much (draft-ietf-rmcat-gcc-02
// section 6: above 10 % lower it by half the loss, below 2 % raise it) - and none while they are not of our making.
//
// Half of the packets lost on a bad radio link, at any rate, is no reason to send less: it would end the call that
// retransmissions and redundancy carry through. A policer, or a queue too short to be seen in the delay, loses the same
// half because we send twice what it lets through. One look cannot tell them apart; sending less can:
//
//   open ── loss above the inherent one by 10 % ──> testing: lowered, at most to 0.9 of what arrived
//     │ <── still there at that rate: it is inherent, the former rate is restored ──┤
//     │ <── gone: it was ours ── limited, rises by 5 % a window below 2 % ──────────┘
//
// - A rate that cannot be lowered - sound, and the smallest picture - tells nothing, so it is raised instead, to twice
//   as much: of a path that loses because we send too much, more is lost then, and of any other the same share.
// - So the bound never falls below 0.9 of what arrives, and a test costs about half of the rate for some two
//   seconds. What is lost at its low rate, at which we cannot be the cause, is the inherent loss.
// - Packets that wait in a queue beside the losses: then it is most likely full. The bound falls at once to 0.9 of what
//   arrives, and only when queue and losses are still there 3 s later, in which ours would have drained, are they
//   called somebody else's.
// - Losses within the inherent one count as delivered when others compare what arrives with what was sent. It follows
//   the losses up and down, but above what the last test found only another test raises it: else a policer could teach
//   it any loss in small steps.
// - Loss is looked at in windows of 40 packets and 400 ms at least. What that cannot tell from chance (three standard
//   deviations) is not acted on, and a test goes on until it can tell (two), for 8 s at most.
// - Known weakness: several flows in one policer, which one of them does not relieve by yielding, may take its losses
//   for inherent ones.
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
  static constexpr double kRaise = 1.05;  // a window
  // After so many windows without losses or a queue they are over, and what they cost is won back in seconds: a call
  // that comes out of a tunnel must not creep.
  static constexpr int kCleanWindows = 5;
  static constexpr double kFastRaise = 1.15;  // a window; less than kForgetAbove
  static constexpr double kShare = 0.9;       // of what arrives: the least bound
  static constexpr double kMaxInherent = 0.9;
  static constexpr int64_t kMinPackets = 40;
  static constexpr Duration kMinWindow = Duration::Millis(400);
  // Few packets are judged all the same.
  static constexpr Duration kMaxWindow = Duration::Seconds(2);
  // Ends by what is likelier.
  static constexpr Duration kMaxTest = Duration::Seconds(8);
  // So long an application may take to obey; a publisher's encoder takes a second.
  static constexpr Duration kObeyTime = Duration::Seconds(3);
  static constexpr double kRaisedTest = 2;  // times what could not be lowered
  // One that found us guilty is not repeated at once: it costs the others on a narrow path as much as us.
  static constexpr Duration kBetweenRaisedTests = Duration::Seconds(30);
  // A tenth less than the path carries drains 300 ms.
  static constexpr Duration kDrainTime = Duration::Seconds(3);
  // How long what arrives may still fall to what a slower path carries.
  static constexpr Duration kSettleTime = Duration::Millis(1500);

  struct Window {
    int64_t told = 0;  // packets whose fate became known, at least 1
    int64_t lost = 0;
    double sent_bps = 0;  // the rate at which they were sent
    bool queued = false;  // the delay grew, or packets waited
  };
  // `target_bps` is what was asked for meanwhile.
  void OnWindow(Time now, const Window& window, double target_bps);

  bool limited() const { return limit_bps_ != kNoLimit; }
  bool testing() const { return testing_; }
  // Losses limited the rate, but none has come since: a probe may tell more.
  bool clean() const { return clean_windows_ >= 2; }
  // A probe has shown that the path carries this much.
  void OnProbe(double bps) {
    if (limited() && clean()) limit_bps_ = limit_bps_ < bps ? bps : limit_bps_;
  }
  // Infinite when not limited.
  double limit_bps() const { return limit_bps_; }
  double loss() const { return loss_; }
  double inherent_loss() const { return inherent_; }

 private:
  static constexpr double kNoLimit = std::numeric_limits<double>::infinity();
  // A limit so far above what the others allow is none.
  static constexpr double kForgetAbove = 1.2;

  static constexpr double kTriggerDeviations = 3;
  // Of the loss that started a test: what is left of one that has gone.
  static constexpr double kSettled = 0.25;
  static constexpr double kVerdictDeviations = 2;

  double Excess(double loss) const { return (loss - inherent_) / (1 - inherent_); }
  void StartTest(Time now, const Window& window, double target_bps);
  void ContinueTest(Time now, const Window& window, double target_bps);
  void RaiseInTest(Time now);
  void ContinueRaised(Time now, const Window& window);
  void EndRaised(Time now, bool acquitted);
  void EndTest(bool acquitted);
  void LearnInherent(double loss, double packets);
  void TrackInherent(double loss, double deviation);
  void Lower(double loss, double from_bps);

  double loss_ = 0;              // of the last windows
  double inherent_ = 0;          // the part that does not depend on our rate
  double inherent_ceiling_ = 0;  // as a test found it
  double limit_bps_ = kNoLimit;

  struct Test {
    Time start;
    // Before it:
    double excess = 0;
    double limit_bps = 0;
    // At the lowered rate:
    Time low_since = Time::Never();
    double low_told = 0;
    double low_lost = 0;
    double floor_bps = 0;
    double after_bps = 0;  // the bound when the loss is gone: what arrives, with the inherent loss
    // At the rate that could not be lowered:
    double same_told = 0;
    double same_lost = 0;
    double same_rates = 0;  // the sum over the packets
    // At a raised one:
    bool raised = false;
    double high_told = 0;
    double high_lost = 0;
    double high_ours = 0;  // that would have been lost of them if we were the cause

    double same_loss() const { return same_lost / same_told; }
    double same_bps() const { return same_rates / same_told; }
  };
  bool testing_ = false;
  int better_windows_ = 0;  // in a row, with less than the inherent loss
  int clean_windows_ = 0;   // in a row, without losses or a queue
  Test test_;
  Time raise_not_before_ = Time::LongAgo();
};

}  // namespace duet
