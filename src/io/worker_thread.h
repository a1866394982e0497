// WorkerThread: one media worker with all that is its own: UDP socket, packet pool, randomness, mailbox and thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "io/clock.h"
#include "io/mailbox.h"
#include "io/os_rng.h"
#include "io/udp_loop.h"
#include "node/worker.h"

namespace duet {

struct WorkerThreadOptions {
  WorkerConfig worker;
  UdpSocketOptions socket;
  size_t packets = 16'384;  // slots of the pool
};

// What the socket did; a copy.
struct UdpCounters {
  UdpReceiveCounters received;
  UdpSendCounters sent;
  uint64_t dropped_outbox = 0;
};

class WorkerThread : private UdpHandler {
 public:
  static constexpr size_t kMailboxCapacity = 4096;
  // Called on the worker's thread; false when the receiver is full, then the event is offered again.
  using EventSink = std::function<bool(WorkerEvent&& event)>;

  // Opens the socket. `clock` outlives it.
  static Result<std::unique_ptr<WorkerThread>> Open(const WorkerThreadOptions& options, const OsClock& clock);
  // Stops.
  ~WorkerThread() override;

  const UdpSocket& socket() const { return loop_.socket(); }
  Mailbox<WorkerCommand>& commands() { return commands_; }

  void Start(EventSink events);
  // Serves the commands that are in the mailbox, then joins.
  void Stop();

  // Any thread; at most a second old while there is traffic.
  UdpCounters counters() const;

 private:
  WorkerThread(const WorkerThreadOptions& options, UdpSocket socket, const OsClock& clock);

  void OnDatagram(Time now, const Endpoint& from, PacketRef packet, Outbox& out) override;
  void OnWake(Time now, Outbox& out) override;
  void OnTimer(Time now, Outbox& out) override;
  Time NextTimer() const override;
  void OnRoundEnd(Time now) override;
  void OfferEvents(Time now);
  void PublishCounters(Time now);

  PacketPool pool_;
  OsRng rng_;
  Mailbox<WorkerCommand> commands_{kMailboxCapacity};
  UdpLoop loop_;
  Worker worker_;
  std::vector<WorkerCommand> taken_;
  // Events that Control had no room for, oldest first. Bounded by the worker's limit of peers, for those that repeat
  // are dropped when they have to wait.
  std::vector<WorkerEvent> waiting_;
  Time retry_at_ = Time::Never();
  EventSink events_;
  Time published_at_ = Time::LongAgo();
  mutable std::mutex counters_mutex_;
  UdpCounters counters_;
  std::thread thread_;
};

}  // namespace duet
