#include "core/nack/keyframe_requester.h"

#include <algorithm>

namespace duet {

void KeyframeRequester::Request(Time now) {
  if (!wanted()) next_ = std::max(now, last_sent_ + kMinInterval);
}

void KeyframeRequester::OnKeyframe(Time) { next_ = Time::Never(); }

bool KeyframeRequester::Due(Time now, Duration rtt) {
  if (now < next_) return false;
  last_sent_ = now;
  next_ = now + std::max(kMinRetry, rtt + rtt / 2 + kEncoderTime);
  return true;
}

}  // namespace duet
