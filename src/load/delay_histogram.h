// DelayHistogram: delays in microseconds, in buckets of 1/32 of their size. Fixed memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace duet::load {

class DelayHistogram {
 public:
  void Add(int64_t us);
  // The value that `share` (0..1) of them are not above, in microseconds; 0 when there is none.
  int64_t Percentile(double share) const;
  double PercentileMs(double share) const { return static_cast<double>(Percentile(share)) / 1000; }
  uint64_t count() const { return count_; }

 private:
  static constexpr size_t kBuckets = 64 * 32;
  std::vector<uint32_t> buckets_ = std::vector<uint32_t>(kBuckets);
  uint64_t count_ = 0;
};

}  // namespace duet::load
