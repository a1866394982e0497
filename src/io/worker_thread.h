// WorkerThread: one media worker with all that is its own: UDP socket, TCP port, packet pool, randomness, mailbox and
// thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
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
  // Where media over TCP is received, if anywhere. Port 0: the number that the UDP port has.
  std::optional<Endpoint> tcp;
  TcpStreamsOptions streams;
  size_t packets = 16'384;  // slots of the pool
  Duration busy_poll;       // UdpLoop::SetBusyPoll
};

// What the sockets did; a copy.
struct UdpCounters {
  UdpReceiveCounters received;
  UdpSendCounters sent;
  uint64_t dropped_outbox = 0;
  TcpCounters streams;
};

class WorkerThread : private DatagramHandler {
 public:
  static constexpr size_t kMailboxCapacity = 4096;
  // Called on the worker's thread; false when the receiver is full, then the event is offered again.
  using EventSink = std::function<bool(WorkerEvent&& event)>;

  // Opens the sockets. `clock` outlives it.
  static Result<std::unique_ptr<WorkerThread>> Open(const WorkerThreadOptions& options, const OsClock& clock);
  // Stops.
  ~WorkerThread() override;

  const UdpSocket& socket() const { return loop_.socket(); }
  // 0 = no media over TCP.
  uint16_t tcp_port() const { return loop_.streams() != nullptr ? loop_.streams()->local().port : uint16_t{0}; }
  Mailbox<WorkerCommand>& commands() { return commands_; }
  // For lines that this worker takes from (AddSource). Lives as long as this.
  Waker& waker() { return waker_; }

  void Start(EventSink events);
  // Serves the commands that are in the mailbox, then joins.
  void Stop();

  // Any thread; at most a second old while there is traffic.
  UdpCounters counters() const;

 private:
  struct Sockets {
    UdpSocket udp;
    BoundSocket tcp;  // none where there is no media over TCP
  };
  // Many lines and pushes cost one write to the descriptor for each time that the thread wakes.
  class LineWaker : public Waker {
   public:
    explicit LineWaker(Mailbox<WorkerCommand>& mailbox) : mailbox_(mailbox) {}
    void Wake() override {
      if (!asked_.exchange(true, std::memory_order_acq_rel)) mailbox_.Wake();
    }
    // The thread: whether anybody has asked since the last time. After the descriptor was cleared and before the lines
    // are looked into: who asks later writes again.
    bool Take() { return asked_.exchange(false, std::memory_order_acq_rel); }

   private:
    Mailbox<WorkerCommand>& mailbox_;
    std::atomic<bool> asked_ = false;
  };
  static Result<Sockets> OpenSockets(const WorkerThreadOptions& options);
  WorkerThread(const WorkerThreadOptions& options, Sockets sockets, const OsClock& clock);

  void OnDatagram(Time now, const Endpoint& from, PacketRef packet, Outbox& out) override;
  void Expect(const Endpoint& from, Bytes datagram) const override { worker_.Expect(from, datagram); }
  void OnBatchEnd(Time now, Outbox& out) override;
  bool Knows(const Endpoint& address) const override;
  void OnConnectionEnded(Time now, const Endpoint& address) override;
  void OnWake(Time now, Outbox& out) override;
  void OnTimer(Time now, Outbox& out) override;
  Time NextTimer() const override;
  void OnRoundEnd(Time now) override;
  void OfferEvents(Time now);
  void AddStreams(WorkerEvent& event) const;
  void PublishCounters(Time now);

  PacketPool pool_;
  OsRng rng_;
  Mailbox<WorkerCommand> commands_{kMailboxCapacity};
  LineWaker waker_{commands_};
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
