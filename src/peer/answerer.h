// Answerer: an SDP offer in, an SDP answer and a PeerConfig out. Pure: everything that is drawn or counted comes in.
//
// The answer is ICE-lite with all candidates, BUNDLE and rtcp-mux. A section on which the remote sends is answered with
// the first codec of the offer that Duet knows, and its RTX; a section on which the remote only receives is a slot and
// is answered with every codec both sides know and with the SSRC that will be used on it. Data channels and sections
// without a known kind are rejected (port 0). RFC 8829 (answers), RFC 8843 (BUNDLE), RFC 8839 (ICE), RFC 8842 (DTLS),
// RFC 4588 (RTX).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"
#include "base/rng.h"
#include "peer/peer_config.h"
#include "wire/sdp_types.h"
#include "wire/signal.h"

namespace duet {

// Our side of the transport, for the answer.
struct LocalTransport {
  DtlsFingerprint fingerprint;
  std::span<const Endpoint> candidates;  // host candidates, UDP and passive TCP, best first
};

// Ids of tracks, unique in the process. Starts at 1: 0 means none.
struct TrackIdSource {
  uint64_t next = 1;
};

struct Answer {
  std::string sdp;
  PeerConfig config;
};

// Ours, as they stand in an answer, best first.
std::vector<SdpCandidate> HostCandidates(std::span<const Endpoint> candidates);
IceCredentials DrawIceCredentials(Rng& rng);

// `previous` is the peer's configuration when the offer changes a connection that exists, else null: sections with the
// same mid keep their ids and SSRCs, and ICE credentials change only when the offer's did. `tracks` (which sections are
// sent on) is checked against the offer. Errors: kSdpInvalid, kNoCommonCodec, each with a sentence.
Result<Answer, signal::SignalError> MakeAnswer(PeerId peer, std::string_view offer,
                                               std::span<const signal::TrackInfo> tracks, const PeerConfig* previous,
                                               const LocalTransport& local, Rng& rng, TrackIdSource& ids);

}  // namespace duet
