#include "peer/offerer.h"

#include <algorithm>
#include <utility>

#include "peer/extension_uris.h"
#include "wire/sdp.h"

namespace duet {
namespace {

using signal::MediaKind;

constexpr PayloadType kOpus(111), kRed(63), kVp8(96), kVp8Rtx(97), kVp9(98), kVp9Rtx(99), kAv1(45), kAv1Rtx(46),
    kH264(102), kH264Rtx(103);
constexpr uint32_t kH264ConstrainedBaseline31 = 0x42E01F;

CodecConfig Picture(CodecKind kind, PayloadType payload_type, PayloadType rtx) {
  return {.kind = kind,
          .payload_type = payload_type,
          .rtx_payload_type = rtx,
          .clock_rate = 90000,
          .nack = true,
          .transport_cc = true};
}

CodecConfig CodecOf(CodecKind kind) {
  switch (kind) {
    case CodecKind::kOpus:
      return {.kind = kind,
              .payload_type = kOpus,
              .red_payload_type = kRed,
              .clock_rate = 48000,
              .nack = true,
              .transport_cc = true};
    case CodecKind::kVp8: return Picture(kind, kVp8, kVp8Rtx);
    case CodecKind::kVp9: return Picture(kind, kVp9, kVp9Rtx);
    case CodecKind::kAv1: return Picture(kind, kAv1, kAv1Rtx);
    case CodecKind::kH264: break;
  }
  CodecConfig h264 = Picture(kind, kH264, kH264Rtx);
  h264.profile_level_id = kH264ConstrainedBaseline31;
  h264.packetization_mode = 1;
  return h264;
}

void WriteCodec(const CodecConfig& config, MediaSection& section) {
  SdpCodec codec{.payload_type = config.payload_type, .clock_rate = config.clock_rate};
  switch (config.kind) {
    case CodecKind::kOpus:
      codec.name = "opus";
      codec.channels = 2;
      codec.fmtp = "minptime=10;useinbandfec=1";
      break;
    case CodecKind::kVp8: codec.name = "VP8"; break;
    case CodecKind::kVp9:
      codec.name = "VP9";
      codec.fmtp = "profile-id=0";
      break;
    case CodecKind::kAv1:
      codec.name = "AV1";
      codec.fmtp = "level-idx=5;profile=0;tier=0";
      break;
    case CodecKind::kH264:
      codec.name = "H264";
      codec.fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
      break;
  }
  codec.rtcp_feedback = {"transport-cc"};
  if (config.nack) codec.rtcp_feedback.insert(codec.rtcp_feedback.end(), {"nack", "nack pli", "ccm fir"});
  section.codecs.push_back(std::move(codec));
  if (config.red_payload_type) {
    section.codecs.push_back({.payload_type = *config.red_payload_type,
                              .name = "red",
                              .clock_rate = config.clock_rate,
                              .channels = 2,
                              .fmtp = "111/111"});
  }
  if (!config.rtx_payload_type) return;
  section.codecs.push_back({.payload_type = *config.rtx_payload_type,
                            .name = "rtx",
                            .clock_rate = config.clock_rate,
                            .fmtp = "apt=" + std::to_string(config.payload_type.value())});
}

// The ids that Offer writes, where the answer has them too.
HeaderExtensionIds ReadExtensions(const MediaSection& answer) {
  HeaderExtensionIds ids;
  for (const KnownExtension& known : kKnownExtensions) {
    if (const SdpHeaderExtension* extension = answer.FindExtension(known.uri)) ids.*known.id = extension->id;
  }
  return ids;
}

}  // namespace

Offerer::Offerer(std::vector<OfferSection> sections, DtlsFingerprint fingerprint, Rng& rng)
    : fingerprint_(std::move(fingerprint)), ice_{rng.IceString(8), rng.IceString(24)}, cname_(rng.IceString(16)) {
  for (const OfferSection& section : sections) {
    Section& ours = sections_.emplace_back(Section{section, {}});
    for (size_t i = 0; i < std::max<size_t>(section.rids.size(), 1); ++i) {
      // Never 0, and never the same for media and RTX.
      const uint32_t ssrc = rng.U32() | 1;
      ours.layers.push_back({.rid = section.rids.empty() ? "" : section.rids[i],
                             .ssrc = Ssrc(ssrc),
                             .rtx_ssrc = Ssrc(section.kind == MediaKind::kVideo ? ssrc ^ 0x80000000u : 0)});
    }
  }
}

std::string Offerer::Offer() const {
  SessionDescription offer;
  offer.origin = {.username = "-", .session_id = "1", .session_version = 1, .address = "127.0.0.1"};
  offer.extmap_allow_mixed = true;
  for (size_t i = 0; i < sections_.size(); ++i) {
    const Section& ours = sections_[i];
    const bool audio = ours.offered.kind == MediaKind::kAudio;
    MediaSection section{.kind = audio ? SectionKind::kAudio : SectionKind::kVideo,
                         .media = audio ? "audio" : "video",
                         .protocol = "UDP/TLS/RTP/SAVPF",
                         .mid = std::to_string(i)};
    section.direction = ours.offered.sends ? SdpDirection::kSendOnly : SdpDirection::kRecvOnly;
    section.rtcp_mux = true;
    section.rtcp_rsize = true;
    section.ice = SdpIce{ice_.ufrag, ice_.password};
    section.fingerprints.push_back({fingerprint_.algorithm, fingerprint_.bytes});
    section.setup = SdpSetup::kActPass;
    WriteCodec(CodecOf(ours.offered.codec), section);
    uint8_t id = 1;
    for (const KnownExtension& known : kKnownExtensions)
      section.extensions.push_back({.id = id++, .uri = std::string(known.uri)});
    if (ours.offered.sends) {
      section.msids.push_back({"stream", "track" + section.mid});
      if (ours.layers.size() > 1) {
        // As browsers do: several encodings have names, and their SSRCs are learned.
        SdpSimulcast simulcast;
        for (const LayerConfig& layer : ours.layers) {
          section.rids.push_back({.id = layer.rid, .direction = SdpRidDirection::kSend});
          simulcast.send.push_back({{.rid = layer.rid}});
        }
        section.simulcast = std::move(simulcast);
      } else {
        const LayerConfig& only = ours.layers.front();
        section.ssrcs.push_back({.ssrc = only.ssrc, .cname = cname_});
        if (only.rtx_ssrc.value() != 0) {
          section.ssrcs.push_back({.ssrc = only.rtx_ssrc, .cname = cname_});
          section.ssrc_groups.push_back({.semantics = "FID", .ssrcs = {only.ssrc, only.rtx_ssrc}});
        }
      }
    }
    offer.bundle_mids.push_back(section.mid);
    offer.sections.push_back(std::move(section));
  }
  return WriteSdp(offer);
}

std::vector<signal::TrackInfo> Offerer::Tracks() const {
  std::vector<signal::TrackInfo> tracks;
  for (size_t i = 0; i < sections_.size(); ++i) {
    const OfferSection& section = sections_[i].offered;
    if (section.sends) tracks.push_back({std::to_string(i), section.kind, section.stream, true});
  }
  return tracks;
}

void Offerer::AddDowntracks(const Section& ours, size_t index, const MediaSection& section, PeerConfig& config) const {
  for (size_t i = 0; i < ours.layers.size(); ++i) {
    const LayerConfig& layer = ours.layers[i];
    const bool all = ours.layers.size() == 1 || section.simulcast;
    if (!all && i + 1 < ours.layers.size()) continue;
    config.downtracks.push_back({.id = DowntrackId(index + 1 + kEncodingIds * i),
                                 .kind = ours.offered.kind,
                                 .mid = section.mid,
                                 .codecs = {CodecOf(ours.offered.codec)},
                                 .extensions = ReadExtensions(section),
                                 .ssrc = layer.ssrc,
                                 .rtx_ssrc = layer.rtx_ssrc,
                                 .rid = section.simulcast ? layer.rid : ""});
  }
}

Result<PeerConfig> Offerer::ReadAnswer(std::string_view text) const {
  const auto wrong = [](std::string what) { return Error{ErrorCode::kMalformed, "The answer " + std::move(what)}; };
  const Result<SessionDescription> answer = ParseSdp(text);
  if (!answer.ok()) return wrong("cannot be read: " + answer.error().message);
  if (answer->sections.size() != sections_.size()) return wrong("has another number of sections than the offer.");
  PeerConfig config;
  config.ice_role = IceRole::kControlling;
  config.local_ice = ice_;
  config.cname = cname_;
  for (size_t i = 0; i < sections_.size(); ++i) {
    const MediaSection& section = answer->sections[i];
    const Section& ours = sections_[i];
    if (section.rejected()) continue;
    if (config.remote_candidates.empty()) {
      const SdpFingerprint* fingerprint = section.PreferredFingerprint();
      if (!section.ice || fingerprint == nullptr) return wrong("has no ICE credentials or no fingerprint.");
      config.remote_ice = {section.ice->ufrag, section.ice->pwd};
      config.remote_fingerprint = {fingerprint->algorithm, fingerprint->bytes};
      config.dtls_role = section.setup == SdpSetup::kActive ? DtlsRole::kServer : DtlsRole::kClient;
      for (const SdpCandidate& candidate : section.candidates) {
        const Result<IpAddress> ip = IpAddress::Parse(candidate.address);
        if (ip.ok() && candidate.transport == SdpTransport::kUdp)
          config.remote_candidates.push_back({*ip, candidate.port});
      }
      if (config.remote_candidates.empty()) return wrong("has no candidate that can be used.");
    }
    const HeaderExtensionIds extensions = ReadExtensions(section);
    CodecConfig codec = CodecOf(ours.offered.codec);
    if (section.FindCodec(codec.payload_type) == nullptr) return wrong("lacks a codec that was offered.");
    if (ours.offered.sends) {
      AddDowntracks(ours, i, section, config);
    } else {
      UptrackConfig track{.id = UptrackId(i + 1),
                          .kind = ours.offered.kind,
                          .mid = section.mid,
                          .codec = codec,
                          .extensions = extensions};
      if (!section.ssrcs.empty()) {
        LayerConfig& only = track.layers.front();
        only.ssrc = section.ssrcs.front().ssrc;
        only.rtx_ssrc = section.FindRtxSsrc(only.ssrc).value_or(Ssrc());
      }
      config.uptracks.push_back(std::move(track));
    }
  }
  if (config.remote_candidates.empty()) return wrong("rejects every section.");
  return config;
}

}  // namespace duet
