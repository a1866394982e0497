// A session description as values: what the offers of WebRTC clients contain, and what Duet answers (RFC 8866 as
// profiled by JSEP, RFC 9429). Attributes that nobody here needs are not kept.
//
// ICE, DTLS and direction attributes that stand on session level are kept in every section that has none of its own, so
// a reader of a section never looks elsewhere. Text fields hold what stood in the description; they have no control
// characters, and those that are one word there have no spaces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace duet {

enum class SectionKind : uint8_t { kAudio, kVideo, kApplication, kOther };
enum class SdpDirection : uint8_t { kSendRecv, kSendOnly, kRecvOnly, kInactive };
enum class SdpSetup : uint8_t { kActPass, kActive, kPassive, kHoldConn };
enum class SdpRidDirection : uint8_t { kSend, kRecv };
enum class SdpTransport : uint8_t { kUdp, kTcp };
enum class SdpCandidateType : uint8_t { kHost, kSrflx, kPrflx, kRelay };

// The word of the description, for instance "sendrecv"; "" for SectionKind::kOther.
std::string_view ToString(SectionKind value);
std::string_view ToString(SdpDirection value);
std::string_view ToString(SdpSetup value);
std::string_view ToString(SdpRidDirection value);
std::string_view ToString(SdpTransport value);
std::string_view ToString(SdpCandidateType value);

// o= (RFC 8866 section 5.2).
struct SdpOrigin {
  std::string username = "-";
  std::string session_id = "0";
  uint64_t session_version = 0;  // goes up with every description of the session
  std::string address = "0.0.0.0";
  bool operator==(const SdpOrigin&) const = default;
};

// One format of an RTP section: m= list, rtpmap, fmtp and rtcp-fb put together.
struct SdpCodec {
  PayloadType payload_type;                // 0..127
  std::string name;                        // as written; empty when the description does not say. Compare with Is
  uint32_t clock_rate = 0;                 // Hz; 0 with an empty name
  uint8_t channels = 1;                    // audio only
  std::string fmtp;                        // "minptime=10;useinbandfec=1"; empty = none
  std::vector<std::string> rtcp_feedback;  // "nack", "nack pli", "transport-cc" ...; a wildcard line is in every codec

  // Whether it is the encoding `encoding`; upper and lower case are alike (RFC 4855 section 3).
  bool Is(std::string_view encoding) const;
  bool HasFeedback(std::string_view feedback) const;
  // The value of a parameter of fmtp, see FmtpParameter.
  std::optional<std::string_view> parameter(std::string_view parameter_name) const;
  bool operator==(const SdpCodec&) const = default;
};

// a=extmap (RFC 8285 section 5).
struct SdpHeaderExtension {
  uint8_t id = 0;  // 1..255 without 15; over 14 needs the two-byte form
  std::string uri;
  SdpDirection direction = SdpDirection::kSendRecv;
  std::string attributes;
  bool operator==(const SdpHeaderExtension&) const = default;
};

// a=msid (RFC 8830), also as an attribute of an SSRC.
struct SdpMsid {
  std::string stream;  // "-" = no stream
  std::string track;   // may be empty
  bool operator==(const SdpMsid&) const = default;
};

// All a=ssrc lines of one SSRC (RFC 5576).
struct SdpSsrc {
  Ssrc ssrc;
  std::string cname;
  std::optional<SdpMsid> msid;
  bool operator==(const SdpSsrc&) const = default;
};

// a=ssrc-group: FID (media, then its RTX), SIM (simulcast), FEC-FR (media, then its FEC).
struct SdpSsrcGroup {
  std::string semantics;
  std::vector<Ssrc> ssrcs;
  bool operator==(const SdpSsrcGroup&) const = default;
};

// RFC 8839: ufrag 4..256, pwd 22..256 characters of A-Z a-z 0-9 + /.
struct SdpIce {
  std::string ufrag;
  std::string pwd;
  bool operator==(const SdpIce&) const = default;
};

// RFC 8122.
struct SdpFingerprint {
  std::string algorithm;       // lower case: "sha-256"
  std::vector<uint8_t> bytes;  // as long as the algorithm says
  bool operator==(const SdpFingerprint&) const = default;
};

// a=candidate (RFC 8839 section 5.1).
struct SdpCandidate {
  std::string foundation;
  uint16_t component = 1;  // 1..256
  SdpTransport transport{};
  uint32_t priority = 0;
  std::string address;  // IPv4, IPv6 or a name (mDNS: "….local"), not resolved
  uint16_t port = 0;
  SdpCandidateType type{};
  std::string related_address;  // empty = none
  uint16_t related_port = 0;
  std::string tcp_type;  // "active", "passive", "so"; empty with UDP
  bool operator==(const SdpCandidate&) const = default;
};

// a=rid (RFC 8851).
struct SdpRid {
  std::string id;
  SdpRidDirection direction{};
  std::string restrictions;  // "pt=96;max-width=1280"; empty = none
  bool operator==(const SdpRid&) const = default;
};

// a=simulcast (RFC 8853): per direction the streams in order, each a list of rids of which one is sent.
struct SdpSimulcast {
  struct Alternative {
    std::string rid;
    bool paused = false;
    bool operator==(const Alternative&) const = default;
  };
  using Stream = std::vector<Alternative>;
  std::vector<Stream> send;
  std::vector<Stream> recv;
  bool operator==(const SdpSimulcast&) const = default;
};

struct MediaSection {
  SectionKind kind{};
  std::string media;  // the word of the m= line: "audio", "video", "application", or another one
  uint16_t port = 9;
  std::string protocol;              // "UDP/TLS/RTP/SAVPF", "UDP/DTLS/SCTP" ...
  std::vector<SdpCodec> codecs;      // in the order of preference; only when is_rtp()
  std::vector<std::string> formats;  // of other sections: "webrtc-datachannel"

  std::string mid;  // empty = none
  SdpDirection direction = SdpDirection::kSendRecv;
  bool bundle_only = false;
  bool rtcp_mux = false;
  bool rtcp_rsize = false;
  bool extmap_allow_mixed = false;

  std::optional<SdpIce> ice;
  std::vector<std::string> ice_options;
  std::vector<SdpFingerprint> fingerprints;
  std::optional<SdpSetup> setup;
  std::vector<SdpCandidate> candidates;
  bool end_of_candidates = false;

  std::vector<SdpHeaderExtension> extensions;
  std::vector<SdpMsid> msids;
  std::vector<SdpSsrc> ssrcs;
  std::vector<SdpSsrcGroup> ssrc_groups;
  std::vector<SdpRid> rids;
  std::optional<SdpSimulcast> simulcast;
  std::optional<uint32_t> ptime;     // ms
  std::optional<uint32_t> maxptime;  // ms

  std::optional<uint16_t> sctp_port;         // RFC 8841
  std::optional<uint64_t> max_message_size;  // bytes, 0 = any

  // Port 0 refuses the section, unless bundle-only explains it (RFC 9143 section 6).
  bool rejected() const { return port == 0 && !bundle_only; }
  bool is_rtp() const { return protocol.find("RTP/") != std::string::npos; }

  const SdpCodec* FindCodec(PayloadType payload_type) const;
  // The RTX format that repairs `payload_type` (apt=, RFC 4588 section 8.1), or null.
  const SdpCodec* FindRtx(PayloadType payload_type) const;
  const SdpHeaderExtension* FindExtension(std::string_view uri) const;
  // The SSRC that repairs `ssrc` by an FID group.
  std::optional<Ssrc> FindRtxSsrc(Ssrc ssrc) const;
  // sha-256 when it is there, else the longest other one; null when there is none.
  const SdpFingerprint* PreferredFingerprint() const;
  bool operator==(const MediaSection&) const = default;
};

struct SessionDescription {
  SdpOrigin origin;
  std::string session_name = "-";
  bool ice_lite = false;
  bool extmap_allow_mixed = false;       // of the session; a section may have it of its own
  std::vector<std::string> bundle_mids;  // a=group:BUNDLE; each is the mid of a section
  std::string msid_semantic;             // "WMS *"; empty = none
  std::vector<MediaSection> sections;    // mids differ

  const MediaSection* FindSection(std::string_view mid) const;
  bool operator==(const SessionDescription&) const = default;
};

}  // namespace duet
