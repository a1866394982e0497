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
    if (started_ && now > last_) tokens_ = std::min(burst_, tokens_ + (now - last_).seconds() * rate_);
    started_ = true;
    last_ = std::max(last_, now);
    if (tokens_ < n) return false;
    tokens_ -= n;
    return true;
  }

 private:
  double rate_;
  double burst_;
  double tokens_;
  bool started_ = false;
  Time last_;
};

}  // namespace duet
