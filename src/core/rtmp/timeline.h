// Timeline: the 32-bit millisecond timestamps of one publisher made into 64-bit ones that never go back.
//
// Both tracks share one circle of 2^32 ms (49.7 days), so the distance between sound and picture stays what it is. Each
// track on its own never goes back. A step back of more than kMaxBack is an encoder that started its clock anew: the
// stream goes on where it was.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/seq.h"
#include "base/time.h"

namespace duet {

class Timeline {
 public:
  static constexpr Duration kMaxBack = Duration::Seconds(3);

  enum class Track : uint8_t { kVideo = 0, kAudio = 1 };

  // Milliseconds; the first one of all is near 0.
  int64_t Extend(Track track, uint32_t timestamp_ms) {
    if (!started_) {
      origin_ = unwrapper_.Unwrap(timestamp_ms);
      started_ = true;
    }
    int64_t time = unwrapper_.Unwrap(timestamp_ms) - origin_;
    int64_t& last = last_[static_cast<size_t>(track)];
    const int64_t newest = std::max(last_[0], last_[1]);
    if (time < newest - kMaxBack.ms()) {
      unwrapper_ = {};
      origin_ = unwrapper_.Unwrap(timestamp_ms) - newest;
      time = newest;
    }
    last = std::max(last, time);
    return last;
  }

 private:
  Unwrapper<uint32_t> unwrapper_;
  bool started_ = false;
  int64_t origin_ = 0;
  int64_t last_[2] = {0, 0};
};

}  // namespace duet
