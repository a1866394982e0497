// RelayLink: one direction of one client's path through the relay: the simulation's link model with an exact loss
// pattern, timed outages and counts on top, so that both instruments mean the same by "loss 10 jitter 20".
#pragma once

#include <cstdint>
#include <string>

#include "base/fixed_vector.h"
#include "base/rng.h"
#include "base/time.h"
#include "sim/sim_link.h"

namespace duet::relay {

// Since the last TakeCounts().
struct LinkCounts {
  int64_t packets = 0;  // that entered
  int64_t bytes = 0;    // that left, without IP and UDP headers; a duplicate counts once
  int64_t lost = 0;     // for whatever reason
  Duration longest_queue;

  bool operator==(const LinkCounts&) const = default;
};

class RelayLink {
 public:
  using Arrivals = FixedVector<sim::SimLink::Arrival, 2>;

  RelayLink() { Heal(); }

  // Back to a path that passes everything at once. Counts stay.
  void Heal();
  // `pattern` is of '1' (passes) and '0' (lost), and begins anew when it ends; empty = none. It is asked before the
  // random loss of the conditions.
  void SetPattern(std::string pattern);
  // Nothing passes from `now` until then.
  void Outage(Time now, Duration length) { outage_until_ = now + length; }
  // Ends an outage or a cut.
  void Mend();

  sim::LinkConditions& conditions() { return link_.conditions(); }
  const sim::LinkConditions& conditions() const { return link_.conditions(); }
  bool IsDown(Time now) const { return conditions().down || now < outage_until_; }

  // When a datagram that enters now arrives; empty when it is lost.
  Arrivals Pass(Time now, size_t bytes, Rng& rng);
  // How long a piece of a byte stream is under way: a lost packet costs a retransmission. The stream does not compete
  // for the bottleneck, and the caller keeps it in order and waits while the link is down.
  Duration StreamDelay(Rng& rng) const;

  LinkCounts TakeCounts();

 private:
  sim::SimLink link_;
  std::string pattern_;
  size_t position_ = 0;
  Time outage_until_ = Time::LongAgo();
  LinkCounts counts_;
};

}  // namespace duet::relay
