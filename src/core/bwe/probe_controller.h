// ProbeController: when to probe the path, and at what rate.
//
//   at start           3 and 6 times the start rate
//   success            twice what was measured, until a probe finds less than 0.7 of what it tried; when congestion
//   comes
//                      between, again 2.5 s after it
//   calm, limited by   twice the target every 5 s, while the application wants more: what it sends does not show what
//   the application    the path carries
//   calm               the same 2.5 s after the last decrease: near the capacity of yesterday the estimate creeps, and
//                      without a probe a link that has become ten times as fast would take minutes. It also makes flows
//                      alike: twice a small share is soon found to fit in, twice a large one is not
//   wanted             what the application wants as soon as it wants more than the target
//   recovery           0.85 of the former rate once, when a third or more was given up and the queue has drained
//
// A cluster is 15 ms at its rate and five packets: at a rate that the path does not carry it queues less than 15 ms.
// Nothing is probed while a queue grows or drains, while losses limit the rate, and without feedback. Figures of
// libwebrtc, except "calm", which it does not have.
//
// Thread rule: owned by one SendBandwidthEstimator.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/fixed_vector.h"
#include "base/time.h"
#include "core/bwe/probe_cluster.h"

namespace duet {

class ProbeController {
 public:
  static constexpr double kFirstFactor = 3;
  static constexpr double kSecondFactor = 6;
  static constexpr double kFurtherFactor = 2;
  static constexpr double kSuccess = 0.7;  // measured to tried
  static constexpr Duration kInterval = Duration::Seconds(5);
  static constexpr Duration kCalmTime = Duration::Millis(2500);
  // What is not heard of within this time has failed.
  static constexpr Duration kMaxWait = Duration::Seconds(1);
  static constexpr double kDrop = 0.66;
  static constexpr double kRecoveryShare = 0.85;
  static constexpr Duration kRecoveryDelay = Duration::Seconds(2);
  static constexpr Duration kRecoveryTime = Duration::Seconds(15);
  // Beyond what the application wants, for retransmissions and growth.
  static constexpr double kWantedShare = 1.25;
  static constexpr Duration kClusterTime = Duration::Millis(15);
  static constexpr int kClusterPackets = 5;
  // At the lowest rates twice the target says little more than the target.
  static constexpr double kMinProbeBps = 100'000;

  struct Situation {
    double target_bps = 0;
    double max_bps = 0;
    // Neither a queue nor losses: probing is allowed.
    bool calm = false;
    bool application_limited = false;  // or was until a moment ago
    Time last_decrease = Time::LongAgo();
  };

  // The first clusters.
  void Start(Time now, const Situation& situation);
  void SetApplicationRate(Time now, double bps, const Situation& situation);
  // A cluster measured `bps`; the target has taken it in already.
  void OnMeasured(Time now, ProbeId id, double bps, const Situation& situation);
  // The rate fell from `before_bps`, for whatever reason.
  void OnDecrease(Time now, double before_bps, double after_bps);
  void OnTimer(Time now, const Situation& situation);

  // The next cluster to send.
  std::optional<ProbeCluster> Take(Time now, const Situation& situation);

 private:
  bool Waiting(Time now) const { return waiting_id_ != 0 && now - waiting_since_ < kMaxWait; }
  double Ceiling(const Situation& situation) const;
  // Nothing when it would not lead beyond the target.
  bool Ask(double bps, const Situation& situation);
  void Plan(double bps);

  FixedVector<ProbeCluster, 2> plans_;
  ProbeId last_id_ = 0;
  ProbeId waiting_id_ = 0;
  double waiting_bps_ = 0;
  Time waiting_since_;
  Time last_probe_ = Time::LongAgo();
  double application_bps_ = 0;
  // A fall: decreases with less than kRecoveryDelay between them.
  double fall_from_bps_ = 0;
  Time last_fall_ = Time::LongAgo();
  double recovery_bps_ = 0;     // 0 = none
  bool succeeded_ = false;      // the last one
  bool asks_for_more_ = false;  // the application, and no probe could be made yet
  bool started_ = false;
};

}  // namespace duet
