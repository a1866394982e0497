// Uptrack: one track that a remote sends to us. It numbers, counts, asks for what is missing, and knows where a decoder
// can start.
//
// Thread rule: owned by one Peer. Nothing here allocates after construction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/drop.h"
#include "base/seq.h"
#include "base/time.h"
#include "core/nack/keyframe_requester.h"
#include "core/nack/nack_generator.h"
#include "core/report/reception_stats.h"
#include "peer/capture_reference.h"
#include "peer/peer_config.h"
#include "wire/rtp.h"

namespace duet {

class Uptrack {
 public:
  explicit Uptrack(UptrackConfig config);

  UptrackId id() const { return config_.id; }
  const UptrackConfig& config() const { return config_; }
  bool is_video() const { return config_.kind == signal::MediaKind::kVideo; }

  // Whether anything of it may be passed on; off to begin with. Switched on, a video track is asked for a keyframe.
  bool published() const { return published_; }
  void SetPublished(Time now, bool published);

  // SSRCs that the offer did not say are learned from the first packets.
  void LearnSsrc(Ssrc ssrc) { config_.ssrc = ssrc; }
  void LearnRtxSsrc(Ssrc ssrc) { config_.rtx_ssrc = ssrc; }

  struct Arrival {
    bool duplicate = false;
    bool starts_keyframe = false;
  };
  // A packet of the track itself (`repaired`: restored from RTX), with its extended sequence number.
  Arrival OnPacket(Time now, int64_t seq, const RtpPacketView& view, bool repaired);
  // The extended number of a sequence number that came inside an RTX packet; negative for one from before the
  // beginning. Only when started.
  int64_t Extend(uint16_t seq) const { return highest_seq_ + WrapDistance(static_cast<uint16_t>(highest_seq_), seq); }
  bool started() const { return highest_seq_ >= 0; }

  // A subscriber needs a picture to start with.
  void RequestKeyframe(Time now);
  // True when a PLI is to be sent now. Never while the track's SSRC is not known.
  bool TakeKeyframeRequest(Time now, Duration rtt);
  // Sequence numbers to ask for again, at most out.size(); returns how many.
  size_t TakeNacks(Time now, Duration rtt, std::span<uint16_t> out);
  Time NextTimer() const;

  ReceptionStats& stats() { return stats_; }
  const std::optional<CaptureReference>& reference() const { return reference_; }
  void set_reference(const CaptureReference& reference) { reference_ = reference; }

 private:
  bool StartsKeyframe(const RtpPacketView& view) const;

  UptrackConfig config_;
  bool published_ = false;
  int64_t highest_seq_ = -1;  // -1 before the first packet
  NackGenerator nacks_;
  KeyframeRequester keyframes_;
  ReceptionStats stats_;
  std::optional<CaptureReference> reference_;
};

}  // namespace duet
