// LoadClient: one publisher or viewer of a load: a real client (ICE, DTLS, SRTP, RTCP by Peer) with a socket of its own
// that came in by WHIP or WHEP.
//
// A publisher sends numbered packets of a made-up VP8 picture with the time of sending in them; a viewer counts them
// and their delay. Thread rule: owned by one LoadRun.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/outbox.h"
#include "base/rng.h"
#include "core/dtls/dtls_context.h"
#include "io/bound_socket.h"
#include "load/delay_histogram.h"
#include "peer/offerer.h"
#include "peer/peer.h"

namespace duet::load {

// What all clients share. Outlives them.
struct LoadContext {
  DtlsContext& dtls;
  DtlsFingerprint fingerprint;
  PacketPool& pool;
  Rng& rng;
};

class LoadClient {
 public:
  // What viewers have seen, together.
  struct Received {
    uint64_t packets = 0;
    uint64_t bytes = 0;           // of payload
    DelayHistogram delay;         // until after decryption
    DelayHistogram server_delay;  // until the packet was in the viewer's socket
    bool counting = false;
  };

  LoadClient(PeerId id, bool publishes, bool with_audio, const LoadContext& context);

  // POSTs the offer and opens the socket. `url` of WHIP or WHEP.
  Status Join(Time now, const std::string& url, const std::string& token);
  void Leave(Time now);

  int fd() const { return fd_.get(); }
  PeerId id() const { return id_; }
  bool connected() const { return peer_ && peer_->state() == Peer::State::kConnected; }
  bool failed() const { return peer_ && peer_->state() == Peer::State::kFailed; }

  // Reads the socket until it is empty. `drop_one_in`: every so many packets of media are lost, 0 = none.
  void OnReadable(Time now, uint32_t drop_one_in, Received& received);
  void OnTimer(Time now);
  Time NextTimer() const;

  // One packet of the picture; `last` of its frame. `size` bytes of RTP payload.
  void SendVideo(Time now, size_t size, uint32_t frame, bool first, bool last);
  bool keyframe_wanted() const { return keyframe_wanted_; }
  uint64_t sent() const { return sent_; }
  // Datagrams that a viewer has sent: feedback, reports, checks.
  uint64_t answers() const { return answers_; }

 private:
  void OnDatagram(Time now, PacketRef packet, int64_t arrived_ns, uint32_t drop_one_in, Received& received);
  void OnMedia(const ReceivedRtp& rtp, int64_t arrived_ns, Received& received) const;
  void Flush();

  const PeerId id_;
  const bool publishes_;
  const LoadContext& context_;
  Offerer offerer_;
  OwnedFd fd_;
  Endpoint server_;
  std::unique_ptr<Peer> peer_;
  Outbox out_;
  std::string session_url_;
  std::string token_;
  Downtrack* video_ = nullptr;
  Time next_divide_ = Time::Never();
  int64_t seq_ = 0;
  uint64_t sent_ = 0;
  uint64_t answers_ = 0;
  uint32_t media_seen_ = 0;
  bool keyframe_wanted_ = true;
};

}  // namespace duet::load
