#include "bridge/reorder_buffer.h"

#include <utility>

namespace duet {

void ReorderBuffer::Push(Time now, int64_t seq, uint32_t timestamp, Bytes payload) {
  if (seq < 0 || (next_ >= 0 && seq < next_)) return;
  if (next_ < 0) next_ = seq;
  // So far ahead that what is waited for has no place any more.
  if (seq - next_ >= static_cast<int64_t>(kPackets)) next_ = seq - static_cast<int64_t>(kPackets) + 1;
  Packet& slot = At(seq);
  if (slot.seq == seq) return;
  slot.seq = seq;
  slot.timestamp = timestamp;
  slot.arrived = now;
  slot.payload.assign(payload.begin(), payload.end());
}

const ReorderBuffer::Packet* ReorderBuffer::OldestWaiting() const {
  const Packet* oldest = nullptr;
  for (const Packet& slot : slots_) {
    if (slot.seq >= next_ && slot.seq >= 0 && (oldest == nullptr || slot.seq < oldest->seq)) oldest = &slot;
  }
  return oldest;
}

const ReorderBuffer::Packet* ReorderBuffer::Pop(Time now) {
  const Packet* oldest = OldestWaiting();
  if (oldest == nullptr) return nullptr;
  if (oldest->seq > next_ && now - oldest->arrived < kMaxWait) return nullptr;
  next_ = oldest->seq + 1;
  std::swap(out_, At(oldest->seq));
  At(out_.seq).seq = -1;
  return &out_;
}

Time ReorderBuffer::NextTimer() const {
  const Packet* oldest = OldestWaiting();
  return oldest == nullptr ? Time::Never() : oldest->arrived + kMaxWait;
}

}  // namespace duet
