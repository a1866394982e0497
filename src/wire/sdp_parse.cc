#include <algorithm>
#include <array>
#include <utility>

#include "wire/json_text.h"
#include "wire/sdp.h"
#include "wire/sdp_attributes.h"
#include "wire/sdp_parser.h"
#include "wire/sdp_text.h"

namespace duet {
namespace {

using sdp_text::TakeUntil;
using sdp_text::Trim;

Error Malformed(std::string message) { return Error{ErrorCode::kMalformed, std::move(message)}; }

Error At(size_t line, const Error& error) {
  return Error{error.code, "line " + std::to_string(line) + ": " + error.message};
}

// Payload types that mean something without an rtpmap (RFC 3551 section 6), as far as WebRTC clients use them.
struct StaticCodec {
  uint8_t payload_type;
  std::string_view name;
};
constexpr std::array<StaticCodec, 4> kStaticCodecs = {{{0, "PCMU"}, {8, "PCMA"}, {9, "G722"}, {13, "CN"}}};
constexpr uint32_t kStaticClockRate = 8000;

}  // namespace

// ---- Lines

Result<SessionDescription> SdpParser::Run(std::string_view text) {
  if (text.size() > kMaxSdpBytes)
    return Error{ErrorCode::kLimit, "the description has " + std::to_string(text.size()) + " bytes, " +
                                        std::to_string(kMaxSdpBytes) + " are allowed"};
  while (!text.empty()) {
    ++line_;
    std::string_view line = TakeUntil(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("m=")) {
      if (auto status = EndScope(); !status.ok()) return status.error();
    }
    if (auto status = OnLine(line); !status.ok()) return At(line_, status.error());
  }
  if (!has_version_ || !has_origin_)
    return Malformed("the description has no " + std::string(has_version_ ? "o=" : "v=") + " line");
  if (auto status = EndScope(); !status.ok()) return status.error();
  if (auto status = CheckMids(); !status.ok()) return status.error();
  return std::move(description_);
}

Status SdpParser::OnLine(std::string_view line) {
  if (line.size() > kMaxSdpLineBytes)
    return Error{ErrorCode::kLimit, "longer than " + std::to_string(kMaxSdpLineBytes) + " bytes"};
  if (Trim(line).empty()) return Ok{};
  if (std::any_of(line.begin(), line.end(),
                  [](char c) { return (static_cast<uint8_t>(c) < 0x20 && c != '\t') || c == 0x7F; }))
    return Malformed("has a control character");
  if (line.size() < 2 || line[0] < 'a' || line[0] > 'z' || line[1] != '=')
    return Malformed("must be a letter, \"=\" and a value, not \"" + Excerpt(line) + "\"");

  const std::string_view value = Trim(line.substr(2));
  if (!has_version_ && line[0] != 'v') return Malformed("the first line must be v=0");
  switch (line[0]) {
    case 'v':
      has_version_ = true;
      if (value != "0") return Malformed("the version must be 0");
      return Ok{};
    case 'o': {
      auto origin = ParseSdpOrigin(value);
      if (!origin.ok()) return Malformed("o= " + origin.error().message);
      description_.origin = std::move(*origin);
      has_origin_ = true;
      return Ok{};
    }
    case 's':
      if (!value.empty()) description_.session_name = value;
      return Ok{};
    case 'm': return StartSection(value);
    case 'a': return OnAttribute(value);
    default: return Ok{};
  }
}

Status SdpParser::OnAttribute(std::string_view text) {
  std::string_view value = text;
  const std::string_view name = TakeUntil(value, ':');
  if (const auto direction = ParseSdpDirection(name)) {
    scope_.direction = direction;
    return Ok{};
  }
  const Handler handler = FindHandler(name);
  if (handler == nullptr) return Ok{};
  auto status = (this->*handler)(Trim(value));
  if (status.ok()) return status;
  return Error{status.error().code, "a=" + std::string(name) + ": " + status.error().message};
}

// ---- Scopes

Status SdpParser::StartSection(std::string_view value) {
  if (description_.sections.size() == kMaxSdpSections)
    return Error{ErrorCode::kLimit, "more than " + std::to_string(kMaxSdpSections) + " sections"};
  auto section = ParseSdpMedia(value);
  if (!section.ok()) return Error{section.error().code, "m= " + section.error().message};
  scope_ = Scope();
  scope_.section = std::move(*section);
  scope_.line = line_;
  return Ok{};
}

Status SdpParser::EndScope() {
  if (auto status = Complete(scope_); !status.ok())
    return in_session() ? status.error() : At(scope_.line, status.error());
  if (in_session()) {
    defaults_ = std::move(scope_);
  } else {
    description_.sections.push_back(std::move(scope_.section));
  }
  return Ok{};
}

Status SdpParser::Complete(Scope& scope) const {
  MediaSection& section = scope.section;
  if (scope.ufrag.empty() != scope.pwd.empty())
    return Malformed("ice-ufrag and ice-pwd must stand together on one level");
  if (!scope.ufrag.empty()) section.ice = SdpIce{std::move(scope.ufrag), std::move(scope.pwd)};

  const MediaSection& session = defaults_.section;
  if (!section.ice) section.ice = session.ice;
  if (section.ice_options.empty()) section.ice_options = session.ice_options;
  if (section.fingerprints.empty()) section.fingerprints = session.fingerprints;
  if (!section.setup) section.setup = session.setup;
  section.direction = scope.direction.value_or(session.direction);

  for (SdpCodec& codec : section.codecs) {
    for (const std::string& feedback : scope.wildcard_feedback)
      if (auto status = AddFeedback(codec, feedback); !status.ok()) return status;
    if (!codec.name.empty()) continue;
    for (const StaticCodec& known : kStaticCodecs) {
      if (known.payload_type != codec.payload_type.value()) continue;
      codec.name = known.name;
      codec.clock_rate = kStaticClockRate;
    }
  }
  return Ok{};
}

Status SdpParser::CheckMids() const {
  const auto& sections = description_.sections;
  for (size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].mid.empty()) continue;
    for (size_t k = 0; k < i; ++k)
      if (sections[k].mid == sections[i].mid)
        return Malformed("two sections have the mid \"" + Excerpt(sections[i].mid) + "\"");
  }
  for (const std::string& mid : description_.bundle_mids)
    if (description_.FindSection(mid) == nullptr)
      return Malformed("the BUNDLE group has the mid \"" + Excerpt(mid) + "\", which no section has");
  return Ok{};
}

Result<SessionDescription> ParseSdp(std::string_view text) { return SdpParser().Run(text); }

}  // namespace duet
