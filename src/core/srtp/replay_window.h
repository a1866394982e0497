// ReplayWindow: which of the newest 1024 packet indices were seen (RFC 3711 section 3.3.2).
//
// Bit n mod 1024 of the ring stands for index n while n lies in (highest - 1024, highest]. A reader asks with Check
// before it authenticates and tells with Commit after; nothing changes in between.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace duet {

class ReplayWindow {
 public:
  // Enough for half a second of reordering at 2000 packets/s; 128 bytes per SSRC.
  static constexpr uint64_t kSize = 1024;

  bool started() const { return started_; }
  uint64_t highest() const { return highest_; }

  // True when the index is new: neither seen nor older than the window.
  bool Check(uint64_t index) const;
  // REQUIRES: Check(index).
  void Commit(uint64_t index);

 private:
  static constexpr size_t Word(uint64_t index) { return (index % kSize) / 64; }
  static constexpr uint64_t Bit(uint64_t index) { return uint64_t{1} << (index % 64); }

  uint64_t highest_ = 0;
  bool started_ = false;
  std::array<uint64_t, kSize / 64> seen_{};
};

}  // namespace duet
