// Downtrack: one slot on which we send to a remote, whoever is heard or seen on it.
//
// The remote sees one stream: one SSRC, sequence numbers and timestamps that go on without a jump when the source
// changes. Towards the source it keeps two offsets,
//
//   sequence_out  = sequence_in  + seq_offset          (64 bits; the low 16 go out, all 48 are the SRTP index)
//   timestamp_out = timestamp_in + timestamp_offset    (mod 2^32)
//
// that are set anew by the first packet of a source, or of another layer of it: the number after the last one sent, and
// the last timestamp plus the time that passed. A gap in the source stays a gap, so that a packet that is recovered
// late still has its place. A video source, and each layer of it (LayerChoice), starts at a keyframe.
//
// Accept gives a packet its place and remembers it (by reference); Render writes its header when it leaves, at once or
// after it waited in the pacer. A NACK re-encrypts what is remembered: as RTX (RFC 4588) when negotiated, else as the
// identical packet. None of them allocates.
//
// To a receiver that loses much each packet of sound repeats some before it (RFC 2198). Such a packet is made when it
// is accepted, and what is remembered is what was made.
//
// Thread rule: owned by one Peer. Invariant: no sequence number goes out with two different contents (GCM forbids it).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/drop.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"
#include "core/red/red_depth.h"
#include "core/report/sender_stats.h"
#include "core/rtx/packet_history.h"
#include "peer/capture_reference.h"
#include "peer/layer_choice.h"
#include "peer/layer_filter.h"
#include "peer/received_rtp.h"

namespace duet {

class Downtrack {
 public:
  // Packets kept for retransmission, at most; a second of video at 500 packets/s, two of audio.
  static constexpr size_t kVideoHistory = 512;
  static constexpr size_t kAudioHistory = 128;
  // No receiver waits longer for what it misses.
  static constexpr Duration kMaxAge = Duration::Seconds(3);

  Downtrack(DowntrackConfig config, Rng& rng);

  const DowntrackConfig& config() const { return config_; }
  // 0 = the slot is empty.
  UptrackId source() const { return source_; }
  // True from SetSource until a keyframe of the new source was passed on.
  bool waits_for_keyframe() const {
    return source_.value() != 0 && !started_ && !paused_ && config_.kind == signal::MediaKind::kVideo;
  }

  // Takes this track from now on; null empties the slot. False when the remote cannot decode it: the slot stays empty.
  bool SetSource(const UptrackConfig* source);
  // Which size the receiver's person asked for.
  signal::Quality quality() const { return quality_; }
  void set_quality(signal::Quality quality) { quality_ = quality; }

  // Gives the packet its number and remembers it. The number is also the SRTP index.
  Result<int64_t, Drop> Accept(Time now, const ReceivedRtp& in);

  // The place that the packet with this number of the source will have.
  void PrefetchPlace(int64_t in_seq) const { history_.Prefetch(in_seq + seq_offset_); }

  // The layer choice was changed: what goes follows, at once or at the next keyframe.
  void FollowChoice();
  LayerChoice& layers() { return layers_; }
  const LayerChoice& layers() const { return layers_; }
  // What comes on the layer that is passed on, accepted or not.
  int64_t offered_bps(Time now) { return layers_.OfferedBps(now); }
  // The part of the path that this slot has, in bit/s; -1 = not divided yet.
  int64_t share_bps() const { return share_bps_; }
  void set_share(int64_t bps) { share_bps_ = bps; }
  // What a source of our own (a client's encoder) would send if the path let it, in bit/s; -1 = as it looks from what
  // comes.
  int64_t wanted_bps() const { return wanted_bps_; }
  void set_wanted(int64_t bps) { wanted_bps_ = bps; }
  // What is lost on the way to the remote (0..1) and what may be spent on repeating sound, in bit/s; every 100 ms or
  // so.
  void SetLoss(double loss, int64_t red_budget_bps) {
    loss_ = loss;
    red_budget_bps_ = red_budget_bps;
  }
  // How many packets before it each packet of sound repeats.
  int red_depth() const { return red_.depth(); }
  // While paused nothing is accepted; afterwards a video source starts again at a keyframe. For want of bandwidth.
  void SetPaused(bool paused);
  bool paused() const { return paused_; }

  struct Rendered {
    Ssrc ssrc;
    uint64_t index = 0;  // for SRTP
    size_t header_size = 0;
    Bytes payload;
    std::optional<uint16_t> repeats;  // the transport-wide number that it had before, and has again
  };
  // Writes the header of an accepted packet that leaves now, with the transport-wide number. Nothing when the packet is
  // no longer remembered (the source has changed while it waited). `view`: of the packet, where that is at hand.
  std::optional<Rendered> Render(int64_t seq, uint16_t transport_seq, MutableBytes out,
                                 const RtpPacketView* view = nullptr);

  // Whether the packet that a NACK asks for is to be sent again, and its extended number. It counts as sent again from
  // here on; `rtt`: a second request that comes sooner was on its way before our answer could arrive.
  struct Again {
    int64_t seq = 0;
    size_t size = 0;  // of its payload, bytes
  };
  std::optional<Again> Resend(Time now, Duration rtt, uint16_t seq);
  // How long ago the packet left; nothing when it is not remembered or was sent again since.
  std::optional<Duration> AgeOfSentOnce(Time now, uint16_t seq);
  // What was sent until now is not sent again: a keyframe is to come in its place.
  void GiveUpSent() { first_repeated_ = last_seq_ + 1; }
  bool has_rtx() const { return config_.rtx_ssrc.value() != 0 && codec_ != nullptr && codec_->rtx_payload_type; }
  // The packet once more: as RTX, with the payload copied to `scratch`; without RTX the same bytes as before, with the
  // transport-wide number that they had.
  std::optional<Rendered> RenderAgain(int64_t seq, uint16_t transport_seq, MutableBytes out, MutableBytes scratch);
  // The newest packet, for RTX that fills a probe, and the bytes of its payload; 0 when there is none.
  struct Filling {
    int64_t seq = 0;
    size_t size = 0;
  };
  Filling NewestForPadding();
  static constexpr size_t kMaxPadding = 255;
  // A packet of the RTX stream with nothing but padding, up to kMaxPadding bytes: a probe's filling when there is no
  // picture to repeat (RFC 4588 section 8.3 lets a sender do so). REQUIRES: can_pad().
  Rendered RenderPadding(size_t bytes, uint16_t transport_seq, MutableBytes out, MutableBytes scratch);
  bool can_pad() const { return ever_sent_ && has_rtx(); }

  // For sender reports (RFC 3550 section 6.4.1).
  const SenderStats& stats() const { return stats_; }
  // Where the clock of a layer of the source stands; nothing before its first sender report.
  void set_reference(size_t layer, const std::optional<CaptureReference>& reference) { references_[layer] = reference; }
  // The RTP timestamp, as this receiver sees it, of what is captured `now`; nothing while that is not known or nothing
  // is sent.
  std::optional<uint32_t> TimestampAt(Time now) const;

 private:
  struct Place {
    uint32_t timestamp = 0;
    uint16_t transport_seq = 0;
    PayloadType payload_type;
    uint8_t sent : 1 = 0;        // rendered once; before that there is nothing to repeat
    uint8_t marker : 1 = 0;      // ends a picture
    uint8_t renumbered : 1 = 0;  // `numbers` stand in place of the publisher's (LayerFilter)
    Vp8Numbers numbers;
  };
  void Start(Time now, const ReceivedRtp& in);
  // The number for a packet that goes, and what its place remembers; nothing when it does not go.
  std::optional<int64_t> Number(const ReceivedRtp& in, Place& place);
  void UpdateRed(Time now, const ReceivedRtp& in);
  PacketRef MakeRed(const ReceivedRtp& in) const;
  // What the timestamps go on by, from the last one sent to the first of `in`.
  uint32_t Elapsed(Time now, const ReceivedRtp& in) const;
  const std::optional<CaptureReference>& current_reference() const;
  void AddNames(Ssrc ssrc, RtpHeaderWriter& writer) const;
  struct Header {
    PayloadType payload_type;
    uint16_t seq = 0;
    Ssrc ssrc;
    uint16_t transport_seq = 0;
  };
  size_t WriteHeader(const RtpPacketView& view, const Place& place, const Header& header, MutableBytes out) const;
  void AddDependencyDescriptor(const RtpPacketView& view, const Place& place, RtpHeaderWriter& writer) const;
  Bytes RenderPayload(const RtpPacketView& view, const Place& place, MutableBytes room) const;
  // Whether its payload is not the publisher's, byte for byte.
  bool changes_payload(const Place& place) const {
    return place.renumbered && codec_ != nullptr && codec_->kind == CodecKind::kVp8;
  }

  DowntrackConfig config_;
  UptrackId source_;
  HeaderExtensionIds source_extensions_;
  const CodecConfig* codec_ = nullptr;  // the remote's payload types for the current source; points into config_
  signal::Quality quality_ = signal::Quality::kAuto;
  LayerChoice layers_;
  std::unique_ptr<LayerFilter> filter_;  // only for codecs whose streams can hold layers
  bool started_ = false;
  bool paused_ = false;
  double loss_ = 0;
  int64_t red_budget_bps_ = 0;
  RedDepth red_;
  Time next_red_ = Time::LongAgo();
  int64_t share_bps_ = -1;
  int64_t wanted_bps_ = -1;
  bool ever_sent_ = false;
  int64_t seq_offset_ = 0;
  uint32_t timestamp_offset_ = 0;
  int64_t first_in_seq_ = 0;
  int64_t newest_in_seq_ = 0;
  int64_t last_seq_ = 0;  // highest sent
  int64_t first_repeated_ = 0;
  uint32_t last_timestamp_ = 0;
  Time last_sent_at_;
  int64_t rtx_seq_ = 0;
  SenderStats stats_;
  std::array<std::optional<CaptureReference>, kMaxLayers> references_;
  PacketHistory<Place> history_;
};

}  // namespace duet
