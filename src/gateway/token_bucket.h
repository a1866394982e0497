// TokenBucket: so many per second, and a burst on top.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace duet {

class TokenBucket {
 public:
  // Starts full.
  TokenBucket(double per_second, double burst) : per_second_(per_second), burst_(burst), tokens_(burst) {}

  bool Take(Time now) {
    tokens_ = TokensAt(now);
    if (now > filled_at_) filled_at_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  // Whether it is as if it had never been used.
  bool full(Time now) const { return TokensAt(now) >= burst_; }

 private:
  double TokensAt(Time now) const {
    if (now <= filled_at_) return tokens_;
    // The first fill spans ages; min makes it the burst.
    return std::min(burst_, tokens_ + per_second_ * (now - filled_at_).seconds());
  }
  double per_second_;
  double burst_;
  double tokens_;
  Time filled_at_ = Time::LongAgo();
};

}  // namespace duet
