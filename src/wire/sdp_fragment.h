// application/trickle-ice-sdpfrag (RFC 8840 section 9): what a WHIP or WHEP client tells of its ICE after the offer,
// and what the server answers to a restart.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/sdp_types.h"

namespace duet {

inline constexpr size_t kMaxSdpFragmentBytes = 16 * 1024;

struct SdpFragment {
  std::optional<SdpIce> ice;             // the first ones that it names
  std::vector<SdpCandidate> candidates;  // those that are understood, at most kMaxSdpCandidates
  bool end_of_candidates = false;
  bool operator==(const SdpFragment&) const = default;
};

// kMalformed, kLimit; the sentence starts with "line 12: " where one line is to blame. What it does not know is
// ignored.
Result<SdpFragment> ParseSdpFragment(std::string_view text);

// Of one transport, whose first section has the mid `mid`. CRLF line ends.
std::string WriteSdpFragment(const SdpFragment& fragment, std::string_view mid);

// "a=candidate:..." without a line end.
std::string WriteSdpCandidate(const SdpCandidate& candidate);

}  // namespace duet
