// SendBandwidthEstimator: how much may be sent to one receiver. Google Congestion Control on the sender's side
// (draft-ietf-rmcat-gcc-02), fed by transport-wide feedback; REMB and receiver reports serve those without it.
//
//   OnPacketSent ─> TransportFeedbackAdapter <─ OnFeedback
//                     │ per packet: sent, arrived or lost
//                     ├─> InterArrivalDelta ─> TrendlineEstimator ─┐ delay grows?
//                     ├─> AckedBitrateEstimator ──────────────────>├─ AimdRateControl ─┐
//                     ├─> ProbeEstimator <─ ProbeController ──────>┘                   ├─ min ─> target_bps()
//                     └─> LossBasedControl ────────────────────────────────────────────┤
//   OnRemb ────────────────────────────────────────────────────────────────────────────┘
//
// - Two parts, the lower one counts: the delay part finds the queue before it overflows, the loss part answers to
//   losses that come without a queue (loss_based_control.h says why random loss does not make a call collapse).
// - Feedback that stays away while packets go out (a tunnel, a suspended phone) halves the target every second, so that
//   what waits in the network drains when it comes back; a probe then restores the rate.
// - Without transport-wide feedback the target is the lower one of REMB and the loss part, which hears receiver
// reports.
// - Probes are only asked for here: the caller gives TakeProbe() to the Pacer, and tells the cluster of each packet.
//
// Thread rule: owned by one Peer. Memory: 2 KiB, and 1.5 KiB for the packets on their way at the first of them, more
// only above 128 packets in a round trip (feedback_adapter.h). Invariant: min_bps <= target_bps() <= max_bps, always.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/prefetch.h"
#include "base/time.h"
#include "core/bwe/acked_bitrate_estimator.h"
#include "core/bwe/aimd_rate_control.h"
#include "core/bwe/alr_detector.h"
#include "core/bwe/feedback_adapter.h"
#include "core/bwe/inter_arrival_delta.h"
#include "core/bwe/loss_based_control.h"
#include "core/bwe/probe_cluster.h"
#include "core/bwe/probe_controller.h"
#include "core/bwe/probe_estimator.h"
#include "core/bwe/trendline_estimator.h"
#include "wire/transport_feedback.h"

namespace duet {

struct BweConfig {
  // Between a picture at the first moment and what a poor path carries; the first probes correct it within a round
  // trip.
  int64_t start_bps = 600'000;
  // Opus with its headers.
  int64_t min_bps = 30'000;
  int64_t max_bps = 50'000'000;
};

// What keeps the target where it is.
enum class BweState : uint8_t {
  kStarting,     // nothing was heard of the path yet
  kIncreasing,   // nothing: it rises
  kHolding,      // a queue drains
  kDecreasing,   // a queue grows
  kLossLimited,  // losses that depend on our rate
  kRembLimited,  // the receiver's own word
  kSilent,       // feedback stays away
};
// For people: "rising", "by loss" ...
const char* ToString(BweState state);

class SendBandwidthEstimator {
 public:
  // 0 < min_bps <= start_bps <= max_bps: CHECKed.
  explicit SendBandwidthEstimator(BweConfig config = {});

  // ---- events

  // A packet with this transport-wide sequence number leaves now; padding and retransmissions too. `size`: bytes of the
  // datagram. `probe`: the cluster that the pacer says it belongs to.
  void OnPacketSent(Time now, uint16_t transport_seq, size_t size, ProbeId probe = 0);
  // A receiver without transport-wide numbers: only the rate sent is known.
  void OnPacketSent(Time now, size_t size);
  // Asks for what OnPacketSent uses; PrefetchNext, when that is there, for the place of the packet.
  void PrefetchForSending() const { PrefetchMembers(target_bps_, adapter_); }
  void PrefetchNext(uint16_t transport_seq) const { adapter_.Prefetch(transport_seq); }
  // Asks for what OnFeedback uses.
  void PrefetchForFeedback() const { PrefetchMembers(target_bps_, probes_); }
  // A packet is sent again under the number that it had: what is told of that number counts for nothing.
  void Forget(uint16_t transport_seq) { adapter_.Forget(transport_seq); }

  void OnFeedback(Time now, const TransportFeedback& feedback);
  // `fraction_lost` of the report block in [0, 1]: over all streams of the receiver, weighted by their packets. A
  // negative `rtt` is unknown.
  void OnReceiverReport(Time now, double fraction_lost, Duration rtt);
  // Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03): an upper bound until the next one, at most 10
  // s.
  void OnRemb(Time now, int64_t bps);
  void OnTimer(Time now);
  Time NextTimer() const { return next_timer_; }

  // What the application would send if the path let it: the sum of the best layers of all it could forward, with audio;
  // 0 = unknown. When it exceeds the target, the path is probed at once; what is far above it is not probed for.
  void SetApplicationRate(Time now, int64_t bps);
  // An upper bound for the target, within the configured bounds.
  void SetMaxBitrate(int64_t bps);

  // The next cluster to send; nothing most of the time. Ask after each event.
  std::optional<ProbeCluster> TakeProbe(Time now);

  // ---- what is known

  int64_t target_bps() const { return target_bps_; }
  // What arrives at the receiver; 0 while unknown.
  int64_t acknowledged_bps() const { return static_cast<int64_t>(acked_.bps().value_or(0)); }
  BweState state() const { return state_; }
  // Of the packets told of lately, in [0, 1].
  double loss() const { return loss_.loss(); }
  // The part of it that does not depend on our rate.
  double inherent_loss() const { return loss_.inherent_loss(); }
  // The delay that packets had above the least of late: what waits in queues.
  Duration queue_delay() const { return adapter_.queue_delay(); }
  // Less than its share is sent because the application has no more.
  bool application_limited() const { return alr_.limited(); }

 private:
  // What became known since the loss part looked last.
  struct Window {
    Time start;
    int64_t told = 0;
    int64_t lost = 0;
    int64_t bytes = 0;
    Duration sending;  // the time that it took to send them
    bool queued = false;
  };

  void Count(Time now, size_t size);
  void OnResult(Time now, const PacketResult& result);
  void UpdateDelayPart(Time now);
  void UpdateLossPart(Time now);
  void CheckSilence(Time now);
  // Of the target, while a long queue is there.
  double DrainShare() const;
  void UpdateTarget(Time now);
  BweState FindState(Time now) const;
  bool RembHolds(Time now) const { return now - remb_at_ < kRembLifetime; }
  ProbeController::Situation Situation(Time now) const;

  static constexpr Duration kTick = Duration::Millis(100);
  static constexpr Duration kRembLifetime = Duration::Seconds(10);

  BweConfig config_;
  double max_bps_;

  // ---- what every packet that is sent uses, in one piece (PrefetchForSending)
  int64_t target_bps_;
  Time next_timer_ = Time::Never();
  Time started_at_;
  Time last_sent_ = Time::LongAgo();
  BweState state_ = BweState::kStarting;
  bool started_ = false;       // a packet was sent
  bool has_feedback_ = false;  // transport-wide, ever
  bool has_report_ = false;
  bool silent_ = false;
  // Since the last feedback.
  int unanswered_ = 0;
  Time unanswered_since_;
  // For receivers without feedback: since the last report.
  int64_t report_packets_ = 0;
  int64_t report_bytes_ = 0;
  AlrDetector alr_;
  TransportFeedbackAdapter adapter_;

  // ---- what feedback uses
  InterArrivalDelta inter_arrival_;
  TrendlineEstimator trendline_;
  AckedBitrateEstimator acked_;
  AimdRateControl aimd_;
  LossBasedControl loss_;

  Time next_halving_;
  double before_silence_bps_ = 0;
  Time silent_until_ = Time::LongAgo();

  Window window_;
  // The newest packet told of.
  int64_t last_told_ = -1;
  Time last_told_sent_;

  Time report_start_;
  bool report_rtt_ = false;

  double raised_bps_ = 0;  // by the last probe
  Time raised_at_ = Time::LongAgo();

  double remb_bps_ = 0;
  Time remb_at_ = Time::LongAgo();

  ProbeController probes_;
  ProbeEstimator probe_estimator_;
};

}  // namespace duet
