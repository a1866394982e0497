// SeqRing: the newest N items by 64-bit sequence number. Item n lives in slot n mod N, so lookup is one index and old
// items fall out by being overwritten. N is a power of two, set at construction; nothing allocates afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/prefetch.h"

namespace duet {

template <typename T>
class SeqRing {
 public:
  explicit SeqRing(size_t capacity) : slots_(capacity) { DUET_CHECK(capacity > 0 && (capacity & (capacity - 1)) == 0); }

  size_t capacity() const { return slots_.size(); }

  // Puts an item in, replacing whatever had its slot.
  T& Put(int64_t seq, T item) {
    Slot& slot = slots_[Index(seq)];
    slot.seq = seq;
    slot.item = std::move(item);
    return slot.item;
  }
  // The item, or null when it never was or fell out.
  T* Find(int64_t seq) {
    Slot& slot = slots_[Index(seq)];
    return slot.seq == seq ? &slot.item : nullptr;
  }
  const T* Find(int64_t seq) const { return const_cast<SeqRing*>(this)->Find(seq); }
  // Two neighbours: what comes in next, and what falls out next.
  void Prefetch(int64_t seq) const { duet::Prefetch(&slots_[Index(seq)], 2 * sizeof(Slot)); }
  void Erase(int64_t seq) {
    Slot& slot = slots_[Index(seq)];
    if (slot.seq == seq) slot = Slot{};
  }
  void Clear() {
    for (auto& slot : slots_) slot = Slot{};
  }

 private:
  struct Slot {
    int64_t seq = -1;  // extended sequence numbers are never negative
    T item{};
  };
  size_t Index(int64_t seq) const { return static_cast<uint64_t>(seq) & (slots_.size() - 1); }
  std::vector<Slot> slots_;
};

}  // namespace duet
