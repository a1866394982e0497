// LiveGate: tells what is live of a publisher's track from what its connection had held up.
//
// A TCP connection that stood still brings everything at once afterwards. In a call that is no use any more, and sent
// on it would fill everybody's network. So frames that are more than kLate late wait, as long as they catch up; when
// the first live one comes, only what it needs goes with it. When they do not catch up for kPatience, the way itself
// has become longer, and that is the new measure.
//
// Thread rule: owned by one publisher's track.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace duet {

class LiveGate {
 public:
  static constexpr Duration kLate = Duration::Millis(800);
  static constexpr Duration kPatience = Duration::Millis(500);

  enum class Verdict : uint8_t { kLive, kLate, kNewWay };

  // Of a frame that came `lateness` later than by the shortest way.
  Verdict Judge(Time arrival, Duration lateness) {
    if (lateness <= kLate) {
      late_since_.reset();
      return Verdict::kLive;
    }
    if (!late_since_) {
      late_since_ = arrival;
      lateness_then_ = lateness;
    }
    const Duration passed = arrival - *late_since_;
    // Catching up is to get more than one and a half seconds of the stream in a second.
    if (passed < kPatience || lateness_then_ - lateness > passed / 2) return Verdict::kLate;
    late_since_.reset();
    return Verdict::kNewWay;
  }

 private:
  std::optional<Time> late_since_;
  Duration lateness_then_;
};

}  // namespace duet
