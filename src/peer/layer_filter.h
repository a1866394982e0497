// LayerFilter: which packets one receiver gets of a stream that holds layers (VP8, VP9, AV1), and under which numbers,
// so that it sees a stream without holes.
//
//   spatial    down from the next picture on, up at a keyframe (Follow says when); the last packet of the highest layer
//              that goes gets the marker, which ends the picture (RFC 9628 section 4.2, AV1 over RTP section 4.3)
//   temporal   TemporalFilter
//   RTP        sequence numbers without gaps where something was dropped (GapCloser): the receiver would ask for it
//   VP8        picture ids, TL0PICIDX and KEYIDX go on (Vp8Rewriter)
//   AV1        frame numbers of the dependency descriptor go on when the source changes: a decoder that sees them go
//              back drops the picture. What a layer leaves out stays out; references are told as distances
//
// Layers that nobody told of pass whole.
//
// Thread rule: owned by one Downtrack. 600 bytes, no allocation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/seq.h"
#include "core/layers/gap_closer.h"
#include "core/layers/temporal_filter.h"
#include "core/layers/vp8_rewriter.h"
#include "peer/received_rtp.h"

namespace duet {

class LayerFilter {
 public:
  // The source, or the stream of it that is passed on, is another one and begins with the packet `seq`, a keyframe's
  // first, which gets the number `out`.
  void Start(int64_t seq, int64_t out);
  // The highest spatial layer that goes, from the next picture on. Upwards only at a keyframe.
  void set_spatial(int layer) { wanted_spatial_ = layer; }
  // The highest temporal layer that goes; upwards as soon as a receiver can follow.
  void set_temporal(int layer) { wanted_temporal_ = layer; }

  struct Place {
    int64_t seq = 0;
    bool marker = false;
    // What the payload's descriptor (VP8) or the dependency descriptor (AV1: `picture_id` is the frame number) says
    // instead of what it said.
    std::optional<Vp8Numbers> numbers;
  };
  // Nothing when the packet does not go.
  std::optional<Place> Accept(const ReceivedRtp& in);

 private:
  static constexpr size_t kWindow = 512;  // packets, as many as a history of pictures holds

  // The highest spatial layer that goes of the pictures from this timestamp on.
  struct Level {
    int64_t since = 0;
    int spatial = 0;
  };
  // What comes late belongs to a picture before some of the last changes; more of them do not fit into the time in
  // which it is worth repeating.
  static constexpr size_t kLevels = 4;

  void BeginPicture(int64_t seq, int64_t timestamp);
  bool Goes(const ReceivedRtp& in, int highest);
  int HighestAt(int64_t timestamp) const;
  std::optional<Vp8Numbers> NumbersOf(const ReceivedRtp& in);

  GapCloser<kWindow> numbers_;
  TemporalFilter temporal_;
  Vp8Rewriter vp8_;
  int wanted_spatial_ = 0;
  int wanted_temporal_ = TemporalFilter::kMaxTemporalId;
  bool begun_ = false;
  int64_t newest_seq_ = 0;
  Unwrapper<uint32_t> timestamps_;
  int64_t timestamp_ = 0;                // of the newest picture
  std::array<Level, kLevels> levels_{};  // the newest first
  bool frames_sent_ = false;             // of AV1
  bool frames_started_ = false;
  int64_t frame_offset_ = 0;
  int64_t last_frame_ = 0;  // as sent
};

}  // namespace duet
