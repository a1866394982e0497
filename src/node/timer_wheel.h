// TimerWheel: one deadline for each of many things, coarse and cheap. Arm is O(1) and only ever moves a deadline
// earlier; a thing that fires is asked again when it wants to be called next, so machines whose OnTimer is "safe when
// called early" need no cancel.
//
// kSlots ticks of kTick each make one round (2.56 s); later deadlines are parked in the last slot of the round and
// re-armed from there. The entries of all slots lie in one list, so that nothing allocates once that is as long as
// there are things.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/flat_map.h"
#include "base/time.h"

namespace duet {

template <typename Id>
class TimerWheel {
 public:
  static constexpr Duration kTick = Duration::Millis(5);
  static constexpr size_t kSlots = 512;

  // Makes sure that `id` fires at `deadline` (rounded up to a tick) or earlier.
  void Arm(Time now, Id id, Time deadline) {
    if (deadline.is_never()) return;
    Start(now);
    int64_t tick = (deadline.us() + kTick.us() - 1) / kTick.us();
    if (tick <= current_) tick = current_ + 1;
    if (tick > current_ + static_cast<int64_t>(kSlots) - 1) tick = current_ + static_cast<int64_t>(kSlots) - 1;
    int64_t* armed = armed_.Find(id);
    if (armed != nullptr && *armed <= tick) return;
    armed_.Insert(id, tick);
    Append(SlotOf(tick), {id, tick});
    if (tick < next_) next_ = tick;
  }

  void Disarm(Id id) { armed_.Erase(id); }

  // Calls fire(id) for everything due. fire may call Arm and Disarm.
  template <typename F>
  void Advance(Time now, F&& fire) {
    Advance(now, std::forward<F>(fire), [](Id) {});
  }
  // Before it, ahead(id) of what is likely to be next: its memory can be asked for.
  template <typename F, typename G>
  void Advance(Time now, F&& fire, G&& ahead) {
    Start(now);
    const int64_t target = now.us() / kTick.us();
    if (armed_.empty() && target > current_) {
      // Nothing is armed: skip the idle time instead of walking it.
      slots_.fill({});
      entries_.clear();
      free_ = kNone;
      current_ = target;
      next_ = kNever;
      return;
    }
    while (current_ < target) {
      ++current_;
      uint32_t at = std::exchange(SlotOf(current_), {}).first;
      while (at != kNone) {
        const Entry entry = entries_[at];
        entries_[at].next = std::exchange(free_, at);
        at = entry.next;
        const int64_t* armed = armed_.Find(entry.id);
        if (armed == nullptr || *armed != entry.tick) continue;  // disarmed, or moved earlier and fired already
        armed_.Erase(entry.id);
        if (at != kNone) ahead(entries_[at].id);
        fire(entry.id);
      }
    }
    FindNext();
  }

  Time Next() const { return next_ == kNever ? Time::Never() : Time::FromMicros(next_ * kTick.us()); }

 private:
  static constexpr int64_t kNever = INT64_MAX;
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Entry {
    Id id;
    int64_t tick;
    uint32_t next = kNone;  // of the slot, or of the free ones
  };
  struct Slot {
    uint32_t first = kNone;
    uint32_t last = kNone;
  };

  Slot& SlotOf(int64_t tick) { return slots_[static_cast<size_t>(tick) % kSlots]; }
  void Append(Slot& slot, Entry entry) {
    uint32_t at = free_;
    if (at != kNone) {
      free_ = entries_[at].next;
      entries_[at] = entry;
    } else {
      at = static_cast<uint32_t>(entries_.size());
      entries_.push_back(entry);
    }
    (slot.first == kNone ? slot.first : entries_[slot.last].next) = at;
    slot.last = at;
  }

  void Start(Time now) {
    if (current_ < 0) current_ = now.us() / kTick.us();
  }
  void FindNext() {
    next_ = kNever;
    if (armed_.empty()) return;
    for (int64_t tick = current_ + 1; tick < current_ + static_cast<int64_t>(kSlots); ++tick) {
      if (SlotOf(tick).first == kNone) continue;
      next_ = tick;
      return;
    }
  }

  std::array<Slot, kSlots> slots_;
  std::vector<Entry> entries_;
  uint32_t free_ = kNone;
  FlatMap<Id, int64_t> armed_;
  int64_t current_ = -1;
  int64_t next_ = kNever;
};

}  // namespace duet
