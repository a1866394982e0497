// Smoother: evens out the bursts in which frames arrive over TCP before they go out as RTP, in at most kMaxDelay more.
//
// A frame with timestamp T that arrives at A was on its way for A - T (plus an unknown constant). The least such value
// of the last 5 to 10 s is the way without waiting; what a frame took more is its
// lateness. With D = the greatest lateness of that time, but at most kMaxDelay, every frame leaves at
//
//   T + least + D,   not before A, and in the order of arrival
//
// so frames that are not later than D leave as evenly as they were captured, and an even stream (D = 0) is not delayed.
// Two buckets of 5 s make the window: a clock that drifts against ours is followed within it.
//
// Each track has its own: sound always comes a little later than the picture of the same time, and need not hold it
// back.
//
// Thread rule: owned by one publisher's track.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace duet {

class Smoother {
 public:
  static constexpr Duration kMaxDelay = Duration::Millis(50);
  static constexpr Duration kBucket = Duration::Seconds(5);
  // A timestamp this far from what is expected belongs to a publisher that began anew.
  static constexpr Duration kJump = Duration::Seconds(5);

  // When to send a frame with this timestamp, which has just arrived. Between `arrival` and `arrival` + kMaxDelay, and
  // never before the frame before it.
  Time Schedule(Time arrival, Duration timestamp);

  // How much longer than the shortest way this frame took; zero for the first one.
  Duration Lateness(Time arrival, Duration timestamp) const;
  // The way has become another one: as at the beginning, but never before what was scheduled.
  void Restart() { now_ = before_ = {}; }

  // The way without waiting: what a timestamp is to be added to, to have when it would have arrived. Nothing before the
  // first frame.
  std::optional<Time> least() const;

 private:
  struct Bucket {
    bool used = false;
    int64_t least_us = 0;  // of arrival - timestamp
    int64_t most_us = 0;
  };
  static void Add(Bucket& bucket, int64_t transit_us);

  Bucket now_;
  Bucket before_;
  Time bucket_end_;
  Time last_;
};

}  // namespace duet
