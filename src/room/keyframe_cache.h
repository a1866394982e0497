// KeyframeCache: the newest keyframe of a layer and what came after it, so that a new receiver, one that comes back, or
// one that gets another layer has a picture at once, without waiting for the publisher's encoder.
//
// Only a young keyframe is of use: what came since is sent in one go, and a receiver that had to show seconds of the
// past would lag behind for good. Packets are kept by reference.
//
// Thread rule: owned by one Feed of a MediaRoom. Invariant: at most kMaxPackets packets of the pool, none longer than
// kMaxAge while packets come or Trim is called.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

#include "base/time.h"
#include "peer/received_rtp.h"

namespace duet {

class KeyframeCache {
 public:
  static constexpr size_t kMaxPackets = 160;
  static constexpr Duration kMaxAge = Duration::Seconds(1);

  // Every new packet of the layer, in the order of arrival.
  void OnPacket(Time now, const ReceivedRtp& packet) {
    // Parameter sets and the picture that they belong to may both look like a beginning.
    const bool same_picture = !packets_.empty() && packets_.front().view.timestamp == packet.view.timestamp;
    if (packet.starts_keyframe && !same_picture) {
      Clear();
      begun_at_ = now;
      first_seq_ = packet.seq;
    } else if (packets_.empty() || packet.seq < first_seq_) {
      return;
    }
    if (packets_.size() == kMaxPackets || now - begun_at_ > kMaxAge) return Clear();
    bytes_ += packet.packet->size();
    highest_seq_ = packets_.empty() ? packet.seq : std::max(highest_seq_, packet.seq);
    // Almost always at the end: only what was lost and repaired comes late.
    auto place = packets_.end();
    while (place != packets_.begin() && std::prev(place)->seq > packet.seq) --place;
    packets_.insert(place, packet);
  }
  // Lets go of what is too old.
  void Trim(Time now) {
    if (!packets_.empty() && now - begun_at_ > kMaxAge) Clear();
  }
  void Clear() {
    packets_.clear();
    bytes_ = 0;
  }

  // The keyframe and everything after it up to now, in the order of sending; empty while something between is missing,
  // or when there is no young keyframe.
  std::span<const ReceivedRtp> packets(Time now) const {
    const bool whole = static_cast<int64_t>(packets_.size()) == highest_seq_ - first_seq_ + 1;
    if (!whole || now - begun_at_ > kMaxAge) return {};
    return packets_;
  }
  size_t bytes() const { return bytes_; }

 private:
  std::vector<ReceivedRtp> packets_;
  Time begun_at_;
  int64_t first_seq_ = 0;
  int64_t highest_seq_ = 0;
  size_t bytes_ = 0;
};

}  // namespace duet
