// NtpMapper: one publisher's NTP clock, mapped to ours, so that the sender reports that we make for its subscribers
// keep its sound and picture together.
//
// A sender report says "RTP timestamp r was captured at N", N on the publisher's clock. Subscribers must get "timestamp
// r + offset was captured at C", C on OUR clock, because streams of several publishers reach them from us. With one
// offset O per publisher, the same for all its tracks,
//
//   C = N + O
//
// the distance between two tracks of one publisher stays what it is whatever O is: lips match sound also when O is
// wrong. O itself only has to be near the truth (capture times are right to within the one-way delay) and to change
// slowly, because tracks report at different moments. Each report that arrives at A is a sample
//
//   A - N = true offset + delay of this report (>= 0)
//
// so the least sample of the last 10 to 20 s (two buckets of 10 s) of audio and video together is the best guess. O
// starts as the first sample and moves towards that guess by at most 1 ms per second: more than ten times what crystals
// drift, and less than 5 ms between two reports of one track 5 s apart, where people notice 20 ms and more. A guess
// that is more than 2 s below O, or a sample more than 10 s above, is no drift and no delay: the publisher's clock was
// set, and O follows at once.
//
// Thread rule: owned by one Peer.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace duet {

class NtpMapper {
 public:
  static constexpr Duration kBucket = Duration::Seconds(10);
  static constexpr int64_t kMaxSlewPerMille = 1;
  static constexpr Duration kMaxEarly = Duration::Seconds(2);
  static constexpr Duration kMaxLate = Duration::Seconds(10);

  // A sender report of any track of this publisher arrived; `ntp` is 32.32 seconds since 1900. Returns when, on our
  // clock, what it talks about was captured. A sender without a clock says 0 (RFC 3550 section 6.4.1): then the arrival
  // is the best guess.
  Time OnSenderReport(Time now, uint64_t ntp);

  // Any time of the publisher's clock on ours. REQUIRES: valid().
  Time Map(uint64_t ntp) const;
  bool valid() const { return valid_; }

 private:
  void Follow(Time now, int64_t sample_us);

  bool valid_ = false;
  int64_t offset_us_ = 0;
  int64_t least_us_ = 0;       // of this bucket
  int64_t last_least_us_ = 0;  // of the one before
  Time bucket_end_;
  Time updated_;
};

}  // namespace duet
