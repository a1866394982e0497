// GapCloser: numbers for what is passed on of a numbered stream, without gaps where something was dropped.
//
//   out = in + offset - how many were dropped before it
//
// A number of which nothing has come keeps its place, so that what is recovered late still fits in; only what is known
// to be dropped, and newer than all before, is taken out. For picture ids (Vp8Rewriter) and for the RTP sequence
// numbers of a receiver that does not get all layers of a stream: it would ask for the missing ones again and again.
//
// Invariants: a number finds the same place each time; two numbers never get the same one, so that no SRTP index is
// used for two packets; order is kept. N is the window in which late ones find their place; a multiple of 64. N / 8 +
// 32 bytes, no allocation.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace duet {

template <size_t N>
class GapCloser {
 public:
  // From now on `in` stands at `out`. What lies before it has no place.
  void Start(int64_t in, int64_t out) {
    first_in_ = newest_in_ = in;
    newest_out_ = out;
    dropped_.reset();
  }

  // The place of what is passed on; nothing when it lies before the start or the window, or was dropped.
  std::optional<int64_t> Pass(int64_t in) {
    if (in > newest_in_) {
      Advance(in);
      return newest_out_;
    }
    const int64_t age = newest_in_ - in;
    if (in < first_in_ || age >= kWindow || dropped_[static_cast<size_t>(age)]) return std::nullopt;
    // The low bits are what came after it.
    const size_t dropped_after = (dropped_ << static_cast<size_t>(kWindow - age)).count();
    return newest_out_ - age + static_cast<int64_t>(dropped_after);
  }

  // What is not passed on. When something newer has its place already, the gap stays; false then.
  bool Drop(int64_t in) {
    if (in <= newest_in_) return WasDropped(in);
    Advance(in);
    dropped_.set(0);
    --newest_out_;
    return true;
  }

  // The place of the newest that was not dropped; of what has not come, too.
  int64_t newest_out() const { return newest_out_; }

 private:
  static constexpr auto kWindow = static_cast<int64_t>(N);

  bool WasDropped(int64_t in) const {
    const int64_t age = newest_in_ - in;
    return age < kWindow && dropped_[static_cast<size_t>(age)];
  }
  void Advance(int64_t in) {
    const int64_t step = in - newest_in_;
    newest_in_ = in;
    newest_out_ += step;
    if (step < kWindow) {
      dropped_ <<= static_cast<size_t>(step);
    } else {
      dropped_.reset();
    }
  }

  int64_t first_in_ = 0;
  int64_t newest_in_ = 0;
  int64_t newest_out_ = 0;
  std::bitset<N> dropped_;  // bit k: newest_in_ - k
};

}  // namespace duet
