#include "core/bwe/send_bandwidth_estimator.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace duet {
namespace {

// Without a packet for so long there is nothing to estimate, and no timer.
constexpr Duration kIdle = Duration::Seconds(2);
// Feedback comes every 50-100 ms; what is lost of it makes no second. Packets: an audio stream in a pause sends few.
constexpr Duration kSilence = Duration::Seconds(1);
constexpr int kSilencePackets = 10;
constexpr int64_t kSilenceRtts = 3;
constexpr double kAfterSilence = 0.9;
// A queue longer than this is drained: the rate falls below what the path carries, the lower the longer it is.
constexpr Duration kDrainFrom = Duration::Millis(150);
constexpr Duration kDrainWhole = Duration::Millis(700);
constexpr double kLeastDrainShare = 0.25;
// A queue that is there already would be measured in place of the path.
constexpr Duration kMaxProbeQueue = Duration::Millis(60);
// Losses beside such a queue are its overflow; jitter makes less.
constexpr Duration kQueued = Duration::Millis(40);
constexpr double kFullProbeGain = 1.25;
// What arrives has not caught up with a rate that a probe raised: until then the probe tells it.
constexpr Duration kProbeTrust = Duration::Millis(300);
constexpr Duration kLimitedLately = Duration::Seconds(3);
// A receiver's first words of REMB are taken as they are; later the rate must be earned.
constexpr Duration kStartPhase = Duration::Seconds(2);

}  // namespace

const char* ToString(BweState state) {
  switch (state) {
    case BweState::kStarting: return "starting";
    case BweState::kIncreasing: return "rising";
    case BweState::kHolding: return "holding";
    case BweState::kDecreasing: return "falling";
    case BweState::kLossLimited: return "by loss";
    case BweState::kRembLimited: return "by remb";
    case BweState::kSilent: return "silent";
  }
  return "unknown";
}

SendBandwidthEstimator::SendBandwidthEstimator(BweConfig config)
    : config_(config),
      max_bps_(static_cast<double>(config.max_bps)),
      target_bps_(config.start_bps),
      aimd_(static_cast<double>(config.start_bps), static_cast<double>(config.min_bps),
            static_cast<double>(config.max_bps)) {
  DUET_CHECK(config.min_bps > 0 && config.min_bps <= config.start_bps && config.start_bps <= config.max_bps);
}

// ---- what is sent --------------------------------------------------------------------------------------------------

void SendBandwidthEstimator::OnPacketSent(Time now, uint16_t transport_seq, size_t size, ProbeId probe) {
  Count(now, size);
  adapter_.OnPacketSent(now, transport_seq, size, probe);
  if (unanswered_++ == 0) unanswered_since_ = now;
}

void SendBandwidthEstimator::OnPacketSent(Time now, size_t size) { Count(now, size); }

void SendBandwidthEstimator::Count(Time now, size_t size) {
  if (!started_) {
    started_ = true;
    started_at_ = window_.start = report_start_ = now;
    probes_.Start(now, Situation(now));
  }
  if (next_timer_.is_never()) next_timer_ = now + kTick;
  last_sent_ = now;
  ++report_packets_;
  report_bytes_ += static_cast<int64_t>(size);
  alr_.OnPacketSent(now, size, static_cast<double>(target_bps_));
}

// ---- what is heard -------------------------------------------------------------------------------------------------

void SendBandwidthEstimator::OnFeedback(Time now, const TransportFeedback& feedback) {
  if (!started_) return;
  const size_t known = adapter_.OnFeedback(now, feedback, [&](const PacketResult& result) { OnResult(now, result); });
  if (known == 0) return;
  has_feedback_ = true;
  unanswered_ = 0;
  // What was lost while nothing came through says nothing about the rate.
  if (std::exchange(silent_, false)) {
    silent_until_ = now;
    window_ = Window{.start = now};
    // The path was gone, not narrow: unless it comes back with a queue it carries what it carried before.
    if (adapter_.queue_delay() < kMaxProbeQueue) aimd_.SetEstimate(now, kAfterSilence * before_silence_bps_);
  }
  if (!report_rtt_ && adapter_.rtt()) aimd_.SetRtt(*adapter_.rtt());
  UpdateDelayPart(now);
  UpdateLossPart(now);
  UpdateTarget(now);
}

void SendBandwidthEstimator::OnResult(Time now, const PacketResult& result) {
  const bool after_hole = result.seq != last_told_ + 1;
  if (result.sent < silent_until_) {
    // Not for the loss part.
  } else if (result.was_lost) {
    // It was counted as lost, perhaps in a window that is over.
    window_.lost = std::max<int64_t>(window_.lost - 1, 0);
  } else {
    ++window_.told;
    window_.lost += result.received ? 0 : 1;
    if (!after_hole) {
      window_.bytes += result.size;
      window_.sending = window_.sending + (result.sent - last_told_sent_);
    }
  }
  if (result.seq > last_told_) {
    last_told_ = result.seq;
    last_told_sent_ = result.sent;
  }
  probe_estimator_.OnResult(result);
  if (!result.received) return;
  acked_.OnPacket(result.arrived, result.size, after_hole && !result.was_lost);
  if (const auto delta = inter_arrival_.OnPacket(now, result.sent, result.arrived)) trendline_.OnDelta(*delta);
}

void SendBandwidthEstimator::UpdateDelayPart(Time now) {
  const BandwidthUsage usage = trendline_.usage();
  AimdRateControl::Throughput throughput = acked_.bps();
  // Inherent losses are no sign of what the path carries (loss_based_control.h).
  if (throughput) *throughput /= 1 - loss_.inherent_loss();
  const auto probe = probe_estimator_.Take(loss_.inherent_loss());
  if (usage == BandwidthUsage::kOverusing) {
    window_.queued = true;
    // After a time in which less was sent than the path carries, the average tells of that time; the window in which
    // the queue grew tells of the path.
    if (throughput && alr_.LimitedWithin(now, kLimitedLately))
      throughput = std::max(*throughput, acked_.last_window_bps().value_or(0));
    if (throughput && now - raised_at_ < kProbeTrust) throughput = std::max(*throughput, raised_bps_);
    aimd_.Update(now, usage, throughput);
    return;
  }
  aimd_.Update(now, usage, throughput);
  if (!probe) return;
  // Five packets are a rough measure: a lower one is left to the delay. And in a full path they measure the share that
  // they took from others while they were many: a small gain is not believed, so that the large flow does not grow.
  const double least = (probe->full ? kFullProbeGain : 1) * aimd_.estimate_bps();
  if (probe->bps > least && (!loss_.limited() || loss_.clean())) {
    loss_.OnProbe(probe->bps);
    aimd_.SetEstimate(now, probe->bps);
    acked_.ExpectChange();
    raised_bps_ = probe->bps;
    raised_at_ = now;
  }
  UpdateTarget(now);
  probes_.OnMeasured(now, probe->id, probe->bps, Situation(now));
}

void SendBandwidthEstimator::UpdateLossPart(Time now) {
  if (adapter_.queue_delay() > kQueued) window_.queued = true;
  const Duration length = now - window_.start;
  const bool enough = window_.told >= LossBasedControl::kMinPackets && length >= LossBasedControl::kMinWindow;
  if (window_.told == 0 || !(enough || length >= LossBasedControl::kMaxWindow)) return;
  if (window_.sending > Duration::Zero()) {
    loss_.OnWindow(now,
                   {.told = window_.told,
                    .lost = std::min(window_.lost, window_.told),
                    .sent_bps = 8.0 * static_cast<double>(window_.bytes) / window_.sending.seconds(),
                    .queued = window_.queued},
                   static_cast<double>(target_bps_));
  }
  window_ = Window{.start = now};
}

void SendBandwidthEstimator::OnReceiverReport(Time now, double fraction_lost, Duration rtt) {
  if (rtt >= Duration::Zero()) {
    report_rtt_ = true;
    aimd_.SetRtt(rtt);
  }
  const Duration length = now - report_start_;
  if (has_feedback_ || !started_ || report_packets_ == 0 || length < LossBasedControl::kMinWindow) return;
  has_report_ = true;
  const double lost = std::clamp(fraction_lost, 0.0, 1.0);
  const double sent_bps = 8.0 * static_cast<double>(report_bytes_) / length.seconds();
  loss_.OnWindow(now,
                 {.told = report_packets_,
                  .lost = static_cast<int64_t>(std::lround(lost * static_cast<double>(report_packets_))),
                  .sent_bps = sent_bps},
                 static_cast<double>(target_bps_));
  // The delay is not known here; REMB knows it.
  aimd_.Update(now, BandwidthUsage::kNormal, sent_bps);
  report_packets_ = 0;
  report_bytes_ = 0;
  report_start_ = now;
  UpdateTarget(now);
}

void SendBandwidthEstimator::OnRemb(Time now, int64_t bps) {
  if (bps < 0) return;
  remb_bps_ = static_cast<double>(bps);
  remb_at_ = now;
  const bool starting = !started_ || now - started_at_ < kStartPhase;
  if (!has_feedback_ && starting && remb_bps_ > aimd_.estimate_bps()) aimd_.SetEstimate(now, remb_bps_);
  UpdateTarget(now);
}

// ---- time ----------------------------------------------------------------------------------------------------------

void SendBandwidthEstimator::OnTimer(Time now) {
  if (now < next_timer_) return;
  next_timer_ = now - last_sent_ < kIdle ? now + kTick : Time::Never();
  alr_.OnTimer(now, static_cast<double>(target_bps_));
  CheckSilence(now);
  UpdateTarget(now);
  if (has_feedback_) probes_.OnTimer(now, Situation(now));
}

void SendBandwidthEstimator::CheckSilence(Time now) {
  if (!has_feedback_ || unanswered_ < kSilencePackets) return;
  const Duration limit = std::max(kSilence, adapter_.rtt().value_or(Duration::Zero()) * kSilenceRtts);
  if (now - unanswered_since_ < limit) return;
  if (silent_ && now < next_halving_) return;
  if (!silent_) before_silence_bps_ = aimd_.estimate_bps();
  silent_ = true;
  next_halving_ = now + kSilence;
  aimd_.Halve(now);
}

// ---- the target ----------------------------------------------------------------------------------------------------

void SendBandwidthEstimator::SetApplicationRate(Time now, int64_t bps) {
  probes_.SetApplicationRate(now, static_cast<double>(std::max<int64_t>(bps, 0)), Situation(now));
}

void SendBandwidthEstimator::SetMaxBitrate(int64_t bps) {
  max_bps_ = static_cast<double>(std::clamp(bps, config_.min_bps, config_.max_bps));
  target_bps_ = std::min(target_bps_, static_cast<int64_t>(max_bps_));
}

std::optional<ProbeCluster> SendBandwidthEstimator::TakeProbe(Time now) {
  std::optional<ProbeCluster> cluster = probes_.Take(now, Situation(now));
  if (cluster) probe_estimator_.OnProbe(*cluster);
  return cluster;
}

double SendBandwidthEstimator::DrainShare() const {
  const Duration queue = adapter_.queue_delay();
  if (queue <= kDrainFrom) return 1;
  return std::max(kLeastDrainShare, 1 - (queue - kDrainFrom).seconds() / kDrainWhole.seconds());
}

void SendBandwidthEstimator::UpdateTarget(Time now) {
  double target = std::min({aimd_.estimate_bps(), loss_.limit_bps(), max_bps_});
  if (RembHolds(now)) target = std::min(target, remb_bps_);
  target *= DrainShare();
  target = std::max(target, static_cast<double>(config_.min_bps));
  const auto before = static_cast<double>(target_bps_);
  if (target < before) probes_.OnDecrease(now, before, target);
  target_bps_ = static_cast<int64_t>(target);
  state_ = FindState(now);
}

BweState SendBandwidthEstimator::FindState(Time now) const {
  if (!has_feedback_ && !has_report_ && remb_at_ == Time::LongAgo()) return BweState::kStarting;
  if (silent_) return BweState::kSilent;
  if (trendline_.usage() == BandwidthUsage::kOverusing) return BweState::kDecreasing;
  const auto target = static_cast<double>(target_bps_ + 1);
  if (RembHolds(now) && remb_bps_ <= target) return BweState::kRembLimited;
  if (loss_.limit_bps() <= target) return BweState::kLossLimited;
  return aimd_.increasing() ? BweState::kIncreasing : BweState::kHolding;
}

ProbeController::Situation SendBandwidthEstimator::Situation(Time now) const {
  const bool calm = !silent_ && trendline_.usage() == BandwidthUsage::kNormal && (!loss_.limited() || loss_.clean()) &&
                    !loss_.testing() && adapter_.queue_delay() < kMaxProbeQueue;
  return {.target_bps = static_cast<double>(target_bps_),
          .max_bps = RembHolds(now) ? std::min(max_bps_, remb_bps_) : max_bps_,
          .calm = calm,
          .application_limited = alr_.LimitedWithin(now, kLimitedLately),
          .last_decrease = aimd_.last_decrease()};
}

}  // namespace duet
