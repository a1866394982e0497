// UptrackLayer: one RTP stream of an Uptrack. It numbers, counts, asks for what is missing, and knows where a decoder
// can start.
//
// Thread rule: owned by one Uptrack. Nothing here allocates after construction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/seq.h"
#include "base/time.h"
#include "core/nack/keyframe_requester.h"
#include "core/nack/nack_generator.h"
#include "core/report/reception_stats.h"
#include "peer/capture_reference.h"
#include "peer/frame_layers.h"
#include "peer/peer_config.h"

namespace duet {

class UptrackLayer {
 public:
  UptrackLayer(LayerConfig config, const CodecConfig& codec)
      : config_(std::move(config)), reader_(codec.kind), stats_(codec.clock_rate) {}

  const LayerConfig& config() const { return config_; }
  // SSRCs that the offer did not say are learned from the first packets.
  void LearnSsrc(Ssrc ssrc) { config_.ssrc = ssrc; }
  void LearnRtxSsrc(Ssrc ssrc) { config_.rtx_ssrc = ssrc; }

  // A packet of the stream itself, with its extended sequence number. False when it was there before.
  bool OnPacket(Time now, int64_t seq, uint32_t timestamp, bool repaired);
  // What the packet says of keyframes and of the layers in the stream.
  FrameLayerReader::Reading Read(const RtpPacketView& view, int64_t seq, uint8_t dependency_id) {
    return reader_.Read(view, seq, dependency_id);
  }
  // Whether the packet with this extended number came, or is too old to tell.
  bool Has(int64_t seq) const { return nacks_.Has(seq); }
  void OnKeyframe(Time now, int64_t seq);
  // The extended number of a sequence number that came inside an RTX packet; negative for one from before the
  // beginning. Only when started.
  int64_t Extend(uint16_t seq) const { return highest_seq_ + WrapDistance(static_cast<uint16_t>(highest_seq_), seq); }
  bool started() const { return highest_seq_ >= 0; }

  void RequestKeyframe(Time now) { keyframes_.Request(now); }
  void WithdrawKeyframeRequest() { keyframes_.Withdraw(); }
  // True when a PLI is to be sent now. Never while the SSRC is not known.
  bool TakeKeyframeRequest(Time now, Duration rtt) { return known() && keyframes_.Due(now, rtt); }
  // Sequence numbers to ask for again, at most out.size(); returns how many.
  size_t TakeNacks(Time now, Duration rtt, std::span<uint16_t> out) { return nacks_.Due(now, rtt, out); }
  // What is given up for lost leaves a hole that only a keyframe closes. True once for each time.
  bool TakeGivenUp() { return nacks_.TakeGivenUp(); }
  Time next_nack() const { return nacks_.NextTimer(); }
  Time next_keyframe_request() const { return known() ? keyframes_.NextTimer() : Time::Never(); }

  ReceptionStats& stats() { return stats_; }
  // Nothing before its first sender report.
  const std::optional<CaptureReference>& reference() const { return reference_; }
  void set_reference(const CaptureReference& reference) { reference_ = reference; }

 private:
  bool known() const { return config_.ssrc.value() != 0; }

  LayerConfig config_;
  int64_t highest_seq_ = -1;  // -1 before the first packet
  NackGenerator nacks_;
  KeyframeRequester keyframes_;
  FrameLayerReader reader_;
  ReceptionStats stats_;
  std::optional<CaptureReference> reference_;
};

}  // namespace duet
