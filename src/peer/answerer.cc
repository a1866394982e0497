#include "peer/answerer.h"

#include <algorithm>

#include "peer/extension_uris.h"
#include "wire/h264.h"
#include "wire/sdp.h"

namespace duet {
namespace {

using signal::MakeError;
using signal::MediaKind;
using signal::SignalError;
using signal::SignalErrorKind;

constexpr size_t kMaxTracks = 64;  // sending sections and slots of one peer, each

SignalError SdpError(std::string message) { return MakeError(SignalErrorKind::kSdpInvalid, std::move(message)); }

// ---- codecs
// -------------------------------------------------------------------------------------------------------------------------------

std::optional<CodecKind> KnownKind(const SdpCodec& codec, MediaKind kind) {
  if (kind == MediaKind::kAudio) {
    if (codec.Is("opus") && codec.clock_rate == 48000 && codec.channels == 2) return CodecKind::kOpus;
    return std::nullopt;
  }
  if (codec.clock_rate != 90000) return std::nullopt;
  if (codec.Is("H264")) return CodecKind::kH264;
  if (codec.Is("VP8")) return CodecKind::kVp8;
  // Other profiles (more bits, less subsampling) are not for calls.
  if (codec.Is("VP9") && codec.parameter("profile-id").value_or("0") == "0") return CodecKind::kVp9;
  if (codec.Is("AV1") && codec.parameter("profile").value_or("0") == "0") return CodecKind::kAv1;
  return std::nullopt;
}

// Redundant Opus: a=fmtp:63 111/111, its primary and what it repeats (RFC 2198 section 5).
std::optional<PayloadType> RedOf(const MediaSection& section, PayloadType opus) {
  const std::string primary = std::to_string(opus.value()) + "/";
  for (const SdpCodec& codec : section.codecs) {
    if (codec.Is("red") && codec.clock_rate == 48000 && codec.fmtp.starts_with(primary)) return codec.payload_type;
  }
  return std::nullopt;
}

std::optional<CodecConfig> ReadCodec(const MediaSection& section, const SdpCodec& codec, MediaKind kind) {
  const std::optional<CodecKind> known = KnownKind(codec, kind);
  if (!known) return std::nullopt;
  CodecConfig config{.kind = *known, .payload_type = codec.payload_type, .clock_rate = codec.clock_rate};
  config.nack = codec.HasFeedback("nack");
  config.transport_cc = codec.HasFeedback("transport-cc");
  if (const SdpCodec* rtx = section.FindRtx(codec.payload_type)) config.rtx_payload_type = rtx->payload_type;
  if (*known == CodecKind::kOpus) config.red_payload_type = RedOf(section, codec.payload_type);
  if (*known == CodecKind::kH264) {
    constexpr uint32_t kConstrainedBaseline31 = 0x42E01F;
    config.packetization_mode = codec.parameter("packetization-mode").value_or("0") == "1" ? 1 : 0;
    // Without the parameter the default of RFC 6184 is baseline level 1; every client that leaves it out means
    // constrained baseline.
    const auto level = H264ProfileLevelId::Parse(codec.parameter("profile-level-id").value_or(""));
    config.profile_level_id = level ? level->number() : kConstrainedBaseline31;
  }
  return config;
}

std::vector<CodecConfig> KnownCodecs(const MediaSection& section, MediaKind kind) {
  std::vector<CodecConfig> codecs;
  for (const SdpCodec& codec : section.codecs) {
    if (auto config = ReadCodec(section, codec, kind)) codecs.push_back(*config);
  }
  return codecs;
}

// The offer's first codec that everybody can show. VP9 and AV1 are taken from senders that offer nothing else, for not
// every receiver has them; an H.264 without fragmentation units (mode 0) last, since its frames do not fit packets.
const CodecConfig* ChooseForSending(const std::vector<CodecConfig>& codecs) {
  const auto good = std::find_if(codecs.begin(), codecs.end(), [](const CodecConfig& c) {
    return c.kind == CodecKind::kOpus || c.kind == CodecKind::kVp8 ||
           (c.kind == CodecKind::kH264 && c.packetization_mode == 1);
  });
  const auto scalable = std::find_if(codecs.begin(), codecs.end(), [](const CodecConfig& c) {
    return c.kind == CodecKind::kVp9 || c.kind == CodecKind::kAv1;
  });
  if (good == codecs.end() && scalable != codecs.end()) return &*scalable;
  if (good != codecs.end()) return &*good;
  return codecs.empty() ? nullptr : &codecs.front();
}

void WriteCodec(const MediaSection& offered, const CodecConfig& config, bool we_receive, MediaSection& section) {
  const SdpCodec* source = offered.FindCodec(config.payload_type);
  SdpCodec codec{.payload_type = config.payload_type,
                 .name = source->name,
                 .clock_rate = source->clock_rate,
                 .channels = source->channels};
  if (config.kind == CodecKind::kOpus) {
    codec.fmtp = "minptime=10;useinbandfec=1";
    if (source->parameter("stereo") == "1" || source->parameter("sprop-stereo") == "1") codec.fmtp += ";stereo=1";
  } else if (config.kind != CodecKind::kVp8) {
    codec.fmtp = source->fmtp;
  }
  for (const std::string_view feedback : {"nack", "nack pli", "ccm fir"}) {
    if (source->HasFeedback(feedback)) codec.rtcp_feedback.emplace_back(feedback);
  }
  if (config.transport_cc) codec.rtcp_feedback.emplace_back("transport-cc");
  // Beside transport-wide feedback only we say it, when a long queue is to be drained (UplinkQueue).
  if ((!config.transport_cc || we_receive) && source->HasFeedback("goog-remb"))
    codec.rtcp_feedback.emplace_back("goog-remb");
  section.codecs.push_back(std::move(codec));
  if (config.red_payload_type) {
    const std::string opus = std::to_string(config.payload_type.value());
    section.codecs.push_back({.payload_type = *config.red_payload_type,
                              .name = "red",
                              .clock_rate = config.clock_rate,
                              .channels = source->channels,
                              .fmtp = opus + "/" + opus});
  }
  if (config.rtx_payload_type) {
    section.codecs.push_back({.payload_type = *config.rtx_payload_type,
                              .name = "rtx",
                              .clock_rate = config.clock_rate,
                              .fmtp = "apt=" + std::to_string(config.payload_type.value())});
  }
}

HeaderExtensionIds AnswerExtensions(const MediaSection& offered, bool we_receive, bool we_send, MediaSection& section) {
  HeaderExtensionIds ids;
  for (const KnownExtension& known : kKnownExtensions) {
    const SdpHeaderExtension* extension = offered.FindExtension(known.uri);
    if (extension == nullptr || !((known.read && we_receive) || (known.passed && we_send))) continue;
    ids.*known.id = extension->id;
    section.extensions.push_back({.id = extension->id, .uri = std::string(known.uri)});
  }
  return ids;
}

// ---- transport
// ----------------------------------------------------------------------------------------------------------------------------

// Of a host candidate, the `index`th of ours. RFC 8445 section 5.1.2.1; over TCP RFC 6544 section 4.2, which wants UDP
// to be preferred and has the direction, here passive, in the local preference.
uint32_t PriorityOf(Transport transport, size_t index) {
  constexpr uint32_t kOverUdp = 126;
  constexpr uint32_t kOverTcp = 90;
  constexpr uint32_t kPassive = 4;
  constexpr uint32_t kComponent = 1;
  const auto later = static_cast<uint32_t>(index);
  const bool tcp = transport == Transport::kTcp;
  const uint32_t local_preference = tcp ? (kPassive << 13) + 8191 - later : 65535 - later;
  return ((tcp ? kOverTcp : kOverUdp) << 24) + (local_preference << 8) + 256 - kComponent;
}

// ---- layers
// -------------------------------------------------------------------------------------------------------------------------------

std::vector<LayerConfig> OnlyLayer(const MediaSection& offered) {
  LayerConfig layer;
  if (!offered.ssrcs.empty()) {
    layer.ssrc = offered.ssrcs.front().ssrc;
    for (const SdpSsrcGroup& group : offered.ssrc_groups) {
      if (group.semantics == "FID" && group.ssrcs.size() == 2) layer.ssrc = group.ssrcs.front();
    }
    layer.rtx_ssrc = offered.FindRtxSsrc(layer.ssrc).value_or(Ssrc());
  }
  return {layer};
}

// Names by which sizes are known everywhere: a quarter, half, full.
int SizeOf(std::string_view rid) {
  constexpr std::string_view kNames[] = {"q", "h", "f"};
  const auto found = std::find(std::begin(kNames), std::end(kNames), rid);
  return found != std::end(kNames) ? static_cast<int>(found - std::begin(kNames)) : -1;
}

// The encodings of a simulcast offer, the smallest first: by their names, else in the order of the offer. An offer says
// what is preferred, not what is smaller (RFC 8853 section 5.2), but everybody lists them this way.
std::vector<LayerConfig> LayersOf(const MediaSection& offered) {
  std::vector<LayerConfig> layers;
  if (offered.simulcast) {
    for (const SdpSimulcast::Stream& stream : offered.simulcast->send) {
      if (!stream.empty() && layers.size() < kMaxLayers) layers.push_back({.rid = stream.front().rid});
    }
    const bool named =
        std::all_of(layers.begin(), layers.end(), [](const LayerConfig& l) { return SizeOf(l.rid) >= 0; });
    if (named) {
      std::sort(layers.begin(), layers.end(),
                [](const LayerConfig& a, const LayerConfig& b) { return SizeOf(a.rid) < SizeOf(b.rid); });
    }
  }
  for (const SdpSsrcGroup& group : offered.ssrc_groups) {
    if (!layers.empty() || group.semantics != "SIM") continue;
    constexpr const char* kNames[] = {"q", "h", "f"};
    for (const Ssrc ssrc : group.ssrcs) {
      if (layers.size() == kMaxLayers) break;
      layers.push_back({kNames[layers.size()], ssrc, offered.FindRtxSsrc(ssrc).value_or(Ssrc())});
    }
  }
  if (layers.size() < 2) return OnlyLayer(offered);
  return layers;
}

void AnswerSimulcast(const MediaSection& offered, const UptrackConfig& track, MediaSection& section) {
  if (!offered.simulcast || track.layers.size() < 2) return;
  SdpSimulcast simulcast;
  for (const LayerConfig& layer : track.layers) {
    section.rids.push_back({.id = layer.rid, .direction = SdpRidDirection::kRecv});
    simulcast.recv.push_back({{.rid = layer.rid}});
  }
  section.simulcast = std::move(simulcast);
}

// ---- one answer
// ---------------------------------------------------------------------------------------------------------------------------

class Answering {
 public:
  Answering(PeerId peer, std::span<const signal::TrackInfo> tracks, const PeerConfig* previous,
            const LocalTransport& local, Rng& rng, TrackIdSource& ids)
      : tracks_(tracks), previous_(previous), local_(local), rng_(rng), ids_(ids) {
    config_.id = peer;
  }

  Result<Answer, SignalError> Run(const SessionDescription& offer) {
    if (auto error = ReadTransport(offer)) return *error;
    if (auto error = CheckTracks(offer)) return *error;
    answer_.origin = {.username = "duet",
                      .session_id = std::to_string(config_.id.value()),
                      .session_version = previous_ != nullptr ? offer.origin.session_version + 1 : 1,
                      .address = "127.0.0.1"};
    answer_.ice_lite = true;
    answer_.extmap_allow_mixed = offer.extmap_allow_mixed;
    answer_.msid_semantic = "WMS *";
    for (const MediaSection& section : offer.sections) {
      if (auto error = AnswerSection(section)) return *error;
    }
    return Answer{WriteSdp(answer_), std::move(config_)};
  }

 private:
  // The section that carries the transport: the first of the BUNDLE group, else the first that is alive.
  static const MediaSection* TransportSection(const SessionDescription& offer) {
    for (const std::string& mid : offer.bundle_mids) {
      const MediaSection* section = offer.FindSection(mid);
      if (section != nullptr && section->ice) return section;
    }
    for (const MediaSection& section : offer.sections) {
      if (section.ice && !section.rejected()) return &section;
    }
    return nullptr;
  }

  std::optional<SignalError> ReadTransport(const SessionDescription& offer) {
    if (offer.sections.empty()) return SdpError("The offer has no media sections.");
    if (offer.bundle_mids.empty() && offer.sections.size() > 1) {
      return SdpError(
          "The offer has several sections but no a=group:BUNDLE. Duet needs one transport for all of them.");
    }
    const MediaSection* section = TransportSection(offer);
    if (section == nullptr) return SdpError("The offer has no ICE credentials (a=ice-ufrag, a=ice-pwd).");
    const SdpFingerprint* fingerprint = section->PreferredFingerprint();
    if (fingerprint == nullptr) return SdpError("The offer has no DTLS certificate fingerprint (a=fingerprint).");
    config_.remote_ice = {section->ice->ufrag, section->ice->pwd};
    config_.remote_fingerprint = DtlsFingerprint{fingerprint->algorithm, fingerprint->bytes};
    if (previous_ != nullptr) {
      config_.dtls_role = previous_->dtls_role;
      config_.cname = previous_->cname;
    } else {
      // "passive" in the offer means that we are the client; everything else lets us wait for the ClientHello (RFC 8842
      // section 5.3).
      config_.dtls_role = section->setup == SdpSetup::kPassive ? DtlsRole::kClient : DtlsRole::kServer;
      config_.cname = rng_.IceString(16);
    }
    const bool restart = previous_ == nullptr || previous_->remote_ice.ufrag != config_.remote_ice.ufrag ||
                         previous_->remote_ice.password != config_.remote_ice.password;
    config_.local_ice = restart ? DrawIceCredentials(rng_) : previous_->local_ice;
    return std::nullopt;
  }

  std::optional<SignalError> CheckTracks(const SessionDescription& offer) {
    for (const signal::TrackInfo& track : tracks_) {
      const MediaSection* section = offer.FindSection(track.mid);
      const std::string where = "tracks names the mid \"" + track.mid + "\", ";
      if (section == nullptr) return SdpError(where + "which the offer does not have.");
      const bool sends = section->direction == SdpDirection::kSendOnly || section->direction == SdpDirection::kSendRecv;
      if (!sends && !section->rejected() && section->direction != SdpDirection::kInactive)
        return SdpError(where + "on which the offer does not send.");
      const SectionKind kind = track.kind == MediaKind::kAudio ? SectionKind::kAudio : SectionKind::kVideo;
      if (section->kind != kind) return SdpError(where + "which is of another kind in the offer.");
    }
    return std::nullopt;
  }

  std::optional<SignalError> AnswerSection(const MediaSection& offered) {
    MediaSection section{
        .kind = offered.kind, .media = offered.media, .protocol = offered.protocol, .mid = offered.mid};
    const bool media = (offered.kind == SectionKind::kAudio || offered.kind == SectionKind::kVideo) && offered.is_rtp();
    if (!media || offered.rejected()) {
      Reject(offered, section);
      return std::nullopt;
    }
    if (offered.mid.empty()) return SdpError("A section of the offer has no a=mid.");
    if (!offered.rtcp_mux)
      return SdpError("The section \"" + offered.mid + "\" has no a=rtcp-mux. Duet sends RTP and RTCP over one port.");
    const MediaKind kind = offered.kind == SectionKind::kAudio ? MediaKind::kAudio : MediaKind::kVideo;
    const bool we_receive =
        offered.direction == SdpDirection::kSendOnly || offered.direction == SdpDirection::kSendRecv;
    const bool we_send = offered.direction == SdpDirection::kRecvOnly || offered.direction == SdpDirection::kSendRecv;

    std::vector<CodecConfig> codecs = KnownCodecs(offered, kind);
    if (codecs.empty()) {
      return MakeError(SignalErrorKind::kNoCommonCodec,
                       "The section \"" + offered.mid + "\" offers no codec that Duet knows. Offer " +
                           (kind == MediaKind::kAudio ? "Opus." : "H.264, VP8, VP9 (profile 0) or AV1 (main)."));
    }
    if (we_receive && !we_send) codecs = {*ChooseForSending(codecs)};
    for (const CodecConfig& codec : codecs) WriteCodec(offered, codec, we_receive, section);
    const HeaderExtensionIds extensions = AnswerExtensions(offered, we_receive, we_send, section);
    section.direction = we_receive ? (we_send ? SdpDirection::kSendRecv : SdpDirection::kRecvOnly)
                                   : (we_send ? SdpDirection::kSendOnly : SdpDirection::kInactive);
    section.rtcp_mux = true;
    section.rtcp_rsize = offered.rtcp_rsize;
    section.extmap_allow_mixed = offered.extmap_allow_mixed;
    if (we_receive) {
      AddUptrack(offered, kind, *ChooseForSending(codecs), extensions);
      AnswerSimulcast(offered, config_.uptracks.back(), section);
    }
    if (we_send) AddDowntrack(kind, std::move(codecs), extensions, section);
    if (config_.uptracks.size() > kMaxTracks || config_.downtracks.size() > kMaxTracks) {
      return SdpError("The offer has more than " + std::to_string(kMaxTracks) + " sending or receiving sections.");
    }
    WriteTransport(section);
    answer_.bundle_mids.push_back(section.mid);
    answer_.sections.push_back(std::move(section));
    return std::nullopt;
  }

  void Reject(const MediaSection& offered, MediaSection& section) {
    section.port = 0;
    section.direction = SdpDirection::kInactive;
    section.codecs = offered.codecs;
    for (SdpCodec& codec : section.codecs) {
      codec.rtcp_feedback.clear();
      codec.fmtp.clear();
    }
    section.formats = offered.formats;
    answer_.sections.push_back(std::move(section));
  }

  void AddUptrack(const MediaSection& offered, MediaKind kind, const CodecConfig& codec,
                  const HeaderExtensionIds& extensions) {
    UptrackConfig track{.kind = kind, .mid = offered.mid, .codec = codec, .extensions = extensions};
    track.layers = kind == MediaKind::kVideo ? LayersOf(offered) : OnlyLayer(offered);
    track.id = UptrackId(ids_.next);
    // Another codec on a section is another track: whoever receives it begins anew, with a codec of its own for it.
    const UptrackConfig* old = Previous(&PeerConfig::uptracks, offered.mid);
    if (old != nullptr && old->codec.kind == codec.kind && old->codec.payload_type == codec.payload_type)
      track.id = old->id;
    if (track.id.value() == ids_.next) ++ids_.next;
    config_.uptracks.push_back(std::move(track));
  }

  void AddDowntrack(MediaKind kind, std::vector<CodecConfig> codecs, const HeaderExtensionIds& extensions,
                    MediaSection& section) {
    DowntrackConfig track{.kind = kind, .mid = section.mid, .codecs = std::move(codecs), .extensions = extensions};
    const bool rtx = std::any_of(track.codecs.begin(), track.codecs.end(),
                                 [](const CodecConfig& c) { return c.rtx_payload_type.has_value(); });
    if (const DowntrackConfig* old = Previous(&PeerConfig::downtracks, section.mid)) {
      track.id = old->id;
      track.ssrc = old->ssrc;
      track.rtx_ssrc = old->rtx_ssrc;
    } else {
      track.id = DowntrackId(ids_.next++);
      track.ssrc = FreshSsrc();
      if (rtx) track.rtx_ssrc = FreshSsrc();
    }
    // The n-th slot for sound and the n-th for pictures are one media stream: browsers keep lips and sound together
    // within a stream only. Rooms put the two tracks of a member there (RoomState::FreeSlot).
    const auto n = std::count_if(config_.downtracks.begin(), config_.downtracks.end(),
                                 [&](const DowntrackConfig& other) { return other.kind == kind; });
    const SdpMsid msid{.stream = "duet-" + std::to_string(n), .track = "track-" + section.mid};
    section.msids.push_back(msid);
    section.ssrcs.push_back({.ssrc = track.ssrc, .cname = config_.cname, .msid = msid});
    if (track.rtx_ssrc.value() != 0) {
      section.ssrcs.push_back({.ssrc = track.rtx_ssrc, .cname = config_.cname, .msid = msid});
      section.ssrc_groups.push_back({.semantics = "FID", .ssrcs = {track.ssrc, track.rtx_ssrc}});
    }
    config_.downtracks.push_back(std::move(track));
  }

  template <typename Track>
  const Track* Previous(std::vector<Track> PeerConfig::*tracks, std::string_view mid) const {
    if (previous_ == nullptr) return nullptr;
    for (const Track& track : previous_->*tracks) {
      if (track.mid == mid) return &track;
    }
    return nullptr;
  }

  // Unique within the peer; 32 random bits make it unlikely to be met elsewhere.
  Ssrc FreshSsrc() {
    for (;;) {
      const Ssrc ssrc(rng_.U32());
      const auto taken = [&](Ssrc other) { return other == ssrc; };
      bool used = ssrc.value() == 0;
      for (const DowntrackConfig& track : config_.downtracks) used |= taken(track.ssrc) || taken(track.rtx_ssrc);
      if (!used) return ssrc;
    }
  }

  void WriteTransport(MediaSection& section) const {
    section.ice = SdpIce{config_.local_ice.ufrag, config_.local_ice.password};
    section.fingerprints.push_back({local_.fingerprint.algorithm, local_.fingerprint.bytes});
    section.setup = config_.dtls_role == DtlsRole::kServer ? SdpSetup::kPassive : SdpSetup::kActive;
    // With BUNDLE the first section carries them for all.
    if (!answer_.bundle_mids.empty()) return;
    section.candidates = HostCandidates(local_.candidates);
    section.end_of_candidates = true;
  }

  std::span<const signal::TrackInfo> tracks_;
  const PeerConfig* previous_;
  const LocalTransport& local_;
  Rng& rng_;
  TrackIdSource& ids_;
  PeerConfig config_;
  SessionDescription answer_;
};

}  // namespace

std::vector<SdpCandidate> HostCandidates(std::span<const Endpoint> candidates) {
  std::vector<SdpCandidate> described;
  for (const Endpoint& candidate : candidates) {
    const size_t index = described.size();
    const bool tcp = candidate.transport == Transport::kTcp;
    described.push_back({.foundation = std::to_string(index + 1),
                         .component = 1,
                         .transport = tcp ? SdpTransport::kTcp : SdpTransport::kUdp,
                         .priority = PriorityOf(candidate.transport, index),
                         .address = candidate.ip.ToString(),
                         .port = candidate.port,
                         .type = SdpCandidateType::kHost,
                         .tcp_type = tcp ? "passive" : ""});
  }
  return described;
}

IceCredentials DrawIceCredentials(Rng& rng) {
  std::string ufrag = rng.IceString(8);
  return {std::move(ufrag), rng.IceString(24)};
}

Result<Answer, SignalError> MakeAnswer(PeerId peer, std::string_view offer, std::span<const signal::TrackInfo> tracks,
                                       const PeerConfig* previous, const LocalTransport& local, Rng& rng,
                                       TrackIdSource& ids) {
  const Result<SessionDescription> parsed = ParseSdp(offer);
  if (!parsed.ok()) return SdpError("The offer cannot be read: " + parsed.error().message + ".");
  return Answering(peer, tracks, previous, local, rng, ids).Run(*parsed);
}

}  // namespace duet
