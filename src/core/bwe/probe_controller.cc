#include "core/bwe/probe_controller.h"

#include <algorithm>
#include <cmath>

namespace duet {
namespace {

constexpr double kWorthwhile = 1.1;  // of the target

}  // namespace

void ProbeController::Start(Time now, const Situation& situation) {
  started_ = true;
  last_probe_ = now;
  for (const double factor : {kFirstFactor, kSecondFactor}) {
    const double bps = std::min(factor * situation.target_bps, situation.max_bps);
    if (bps >= kWorthwhile * situation.target_bps) Plan(bps);
  }
}

void ProbeController::SetApplicationRate(Time now, double bps, const Situation& situation) {
  const bool more = bps > application_bps_ && bps > situation.target_bps;
  application_bps_ = bps;
  asks_for_more_ |= more;
  if (!started_ || !asks_for_more_ || !situation.calm || Waiting(now) || !plans_.empty()) return;
  asks_for_more_ = false;
  Ask(bps, situation);
}

// No probe goes higher. An unknown application wants everything.
double ProbeController::Ceiling(const Situation& situation) const {
  return application_bps_ > 0 ? std::min(kWantedShare * application_bps_, situation.max_bps) : situation.max_bps;
}

bool ProbeController::Ask(double bps, const Situation& situation) {
  bps = std::min(std::max(bps, kMinProbeBps), Ceiling(situation));
  if (bps < kWorthwhile * situation.target_bps || plans_.full()) return false;
  Plan(bps);
  return true;
}

void ProbeController::Plan(double bps) {
  if (++last_id_ == 0) ++last_id_;
  plans_.push_back(ProbeCluster{.id = last_id_,
                                .rate_bps = static_cast<int64_t>(bps),
                                .min_bytes = static_cast<int64_t>(bps * kClusterTime.seconds() / 8),
                                .min_packets = kClusterPackets});
}

void ProbeController::OnMeasured(Time now, ProbeId id, double bps, const Situation& situation) {
  const bool last = id == waiting_id_ && plans_.empty();
  if (!last) return;
  waiting_id_ = 0;
  last_probe_ = now;
  succeeded_ = bps >= kSuccess * waiting_bps_;
  if (succeeded_ && situation.calm) Ask(kFurtherFactor * bps, situation);
}

void ProbeController::OnDecrease(Time now, double before_bps, double after_bps) {
  if (now - last_fall_ >= kRecoveryDelay) fall_from_bps_ = before_bps;
  last_fall_ = now;
  if (after_bps <= kDrop * fall_from_bps_) recovery_bps_ = kRecoveryShare * fall_from_bps_;
}

void ProbeController::OnTimer(Time now, const Situation& situation) {
  if (waiting_id_ != 0 && !Waiting(now)) {
    waiting_id_ = 0;
    last_probe_ = now;
    succeeded_ = false;
  }
  if (recovery_bps_ > 0 && now - last_fall_ > kRecoveryTime) recovery_bps_ = 0;
  if (!started_ || !situation.calm || waiting_id_ != 0 || !plans_.empty()) return;
  if (recovery_bps_ > 0 && (situation.application_limited || now - last_fall_ >= kRecoveryDelay)) {
    Ask(std::exchange(recovery_bps_, 0), situation);
    return;
  }
  if (now - last_probe_ < (succeeded_ ? kCalmTime : kInterval)) return;
  if (!situation.application_limited && now - situation.last_decrease < kCalmTime) return;
  last_probe_ = now;
  Ask(kFurtherFactor * situation.target_bps, situation);
}

std::optional<ProbeCluster> ProbeController::Take(Time now, const Situation& situation) {
  if (plans_.empty()) return std::nullopt;
  const ProbeCluster cluster = plans_[0];
  if (plans_.size() > 1) plans_[0] = plans_[1];
  plans_.pop_back();
  // Congestion came between: it would measure the queue.
  if (!situation.calm) return std::nullopt;
  waiting_id_ = cluster.id;
  waiting_bps_ = static_cast<double>(cluster.rate_bps);
  waiting_since_ = now;
  return cluster;
}

}  // namespace duet
