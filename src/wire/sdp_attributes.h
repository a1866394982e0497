// The values of single attributes, from text to value. Internal to the SDP reader, which adds the line and the
// attribute's name to the sentences of the errors.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "wire/sdp_types.h"

namespace duet {

// m=; the section has its kind, media, port, protocol and formats.
Result<MediaSection> ParseSdpMedia(std::string_view value);
// o=
Result<SdpOrigin> ParseSdpOrigin(std::string_view value);
// "opus/48000/2" into name, clock rate and channels of `codec`.
Status ParseSdpEncoding(std::string_view value, SdpCodec& codec);
Result<SdpFingerprint> ParseSdpFingerprint(std::string_view value);
Result<SdpSetup> ParseSdpSetup(std::string_view value);
// Nothing: an identifier that no packet can carry (15, or over 255); RFC 8285 lets offers have such.
Result<std::optional<SdpHeaderExtension>> ParseSdpExtension(std::string_view value);
Result<SdpMsid> ParseSdpMsid(std::string_view value);
Result<SdpSsrcGroup> ParseSdpSsrcGroup(std::string_view value);
// Nothing: a transport or type that is not known.
Result<std::optional<SdpCandidate>> ParseSdpCandidate(std::string_view value);
Result<SdpRid> ParseSdpRid(std::string_view value);
Result<SdpSimulcast> ParseSdpSimulcast(std::string_view value);
std::optional<SdpDirection> ParseSdpDirection(std::string_view word);
// Whether it is made of A-Z a-z 0-9 + / only (RFC 8839 section 5.4).
bool IsIceString(std::string_view text);

}  // namespace duet
