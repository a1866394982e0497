// RateMeter: the bitrate of a stream over the last half second.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace duet {

class RateMeter {
 public:
  void Add(Time now, size_t bytes) {
    Turn(now);
    buckets_[static_cast<size_t>(current_ % kBuckets)] += static_cast<int64_t>(bytes);
  }
  int64_t bps(Time now) {
    Turn(now);
    int64_t bytes = 0;
    for (const int64_t bucket : buckets_) bytes += bucket;
    return bytes * 8 * 1'000'000 / (kBucket.us() * kBuckets);
  }

 private:
  static constexpr int64_t kBuckets = 10;
  static constexpr Duration kBucket = Duration::Millis(50);

  // Empties the buckets of the time that has passed.
  void Turn(Time now) {
    const int64_t bucket = now.us() / kBucket.us();
    if (bucket - current_ >= kBuckets) buckets_.fill(0);
    for (; current_ < bucket && bucket - current_ < kBuckets; ++current_)
      buckets_[static_cast<size_t>((current_ + 1) % kBuckets)] = 0;
    current_ = bucket;
  }

  std::array<int64_t, kBuckets> buckets_{};
  int64_t current_ = 0;
};

}  // namespace duet
