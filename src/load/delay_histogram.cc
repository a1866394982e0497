#include "load/delay_histogram.h"

#include <algorithm>
#include <bit>

namespace duet::load {

void DelayHistogram::Add(int64_t us) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(us, 0));
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - 6);
  const size_t bucket = static_cast<size_t>(shift) * 32 + static_cast<size_t>(value >> shift);
  ++buckets_[std::min(bucket, kBuckets - 1)];
  ++count_;
}

int64_t DelayHistogram::Percentile(double share) const {
  const auto wanted = static_cast<uint64_t>(share * static_cast<double>(count_));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (buckets_[bucket] == 0 || seen < wanted) continue;
    const size_t shift = bucket < 64 ? 0 : bucket / 32 - 1;
    return static_cast<int64_t>((bucket - shift * 32) << shift);
  }
  return 0;
}

}  // namespace duet::load
