#include "wire/sdp_fragment.h"

#include <algorithm>

#include "wire/sdp.h"
#include "wire/sdp_attributes.h"

namespace duet {
namespace {

Error Wrong(size_t line, std::string what) {
  return {ErrorCode::kMalformed, "line " + std::to_string(line) + ": " + std::move(what)};
}

// RFC 8839 section 5.4.
bool IsIceField(std::string_view text, size_t shortest) {
  constexpr size_t kLongest = 256;
  return text.size() >= shortest && text.size() <= kLongest && IsIceString(text);
}

// What stands behind `name` in an attribute's line; nothing when it is another one.
std::optional<std::string_view> ValueOf(std::string_view line, std::string_view name) {
  if (!line.starts_with(name)) return std::nullopt;
  return line.substr(name.size());
}

}  // namespace

Result<SdpFragment> ParseSdpFragment(std::string_view text) {
  if (text.size() > kMaxSdpFragmentBytes) return Error{ErrorCode::kLimit, "it is over 16 KiB"};
  SdpFragment fragment;
  std::string ufrag;
  std::string password;
  size_t number = 0;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number;
    if (line.empty()) continue;
    if (line.size() < 2 || line[0] < 'a' || line[0] > 'z' || line[1] != '=')
      return Wrong(number, "must be a letter, \"=\" and a value");
    if (const auto value = ValueOf(line, "a=ice-ufrag:")) {
      if (!IsIceField(*value, 4)) return Wrong(number, "a=ice-ufrag: must have 4 to 256 characters of A-Z a-z 0-9 + /");
      if (ufrag.empty()) ufrag = *value;
    } else if (const auto secret = ValueOf(line, "a=ice-pwd:")) {
      if (!IsIceField(*secret, 22))
        return Wrong(number, "a=ice-pwd: must have 22 to 256 characters of A-Z a-z 0-9 + /");
      if (password.empty()) password = *secret;
    } else if (const auto described = ValueOf(line, "a=candidate:")) {
      auto candidate = ParseSdpCandidate(*described);
      if (!candidate.ok()) return Wrong(number, "a=candidate: " + candidate.error().message);
      if (!*candidate) continue;
      if (fragment.candidates.size() == kMaxSdpCandidates) return Error{ErrorCode::kLimit, "it has over 64 candidates"};
      fragment.candidates.push_back(**std::move(candidate));
    } else if (line == "a=end-of-candidates") {
      fragment.end_of_candidates = true;
    }
  }
  if (ufrag.empty() != password.empty())
    return Error{ErrorCode::kMalformed, "a=ice-ufrag and a=ice-pwd must stand together"};
  if (!ufrag.empty()) fragment.ice = SdpIce{std::move(ufrag), std::move(password)};
  return fragment;
}

std::string WriteSdpFragment(const SdpFragment& fragment, std::string_view mid) {
  std::string text;
  const auto line = [&](std::string_view name, std::string_view value) {
    text.append(name).append(value).append("\r\n");
  };
  if (fragment.ice) {
    line("a=ice-ufrag:", fragment.ice->ufrag);
    line("a=ice-pwd:", fragment.ice->pwd);
  }
  line("m=audio 9 UDP/TLS/RTP/SAVPF ", "0");  // a place holder (RFC 8840 section 9.2)
  line("a=mid:", mid);
  for (const SdpCandidate& candidate : fragment.candidates) line(WriteSdpCandidate(candidate), "");
  if (fragment.end_of_candidates) line("a=end-of-candidates", "");
  return text;
}

}  // namespace duet
