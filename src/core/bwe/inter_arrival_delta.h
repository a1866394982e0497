// InterArrivalDelta: packets sent close together are one group; from group to group, how much longer was the way?
//
// A group is what was sent within 5 ms, and what arrived in one burst after having waited together (a Wi-Fi or cellular
// link that opens up): single packets of a burst would only measure the link's schedule
// (draft-ietf-rmcat-gcc-02 sections 5.1 and 5.2).
//
// Thread rule: owned by one SendBandwidthEstimator.
#pragma once

#include <optional>

#include "base/time.h"

namespace duet {

class InterArrivalDelta {
 public:
  static constexpr Duration kGroupTime = Duration::Millis(5);
  static constexpr Duration kMaxBurstTime = Duration::Millis(100);
  // An arrival clock that runs so far ahead of ours has jumped.
  static constexpr Duration kClockJump = Duration::Seconds(3);
  static constexpr int kMaxReordered = 3;

  struct Delta {
    Duration sent;     // between the last packets of two groups
    Duration arrived;  // the same at the receiver, never negative
    Time arrival;      // of the newer group
  };

  // A packet that arrived, in the order of sending; `now` on our clock. The difference between the two groups before,
  // when this packet starts a new one.
  std::optional<Delta> OnPacket(Time now, Time sent, Time arrived);
  void Reset();

 private:
  struct Group {
    bool any = false;
    Time first_sent;
    Time last_sent;
    Time first_arrived;
    Time last_arrived;
    Time heard;
  };
  bool StartsGroup(Time sent, Time arrived) const;
  std::optional<Delta> Compare();

  Group before_;
  Group current_;
  int reordered_ = 0;
};

}  // namespace duet
