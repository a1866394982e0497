// TimerWheel: one deadline for each of many things, coarse and cheap. Arm is O(1) and only ever moves a deadline
// earlier; a thing that fires is asked again when it wants to be called next, so machines whose OnTimer is "safe when
// called early" need no cancel.
//
// kSlots ticks of kTick each make one round (2.56 s); later deadlines are parked in the last slot of the round and
// re-armed from there.
#pragma once

#include <array>
#include <cstdint>
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
    slots_[static_cast<size_t>(tick) % kSlots].push_back({id, tick});
    if (tick < next_) next_ = tick;
  }

  void Disarm(Id id) { armed_.Erase(id); }

  // Calls fire(id) for everything due. fire may call Arm and Disarm.
  template <typename F>
  void Advance(Time now, F&& fire) {
    Start(now);
    const int64_t target = now.us() / kTick.us();
    if (armed_.empty() && target > current_) {
      // Nothing is armed: skip the idle time instead of walking it.
      for (auto& slot : slots_) slot.clear();
      current_ = target;
      next_ = kNever;
      return;
    }
    while (current_ < target) {
      ++current_;
      auto& slot = slots_[static_cast<size_t>(current_) % kSlots];
      if (slot.empty()) continue;
      due_.swap(slot);
      for (const Entry& entry : due_) {
        const int64_t* armed = armed_.Find(entry.id);
        if (armed == nullptr || *armed != entry.tick) continue;  // disarmed, or moved earlier and fired already
        armed_.Erase(entry.id);
        fire(entry.id);
      }
      due_.clear();
    }
    FindNext();
  }

  Time Next() const { return next_ == kNever ? Time::Never() : Time::FromMicros(next_ * kTick.us()); }

 private:
  struct Entry {
    Id id;
    int64_t tick;
  };
  static constexpr int64_t kNever = INT64_MAX;

  void Start(Time now) {
    if (current_ < 0) current_ = now.us() / kTick.us();
  }
  void FindNext() {
    next_ = kNever;
    if (armed_.empty()) return;
    for (int64_t tick = current_ + 1; tick < current_ + static_cast<int64_t>(kSlots); ++tick) {
      if (slots_[static_cast<size_t>(tick) % kSlots].empty()) continue;
      next_ = tick;
      return;
    }
  }

  std::array<std::vector<Entry>, kSlots> slots_;
  std::vector<Entry> due_;
  FlatMap<Id, int64_t> armed_;
  int64_t current_ = -1;
  int64_t next_ = kNever;
};

}  // namespace duet
