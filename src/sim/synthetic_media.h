// Synthetic media: encoders that obey a bitrate and produce keyframes on request, and receivers that account for every
// frame. A packet says who sent it, which frame it belongs to and where, and when it was captured, so that whatever
// arrives can be judged by itself:
//
//   H.264 (FU-A) or VP8 payload header, then  publisher (32), layer (8), frame (32), index (16), count (16),
//   capture us (64), fill
//
// The fill is a function of the numbers before it: a packet that was mixed up or damaged shows.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/rng.h"
#include "base/time.h"
#include "peer/peer_config.h"

namespace duet::sim {

struct MediaTag {
  uint32_t publisher = 0;
  uint8_t layer = 0;  // of simulcast, 0 = the smallest
  uint32_t frame = 0;
  uint16_t index = 0;
  uint16_t count = 0;
  Time captured;
  bool keyframe = false;  // of the payload header
};

// A payload of about `bytes`.
std::vector<std::byte> WriteMedia(const MediaTag& tag, CodecKind codec, size_t bytes);
// Nothing when the payload is not what WriteMedia made.
std::optional<MediaTag> ReadMedia(Bytes payload, CodecKind codec);

class VideoEncoder {
 public:
  VideoEncoder(uint32_t publisher, uint8_t layer, CodecKind codec, Rng& rng)
      : publisher_(publisher), layer_(layer), codec_(codec), rng_(rng) {}

  void set_bitrate(int64_t bps) { bitrate_bps_ = bps; }
  void RequestKeyframe() { keyframe_wanted_ = true; }
  // The packets of the next frame.
  std::vector<std::vector<std::byte>> Encode(Time now);
  uint32_t frames() const { return frame_; }

  static constexpr int kFramesPerSecond = 25;

 private:
  uint32_t publisher_;
  uint8_t layer_;
  CodecKind codec_;
  std::reference_wrapper<Rng> rng_;
  int64_t bitrate_bps_ = 800'000;
  bool keyframe_wanted_ = true;
  uint32_t frame_ = 0;
  int64_t debt_bytes_ = 0;  // what the last keyframe took from the frames after it
};

// What a receiver has seen of one track. A frame is shown when all its packets are there and it is a keyframe or the
// frame before it was shown.
class FrameReceiver {
 public:
  struct Verdict {
    bool wants_keyframe = false;
    std::string violation;  // what must never happen; empty = fine
  };
  Verdict OnPacket(Time now, int64_t seq, uint32_t timestamp, const MediaTag& tag);
  // True when the picture stands and only a keyframe helps.
  bool Stuck(Time now) const { return waiting_since_ && now - *waiting_since_ > Duration::Millis(400); }
  void ClearStuck(Time now) { waiting_since_ = now; }

  int64_t shown() const { return shown_; }
  Time last_shown() const { return last_shown_; }
  uint32_t publisher() const { return publisher_; }
  int layer() const { return layer_; }
  Duration longest_freeze() const { return longest_freeze_; }
  void ResetFreeze(Time now) {
    longest_freeze_ = Duration::Zero();
    last_shown_ = now;
  }
  Duration last_delay() const { return last_delay_; }

 private:
  struct Frame {
    std::set<uint16_t> packets;
    uint16_t count = 0;
    bool keyframe = false;
    Time captured;
  };
  void Show(Time now);
  std::string Judge(int64_t seq, uint32_t timestamp, const MediaTag& tag);

  struct Seen {
    uint32_t timestamp;
    MediaTag tag;
  };
  std::map<int64_t, Seen> seen_;  // the last thousand, by sequence number
  std::map<uint32_t, Frame> frames_;
  uint32_t publisher_ = 0;
  int layer_ = 0;
  int64_t source_starts_ = 0;
  std::optional<uint32_t> shown_frame_;
  std::optional<Time> waiting_since_;
  int64_t shown_ = 0;
  Time last_shown_ = Time::LongAgo();
  Duration longest_freeze_;
  Duration last_delay_;
};

// Sound: packets of 20 ms, counted.
struct AudioReceiver {
  int64_t received = 0;
  std::optional<int64_t> first_seq;
  int64_t highest_seq = 0;
  Time last;
};

}  // namespace duet::sim
