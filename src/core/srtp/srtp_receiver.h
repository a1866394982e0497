// SrtpReceiver: authenticates and decrypts what one remote sends, SRTP and SRTCP (RFC 3711, AEAD: RFC 7714; layouts in
// srtp_sender.h), and refuses what was seen before.
//
// Each SSRC has a rollover counter and a replay window of 1024 packets; the first packet of an SSRC is taken to have
// rollover counter 0. Invariants:
//   1. A packet that does not authenticate changes nothing.
//   2. At most kMaxSsrcs SSRCs are known for each of SRTP and SRTCP; a further one takes the place of the one that was
//      silent for longest. Only the holder of the key can bring that about.
//   3. Nothing allocates but the first packet of an SSRC.
//
// Thread rule: owned by one Peer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/drop.h"
#include "base/flat_map.h"
#include "base/ids.h"
#include "base/result.h"
#include "core/srtp/replay_window.h"
#include "core/srtp/srtp_cm.h"
#include "core/srtp/srtp_gcm.h"
#include "core/srtp/srtp_key.h"

namespace duet {

class SrtpReceiver {
 public:
  // Audio, video and screen of one remote with three simulcast layers and RTX each come to 14.
  static constexpr size_t kMaxSsrcs = 64;

  explicit SrtpReceiver(const SrtpMasterKey& master);

  SrtpProfile profile() const { return profile_; }

  struct Unprotected {
    size_t size = 0;     // header and payload, without the tag
    uint64_t index = 0;  // extended sequence number, 48 bits
  };
  // In place. `header_size` (fixed header, CSRCs, extensions), `ssrc` and `seq` are what the packet's header says.
  // kMalformed: too short; kReplay: seen, or older than the window; kAuthFailed: altered or not from the remote. The
  // bytes behind the header are undefined after a failure.
  Result<Unprotected, Drop> UnprotectRtp(MutableBytes packet, size_t header_size, Ssrc ssrc, uint16_t seq);

  // In place; the size of the compound packet without index and tag. Packets that are not encrypted (E = 0) are
  // refused as kAuthFailed: no profile of ours asks for them.
  Result<size_t, Drop> UnprotectRtcp(MutableBytes packet);

  size_t rtp_ssrcs() const { return rtp_.streams.size(); }

 private:
  struct Stream {
    Ssrc ssrc;
    uint64_t last_used = 0;  // value of Side::packets
    ReplayWindow window;
  };
  struct Side {
    std::variant<SrtpGcm, SrtpCm> cipher;
    FlatMap<Ssrc, uint32_t> index_of;  // in `streams`
    std::vector<Stream> streams;
    uint64_t packets = 0;  // authenticated so far

    const ReplayWindow* Find(Ssrc ssrc) const;
    void Commit(Ssrc ssrc, uint64_t index);
  };

  SrtpProfile profile_;
  Side rtp_;
  Side rtcp_;
};

}  // namespace duet
