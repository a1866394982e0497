// TokenBucket: a rate with a burst. Starts full.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace duet {

class TokenBucket {
 public:
  // `rate` tokens per second, at most `burst` saved up.
  TokenBucket(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}

  // Takes n tokens, or none and says false.
  bool Take(Time now, double n = 1) {
    tokens_ = TokensAt(now);
    started_ = true;
    last_ = std::max(last_, now);
    if (tokens_ < n) return false;
    tokens_ -= n;
    return true;
  }
  // Whether it is as if it had never been used.
  bool full(Time now) const { return TokensAt(now) >= burst_; }

 private:
  double TokensAt(Time now) const {
    if (!started_ || now <= last_) return tokens_;
    return std::min(burst_, tokens_ + (now - last_).seconds() * rate_);
  }

  double rate_;
  double burst_;
  double tokens_;
  bool started_ = false;
  Time last_;
};

}  // namespace duet
