#include "wire/sdp.h"

#include <algorithm>

#include "wire/sdp_text.h"

namespace duet {

std::string_view ToString(SectionKind value) {
  switch (value) {
    case SectionKind::kAudio: return "audio";
    case SectionKind::kVideo: return "video";
    case SectionKind::kApplication: return "application";
    case SectionKind::kOther: break;
  }
  return "";
}

std::string_view ToString(SdpDirection value) {
  switch (value) {
    case SdpDirection::kSendRecv: return "sendrecv";
    case SdpDirection::kSendOnly: return "sendonly";
    case SdpDirection::kRecvOnly: return "recvonly";
    case SdpDirection::kInactive: break;
  }
  return "inactive";
}

std::string_view ToString(SdpSetup value) {
  switch (value) {
    case SdpSetup::kActPass: return "actpass";
    case SdpSetup::kActive: return "active";
    case SdpSetup::kPassive: return "passive";
    case SdpSetup::kHoldConn: break;
  }
  return "holdconn";
}

std::string_view ToString(SdpRidDirection value) { return value == SdpRidDirection::kSend ? "send" : "recv"; }

std::string_view ToString(SdpTransport value) { return value == SdpTransport::kUdp ? "udp" : "tcp"; }

std::string_view ToString(SdpCandidateType value) {
  switch (value) {
    case SdpCandidateType::kHost: return "host";
    case SdpCandidateType::kSrflx: return "srflx";
    case SdpCandidateType::kPrflx: return "prflx";
    case SdpCandidateType::kRelay: break;
  }
  return "relay";
}

std::vector<std::pair<std::string_view, std::string_view>> FmtpParameters(std::string_view fmtp) {
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  while (!fmtp.empty()) {
    std::string_view value = sdp_text::TakeUntil(fmtp, ';');
    const std::string_view name = sdp_text::Trim(sdp_text::TakeUntil(value, '='));
    if (!name.empty()) parameters.emplace_back(name, sdp_text::Trim(value));
  }
  return parameters;
}

std::optional<std::string_view> FmtpParameter(std::string_view fmtp, std::string_view name) {
  for (const auto& [parameter, value] : FmtpParameters(fmtp))
    if (sdp_text::EqualIgnoringCase(parameter, name)) return value;
  return std::nullopt;
}

bool SdpCodec::Is(std::string_view encoding) const { return sdp_text::EqualIgnoringCase(name, encoding); }

bool SdpCodec::HasFeedback(std::string_view feedback) const {
  return std::find(rtcp_feedback.begin(), rtcp_feedback.end(), feedback) != rtcp_feedback.end();
}

std::optional<std::string_view> SdpCodec::parameter(std::string_view parameter_name) const {
  return FmtpParameter(fmtp, parameter_name);
}

const SdpCodec* MediaSection::FindCodec(PayloadType payload_type) const {
  for (const SdpCodec& codec : codecs)
    if (codec.payload_type == payload_type) return &codec;
  return nullptr;
}

const SdpCodec* MediaSection::FindRtx(PayloadType payload_type) const {
  const std::string apt = std::to_string(payload_type.value());
  for (const SdpCodec& codec : codecs)
    if (codec.Is("rtx") && codec.parameter("apt") == apt) return &codec;
  return nullptr;
}

const SdpHeaderExtension* MediaSection::FindExtension(std::string_view uri) const {
  for (const SdpHeaderExtension& extension : extensions)
    if (extension.uri == uri) return &extension;
  return nullptr;
}

std::optional<Ssrc> MediaSection::FindRtxSsrc(Ssrc ssrc) const {
  for (const SdpSsrcGroup& group : ssrc_groups)
    if (group.semantics == "FID" && group.ssrcs.size() >= 2 && group.ssrcs[0] == ssrc) return group.ssrcs[1];
  return std::nullopt;
}

const SdpFingerprint* MediaSection::PreferredFingerprint() const {
  const SdpFingerprint* best = nullptr;
  for (const SdpFingerprint& fingerprint : fingerprints) {
    if (fingerprint.algorithm == "sha-256") return &fingerprint;
    if (best == nullptr || fingerprint.bytes.size() > best->bytes.size()) best = &fingerprint;
  }
  return best;
}

const MediaSection* SessionDescription::FindSection(std::string_view mid) const {
  for (const MediaSection& section : sections)
    if (section.mid == mid) return &section;
  return nullptr;
}

}  // namespace duet
