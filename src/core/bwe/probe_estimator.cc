#include "core/bwe/probe_estimator.h"

#include <algorithm>

namespace duet {

void ProbeEstimator::OnProbe(const ProbeCluster& cluster) {
  clusters_[next_] = Cluster{.plan = cluster};
  next_ = (next_ + 1) % kClusters;
}

ProbeEstimator::Cluster* ProbeEstimator::Find(ProbeId id) {
  const auto it = std::find_if(clusters_.begin(), clusters_.end(), [&](const Cluster& c) { return c.plan.id == id; });
  return it != clusters_.end() ? &*it : nullptr;
}

void ProbeEstimator::OnResult(const PacketResult& result) {
  // What was told as lost is in the sums already.
  if (result.probe == 0 || result.was_lost) return;
  Cluster* cluster = Find(result.probe);
  if (cluster == nullptr) return;
  ++cluster->told;
  cluster->told_bytes += result.size;
  if (!result.received) {
    ++cluster->lost;
    return;
  }
  if (cluster->received++ == 0) {
    cluster->first = result;
    cluster->bytes_before_first = cluster->told_bytes - result.size;
  }
  cluster->last = result;
  cluster->bytes_to_last = cluster->told_bytes;
}

std::optional<ProbeEstimator::Result> ProbeEstimator::Take(double inherent_loss) {
  for (Cluster& cluster : clusters_) {
    const ProbeCluster& plan = cluster.plan;
    if (plan.id == 0 || cluster.told < kMinTold * plan.min_packets) continue;
    if (static_cast<double>(cluster.told_bytes) < kMinTold * static_cast<double>(plan.min_bytes)) continue;
    const std::optional<Result> result = Measure(cluster, inherent_loss);
    cluster = Cluster{};
    if (result) return result;
  }
  return std::nullopt;
}

std::optional<ProbeEstimator::Result> ProbeEstimator::Measure(const Cluster& cluster, double inherent_loss) {
  if (cluster.received < 2) return std::nullopt;
  if (cluster.lost > cluster.told * (inherent_loss + kMaxLoss * (1 - inherent_loss))) return std::nullopt;
  const Duration sent = cluster.last.sent - cluster.first.sent;
  const Duration arrived = cluster.last.arrived - cluster.first.arrived;
  if (sent <= Duration::Zero() || sent > kMaxSpan || arrived <= Duration::Zero() || arrived > kMaxSpan) {
    return std::nullopt;
  }
  // Between the packets: the last one is not sent, and the first one not received, within the span.
  const int64_t bytes = cluster.bytes_to_last - cluster.bytes_before_first;
  const double sent_bps = 8.0 * static_cast<double>(bytes - cluster.last.size) / sent.seconds();
  const double arrived_bps = 8.0 * static_cast<double>(bytes - cluster.first.size) / arrived.seconds();
  if (arrived_bps > kMaxSpeedup * sent_bps) return std::nullopt;
  // They arrived as they were sent: the path carries that, whatever the sizes of the first and the last.
  constexpr int64_t kNotSpreadPercent = 105;
  if (arrived.us() * 100 <= sent.us() * kNotSpreadPercent)
    return Result{.id = cluster.plan.id, .bps = sent_bps, .full = false};
  const bool full = arrived_bps < kFullBelow * sent_bps;
  return Result{
      .id = cluster.plan.id, .bps = full ? kFullShare * arrived_bps : std::min(sent_bps, arrived_bps), .full = full};
}

}  // namespace duet
