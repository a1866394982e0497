// TemporalFilter: which pictures one receiver gets of a stream with temporal layers, so that it can decode each of
// them.
//
//   down   from the next picture on; higher pictures are referred to by none of a lower layer
//   up     into layer t at a picture of t with Y: it needs the base layer only (VP8, RFC 7741 section 4.2)
//          into all layers above t after a picture of t with U: what follows there refers to nothing of these layers
//          from before it (VP9, RFC 9628 section 4.2); a keyframe is such a picture of layer 0
//
// A picture of t without Y goes when layers 1..t are open, that is when none of their pictures was dropped since the
// receiver came in. Dropping one of layer t closes t and everything above it.
//
// The verdict falls with the first packet of a picture that is newer than all before, and holds for all its packets,
// early or late; pictures of which nothing has come by then get the highest layer that was open.
//
// Thread rule: owned by one Downtrack. Invariants: the base layer always goes; a picture goes whole or not at all.
// 170 bytes, no allocation.
#pragma once

#include <array>
#include <cstdint>

namespace duet {

class TemporalFilter {
 public:
  static constexpr int kMaxTemporalId = 7;
  static constexpr int64_t kWindow = 128;  // pictures whose verdict is remembered

  // Another source or layer, or the same after a pause, that begins with a keyframe. What is wanted stays.
  void StartSource();

  // The highest temporal id to pass on, 0..kMaxTemporalId. At first all.
  void set_wanted(int temporal_id);
  int wanted() const { return wanted_; }
  // The highest layer of which every picture goes now; at most wanted(). It lags behind while a sync picture has not
  // come.
  int open() const;

  // What a packet says of its picture. A spatial layer's frame may be a picture of its own (AV1 numbers frames).
  struct Picture {
    int64_t number = 0;  // goes up with each picture of the source, by one where none is missing
    int temporal_id = 0;
    bool needs_base_only = false;  // Y
    bool opens_above = false;      // U, or a keyframe
  };
  // Whether the packet goes. Which of a picture's spatial layers go is not decided here.
  bool Pass(const Picture& picture);

 private:
  bool Decide(const Picture& picture);
  void ExpectLate(int64_t next, int64_t count);
  uint8_t& Verdict(int64_t number) { return verdicts_[static_cast<uint64_t>(number) % kWindow]; }

  bool started_ = false;
  uint8_t wanted_ = kMaxTemporalId;
  uint8_t open_ = 1;  // bit t: layer t
  int64_t newest_ = 0;
  std::array<uint8_t, kWindow> verdicts_{};  // the highest temporal id that goes, if that is the picture's
};

}  // namespace duet
