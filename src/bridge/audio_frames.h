// What goes into and comes out of the two audio transcoders, and what they share.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

struct AVCodecContext;
struct AVFrame;
struct AVPacket;
struct SwrContext;
struct OpusEncoder;
struct OpusDecoder;

namespace duet {

// An encoded frame and the time of its first sample, on the clock of the frames that went in.
struct AudioFrame {
  Duration timestamp;
  Bytes data;  // valid until the next call of the transcoder
};

// The libraries' objects, freed the way they want it.
struct AvDeleter {
  void operator()(AVCodecContext* context) const;
  void operator()(AVFrame* frame) const;
  void operator()(AVPacket* packet) const;
  void operator()(SwrContext* context) const;
  void operator()(OpusEncoder* encoder) const;
  void operator()(OpusDecoder* decoder) const;
};
template <typename T>
using AvPtr = std::unique_ptr<T, AvDeleter>;

// Added to the levels of FFmpeg's messages about a context, so that none is written: what a stranger sends would fill
// the log, and the errors come back as values anyway. (Above 56, the highest level; a byte must hold the sum.)
inline constexpr int kQuietAvLog = 100;

inline constexpr int kOpusRate = 48000;
inline constexpr Duration SamplesAt48k(int64_t samples) { return Duration::Micros(samples * 1000 / 48); }

}  // namespace duet
