#include "core/bwe/uplink_queue.h"

#include <algorithm>
#include <utility>

namespace duet {

std::unique_ptr<UplinkQueue> UplinkQueue::AfterRemb() {
  auto out = std::make_unique<UplinkQueue>();
  out->EndDraining(Time::LongAgo());
  return out;
}

void UplinkQueue::OnPacket(Time now, AbsSendTime sent, size_t bytes) {
  if (last_ && now - last_at_ < kForget) {
    sent_ = sent_ + sent.Since(*last_);
  } else {
    Begin(now);
  }
  last_ = sent;
  last_at_ = now;
  received_.OnPacket(now, bytes);
  if (now >= slot_end_) EndSlot(now);
  slot_least_ = std::min(slot_least_, Duration::Micros(now.us() - sent_.us()));
}

void UplinkQueue::Begin(Time now) {
  slot_end_ = now + kSlot;
  memory_end_ = now + kMemory;
  slot_least_ = least_ = former_least_ = kNone;
  long_slots_ = 0;
}

void UplinkQueue::EndSlot(Time now) {
  slot_end_ = now + kSlot;
  if (slot_least_ == kNone) return;
  if (now >= memory_end_) {
    memory_end_ = now + kMemory;
    former_least_ = std::exchange(least_, kNone);
  }
  least_ = std::min(least_, slot_least_);
  queue_ = slot_least_ - std::min(least_, former_least_);
  slot_least_ = kNone;
  long_slots_ = queue_ >= kLong ? long_slots_ + 1 : 0;
  if (draining_) {
    if (queue_ < kShort) {
      EndDraining(now);
    } else if (now >= drain_end_) {
      least_ = former_least_ = kNone;
      EndDraining(now);
    }
  } else if (long_slots_ >= kConfirm) {
    StartDraining(now);
  }
}

void UplinkQueue::StartDraining(Time now) {
  const auto received = received_.last_window_bps();
  if (!received) return;
  draining_ = true;
  drain_end_ = now + kMaxDrain;
  told_bps_ = std::max(kMinBps, static_cast<int64_t>(kDrainShare * *received));
  due_ = now;
}

void UplinkQueue::EndDraining(Time now) {
  draining_ = false;
  long_slots_ = 0;
  told_bps_ = kUnlimitedBps;
  farewells_ = kFarewells;
  due_ = now;
}

std::optional<int64_t> UplinkQueue::TakeRemb(Time now) {
  // Nothing is sent any more that could tell how the queue is.
  if (draining_ && now >= drain_end_ && now - last_at_ >= kSlot) {
    least_ = former_least_ = kNone;
    EndDraining(now);
  }
  if (now < due_) return std::nullopt;
  due_ = draining_ || --farewells_ > 0 ? now + kRepeat : Time::Never();
  return told_bps_;
}

}  // namespace duet
