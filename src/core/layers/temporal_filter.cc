#include "core/layers/temporal_filter.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace duet {
namespace {

// The bits of the layers 0..t.
constexpr uint8_t UpTo(int temporal_id) { return static_cast<uint8_t>((2u << temporal_id) - 1); }

}  // namespace

void TemporalFilter::StartSource() {
  started_ = false;
  open_ = 1;
  verdicts_.fill(0);
}

void TemporalFilter::set_wanted(int temporal_id) {
  wanted_ = static_cast<uint8_t>(std::clamp(temporal_id, 0, kMaxTemporalId));
}

int TemporalFilter::open() const { return std::min<int>(std::countr_one(open_) - 1, wanted_); }

bool TemporalFilter::Pass(const Picture& picture) {
  const bool newest = !started_ || picture.number > newest_;
  if (newest) {
    const int64_t missing = started_ ? picture.number - newest_ - 1 : 0;
    if (missing > 0) ExpectLate(picture.number, std::min(missing, kWindow - 1));
    started_ = true;
    newest_ = picture.number;
    // The picture's own layer is known and the same in all its packets.
    Verdict(newest_) = Decide(picture) ? kMaxTemporalId : 0;
  }
  if (newest_ - picture.number >= kWindow) return picture.temporal_id == 0;
  const bool pass = picture.temporal_id <= Verdict(picture.number);
  // A keyframe shows only in its first packet, which may not be the first to come.
  if (pass && picture.number == newest_ && picture.opens_above) {
    open_ |= static_cast<uint8_t>(~UpTo(picture.temporal_id));
  }
  return pass;
}

// Pictures of which nothing has come yet: what belongs to the open layers will go, so one that does not is of a layer
// above, which is closed by that.
void TemporalFilter::ExpectLate(int64_t next, int64_t count) {
  const int limit = open();
  for (int64_t i = 1; i <= count; ++i) Verdict(next - i) = static_cast<uint8_t>(limit);
  open_ &= UpTo(limit);
}

bool TemporalFilter::Decide(const Picture& picture) {
  const int t = picture.temporal_id;
  const auto below = static_cast<uint8_t>(UpTo(t));
  const bool decodable = t == 0 || picture.needs_base_only || (open_ & below) == below;
  if (t <= wanted_ && decodable) {
    open_ |= static_cast<uint8_t>(1u << t);
    return true;
  }
  open_ &= UpTo(t - 1);
  return false;
}

}  // namespace duet
