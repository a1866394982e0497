#include "core/srtp/replay_window.h"

#include "base/check.h"

namespace duet {

bool ReplayWindow::Check(uint64_t index) const {
  if (!started_ || index > highest_) return true;
  if (highest_ - index >= kSize) return false;
  return (seen_[Word(index)] & Bit(index)) == 0;
}

void ReplayWindow::Commit(uint64_t index) {
  DUET_DCHECK(Check(index));
  if (!started_ || (index > highest_ && index - highest_ >= kSize)) {
    seen_.fill(0);
  } else {
    // The places between the old and the new highest index still hold what was 1024 earlier.
    for (uint64_t i = highest_ + 1; i < index; ++i) seen_[Word(i)] &= ~Bit(i);
  }
  seen_[Word(index)] |= Bit(index);
  if (!started_ || index > highest_) highest_ = index;
  started_ = true;
}

}  // namespace duet
