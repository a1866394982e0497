// ProbeCluster: a short train of packets sent at a rate of its own, whose spacing at arrival shows what the path
// carries. ProbeController asks for it, Pacer sends it, ProbeEstimator measures it.
#pragma once

#include <cstdint>

namespace duet {

// 0 = no cluster. Counts up from 1 and wraps past 0.
using ProbeId = uint8_t;

struct ProbeCluster {
  ProbeId id = 0;
  int64_t rate_bps = 0;
  // Complete when both are reached.
  int64_t min_bytes = 0;
  int min_packets = 0;
};

}  // namespace duet
