// The attributes, each as one handler of SdpParser.
#include <algorithm>
#include <utility>

#include "wire/json_text.h"
#include "wire/sdp.h"
#include "wire/sdp_attributes.h"
#include "wire/sdp_parser.h"
#include "wire/sdp_text.h"

namespace duet {
namespace {

using sdp_text::ParseNumber;
using sdp_text::TakeUntil;
using sdp_text::TakeWord;
using sdp_text::Trim;

Error Malformed(std::string message) { return Error{ErrorCode::kMalformed, std::move(message)}; }

// Adds an item to one of a section's lists, unless the list has as many as it may.
template <typename T>
Status Append(std::vector<T>& list, T item, size_t limit) {
  if (list.size() >= limit) return Error{ErrorCode::kLimit, "more than " + std::to_string(limit) + " in one section"};
  list.push_back(std::move(item));
  return Ok{};
}

}  // namespace

const SdpParser::Attribute SdpParser::kAttributes[] = {
    {"group", &SdpParser::OnGroup},
    {"msid-semantic", &SdpParser::OnMsidSemantic},
    {"ice-lite", &SdpParser::OnIceLite},
    {"extmap-allow-mixed", &SdpParser::OnExtmapAllowMixed},
    {"mid", &SdpParser::OnMid},
    {"bundle-only", &SdpParser::OnBundleOnly},
    {"rtcp-mux", &SdpParser::OnRtcpMux},
    {"rtcp-rsize", &SdpParser::OnRtcpRsize},
    {"ice-ufrag", &SdpParser::OnIceUfrag},
    {"ice-pwd", &SdpParser::OnIcePwd},
    {"ice-options", &SdpParser::OnIceOptions},
    {"fingerprint", &SdpParser::OnFingerprint},
    {"setup", &SdpParser::OnSetup},
    {"candidate", &SdpParser::OnCandidate},
    {"end-of-candidates", &SdpParser::OnEndOfCandidates},
    {"extmap", &SdpParser::OnExtmap},
    {"msid", &SdpParser::OnMsid},
    {"ssrc", &SdpParser::OnSsrc},
    {"ssrc-group", &SdpParser::OnSsrcGroup},
    {"rid", &SdpParser::OnRid},
    {"simulcast", &SdpParser::OnSimulcast},
    {"rtpmap", &SdpParser::OnRtpmap},
    {"fmtp", &SdpParser::OnFmtp},
    {"rtcp-fb", &SdpParser::OnRtcpFb},
    {"ptime", &SdpParser::OnPtime},
    {"maxptime", &SdpParser::OnMaxptime},
    {"sctp-port", &SdpParser::OnSctpPort},
    {"max-message-size", &SdpParser::OnMaxMessageSize},
};

SdpParser::Handler SdpParser::FindHandler(std::string_view name) {
  for (const Attribute& attribute : kAttributes)
    if (attribute.name == name) return attribute.handler;
  return nullptr;
}

// ---- Attributes of the session

Status SdpParser::OnGroup(std::string_view value) {
  if (TakeWord(value) != "BUNDLE" || !in_session()) return Ok{};
  if (has_bundle_) return Error{ErrorCode::kUnsupported, "a second BUNDLE group"};
  has_bundle_ = true;
  auto& mids = description_.bundle_mids;
  while (!value.empty()) {
    const std::string_view mid = TakeWord(value);
    if (mids.size() == kMaxSdpSections)
      return Error{ErrorCode::kLimit, "more than " + std::to_string(kMaxSdpSections) + " mids"};
    if (std::find(mids.begin(), mids.end(), mid) != mids.end())
      return Malformed("has the mid \"" + Excerpt(mid) + "\" twice");
    mids.emplace_back(mid);
  }
  return Ok{};
}

Status SdpParser::OnMsidSemantic(std::string_view value) {
  if (in_session()) description_.msid_semantic = value;
  return Ok{};
}

Status SdpParser::OnIceLite(std::string_view) {
  description_.ice_lite = true;
  return Ok{};
}

Status SdpParser::OnExtmapAllowMixed(std::string_view) {
  (in_session() ? description_.extmap_allow_mixed : scope_.section.extmap_allow_mixed) = true;
  return Ok{};
}

// ---- Attributes of a section. Before the first m= line they fill the defaults, of which only those of ICE, DTLS and
// direction are looked at.

Status SdpParser::OnMid(std::string_view value) {
  scope_.section.mid = TakeWord(value);
  if (scope_.section.mid.empty() || !value.empty()) return Malformed("must be one word");
  return Ok{};
}

Status SdpParser::OnBundleOnly(std::string_view) {
  scope_.section.bundle_only = true;
  return Ok{};
}

Status SdpParser::OnRtcpMux(std::string_view) {
  scope_.section.rtcp_mux = true;
  return Ok{};
}

Status SdpParser::OnRtcpRsize(std::string_view) {
  scope_.section.rtcp_rsize = true;
  return Ok{};
}

Status SdpParser::OnIceUfrag(std::string_view value) {
  if (value.size() < 4 || value.size() > 256 || !IsIceString(value))
    return Malformed("must have 4 to 256 characters of A-Z a-z 0-9 + /");
  scope_.ufrag = value;
  return Ok{};
}

Status SdpParser::OnIcePwd(std::string_view value) {
  if (value.size() < 22 || value.size() > 256 || !IsIceString(value))
    return Malformed("must have 22 to 256 characters of A-Z a-z 0-9 + /");
  scope_.pwd = value;
  return Ok{};
}

Status SdpParser::OnIceOptions(std::string_view value) {
  // Words with blanks between them; libdatachannel writes commas.
  while (!value.empty()) {
    std::string_view words = TakeWord(value);
    while (!words.empty()) {
      const std::string_view word = TakeUntil(words, ',');
      if (word.empty()) continue;
      if (auto status = Append(scope_.section.ice_options, std::string(word), kMaxSdpIceOptions); !status.ok())
        return status;
    }
  }
  return Ok{};
}

Status SdpParser::OnFingerprint(std::string_view value) {
  auto fingerprint = ParseSdpFingerprint(value);
  if (!fingerprint.ok()) return fingerprint.error();
  return Append(scope_.section.fingerprints, std::move(*fingerprint), kMaxSdpFingerprints);
}

Status SdpParser::OnSetup(std::string_view value) {
  const auto setup = ParseSdpSetup(value);
  if (!setup.ok()) return setup.error();
  scope_.section.setup = *setup;
  return Ok{};
}

Status SdpParser::OnCandidate(std::string_view value) {
  auto candidate = ParseSdpCandidate(value);
  if (!candidate.ok()) return candidate.error();
  if (!*candidate) return Ok{};
  return Append(scope_.section.candidates, std::move(**candidate), kMaxSdpCandidates);
}

Status SdpParser::OnEndOfCandidates(std::string_view) {
  scope_.section.end_of_candidates = true;
  return Ok{};
}

Status SdpParser::OnExtmap(std::string_view value) {
  auto extension = ParseSdpExtension(value);
  if (!extension.ok()) return extension.error();
  if (!*extension) return Ok{};
  auto& extensions = scope_.section.extensions;
  for (const SdpHeaderExtension& earlier : extensions)
    if (earlier.id == (*extension)->id)
      return Malformed("the identifier " + std::to_string(earlier.id) + " is used twice");
  return Append(extensions, std::move(**extension), kMaxSdpExtensions);
}

Status SdpParser::OnMsid(std::string_view value) {
  auto msid = ParseSdpMsid(value);
  if (!msid.ok()) return msid.error();
  return Append(scope_.section.msids, std::move(*msid), kMaxSdpMsids);
}

Status SdpParser::OnSsrc(std::string_view value) {
  const std::string_view word = TakeWord(value);
  const auto number = ParseNumber<uint32_t>(word);
  if (!number) return Malformed("\"" + Excerpt(word) + "\" is not a number of 32 bits");
  auto& ssrcs = scope_.section.ssrcs;
  auto entry = std::find_if(ssrcs.begin(), ssrcs.end(), [&](const SdpSsrc& s) { return s.ssrc == Ssrc(*number); });
  if (entry == ssrcs.end()) {
    if (auto status = Append(ssrcs, SdpSsrc{.ssrc = Ssrc(*number)}, kMaxSdpSsrcs); !status.ok()) return status;
    entry = ssrcs.end() - 1;
  }
  const std::string_view name = TakeUntil(value, ':');
  if (name == "cname") {
    entry->cname = TakeWord(value);
  } else if (name == "msid") {
    auto msid = ParseSdpMsid(value);
    if (!msid.ok()) return msid.error();
    entry->msid = std::move(*msid);
  }
  return Ok{};
}

Status SdpParser::OnSsrcGroup(std::string_view value) {
  auto group = ParseSdpSsrcGroup(value);
  if (!group.ok()) return group.error();
  return Append(scope_.section.ssrc_groups, std::move(*group), kMaxSdpSsrcGroups);
}

Status SdpParser::OnRid(std::string_view value) {
  auto rid = ParseSdpRid(value);
  if (!rid.ok()) return rid.error();
  for (const SdpRid& earlier : scope_.section.rids)
    if (earlier.id == rid->id) return Malformed("the rid \"" + Excerpt(rid->id) + "\" is there twice");
  return Append(scope_.section.rids, std::move(*rid), kMaxSdpRids);
}

Status SdpParser::OnSimulcast(std::string_view value) {
  auto simulcast = ParseSdpSimulcast(value);
  if (!simulcast.ok()) return simulcast.error();
  scope_.section.simulcast = std::move(*simulcast);
  return Ok{};
}

Result<SdpCodec*> SdpParser::TakeCodec(std::string_view& value) {
  const std::string_view word = TakeWord(value);
  const auto payload_type = ParseNumber<uint8_t>(word);
  if (!payload_type) return Malformed("\"" + Excerpt(word) + "\" is not a payload type");
  for (SdpCodec& codec : scope_.section.codecs)
    if (codec.payload_type == PayloadType(*payload_type)) return &codec;
  return static_cast<SdpCodec*>(nullptr);
}

Status SdpParser::OnRtpmap(std::string_view value) {
  const auto codec = TakeCodec(value);
  if (!codec.ok()) return codec.error();
  SdpCodec unlisted;  // its payload type is not in the m= line: checked, not kept
  return ParseSdpEncoding(TakeWord(value), *codec != nullptr ? **codec : unlisted);
}

Status SdpParser::OnFmtp(std::string_view value) {
  const auto codec = TakeCodec(value);
  if (!codec.ok()) return codec.error();
  if (*codec == nullptr || value.empty()) return Ok{};
  std::string& fmtp = (*codec)->fmtp;
  if (!fmtp.empty()) fmtp += ';';
  fmtp += value;
  return Ok{};
}

Status SdpParser::AddFeedback(SdpCodec& codec, std::string_view feedback) const {
  if (codec.HasFeedback(feedback)) return Ok{};
  return Append(codec.rtcp_feedback, std::string(feedback), kMaxSdpFeedback);
}

Status SdpParser::OnRtcpFb(std::string_view value) {
  if (value.starts_with('*')) {
    value = Trim(value.substr(1));
    if (value.empty()) return Malformed("the feedback is missing");
    return Append(scope_.wildcard_feedback, std::string(value), kMaxSdpFeedback);
  }
  const auto codec = TakeCodec(value);
  if (!codec.ok()) return codec.error();
  if (value.empty()) return Malformed("the feedback is missing");
  return *codec != nullptr ? AddFeedback(**codec, value) : Ok{};
}

Status SdpParser::OnPtime(std::string_view value) {
  scope_.section.ptime = ParseNumber<uint32_t>(value);
  return scope_.section.ptime ? Status(Ok{}) : Malformed("must be a whole number of milliseconds");
}

Status SdpParser::OnMaxptime(std::string_view value) {
  scope_.section.maxptime = ParseNumber<uint32_t>(value);
  return scope_.section.maxptime ? Status(Ok{}) : Malformed("must be a whole number of milliseconds");
}

Status SdpParser::OnSctpPort(std::string_view value) {
  scope_.section.sctp_port = ParseNumber<uint16_t>(value);
  return scope_.section.sctp_port ? Status(Ok{}) : Malformed("must be a number from 0 to 65535");
}

Status SdpParser::OnMaxMessageSize(std::string_view value) {
  scope_.section.max_message_size = ParseNumber<uint64_t>(value);
  return scope_.section.max_message_size ? Status(Ok{}) : Malformed("must be a number of bytes");
}

}  // namespace duet
