// EgressLine: one stream of a member on its way out of a room: the RTP packets of a MediaLine go into an Egress, whose
// frames RTMP and FLV viewers get.
//
// A track whose UptrackId changes belongs to a publisher that came back: its numbers and timestamps begin anew, the
// stream's time goes on.
//
// Thread rule: one thread at a time; not a media worker, since it transcodes.
#pragma once

#include "bridge/egress.h"
#include "node/media_line.h"

namespace duet {

class EgressLine {
 public:
  // Of one Run, so that other streams have their turn.
  static constexpr int kMaxItems = 128;

  static Result<EgressLine> Create(MediaLineRef line);

  // Takes what is in the line. True when more is left: run it again soon.
  bool Run(Time now);
  // The next frame, in the order in which they are to be sent.
  FlvFrameRef Pop() { return egress_.Pop(); }
  bool TakeKeyframeRequest() { return egress_.TakeKeyframeRequest(); }
  Time NextTimer() const { return egress_.NextTimer(); }
  // Packets that were none, or found no room in the line.
  uint64_t dropped_packets() const { return malformed_ + line_->refused(); }

 private:
  EgressLine(MediaLineRef line, Egress egress) : line_(std::move(line)), egress_(std::move(egress)) {}
  void OnItem(Time now, const LineItem& item);

  MediaLineRef line_;
  Egress egress_;
  UptrackId current_[2];  // video, audio
  uint64_t malformed_ = 0;
};

}  // namespace duet
