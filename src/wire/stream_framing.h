// Datagrams in a byte stream: RFC 4571 section 2, which ICE over TCP uses for every kind of datagram (RFC 6544
// section 3).
//
//   +--------+--------+----------------- - -
//   |     length      | one datagram of `length` bytes
//   +--------+--------+----------------- - -
//
// The length is in network byte order. A length of zero is an empty frame, which means nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/bytes.h"

namespace duet {

inline constexpr size_t kFrameHeaderBytes = 2;

// Finds the frames in what a stream delivers, however that is cut into pieces. A frame that lies in one piece is not
// copied. Nothing is allocated.
//
// Invariant: at most one frame of at most kMaxFrameBytes is kept.
class FrameReader {
 public:
  static constexpr size_t kMaxFrameBytes = 1600;  // as many as a Packet takes

  // The next whole frame; `input` then starts behind it. Nothing when `input` is used up, or when the stream is
  // broken(). The frame is good until the next call, and as long as the bytes of `input` are.
  std::optional<Bytes> Next(Bytes& input) {
    while (!broken_ && !input.empty()) {
      if (const std::optional<Bytes> whole = TakeWhole(input)) {
        if (!whole->empty()) return whole;
        continue;
      }
      Keep(input, kFrameHeaderBytes);
      if (kept_ < kFrameHeaderBytes) break;
      const size_t end = kFrameHeaderBytes + LoadU16(partial_.data());
      broken_ = end > partial_.size();
      if (broken_) break;
      Keep(input, end);
      if (kept_ < end) break;
      kept_ = 0;
      if (end > kFrameHeaderBytes) return Bytes(partial_).subspan(kFrameHeaderBytes, end - kFrameHeaderBytes);
    }
    return std::nullopt;
  }

  // A frame was announced that is larger than any of ours: what follows cannot be told apart any more.
  bool broken() const { return broken_; }

 private:
  // The frame at the front, when all of it is there and nothing of it was kept.
  std::optional<Bytes> TakeWhole(Bytes& input) const {
    if (kept_ > 0 || input.size() < kFrameHeaderBytes) return std::nullopt;
    const size_t length = LoadU16(input.data());
    if (length > kMaxFrameBytes || input.size() < kFrameHeaderBytes + length) return std::nullopt;
    const Bytes frame = input.subspan(kFrameHeaderBytes, length);
    input = input.subspan(kFrameHeaderBytes + length);
    return frame;
  }
  // Moves bytes over until `until` of the frame are kept.
  void Keep(Bytes& input, size_t until) {
    if (kept_ >= until) return;
    const size_t n = std::min(input.size(), until - kept_);
    std::memcpy(partial_.data() + kept_, input.data(), n);
    kept_ += n;
    input = input.subspan(n);
  }

  std::array<std::byte, kFrameHeaderBytes + kMaxFrameBytes> partial_{};
  size_t kept_ = 0;  // of a frame that came in several pieces, with its header
  bool broken_ = false;
};

}  // namespace duet
