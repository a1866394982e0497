#include <initializer_list>

#include "wire/sdp.h"
#include "wire/sdp_fragment.h"

namespace duet {
namespace {

// Puts lines together. Each call of Line is one line, made of its pieces.
class Writer {
 public:
  void Line(std::initializer_list<std::string_view> pieces) {
    for (const std::string_view piece : pieces) text_ += piece;
    text_ += "\r\n";
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

template <typename T>
std::string Join(const std::vector<T>& words, std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += separator;
    text += words[i];
  }
  return text;
}

std::string Hex(const std::vector<uint8_t>& bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const uint8_t byte : bytes) {
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string Text(const SdpMsid& msid) { return msid.track.empty() ? msid.stream : msid.stream + " " + msid.track; }

std::string Text(const std::vector<SdpSimulcast::Stream>& streams) {
  std::vector<std::string> parts;
  for (const auto& stream : streams) {
    std::vector<std::string> rids;
    for (const auto& alternative : stream) rids.push_back((alternative.paused ? "~" : "") + alternative.rid);
    parts.push_back(Join(rids, ","));
  }
  return Join(parts, ";");
}

void WriteTransport(const MediaSection& s, Writer& out) {
  for (const SdpCandidate& candidate : s.candidates) out.Line({WriteSdpCandidate(candidate)});
  if (s.end_of_candidates) out.Line({"a=end-of-candidates"});
  if (s.ice) {
    out.Line({"a=ice-ufrag:", s.ice->ufrag});
    out.Line({"a=ice-pwd:", s.ice->pwd});
  }
  if (!s.ice_options.empty()) out.Line({"a=ice-options:", Join(s.ice_options, " ")});
  for (const SdpFingerprint& f : s.fingerprints) out.Line({"a=fingerprint:", f.algorithm, " ", Hex(f.bytes)});
  if (s.setup) out.Line({"a=setup:", ToString(*s.setup)});
}

void WriteCodec(const SdpCodec& codec, Writer& out) {
  const std::string pt = std::to_string(codec.payload_type.value());
  if (!codec.name.empty()) {
    const std::string channels = codec.channels == 1 ? "" : "/" + std::to_string(codec.channels);
    out.Line({"a=rtpmap:", pt, " ", codec.name, "/", std::to_string(codec.clock_rate), channels});
  }
  for (const std::string& feedback : codec.rtcp_feedback) out.Line({"a=rtcp-fb:", pt, " ", feedback});
  if (!codec.fmtp.empty()) out.Line({"a=fmtp:", pt, " ", codec.fmtp});
}

void WriteSources(const MediaSection& s, Writer& out) {
  for (const SdpSsrcGroup& group : s.ssrc_groups) {
    std::vector<std::string> ssrcs;
    for (const Ssrc ssrc : group.ssrcs) ssrcs.push_back(std::to_string(ssrc.value()));
    out.Line({"a=ssrc-group:", group.semantics, " ", Join(ssrcs, " ")});
  }
  for (const SdpSsrc& source : s.ssrcs) {
    const std::string ssrc = std::to_string(source.ssrc.value());
    out.Line({"a=ssrc:", ssrc, " cname:", source.cname});
    if (source.msid) out.Line({"a=ssrc:", ssrc, " msid:", Text(*source.msid)});
  }
  for (const SdpRid& rid : s.rids)
    out.Line({"a=rid:", rid.id, " ", ToString(rid.direction), rid.restrictions.empty() ? "" : " ", rid.restrictions});
  if (s.simulcast) {
    const std::string send = s.simulcast->send.empty() ? "" : "send " + Text(s.simulcast->send);
    const std::string recv = s.simulcast->recv.empty() ? "" : "recv " + Text(s.simulcast->recv);
    out.Line({"a=simulcast:", send, send.empty() || recv.empty() ? "" : " ", recv});
  }
}

std::string Formats(const MediaSection& s) {
  if (!s.is_rtp()) return Join(s.formats, " ");
  std::vector<std::string> payload_types;
  for (const SdpCodec& codec : s.codecs) payload_types.push_back(std::to_string(codec.payload_type.value()));
  return Join(payload_types, " ");
}

void WriteSection(const MediaSection& s, Writer& out) {
  out.Line({"m=", s.media, " ", std::to_string(s.port), " ", s.protocol, " ", Formats(s)});
  out.Line({"c=IN IP4 0.0.0.0"});
  WriteTransport(s, out);
  if (!s.mid.empty()) out.Line({"a=mid:", s.mid});
  if (s.bundle_only) out.Line({"a=bundle-only"});
  if (s.extmap_allow_mixed) out.Line({"a=extmap-allow-mixed"});
  for (const SdpHeaderExtension& e : s.extensions) {
    const std::string direction =
        e.direction == SdpDirection::kSendRecv ? "" : "/" + std::string(ToString(e.direction));
    out.Line({"a=extmap:", std::to_string(e.id), direction, " ", e.uri, e.attributes.empty() ? "" : " ", e.attributes});
  }
  if (s.is_rtp() || s.direction != SdpDirection::kSendRecv) out.Line({"a=", ToString(s.direction)});
  for (const SdpMsid& msid : s.msids) out.Line({"a=msid:", Text(msid)});
  if (s.rtcp_mux) out.Line({"a=rtcp-mux"});
  if (s.rtcp_rsize) out.Line({"a=rtcp-rsize"});
  for (const SdpCodec& codec : s.codecs) WriteCodec(codec, out);
  if (s.ptime) out.Line({"a=ptime:", std::to_string(*s.ptime)});
  if (s.maxptime) out.Line({"a=maxptime:", std::to_string(*s.maxptime)});
  WriteSources(s, out);
  if (s.sctp_port) out.Line({"a=sctp-port:", std::to_string(*s.sctp_port)});
  if (s.max_message_size) out.Line({"a=max-message-size:", std::to_string(*s.max_message_size)});
}

}  // namespace

std::string WriteSdpCandidate(const SdpCandidate& c) {
  std::string text = "a=candidate:" + c.foundation + " " + std::to_string(c.component) + " " +
                     std::string(ToString(c.transport)) + " " + std::to_string(c.priority) + " " + c.address + " " +
                     std::to_string(c.port) + " typ " + std::string(ToString(c.type));
  if (!c.related_address.empty())
    text += " raddr " + c.related_address + " rport " + std::to_string(c.related_port);
  else if (c.related_port != 0)
    text += " rport " + std::to_string(c.related_port);
  if (!c.tcp_type.empty()) text += " tcptype " + c.tcp_type;
  return text;
}

std::string WriteSdp(const SessionDescription& description) {
  Writer out;
  const SdpOrigin& origin = description.origin;
  const std::string_view address_type = origin.address.find(':') == std::string::npos ? "IP4" : "IP6";
  out.Line({"v=0"});
  out.Line({"o=", origin.username, " ", origin.session_id, " ", std::to_string(origin.session_version), " IN ",
            address_type, " ", origin.address});
  out.Line({"s=", description.session_name});
  out.Line({"t=0 0"});
  if (description.ice_lite) out.Line({"a=ice-lite"});
  if (!description.bundle_mids.empty()) out.Line({"a=group:BUNDLE ", Join(description.bundle_mids, " ")});
  if (description.extmap_allow_mixed) out.Line({"a=extmap-allow-mixed"});
  if (!description.msid_semantic.empty()) out.Line({"a=msid-semantic: ", description.msid_semantic});
  for (const MediaSection& section : description.sections) WriteSection(section, out);
  return out.Take();
}

}  // namespace duet
