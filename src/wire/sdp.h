// Reading and writing session descriptions (RFC 8866, RFC 9429).
//
// The reader takes LF and CRLF, ignores what it does not know and refuses what is wrong, with the number of the line.
// It is not a judge of offers: a section without ICE or DTLS reads well, and the answerer says what it misses.
//
// Invariants: ParseSdp(WriteSdp(d)) == d for every d that came out of ParseSdp, unless the text written is over a limit
// (what stood once for the session stands in every section then). Work and memory are linear in the text.
// Of a single-valued attribute that stands twice the last one counts.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/sdp_types.h"

namespace duet {

inline constexpr size_t kMaxSdpBytes = 64 * 1024;
inline constexpr size_t kMaxSdpLineBytes = 4096;
inline constexpr size_t kMaxSdpSections = 128;
// Per section:
inline constexpr size_t kMaxSdpCodecs = 64;
inline constexpr size_t kMaxSdpFeedback = 32;  // per codec
inline constexpr size_t kMaxSdpSsrcs = 64;
inline constexpr size_t kMaxSdpSsrcGroups = 64;
inline constexpr size_t kMaxSdpExtensions = 32;
inline constexpr size_t kMaxSdpCandidates = 64;
inline constexpr size_t kMaxSdpFingerprints = 8;
inline constexpr size_t kMaxSdpMsids = 16;
inline constexpr size_t kMaxSdpRids = 16;
inline constexpr size_t kMaxSdpFormats = 64;  // of a section that is not RTP
inline constexpr size_t kMaxSdpIceOptions = 16;

// Errors: kMalformed, kLimit, kUnsupported (a second BUNDLE group); the sentence starts with "line 12: " where one line
// is to blame.
Result<SessionDescription> ParseSdp(std::string_view text);

// CRLF line ends. Does not check: what it is given must obey the comments of sdp_types.h.
std::string WriteSdp(const SessionDescription& description);

// The parameters of an fmtp value, "a=1;b=2" or "a=1; b". A parameter without "=" has an empty value; one without a
// name ("0-15", "111/111") is a name here.
std::vector<std::pair<std::string_view, std::string_view>> FmtpParameters(std::string_view fmtp);
// The value of the first parameter with this name (upper and lower case are alike).
std::optional<std::string_view> FmtpParameter(std::string_view fmtp, std::string_view name);

}  // namespace duet
