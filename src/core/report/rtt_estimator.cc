#include "core/report/rtt_estimator.h"

#include <algorithm>

namespace duet {

void RttEstimator::OnReportBlock(Time now, uint32_t last_sr, uint32_t delay_since_last_sr) {
  // Beyond what rounding explains.
  constexpr int64_t kMaxNegativeUs = -50'000;
  if (last_sr == 0) return;
  const auto units = static_cast<int32_t>(now.compact_ntp() - last_sr - delay_since_last_sr);
  const int64_t us = int64_t{units} * 1'000'000 / 65536;
  if (us < kMaxNegativeUs || us > kMax.us()) return;
  latest_ = std::max(Duration::Micros(us), kMin);
  smoothed_ = valid_ ? smoothed_ + (latest_ - smoothed_) / 8 : latest_;
  valid_ = true;
}

}  // namespace duet
