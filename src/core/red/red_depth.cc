#include "core/red/red_depth.h"

#include <algorithm>

#include "core/red/red_encoder.h"

namespace duet {

int RedDepthForLoss(double loss) {
  constexpr double kMissingAllowed = 0.02;
  int depth = 0;
  for (double missing = loss; missing > kMissingAllowed && depth < RedEncoder::kMaxDepth; missing *= loss) ++depth;
  return depth;
}

int RedDepth::Update(Time now, double loss, int max_depth) {
  constexpr double kMargin = 1.25;
  const int needed = RedDepthForLoss(loss);
  if (needed > wanted_) wanted_ = needed;
  if (RedDepthForLoss(loss * kMargin) >= wanted_) {
    enough_since_ = Time::Never();
  } else if (enough_since_.is_never()) {
    enough_since_ = now;
  } else if (now - enough_since_ >= kHold) {
    --wanted_;
    enough_since_ = now;
  }
  allowed_ = std::clamp(wanted_, 0, std::max(max_depth, 0));
  return allowed_;
}

}  // namespace duet
