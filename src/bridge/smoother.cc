#include "bridge/smoother.h"

#include <algorithm>

namespace duet {

void Smoother::Add(Bucket& bucket, int64_t transit_us) {
  bucket.least_us = bucket.used ? std::min(bucket.least_us, transit_us) : transit_us;
  bucket.most_us = bucket.used ? std::max(bucket.most_us, transit_us) : transit_us;
  bucket.used = true;
}

Time Smoother::Schedule(Time arrival, Duration timestamp) {
  const int64_t transit_us = arrival.us() - timestamp.us();
  const Bucket& known = now_.used ? now_ : before_;
  if (known.used && (transit_us < known.least_us - kJump.us() || transit_us > known.most_us + kJump.us())) {
    now_ = {};
    before_ = {};
  }
  if (!now_.used && !before_.used) {
    bucket_end_ = arrival + kBucket;
  } else if (arrival >= bucket_end_) {
    before_ = now_;
    now_ = {};
    bucket_end_ = arrival + kBucket;
  }
  Add(now_, transit_us);
  const int64_t least = before_.used ? std::min(before_.least_us, now_.least_us) : now_.least_us;
  const int64_t most = before_.used ? std::max(before_.most_us, now_.most_us) : now_.most_us;
  const int64_t delay_us = std::min(most - least, kMaxDelay.us());
  last_ = std::max({last_, arrival, Time::FromMicros(timestamp.us() + least + delay_us)});
  return last_;
}

Duration Smoother::Lateness(Time arrival, Duration timestamp) const {
  const auto way = least();
  return way ? arrival - (*way + timestamp) : Duration::Zero();
}

std::optional<Time> Smoother::least() const {
  if (!now_.used) return std::nullopt;
  return Time::FromMicros(before_.used ? std::min(before_.least_us, now_.least_us) : now_.least_us);
}

}  // namespace duet
