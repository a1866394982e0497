#include "peer/uptrack_layer.h"

#include <algorithm>

namespace duet {

bool UptrackLayer::OnPacket(Time now, int64_t seq, uint32_t timestamp, bool repaired) {
  highest_seq_ = std::max(highest_seq_, seq);
  const bool is_new = nacks_.OnPacket(now, seq) != NackGenerator::Arrival::kDuplicate;
  if (!repaired) stats_.OnPacket(now, seq, timestamp);
  return is_new;
}

void UptrackLayer::OnKeyframe(Time now, int64_t seq) {
  keyframes_.OnKeyframe(now);
  nacks_.OnKeyframe(seq);
}

}  // namespace duet
