// SimLink: one direction of a network path. Says of a datagram when it arrives, how often, and whether whole.
#pragma once

#include <cstdint>
#include <optional>

#include "base/fixed_vector.h"
#include "base/rng.h"
#include "base/time.h"

namespace duet::sim {

struct LinkConditions {
  Duration delay = Duration::Millis(10);
  Duration jitter;                         // uniform on top of delay; packets stay in order
  double loss = 0;                         // 0..1 of the packets
  double loss_run = 1;                     // mean length of a run of losses, >= 1 (Gilbert's model); 1 = independent
  double duplicate = 0;                    // 0..1 of the packets arrive twice
  double corrupt = 0;                      // 0..1 of the packets arrive with a bit turned over
  double reorder = 0;                      // 0..1 of the packets are held back up to 30 ms, past those behind them
  int64_t rate_bps = 0;                    // of the bottleneck; 0 = none
  Duration queue = Duration::Millis(250);  // what the bottleneck holds; beyond it drops
  bool down = false;                       // nothing passes

  bool operator==(const LinkConditions&) const = default;
};

class SimLink {
 public:
  LinkConditions& conditions() { return conditions_; }
  const LinkConditions& conditions() const { return conditions_; }

  struct Arrival {
    Time at;
    bool corrupt = false;
  };
  // Empty when lost.
  FixedVector<Arrival, 2> Pass(Time now, size_t bytes, Rng& rng);

  // How long a packet that enters now waits for those before it.
  Duration queued(Time now) const { return free_at_ > now ? free_at_ - now : Duration::Zero(); }
  // The longest that a packet waited since the reset.
  Duration longest_queue() const { return longest_queue_; }
  void ResetLongestQueue() { longest_queue_ = Duration::Zero(); }
  int64_t bytes_passed() const { return bytes_passed_; }

 private:
  bool Lost(Rng& rng);

  LinkConditions conditions_;
  bool losing_ = false;
  Time free_at_ = Time::LongAgo();  // when the bottleneck has sent all it has
  Time last_arrival_ = Time::LongAgo();
  Duration longest_queue_;
  int64_t bytes_passed_ = 0;
};

// True with this probability.
bool Chance(Rng& rng, double probability);
// Uniform in [0, limit].
Duration Below(Rng& rng, Duration limit);

}  // namespace duet::sim
