// RedDepth: how many packets back one receiver is given, from the loss on its path.
//
// With depth d a packet travels d + 1 times; at a loss rate p it is missing with a chance of p^(d+1), when losses are
// independent. The depth is the least that keeps this below 2 %, which Opus conceals without being heard:
//
//   loss    0-2 %   5 %   15 %   30 %   50 %   70 %
//   depth       0     1      2      3      5     10
//
// Up at once; down by one when for kHold the depth below would have done for 1.25 times the loss. A sound that stutters
// is worse than some kbit/s too many.
//
// Thread rule: owned by one Downtrack.
#pragma once

#include "base/time.h"

namespace duet {

// The least depth, 0..RedEncoder::kMaxDepth, for a loss of 0..1.
int RedDepthForLoss(double loss);

class RedDepth {
 public:
  static constexpr Duration kHold = Duration::Seconds(5);

  // A new measure of the loss (0..1), about every second, and what RedEncoder::MaxDepth allows. Returns the depth.
  int Update(Time now, double loss, int max_depth);
  int depth() const { return allowed_; }

 private:
  int wanted_ = 0;
  int allowed_ = 0;
  Time enough_since_ = Time::Never();  // since when one less would do
};

}  // namespace duet
