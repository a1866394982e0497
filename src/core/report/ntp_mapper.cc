#include "core/report/ntp_mapper.h"

#include <algorithm>

#include "base/check.h"

namespace duet {
namespace {

// Microseconds since 1900, rounded to the nearest.
int64_t NtpMicros(uint64_t ntp) {
  const auto seconds = static_cast<int64_t>(ntp >> 32);
  const auto fraction = static_cast<int64_t>(((ntp & 0xFFFFFFFF) * 1'000'000 + (uint64_t{1} << 31)) >> 32);
  return seconds * 1'000'000 + fraction;
}

}  // namespace

Time NtpMapper::OnSenderReport(Time now, uint64_t ntp) {
  if (ntp == 0) return now;
  Follow(now, now.us() - NtpMicros(ntp));
  return Map(ntp);
}

Time NtpMapper::Map(uint64_t ntp) const {
  DUET_DCHECK(valid_);
  return Time::FromMicros(NtpMicros(ntp) + offset_us_);
}

void NtpMapper::Follow(Time now, int64_t sample_us) {
  if (!valid_ || sample_us < offset_us_ - kMaxEarly.us() || sample_us > offset_us_ + kMaxLate.us()) {
    valid_ = true;
    offset_us_ = least_us_ = last_least_us_ = sample_us;
    bucket_end_ = now + kBucket;
    updated_ = now;
    return;
  }
  if (now >= bucket_end_) {
    last_least_us_ = least_us_;
    least_us_ = sample_us;
    bucket_end_ = now + kBucket;
  }
  least_us_ = std::min(least_us_, sample_us);
  const int64_t step = std::max<int64_t>((now - updated_).us(), 0) * kMaxSlewPerMille / 1000;
  offset_us_ += std::clamp(std::min(least_us_, last_least_us_) - offset_us_, -step, step);
  updated_ = std::max(updated_, now);
}

}  // namespace duet
