#include "sim/sim_link.h"

#include <algorithm>

namespace duet::sim {

bool Chance(Rng& rng, double probability) {
  if (probability <= 0) return false;
  return static_cast<double>(rng.Below(1'000'000)) < probability * 1e6;
}

Duration Below(Rng& rng, Duration limit) {
  return limit.us() <= 0 ? Duration::Zero()
                         : Duration::Micros(static_cast<int64_t>(rng.Below(static_cast<uint64_t>(limit.us()) + 1)));
}

// Gilbert's model: in the losing state everything is lost; it is left with 1/loss_run and entered so often that the
// share of losses comes out as asked for.
bool SimLink::Lost(Rng& rng) {
  if (conditions_.loss <= 0) {
    losing_ = false;
    return false;
  }
  if (conditions_.loss_run <= 1) return Chance(rng, conditions_.loss);
  const double leave = 1 / conditions_.loss_run;
  const double enter = std::min(1.0, leave * conditions_.loss / std::max(0.01, 1 - conditions_.loss));
  losing_ = losing_ ? !Chance(rng, leave) : Chance(rng, enter);
  return losing_;
}

FixedVector<SimLink::Arrival, 2> SimLink::Pass(Time now, size_t bytes, Rng& rng) {
  FixedVector<Arrival, 2> arrivals;
  constexpr size_t kUdpIpBytes = 28;
  if (conditions_.down) return arrivals;
  Time sent = now;
  if (conditions_.rate_bps > 0) {
    if (queued(now) > conditions_.queue) return arrivals;
    longest_queue_ = std::max(longest_queue_, queued(now));
    const int64_t bits = static_cast<int64_t>(bytes + kUdpIpBytes) * 8;
    free_at_ = std::max(free_at_, now) + Duration::Micros(bits * 1'000'000 / conditions_.rate_bps);
    sent = free_at_;
  } else {
    free_at_ = now;
  }
  if (Lost(rng)) return arrivals;
  bytes_passed_ += static_cast<int64_t>(bytes);
  Time at = sent + conditions_.delay + Below(rng, conditions_.jitter);
  if (Chance(rng, conditions_.reorder)) {
    at = at + Below(rng, Duration::Millis(30));
  } else {
    at = std::max(at, last_arrival_);
    last_arrival_ = at;
  }
  arrivals.push_back({at, Chance(rng, conditions_.corrupt)});
  if (Chance(rng, conditions_.duplicate)) arrivals.push_back({at + Below(rng, Duration::Millis(20)), false});
  return arrivals;
}

}  // namespace duet::sim
