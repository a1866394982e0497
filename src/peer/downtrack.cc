#include "peer/downtrack.h"

#include <algorithm>
#include <cstring>

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
      history_(config_.kind == signal::MediaKind::kVideo ? kVideoHistory : kAudioHistory) {}

bool Downtrack::SetSource(UptrackId source, const CodecConfig* codec, const HeaderExtensionIds* extensions) {
  const bool same = source == source_;
  codec_ = codec != nullptr ? Match(config_.codecs, *codec) : nullptr;
  source_ = codec_ != nullptr ? source : UptrackId();
  const HeaderExtensionIds former_extensions = source_extensions_;
  if (extensions != nullptr) source_extensions_ = *extensions;
  // The receiver has no use for what it missed of somebody who is no longer on this slot; and a packet that is sent
  // again must come out byte for byte as before, which other extensions would change.
  if (!same || former_extensions != source_extensions_) history_.Clear();
  if (!same) {
    started_ = false;
    reference_.reset();
  }
  return source.value() == 0 || codec_ != nullptr;
}

void Downtrack::Start(Time now, const ReceivedRtp& in) {
  seq_offset_ = last_seq_ + 1 - in.seq;
  uint32_t elapsed = 0;
  if (ever_sent_) {
    const int64_t ticks = (now - last_sent_at_).us() * static_cast<int64_t>(codec_->clock_rate) / 1'000'000;
    elapsed = static_cast<uint32_t>(std::max<int64_t>(ticks, 1));
  }
  timestamp_offset_ = last_timestamp_ + elapsed - in.view.timestamp;
  first_in_seq_ = in.seq;
  started_ = true;
  ever_sent_ = true;
}

Result<Downtrack::Rewritten, Drop> Downtrack::Rewrite(Time now, const ReceivedRtp& in, MutableBytes out) {
  if (codec_ == nullptr || in.uptrack != source_) return Drop::kDisabled;
  if (!started_) {
    if (!in.starts_keyframe) return Drop::kNoKeyframe;
    Start(now, in);
  }
  // What belongs before the start has no number left.
  if (in.seq < first_in_seq_) return Drop::kNoKeyframe;

  const int64_t seq = in.seq + seq_offset_;
  const uint32_t timestamp = in.view.timestamp + timestamp_offset_;
  const size_t header_size =
      WriteHeader(in.view, codec_->payload_type, static_cast<uint16_t>(seq), timestamp, config_.ssrc, out);
  if (header_size == 0) return Drop::kMalformed;
  if (seq > last_seq_) {
    last_seq_ = seq;
    last_timestamp_ = timestamp;
    last_sent_at_ = now;
  }
  ++sent_.packets;
  sent_.octets += in.view.payload_size;

  Record& record = history_.Put(seq, Record{});
  record.packet = in.packet;
  record.timestamp = timestamp;
  record.payload_type = codec_->payload_type.value();
  record.in_seq = in.seq;
  return Rewritten{header_size, in.view.payload(), static_cast<uint64_t>(seq)};
}

std::optional<uint32_t> Downtrack::TimestampAt(Time now) const {
  if (!started_ || !reference_) return std::nullopt;
  const int64_t ticks = (now - reference_->time).us() * static_cast<int64_t>(codec_->clock_rate) / 1'000'000;
  return reference_->rtp_timestamp + timestamp_offset_ + static_cast<uint32_t>(ticks);
}

size_t Downtrack::WriteHeader(const RtpPacketView& view, PayloadType payload_type, uint16_t seq, uint32_t timestamp,
                              Ssrc ssrc, MutableBytes out) const {
  RtpHeaderWriter writer(out);
  writer.Begin({.marker = view.marker,
                .payload_type = payload_type,
                .sequence_number = seq,
                .timestamp = timestamp,
                .ssrc = ssrc,
                .padding = false});
  if (view.has_extensions()) {
    const PassedExtension passed[] = {{source_extensions_.audio_level, config_.extensions.audio_level},
                                      {source_extensions_.video_orientation, config_.extensions.video_orientation},
                                      {source_extensions_.playout_delay, config_.extensions.playout_delay}};
    for (const PassedExtension& extension : passed) {
      if (extension.in == 0 || extension.out == 0) continue;
      const Bytes content = view.Extension(extension.in);
      if (!content.empty()) writer.AddExtension(extension.out, content);
    }
  }
  return writer.Finish();
}

Result<Downtrack::Resend, Drop> Downtrack::Retransmit(Time now, Duration rtt, uint16_t seq, MutableBytes out,
                                                      MutableBytes scratch) {
  constexpr uint8_t kMaxResends = 10;
  const int64_t extended = last_seq_ + WrapDistance(static_cast<uint16_t>(last_seq_), seq);
  Record* record = extended >= 0 ? history_.Find(extended) : nullptr;
  if (record == nullptr || codec_ == nullptr) return Drop::kUnknownSsrc;
  if (record->resends >= kMaxResends || now - record->resent_at < rtt) return Drop::kNotReady;
  const auto view = ParseRtp(record->packet->bytes());
  if (!view) return Drop::kMalformed;
  record->resent_at = now;
  ++record->resends;

  if (config_.rtx_ssrc.value() == 0 || !codec_->rtx_payload_type) {
    // The same bytes under the same index: what GCM allows.
    const size_t header_size =
        WriteHeader(*view, PayloadType(record->payload_type), seq, record->timestamp, config_.ssrc, out);
    if (header_size == 0) return Drop::kMalformed;
    return Resend{config_.ssrc, header_size, static_cast<uint64_t>(extended), view->payload()};
  }
  const size_t size = view->payload().size() + 2;
  if (scratch.size() < size) return Drop::kMalformed;
  ++rtx_seq_;
  const size_t header_size = WriteHeader(*view, *codec_->rtx_payload_type, static_cast<uint16_t>(rtx_seq_),
                                         record->timestamp, config_.rtx_ssrc, out);
  if (header_size == 0) return Drop::kMalformed;
  StoreU16(scratch.data(), seq);
  std::memcpy(scratch.data() + 2, view->payload().data(), view->payload().size());
  return Resend{config_.rtx_ssrc, header_size, static_cast<uint64_t>(rtx_seq_), scratch.first(size)};
}

}  // namespace duet
