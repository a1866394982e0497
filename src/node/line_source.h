// LineSource: a publisher whose packets come over a MediaLine. Its tracks count, know keyframes and ask for them as
// those of a Peer do; nothing is asked for again, for nothing gets lost on the way that could be repeated.
//
// Thread rule: owned by one Worker, which takes. Nothing here allocates after construction.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/drop.h"
#include "node/messages.h"
#include "peer/received_rtp.h"
#include "peer/uptrack.h"

namespace duet {

class LineSource {
 public:
  explicit LineSource(AddSource command);

  PeerId id() const { return id_; }
  RoomKey room() const { return room_; }
  std::span<const std::unique_ptr<Uptrack>> uptracks() const { return uptracks_; }
  Uptrack* FindUptrack(UptrackId id);

  bool waits() const { return line_->Front() != nullptr; }
  // The oldest item. REQUIRES: waits().
  struct Taken {
    std::optional<ReceivedRtp> packet;
    UptrackId referenced;  // whose reference is new; 0 = nobody's
  };
  Taken Take(Time now, PacketPool& pool, DropCounters& drops);

  // Calls f(UptrackId, layer) for each keyframe that the publisher is to be asked for now.
  template <typename F>
  void ForEachKeyframeDue(Time now, F&& f) {
    for (const auto& uptrack : uptracks_) {
      for (size_t layer = 0; layer < uptrack->layers().size(); ++layer) {
        if (uptrack->TakeKeyframeRequest(now, layer, Duration::Zero())) f(uptrack->id(), static_cast<uint8_t>(layer));
      }
    }
  }
  Time NextTimer() const;

 private:
  std::optional<ReceivedRtp> Receive(Time now, const LineItem& item, Uptrack& uptrack, PacketPool& pool,
                                     DropCounters& drops);

  PeerId id_;
  RoomKey room_;
  MediaLineRef line_;
  std::vector<std::unique_ptr<Uptrack>> uptracks_;
};

}  // namespace duet
