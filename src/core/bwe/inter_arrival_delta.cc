#include "core/bwe/inter_arrival_delta.h"

#include <algorithm>

namespace duet {

std::optional<InterArrivalDelta::Delta> InterArrivalDelta::OnPacket(Time now, Time sent, Time arrived) {
  std::optional<Delta> delta;
  if (current_.any) {
    if (sent < current_.first_sent) return std::nullopt;
    if (StartsGroup(sent, arrived)) {
      if (before_.any) delta = Compare();
      // Compare may have forgotten all.
      if (current_.any) before_ = current_;
      current_ = Group{};
    }
  }
  if (!current_.any) {
    current_ =
        Group{.any = true, .first_sent = sent, .last_sent = sent, .first_arrived = arrived, .last_arrived = arrived};
  }
  current_.last_sent = std::max(current_.last_sent, sent);
  current_.last_arrived = std::max(current_.last_arrived, arrived);
  current_.heard = now;
  return delta;
}

bool InterArrivalDelta::StartsGroup(Time sent, Time arrived) const {
  const Duration sent_after = sent - current_.last_sent;
  const Duration arrived_after = arrived - current_.last_arrived;
  const bool caught_up = arrived_after < sent_after;
  const Duration burst = arrived - current_.first_arrived;
  // Neither does a clock that was set back make a burst.
  const bool short_burst = burst < kMaxBurstTime && burst > Duration::Zero() - kMaxBurstTime;
  if (caught_up && arrived_after <= kGroupTime && short_burst) return false;
  return sent - current_.first_sent > kGroupTime;
}

std::optional<InterArrivalDelta::Delta> InterArrivalDelta::Compare() {
  const Delta delta{.sent = current_.last_sent - before_.last_sent,
                    .arrived = current_.last_arrived - before_.last_arrived,
                    .arrival = current_.last_arrived};
  if (delta.arrived - (current_.heard - before_.heard) >= kClockJump) {
    Reset();
    return std::nullopt;
  }
  if (delta.arrived < Duration::Zero()) {
    // Groups that overtake each other measure nothing; when it goes on, the clock was set back.
    if (++reordered_ >= kMaxReordered) Reset();
    return std::nullopt;
  }
  reordered_ = 0;
  return delta;
}

void InterArrivalDelta::Reset() { *this = InterArrivalDelta(); }

}  // namespace duet
