#include "core/twcc/twcc_recorder.h"

#include <algorithm>

#include "base/check.h"
#include "wire/transport_feedback.h"

namespace duet {

void TwccRecorder::OnPacket(Time now, uint16_t seq) {
  const int64_t extended = Extend(seq);
  if (highest_ < 0) {
    next_ = highest_ = extended;
  } else if (extended > highest_) {
    Advance(extended);
  } else if (extended <= highest_ - kWindow || Slot(extended) != kNotArrived) {
    return;
  }
  Slot(extended) = now.us() / kTickUs;
  next_ = std::min(next_, extended);
  if (waiting_++ == 0) waiting_since_ = now;
  Schedule(now);
}

// The number nearest the highest, but seven eighths of the circle lie ahead: what is far behind is of no use, while a
// sender may go on for long before it is heard again.
int64_t TwccRecorder::Extend(uint16_t seq) const {
  constexpr int64_t kCircle = 0x10000;
  if (highest_ < 0) return kCircle + seq;
  const int64_t least = highest_ - kCircle / 8;
  return least + static_cast<uint16_t>(seq - static_cast<uint16_t>(least));
}

// Makes `seq` the highest: what is between has not arrived, what leaves the window is forgotten.
void TwccRecorder::Advance(int64_t seq) {
  for (int64_t gap = std::max(highest_ + 1, seq - kWindow + 1); gap < seq; ++gap) Slot(gap) = kNotArrived;
  highest_ = seq;
  next_ = std::max(next_, highest_ - kWindow + 1);
}

void TwccRecorder::Schedule(Time now) {
  if (waiting_ >= kMaxPackets) {
    due_ = std::min(due_, now);
  } else {
    due_ = waiting_since_ + (waiting_ >= kFastPackets ? kFastInterval : kSlowInterval);
  }
}

size_t TwccRecorder::WriteFeedback(Time now, Ssrc sender, Ssrc media, MutableBytes out) {
  if (now < due_) return 0;
  int64_t seq = next_;
  while (seq < highest_ && Slot(seq) == kNotArrived) ++seq;
  TransportFeedbackWriter writer(out, sender, media, count_, static_cast<uint16_t>(next_), ArrivalOf(seq));
  for (; seq <= highest_; ++seq) {
    if (Slot(seq) == kNotArrived) continue;
    if (!writer.AddReceived(static_cast<uint16_t>(seq), ArrivalOf(seq))) break;
  }
  const size_t size = writer.Finish();
  if (size == 0) {
    DUET_DCHECK(false);  // not even one packet fits: `out` is too small
    due_ = now + kSlowInterval;
    return 0;
  }
  ++count_;
  next_ += static_cast<uint16_t>(writer.next_sequence() - static_cast<uint16_t>(next_));
  if (next_ > highest_) {
    waiting_ = 0;
    due_ = Time::Never();
  }
  return size;
}

}  // namespace duet
