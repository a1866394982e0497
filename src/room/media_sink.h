// MediaSink: a reader of a track that is no slot of a peer and has no transport. It gets the packets in clear, as they
// came. Implemented by the taps of a worker (node/line_tap.h).
//
// Thread rule: called by the MediaRoom that it was added to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/drop.h"
#include "base/time.h"
#include "peer/capture_reference.h"
#include "peer/received_rtp.h"

namespace duet {

class MediaSink {
 public:
  virtual ~MediaSink() = default;
  // A packet of the track. The reason when it was not taken; kNoKeyframe asks for a keyframe of the packet's layer.
  virtual std::optional<Drop> OnPacket(Time now, const ReceivedRtp& packet) = 0;
  // What was captured when, of one layer.
  virtual void OnReference(UptrackId uptrack, size_t layer, const CaptureReference& reference) = 0;
  // The track is gone; nothing comes any more, and the room has forgotten the sink.
  virtual void OnEnded() = 0;

  // The layers that it wants the publisher to send; bit 0 is the smallest. Asked every 100 ms or so.
  virtual uint8_t WantedLayers(Time now) const = 0;
  // The most that it can use of the picture, in bit/s; 0 = no limit.
  virtual int64_t limit_bps() const = 0;
};

}  // namespace duet
