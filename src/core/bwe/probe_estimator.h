// ProbeEstimator: what a probe cluster measured, from when its packets were sent and when they arrived.
//
// Over the span between the first and the last packet that arrived, what was sent between them gives the rate of
// sending and the rate of arrival; the lower one counts. Packets lost between them are counted too, since they used the
// path, but a cluster that lost more than a fifth beyond the inherent loss measured nothing. When arrivals are slower
// than 0.9 of the sending, the path is full: 0.95 of the rate of arrival, so that the queue of the probe drains.
//
// Thread rule: owned by one SendBandwidthEstimator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "core/bwe/feedback_adapter.h"
#include "core/bwe/probe_cluster.h"

namespace duet {

class ProbeEstimator {
 public:
  // The newest clusters are known.
  static constexpr size_t kClusters = 4;
  static constexpr double kMinTold = 0.8;     // of the cluster, in packets and bytes
  static constexpr double kMaxLoss = 0.2;     // beyond the inherent one
  static constexpr double kFullBelow = 0.9;   // arrival rate to sending rate
  static constexpr double kFullShare = 0.95;  // of the arrival rate
  static constexpr double kMaxSpeedup = 2.0;  // an arrival rate of more of the sending rate is no measurement
  static constexpr Duration kMaxSpan = Duration::Seconds(1);

  struct Result {
    ProbeId id = 0;
    double bps = 0;
    bool full = false;  // arrivals were slower than the sending
  };

  void OnProbe(const ProbeCluster& cluster);
  // Packets of clusters, in any order.
  void OnResult(const PacketResult& result);
  // The measurement of a cluster of which enough became known since the last call; each cluster gives one at most.
  std::optional<Result> Take(double inherent_loss);

 private:
  struct Cluster {
    ProbeCluster plan;  // id 0: no cluster, or it gave its measurement
    int told = 0;
    int lost = 0;
    int64_t told_bytes = 0;
    // The first and the last packet that arrived, and told_bytes before the one and up to the other.
    int received = 0;
    PacketResult first;
    PacketResult last;
    int64_t bytes_before_first = 0;
    int64_t bytes_to_last = 0;
  };
  Cluster* Find(ProbeId id);
  static std::optional<Result> Measure(const Cluster& cluster, double inherent_loss);

  std::array<Cluster, kClusters> clusters_{};
  size_t next_ = 0;
};

}  // namespace duet
