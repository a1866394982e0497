// Offerer: the client's half of a negotiation. It writes the SDP offer of a client of ours and makes the PeerConfig out
// of the server's answer; the counterpart of Answerer. Pure: everything that is drawn comes in.
//
// RFC 8829 (offers), RFC 8843 (BUNDLE), RFC 8839 (ICE), RFC 4588 (RTX).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "peer/peer_config.h"
#include "wire/sdp_types.h"
#include "wire/signal.h"

namespace duet {

// One section of the offer.
struct OfferSection {
  signal::MediaKind kind{};
  bool sends = false;                                     // else it is a slot that the server may send on
  CodecKind codec = CodecKind::kOpus;                     // of what is sent, and all that is received on a slot
  signal::StreamType stream = signal::StreamType::kMain;  // when it sends
  // When it sends the picture in several sizes, their names, the smallest first; each becomes a Downtrack of its own.
  std::vector<std::string> rids;
};

class Offerer {
 public:
  // Draws ICE credentials and SSRCs. Section i has the mid "i".
  Offerer(std::vector<OfferSection> sections, DtlsFingerprint fingerprint, Rng& rng);

  std::string Offer() const;
  // What `enter` says of the sections that send.
  std::vector<signal::TrackInfo> Tracks() const;

  // Errors: the answer cannot be read, has no ICE, no candidates or no fingerprint, or does not fit the offer. Tracks
  // have the ids 1 + section; of several encodings, kEncodingIds * encoding more. An answer without simulcast leaves
  // the last one, the largest.
  static constexpr uint64_t kEncodingIds = 1000;
  Result<PeerConfig> ReadAnswer(std::string_view answer) const;

 private:
  struct Section {
    OfferSection offered;
    std::vector<LayerConfig> layers;  // one, or one for each rid
  };
  void AddDowntracks(const Section& ours, size_t index, const MediaSection& section, PeerConfig& config) const;
  std::vector<Section> sections_;
  DtlsFingerprint fingerprint_;
  IceCredentials ice_;
  std::string cname_;
};

}  // namespace duet
