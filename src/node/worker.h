// Worker: the media of one core. It owns the Peers and MediaRooms that Control gave it and shares nothing; one thread
// drives it (io) or one simulation step (sim). The way of a packet through it is drawn in docs/architecture.md.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/endpoint.h"
#include "base/outbox.h"
#include "base/rng.h"
#include "base/time.h"
#include "node/messages.h"

namespace duet {

struct WorkerConfig {
  // One per process: its fingerprint stands in every answer. Outlives the worker.
  DtlsContext* dtls = nullptr;
  Duration consent_timeout = Duration::Seconds(30);
  // A peer that never finishes ICE and DTLS is given up after this.
  Duration connect_timeout = Duration::Seconds(30);
  size_t max_peers = 10'000;  // and sources
  size_t max_taps = 20'000;
};

class Worker {
 public:
  Worker(WorkerConfig config, Rng& rng, PacketPool& pool);
  ~Worker();

  // A datagram from the socket. `packet` is the caller's only reference.
  void OnDatagram(Time now, const Endpoint& from, PacketRef packet, Outbox& out) {
    OnDatagramOfBatch(now, from, std::move(packet), out);
    OnBatchEnd(now, out);
  }
  // One of several that came together: packets of a picture may be put off until OnBatchEnd, so that each receiver gets
  // those of a frame in one go.
  void OnDatagramOfBatch(Time now, const Endpoint& from, PacketRef packet, Outbox& out);
  // This one comes soon, others before it: asks for the memory that it will use.
  void Expect(const Endpoint& from, Bytes datagram) const;
  void OnBatchEnd(Time now, Outbox& out);
  // Whether a peer has proven to be at this address.
  bool Knows(const Endpoint& address) const;
  // Nothing that is sent to this address arrives any more: its TCP connection has ended.
  void OnConnectionEnded(Time now, const Endpoint& address);
  void OnCommand(Time now, WorkerCommand&& command, Outbox& out);
  // There may be something in the lines of the sources. A line whose taker was woken; what is left over for want of
  // time keeps NextTimer at once.
  void OnLines(Time now, Outbox& out);
  void OnTimer(Time now, Outbox& out);
  Time NextTimer() const;

  // What Control has to know since the last call. Empty most of the time.
  std::vector<WorkerEvent> TakeEvents();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace duet
