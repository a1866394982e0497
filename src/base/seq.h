// Sequence numbers that wrap, made into ones that do not.
//
// RTP carries 16 bits (RFC 3550), timestamps 32, transport-wide sequence numbers 16. Unwrapper turns each into a 64-bit
// number once, at the parser; everything behind it compares plain integers.
#pragma once

#include <cstdint>
#include <type_traits>

namespace duet {

// The signed distance from `from` to `to` on a circle of the width of T, in [-half, half).
template <typename T>
constexpr std::make_signed_t<T> WrapDistance(T from, T to) {
  static_assert(std::is_unsigned_v<T>);
  return static_cast<std::make_signed_t<T>>(static_cast<T>(to - from));
}

// True when `a` comes after `b`. A distance of exactly half the circle counts as older.
template <typename T>
constexpr bool IsNewer(T a, T b) {
  return WrapDistance(b, a) > 0;
}

// Extends numbers of the width of T to 64 bits, each to the value nearest the highest one seen. Starts one full circle
// above zero, so that numbers that arrive before the first one stay positive.
template <typename T>
class Unwrapper {
 public:
  // The extended value, without remembering it.
  constexpr int64_t Peek(T value) const {
    if (!started_) return kFirstCycle + value;
    return highest_ + WrapDistance(static_cast<T>(highest_), value);
  }
  // The extended value; the highest one becomes the new reference.
  constexpr int64_t Unwrap(T value) {
    const int64_t extended = Peek(value);
    if (!started_ || extended > highest_) highest_ = extended;
    started_ = true;
    return extended;
  }
  constexpr bool started() const { return started_; }
  constexpr int64_t highest() const { return highest_; }

 private:
  static constexpr int64_t kFirstCycle = int64_t{1} << (8 * sizeof(T));
  int64_t highest_ = 0;
  bool started_ = false;
};

}  // namespace duet
