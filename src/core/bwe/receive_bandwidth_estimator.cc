#include "core/bwe/receive_bandwidth_estimator.h"

#include <algorithm>

namespace duet {

void ReceiveBandwidthEstimator::OnPacket(Time now, AbsSendTime sent, size_t bytes) {
  if (last_) sent_ = sent_ + sent.Since(*last_);
  last_ = sent;
  received_.OnPacket(now, bytes);
  if (const auto delta = inter_arrival_.OnPacket(now, sent_, now)) trendline_.OnDelta(*delta);
  aimd_.Update(now, trendline_.usage(), received_.bps());
  if (due_.is_never()) due_ = now + kInterval;
  if (told_bps_ > 0 && aimd_.estimate_bps() < kFall * told_bps_) due_ = std::min(due_, now);
}

std::optional<int64_t> ReceiveBandwidthEstimator::TakeRemb(Time now) {
  if (now < due_) return std::nullopt;
  due_ = now + kInterval;
  told_bps_ = aimd_.estimate_bps();
  return static_cast<int64_t>(told_bps_);
}

}  // namespace duet
