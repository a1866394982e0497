// AddressLimiter: a TokenBucket for each IP address that came lately. Bounded: addresses whose bucket has filled up
// again are forgotten; when there is still no room, the newcomer is refused.
#pragma once

#include <cstddef>
#include <map>

#include "base/endpoint.h"
#include "base/token_bucket.h"

namespace duet {

class AddressLimiter {
 public:
  static constexpr size_t kMaxAddresses = 1024;

  AddressLimiter(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

  bool Take(Time now, const IpAddress& address) {
    auto found = buckets_.find(address);
    if (found == buckets_.end()) {
      if (buckets_.size() >= kMaxAddresses)
        std::erase_if(buckets_, [now](const auto& entry) { return entry.second.full(now); });
      if (buckets_.size() >= kMaxAddresses) return false;
      found = buckets_.emplace(address, TokenBucket(per_second_, burst_)).first;
    }
    return found->second.Take(now);
  }
  size_t size() const { return buckets_.size(); }

 private:
  double per_second_;
  double burst_;
  std::map<IpAddress, TokenBucket> buckets_;
};

}  // namespace duet
