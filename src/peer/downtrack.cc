#include "peer/downtrack.h"

#include <algorithm>

#include "base/seq.h"
#include "core/rtx/rtx.h"
#include "wire/h264.h"

namespace duet {
namespace {

// A first sequence number in the lower half of the circle leaves room before the first wrap, so that the receiver of
// SRTP cannot guess the rollover counter wrong when the first packets are lost (RFC 3711 section 3.3.1).
int64_t FirstSeq(Rng& rng) { return static_cast<int64_t>(rng.Below(0x7000) + 1); }

bool SameH264(const CodecConfig& a, const CodecConfig& b) {
  return IsSameH264Format(H264ProfileLevelId::FromNumber(a.profile_level_id), a.packetization_mode,
                          H264ProfileLevelId::FromNumber(b.profile_level_id), b.packetization_mode);
}

// The remote's codec for what a source sends: an exact match before one of the same kind.
const CodecConfig* Match(const std::vector<CodecConfig>& codecs, const CodecConfig& source) {
  const CodecConfig* same_kind = nullptr;
  for (const CodecConfig& codec : codecs) {
    if (codec.kind != source.kind) continue;
    if (codec.kind != CodecKind::kH264 || SameH264(codec, source)) return &codec;
    // Every H.264 decoder in the field reads constrained baseline; a packetization mode that it did not offer is
    // another matter.
    if (codec.packetization_mode == source.packetization_mode && same_kind == nullptr) same_kind = &codec;
  }
  return same_kind;
}

constexpr size_t kMaxRedBytes = 1100;
// With what NACKs bring back this is enough for a loss of 70 %; more would take the path from the picture.
constexpr int kMaxRedDepth = 3;

struct PassedExtension {
  uint8_t in;
  uint8_t out;
};

}  // namespace

Downtrack::Downtrack(DowntrackConfig config, Rng& rng)
    : config_(std::move(config)),
      last_seq_(FirstSeq(rng)),
      last_timestamp_(rng.U32()),
      rtx_seq_(FirstSeq(rng)),
      history_(config_.kind == signal::MediaKind::kVideo ? kVideoHistory : kAudioHistory, kMaxAge) {}

bool Downtrack::SetSource(const UptrackConfig* source) {
  const UptrackId id = source != nullptr ? source->id : UptrackId();
  const bool same = id == source_;
  codec_ = source != nullptr ? Match(config_.codecs, source->codec) : nullptr;
  source_ = codec_ != nullptr ? id : UptrackId();
  const HeaderExtensionIds former_extensions = source_extensions_;
  if (source != nullptr) source_extensions_ = source->extensions;
  // The receiver has no use for what it missed of somebody who is no longer on this slot; and a packet that is sent
  // again must come out byte for byte as before, which other extensions would change.
  if (!same || former_extensions != source_extensions_) history_.Clear();
  if (!same) {
    started_ = false;
    references_ = {};
    layers_.Reset(source != nullptr ? source->layers.size() : 1);
    const bool may_hold_layers =
        codec_ != nullptr && codec_->kind != CodecKind::kOpus && codec_->kind != CodecKind::kH264;
    // Once there it stays: what the receiver saw of numbers goes on.
    if (may_hold_layers && !filter_) filter_ = std::make_unique<LayerFilter>();
  }
  return source == nullptr || codec_ != nullptr;
}

const std::optional<CaptureReference>& Downtrack::current_reference() const {
  return references_[static_cast<size_t>(std::max(layers_.stream(layers_.current()), 0))];
}

uint32_t Downtrack::Elapsed(Time now, const ReceivedRtp& in) const {
  if (!ever_sent_) return 0;
  const int64_t rate = codec_->clock_rate;
  // Two layers of one picture: their sender reports say when each was captured (RFC 3550 section 6.4.1), which the time
  // of arrival blurs.
  const std::optional<CaptureReference>& from = current_reference();
  const std::optional<CaptureReference>& to = references_[static_cast<size_t>(in.layer)];
  if (started_ && from && to) {
    const int64_t since_report = static_cast<int32_t>(in.view.timestamp - to->rtp_timestamp);
    const int64_t report_ticks = (to->time - from->time).us() * rate / 1'000'000;
    const auto now_ticks = static_cast<uint32_t>(since_report + report_ticks);
    const auto elapsed = static_cast<int32_t>(from->rtp_timestamp + timestamp_offset_ + now_ticks - last_timestamp_);
    constexpr int64_t kPlausibleSeconds = 3;
    if (elapsed > 0 && elapsed < kPlausibleSeconds * rate) return static_cast<uint32_t>(elapsed);
  }
  const int64_t ticks = (now - last_sent_at_).us() * rate / 1'000'000;
  return static_cast<uint32_t>(std::max<int64_t>(ticks, 1));
}

void Downtrack::Start(Time now, const ReceivedRtp& in) {
  seq_offset_ = last_seq_ + 1 - in.seq;
  timestamp_offset_ = last_timestamp_ + Elapsed(now, in) - in.view.timestamp;
  first_in_seq_ = newest_in_seq_ = in.seq;
  layers_.SwitchToTarget();
  if (filter_) filter_->Start(in.seq, last_seq_ + 1);
  started_ = true;
  ever_sent_ = true;
  FollowChoice();
}

void Downtrack::FollowChoice() {
  if (!filter_) return;
  if (layers_.in_one_stream() && !layers_.needs_keyframe()) layers_.SwitchToTarget();
  filter_->set_spatial(std::max(layers_.in_one_stream() ? layers_.current() : 0, 0));
  filter_->set_temporal(layers_.temporal());
}

void Downtrack::SetPaused(bool paused) {
  if (paused_ && !paused && config_.kind == signal::MediaKind::kVideo) {
    started_ = false;
    layers_.Restart();
  }
  paused_ = paused;
}

Result<int64_t, Drop> Downtrack::Accept(Time now, const ReceivedRtp& in) {
  if (codec_ == nullptr || in.uptrack != source_) return Drop::kDisabled;
  layers_.OnPacket(now, in.layer, in.frame, in.packet->size());
  if (paused_) return Drop::kLayerFiltered;
  if (!layers_.passes(in.layer)) {
    if (!layers_.awaits(in.layer)) return Drop::kLayerFiltered;
    if (!in.starts_keyframe) return Drop::kNoKeyframe;
    Start(now, in);
  } else if (layers_.in_one_stream() && in.starts_keyframe && in.seq > newest_in_seq_) {
    layers_.SwitchToTarget();
    FollowChoice();
  }
  // What belongs before the start has no number left.
  if (in.seq < first_in_seq_) return Drop::kLayerFiltered;
  newest_in_seq_ = std::max(newest_in_seq_, in.seq);

  Place place{.timestamp = in.view.timestamp + timestamp_offset_, .marker = in.view.marker};
  const auto number = Number(in, place);
  if (!number) return Drop::kLayerFiltered;
  const int64_t seq = *number;
  const uint32_t timestamp = place.timestamp;
  if (seq > last_seq_) {
    last_seq_ = seq;
    last_timestamp_ = timestamp;
    last_sent_at_ = now;
  }
  UpdateRed(now, in);
  PacketRef red = red_.depth() > 0 ? MakeRed(in) : PacketRef();
  place.payload_type = red ? *codec_->red_payload_type : codec_->payload_type;
  history_.Put(now, seq, red ? std::move(red) : in.packet, place);
  return seq;
}

std::optional<int64_t> Downtrack::Number(const ReceivedRtp& in, Place& place) {
  if (!filter_) return in.seq + seq_offset_;
  const auto placed = filter_->Accept(in);
  if (!placed) return std::nullopt;
  place.marker = placed->marker;
  place.renumbered = placed->numbers.has_value();
  place.numbers = placed->numbers.value_or(Vp8Numbers());
  return placed->seq;
}

void Downtrack::UpdateRed(Time now, const ReceivedRtp& in) {
  if (in.red == nullptr || !codec_->red_payload_type || now < next_red_) return;
  constexpr Duration kInterval = Duration::Seconds(1);
  next_red_ = now + kInterval;
  red_.Update(now, loss_, std::min(in.red->MaxDepth(red_budget_bps_, kMaxRedBytes), kMaxRedDepth));
}

// The packet with what came before it in front. Null when the pool is empty or nothing fits: then it goes alone.
PacketRef Downtrack::MakeRed(const ReceivedRtp& in) const {
  PacketRef red = in.packet->pool().Acquire();
  if (!red) return red;
  const size_t header = in.view.header_size;
  const MutableBytes out = red->buffer();
  std::copy_n(in.packet->bytes().begin(), header, out.begin());
  out[0] &= ~std::byte{0x20};  // padding is not passed on
  const size_t size = in.red->Write({.seq = in.seq,
                                     .timestamp = in.view.timestamp,
                                     .primary = in.view.payload(),
                                     .first_seq = first_in_seq_,
                                     .depth = red_.depth(),
                                     .payload_type = codec_->payload_type},
                                    out.subspan(header, kMaxRedBytes));
  if (size == 0) return PacketRef();
  red->set_size(header + size);
  return red;
}

std::optional<Downtrack::Rendered> Downtrack::Render(int64_t seq, uint16_t transport_seq, MutableBytes out,
                                                     const RtpPacketView* view) {
  auto* record = history_.Find(seq);
  if (record == nullptr || record->rewrite.sent) return std::nullopt;
  std::optional<RtpPacketView> parsed;
  if (view == nullptr) {
    parsed = ParseRtp(record->packet->bytes());
    if (!parsed) return std::nullopt;
    view = &*parsed;
  }
  Place& place = record->rewrite;
  place.transport_seq = transport_seq;
  place.sent = true;
  const Header header{place.payload_type, static_cast<uint16_t>(seq), config_.ssrc, transport_seq};
  const size_t header_size = WriteHeader(*view, place, header, out);
  if (header_size == 0) return std::nullopt;
  stats_.OnSent(view->payload_size);
  const Bytes payload = RenderPayload(*view, place, out.subspan(header_size));
  return Rendered{config_.ssrc, static_cast<uint64_t>(seq), header_size, payload};
}

// The publisher's bytes, or a copy of them with other numbers in `room`, where it is encrypted in place.
Bytes Downtrack::RenderPayload(const RtpPacketView& view, const Place& place, MutableBytes room) const {
  const Bytes payload = view.payload();
  if (!changes_payload(place) || payload.size() > room.size()) return payload;
  std::copy(payload.begin(), payload.end(), room.begin());
  RewriteVp8Descriptor(payload, ParseVp8Payload(payload), place.numbers, room);
  return room.first(payload.size());
}

std::optional<uint32_t> Downtrack::TimestampAt(Time now) const {
  const std::optional<CaptureReference>& reference = current_reference();
  if (!started_ || !reference) return std::nullopt;
  const int64_t ticks = (now - reference->time).us() * static_cast<int64_t>(codec_->clock_rate) / 1'000'000;
  return reference->rtp_timestamp + timestamp_offset_ + static_cast<uint32_t>(ticks);
}

// The names by which the remote tells a client's encodings apart (RFC 8852); the server's slots have their SSRCs in the
// answer and need none.
void Downtrack::AddNames(Ssrc ssrc, RtpHeaderWriter& writer) const {
  if (config_.rid.empty()) return;
  const uint8_t rid = ssrc == config_.ssrc ? config_.extensions.rid : config_.extensions.repaired_rid;
  if (config_.extensions.mid != 0) writer.AddExtension(config_.extensions.mid, AsBytes(config_.mid));
  if (rid != 0) writer.AddExtension(rid, AsBytes(config_.rid));
}

// A descriptor that numbers frames on from whoever was seen before (LayerFilter).
void Downtrack::AddDependencyDescriptor(const RtpPacketView& view, const Place& place, RtpHeaderWriter& writer) const {
  const uint8_t id = config_.extensions.dependency_descriptor;
  if (id == 0 || !place.renumbered || codec_->kind != CodecKind::kAv1) return;
  const Bytes content = view.Extension(source_extensions_.dependency_descriptor);
  std::array<std::byte, 255> own;
  if (content.size() < 3 || content.size() > own.size()) return;
  std::copy(content.begin(), content.end(), own.begin());
  StoreU16(&own[1], place.numbers.picture_id);
  writer.AddExtension(id, Bytes(own).first(content.size()));
}

size_t Downtrack::WriteHeader(const RtpPacketView& view, const Place& place, const Header& header,
                              MutableBytes out) const {
  RtpHeaderWriter writer(out);
  writer.Begin({.marker = place.marker != 0,
                .payload_type = header.payload_type,
                .sequence_number = header.seq,
                .timestamp = place.timestamp,
                .ssrc = header.ssrc,
                .padding = false});
  if (const uint8_t id = config_.extensions.transport_cc; id != 0) {
    std::byte number[2];
    StoreU16(number, header.transport_seq);
    writer.AddExtension(id, number);
  }
  AddNames(header.ssrc, writer);
  if (view.has_extensions()) {
    const PassedExtension passed[] = {{source_extensions_.audio_level, config_.extensions.audio_level},
                                      {source_extensions_.video_orientation, config_.extensions.video_orientation},
                                      {source_extensions_.playout_delay, config_.extensions.playout_delay}};
    for (const PassedExtension& extension : passed) {
      if (extension.in == 0 || extension.out == 0) continue;
      const Bytes content = view.Extension(extension.in);
      if (!content.empty()) writer.AddExtension(extension.out, content);
    }
    AddDependencyDescriptor(view, place, writer);
  }
  return writer.Finish();
}

std::optional<Downtrack::Again> Downtrack::Resend(Time now, Duration rtt, uint16_t seq) {
  if (codec_ == nullptr) return std::nullopt;
  const auto found = history_.Resend(now, rtt, seq);
  if (found.record == nullptr || found.seq < first_repeated_) return std::nullopt;
  return Again{found.seq, found.record->packet->size()};
}

std::optional<Duration> Downtrack::AgeOfSentOnce(Time now, uint16_t seq) {
  const auto* record = history_.Find(last_seq_ + WrapDistance(static_cast<uint16_t>(last_seq_), seq));
  if (record == nullptr || record->resends > 0) return std::nullopt;
  return history_.Age(now, *record);
}

Downtrack::Filling Downtrack::NewestForPadding() {
  const auto* record = can_pad() ? history_.Find(last_seq_) : nullptr;
  if (record == nullptr) return {};
  const auto view = ParseRtp(record->packet->bytes());
  return {last_seq_, view ? size_t{view->payload_size} : 0};
}

Downtrack::Rendered Downtrack::RenderPadding(size_t bytes, uint16_t transport_seq, MutableBytes out,
                                             MutableBytes scratch) {
  const size_t padding = std::clamp<size_t>(bytes, 1, kMaxPadding);
  std::fill_n(scratch.begin(), padding, std::byte{0});
  scratch[padding - 1] = static_cast<std::byte>(padding);
  ++rtx_seq_;
  RtpHeaderWriter writer(out);
  writer.Begin({.payload_type = *codec_->rtx_payload_type,
                .sequence_number = static_cast<uint16_t>(rtx_seq_),
                .timestamp = last_timestamp_,
                .ssrc = config_.rtx_ssrc,
                .padding = true});
  if (const uint8_t id = config_.extensions.transport_cc; id != 0) {
    std::byte number[2];
    StoreU16(number, transport_seq);
    writer.AddExtension(id, number);
  }
  AddNames(config_.rtx_ssrc, writer);
  return {config_.rtx_ssrc, static_cast<uint64_t>(rtx_seq_), writer.Finish(), scratch.first(padding)};
}

std::optional<Downtrack::Rendered> Downtrack::RenderAgain(int64_t seq, uint16_t transport_seq, MutableBytes out,
                                                          MutableBytes scratch) {
  const auto* record = history_.Find(seq);
  if (record == nullptr || codec_ == nullptr) return std::nullopt;
  const auto view = ParseRtp(record->packet->bytes());
  if (!view) return std::nullopt;
  const Place& place = record->rewrite;
  if (!has_rtx()) {
    if (!place.sent) return std::nullopt;
    // The same bytes under the same index: what GCM allows.
    const Header header{place.payload_type, static_cast<uint16_t>(seq), config_.ssrc, place.transport_seq};
    const size_t header_size = WriteHeader(*view, place, header, out);
    if (header_size == 0) return std::nullopt;
    const Bytes payload = RenderPayload(*view, place, out.subspan(header_size));
    return Rendered{config_.ssrc, static_cast<uint64_t>(seq), header_size, payload, place.transport_seq};
  }
  const size_t size = WriteRtxPayload(static_cast<uint16_t>(seq), view->payload(), scratch);
  constexpr size_t kOriginalNumberBytes = 2;
  if (size > 0 && changes_payload(place))
    RewriteVp8Descriptor(view->payload(), ParseVp8Payload(view->payload()), place.numbers,
                         scratch.subspan(kOriginalNumberBytes));
  ++rtx_seq_;
  const Header header{*codec_->rtx_payload_type, static_cast<uint16_t>(rtx_seq_), config_.rtx_ssrc, transport_seq};
  const size_t header_size = WriteHeader(*view, place, header, out);
  if (header_size == 0 || size == 0) return std::nullopt;
  return Rendered{config_.rtx_ssrc, static_cast<uint64_t>(rtx_seq_), header_size, scratch.first(size)};
}

}  // namespace duet
