// Uptrack: one track that a remote sends to us, in one RTP stream or, with simulcast, in several layers: the same
// picture encoded small, medium and large.
//
// Thread rule: owned by one Peer. Nothing here allocates after construction.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/time.h"
#include "core/red/red_encoder.h"
#include "peer/peer_config.h"
#include "peer/uptrack_layer.h"
#include "wire/rtp.h"

namespace duet {

class Uptrack {
 public:
  explicit Uptrack(UptrackConfig config);

  UptrackId id() const { return config_.id; }
  const UptrackConfig& config() const { return config_; }
  bool is_video() const { return config_.kind == signal::MediaKind::kVideo; }
  // The smallest picture first; one without simulcast.
  std::vector<UptrackLayer>& layers() { return layers_; }
  const std::vector<UptrackLayer>& layers() const { return layers_; }

  // Whether anything of it may be passed on; off to begin with. Switched on, a video track is asked for keyframes.
  bool published() const { return published_; }
  void SetPublished(Time now, bool published);

  struct Arrival {
    bool duplicate = false;
    bool starts_keyframe = false;
    FrameLayers frame;
  };
  // A packet of a layer itself (`repaired`: restored from RTX), with its extended sequence number.
  Arrival OnPacket(Time now, size_t layer, int64_t seq, const RtpPacketView& view, bool repaired);

  // A subscriber needs a picture of this layer to start with.
  void RequestKeyframe(Time now, size_t layer = 0);
  // True when a PLI is to be sent now.
  bool TakeKeyframeRequest(Time now, size_t layer, Duration rtt) {
    return published_ && layers_[layer].TakeKeyframeRequest(now, rtt);
  }
  // Sequence numbers to ask for again, at most out.size(); returns how many.
  size_t TakeNacks(Time now, size_t layer, Duration rtt, std::span<uint16_t> out);
  Time NextTimer() const;
  // What is repeated to receivers that lose much; null for video.
  const RedEncoder* red() const { return red_.get(); }

 private:
  UptrackConfig config_;
  bool published_ = false;
  std::vector<UptrackLayer> layers_;
  std::unique_ptr<RedEncoder> red_;
};

}  // namespace duet
