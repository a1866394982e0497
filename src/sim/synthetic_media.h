// Synthetic media: encoders that obey a bitrate and produce keyframes on request, and receivers that account for every
// frame. A packet says who sent it, which frame it belongs to and where, and when it was captured, so that whatever
// arrives can be judged by itself:
//
//   payload header of the codec, then  keyframe (8), publisher (32), layer (8), frame (32), index (16), count (16),
//   spatial (8), temporal (8), reference (8), capture us (64), fill
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
  // Of the layers in one stream. A frame has one part for each spatial layer; index and count are of the part.
  uint8_t spatial = 0;
  uint8_t temporal = 0;
  uint8_t reference = 1;  // so many frames back is the one that this one needs; keyframes need none
  Time captured;
  bool keyframe = false;
};

// How many layers one stream holds: VP8 temporal ones, VP9 and AV1 both.
struct StreamLayers {
  uint8_t spatial = 1;
  uint8_t temporal = 1;
};

struct MediaPacket {
  std::vector<std::byte> payload;
  std::vector<std::byte> descriptor;  // the dependency descriptor of AV1
  bool marker = false;
  int64_t number = 0;  // of the frame, as the codec counts
};

// A packet of sound of about `bytes`.
std::vector<std::byte> WriteSound(const MediaTag& tag, size_t bytes);
// A slice of H.264 as a NAL unit of its own, of about `bytes`.
std::vector<std::byte> WriteSlice(const MediaTag& tag, size_t bytes);
// Nothing when the payload is not what was made here; numbers that a server may change are not looked at.
std::optional<MediaTag> ReadMedia(Bytes payload, CodecKind codec);

class VideoEncoder {
 public:
  VideoEncoder(uint32_t publisher, uint8_t layer, CodecKind codec, StreamLayers layers, Rng& rng)
      : publisher_(publisher), layer_(layer), codec_(codec), layers_(layers), rng_(rng) {}

  void set_bitrate(int64_t bps) { bitrate_bps_ = bps; }
  void RequestKeyframe() { keyframe_wanted_ = true; }
  // The packets of the next frame.
  std::vector<MediaPacket> Encode(Time now);
  uint32_t frames() const { return frame_; }

  static constexpr int kFramesPerSecond = 25;

 private:
  uint32_t publisher_;
  uint8_t layer_;
  CodecKind codec_;
  StreamLayers layers_;
  std::reference_wrapper<Rng> rng_;
  int64_t bitrate_bps_ = 800'000;
  bool keyframe_wanted_ = true;
  uint32_t frame_ = 0;
  uint32_t since_keyframe_ = 0;
  uint8_t base_frames_ = 0;  // TL0PICIDX
  int64_t debt_bytes_ = 0;   // what the last keyframe took from the frames after it
};

// What a receiver has seen of one track. A frame is shown when all packets up to the one with the marker are there, and
// it is a keyframe or the frame that it refers to was shown with as many spatial layers.
class FrameReceiver {
 public:
  struct Verdict {
    bool wants_keyframe = false;
    std::string violation;  // what must never happen; empty = fine
  };
  struct Place {
    int64_t seq = 0;
    uint32_t timestamp = 0;
    bool marker = false;
    std::optional<int64_t> picture;  // its number, where a receiver sees one that has no gaps
  };
  Verdict OnPacket(Time now, const Place& place, const MediaTag& tag);
  // True when the picture stands and only a keyframe helps.
  bool Stuck(Time now) const { return waiting_since_ && now - *waiting_since_ > Duration::Millis(400); }
  void ClearStuck(Time now) { waiting_since_ = now; }

  int64_t shown() const { return shown_; }
  Time last_shown() const { return last_shown_; }
  uint32_t publisher() const { return publisher_; }
  // Of simulcast, or the highest spatial layer that was shown.
  int layer() const { return layer_ + shown_spatial_; }
  Duration longest_freeze() const { return longest_freeze_; }
  void ResetFreeze(Time now) {
    longest_freeze_ = Duration::Zero();
    last_shown_ = now;
  }
  Duration last_delay() const { return last_delay_; }

 private:
  struct Part {
    std::set<uint16_t> packets;
    uint16_t count = 0;
  };
  struct Frame {
    std::map<uint8_t, Part> parts;  // by spatial layer
    std::optional<uint8_t> ends_with;
    bool keyframe = false;
    uint8_t reference = 1;
    Time captured;
  };
  static bool Whole(const Frame& frame);
  bool Decodable(uint32_t number, const Frame& frame) const;
  void Show(Time now);
  std::string Judge(const Place& place, const MediaTag& tag);

  struct Seen {
    Place place;
    MediaTag tag;
  };
  static std::string Describe(const Seen& seen);
  static std::string JudgeNeighbours(const Seen& before, const Seen& after);
  std::map<int64_t, Seen> seen_;  // the last thousand, by sequence number
  std::map<uint32_t, Frame> frames_;
  std::map<uint32_t, uint8_t> shown_frames_;  // of late, with their highest spatial layer
  int shown_spatial_ = 0;
  uint32_t publisher_ = 0;
  int layer_ = 0;
  int64_t source_starts_ = 0;
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
