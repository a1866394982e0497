#include "relay/relay_link.h"

#include <algorithm>
#include <utility>

namespace duet::relay {

void RelayLink::Heal() {
  link_.conditions() = {.delay = Duration::Zero()};
  SetPattern({});
  Mend();
}

void RelayLink::SetPattern(std::string pattern) {
  pattern_ = std::move(pattern);
  position_ = 0;
}

void RelayLink::Mend() {
  link_.conditions().down = false;
  outage_until_ = Time::LongAgo();
}

RelayLink::Arrivals RelayLink::Pass(Time now, size_t bytes, Rng& rng) {
  ++counts_.packets;
  bool lost = IsDown(now);
  if (!lost && !pattern_.empty()) {
    lost = pattern_[position_] == '0';
    position_ = (position_ + 1) % pattern_.size();
  }
  Arrivals arrivals;
  if (!lost) arrivals = link_.Pass(now, bytes, rng);
  if (arrivals.empty()) {
    ++counts_.lost;
  } else {
    counts_.bytes += static_cast<int64_t>(bytes);
  }
  return arrivals;
}

Duration RelayLink::StreamDelay(Rng& rng) const {
  constexpr Duration kRetransmission = Duration::Millis(200);  // the least of a TCP on Linux
  constexpr int kMostRetransmissions = 6;
  const sim::LinkConditions& c = conditions();
  Duration delay = c.delay + sim::Below(rng, c.jitter);
  Duration again = kRetransmission + c.delay * 2;
  for (int i = 0; i < kMostRetransmissions && sim::Chance(rng, c.loss); ++i) {
    delay = delay + again;
    again = again * 2;
  }
  return delay;
}

LinkCounts RelayLink::TakeCounts() {
  counts_.longest_queue = link_.longest_queue();
  link_.ResetLongestQueue();
  return std::exchange(counts_, {});
}

}  // namespace duet::relay
