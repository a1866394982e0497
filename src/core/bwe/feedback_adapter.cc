#include "core/bwe/feedback_adapter.h"

#include <algorithm>

namespace duet {
namespace {

constexpr Duration kReferenceCycle = Duration::Millis(int64_t{64} << 24);
// A packet of which nothing was heard for so long will not be heard of.
constexpr Duration kWorthKeeping = Duration::Seconds(1);

}  // namespace

void TransportFeedbackAdapter::Least::Add(Time now, Duration value) {
  if (now - turn_ >= period_) {
    before_ = now - turn_ < period_ * 2 ? now_ : std::nullopt;
    now_.reset();
    turn_ = now;
  }
  now_ = now_ ? std::min(*now_, value) : value;
}

std::optional<Duration> TransportFeedbackAdapter::Least::least() const {
  if (now_ && before_) return std::min(*now_, *before_);
  return now_ ? now_ : before_;
}

void TransportFeedbackAdapter::OnPacketSent(Time now, uint16_t seq, size_t size, ProbeId probe) {
  if (slots_.empty()) slots_.resize(kFirstCapacity);
  const int64_t extended = sent_seq_.Unwrap(seq);
  last_sent_ = now;
  MakeRoom(extended);
  SlotOf(extended) = Slot{.sent_us = static_cast<uint32_t>(now.us()),
                          .seq = static_cast<uint32_t>(extended),
                          .size = static_cast<uint16_t>(std::min<size_t>(size, UINT16_MAX)),
                          .probe = probe,
                          .fate = Fate::kSent};
}

// The 32 bits cover 71 minutes before the last sending.
Time TransportFeedbackAdapter::SentAt(const Slot& slot) const {
  return last_sent_ - Duration::Micros(static_cast<uint32_t>(static_cast<uint32_t>(last_sent_.us()) - slot.sent_us));
}

// Doubles the ring when the packet that has the place of `seq` is still on its way.
void TransportFeedbackAdapter::MakeRoom(int64_t seq) {
  const Slot& old = SlotOf(seq);
  if (old.fate != Fate::kSent || slots_.size() == kMaxCapacity || last_sent_ - SentAt(old) > kWorthKeeping) return;
  std::vector<Slot> larger(slots_.size() * 2);
  for (const Slot& slot : slots_) larger[slot.seq & (larger.size() - 1)] = slot;
  slots_ = std::move(larger);
}

// The newest number sent that has these 16 bits.
int64_t TransportFeedbackAdapter::Extend(uint16_t seq) const {
  const int64_t highest = sent_seq_.highest();
  return highest - static_cast<uint16_t>(static_cast<uint16_t>(highest) - seq);
}

void TransportFeedbackAdapter::Forget(uint16_t seq) {
  if (slots_.empty()) return;
  const int64_t extended = Extend(seq);
  Slot& slot = SlotOf(extended);
  if (slot.seq == static_cast<uint32_t>(extended)) slot.fate = Fate::kNone;
}

// Continues the receiver's clock: what it says wraps after 2^24 * 64 ms.
void TransportFeedbackAdapter::OnReference(const TransportFeedback& feedback) {
  const Duration reference = feedback.reference_time();
  if (any_feedback_) {
    Duration step = reference - last_reference_;
    if (step > kReferenceCycle / 2) step = step - kReferenceCycle;
    if (step < Duration::Zero() - kReferenceCycle / 2) step = step + kReferenceCycle;
    reference_ = reference_ + step;
  }
  any_feedback_ = true;
  last_reference_ = reference;
}

bool TransportFeedbackAdapter::Judge(const TransportFeedback& feedback, const TransportFeedback::Status& status,
                                     PacketResult& result) {
  result.seq = Extend(status.sequence);
  Slot& slot = SlotOf(result.seq);
  if (slot.seq != static_cast<uint32_t>(result.seq) || slot.fate == Fate::kNone || slot.fate == Fate::kReceived) {
    return false;
  }
  if (slot.fate == Fate::kLost && !status.received) return false;
  result.sent = SentAt(slot);
  result.received = status.received;
  result.was_lost = slot.fate == Fate::kLost;
  result.size = slot.size;
  result.probe = slot.probe;
  if (status.received) result.arrived = reference_ + (status.arrival - feedback.reference_time());
  slot.fate = status.received ? Fate::kReceived : Fate::kLost;
  return true;
}

void TransportFeedbackAdapter::Measure(Time now, Time newest_sent, Duration least_delay) {
  rtt_.Add(now, std::max(now - newest_sent, Duration::Zero()));
  one_way_.Add(now, least_delay);
  queue_delay_ = least_delay - *one_way_.least();
}

}  // namespace duet
