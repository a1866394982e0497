// UdpLoop: the thread function of a media worker. Sleeps in epoll until a datagram, a wake or a timer is due; hands
// datagrams to the handler in batches of up to 64; sends what the handler wants sent when Outbox::kDrainAt packets have
// come together and at the end of each batch. No allocation after construction.
//
// Clients without UDP are served by TcpStreams, which has an epoll of its own inside that of the loop: as long as
// nothing happens there, it costs nothing here.
//
// Threads: everything on the thread in Run, except Stop.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <memory>
#include <span>

#include "base/outbox.h"
#include "base/packet_pool.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/datagram_handler.h"
#include "io/mailbox.h"
#include "io/tcp_streams.h"
#include "io/udp_receiver.h"
#include "io/udp_sender.h"
#include "io/udp_socket.h"

namespace duet {

class UdpLoop : private OutboxDrain {
 public:
  // `pool` and `clock` outlive it; `wake_fd` is watched for OnWake. `streams` is null where there is no media over TCP.
  UdpLoop(UdpSocket socket, std::unique_ptr<TcpStreams> streams, PacketPool& pool, const OsClock& clock, int wake_fd);
  ~UdpLoop() override;

  // Before Run: looks for more for so long before it sleeps. A loop with work every few milliseconds then never sleeps,
  // and takes its whole core.
  void SetBusyPoll(Duration busy_poll) { busy_poll_ = busy_poll; }
  // Until Stop; wakes that came before it are still served.
  void Run(DatagramHandler& handler);
  // Any thread.
  void Stop();

  const UdpSocket& socket() const { return socket_; }
  const TcpStreams* streams() const { return streams_.get(); }
  const UdpReceiveCounters& received() const { return receiver_.counters(); }
  const UdpSendCounters& sent() const { return sender_.counters(); }
  // Packets that machines wanted sent and that did not fit the outbox.
  uint64_t outbox_dropped() const { return outbox_.dropped(); }

 private:
  struct Ready {
    bool readable = false;
    bool writable = false;
    bool woken = false;
    bool streams = false;
  };
  Ready Wait(Time deadline);
  // epoll_wait with busy_poll_ before it.
  int WaitForEvents(std::span<epoll_event> events, Time deadline) const;
  void ReceiveAll(DatagramHandler& handler);
  void ReceiveStreams(DatagramHandler& handler);
  // Timers of the streams, and connections that are over.
  void TendStreams(Time now, DatagramHandler& handler);
  void Flush();
  void Drain(Outbox&) override { Flush(); }

  UdpSocket socket_;
  const std::unique_ptr<TcpStreams> streams_;
  const OsClock& clock_;
  const int wake_fd_;
  int epoll_fd_;
  Duration busy_poll_;
  bool waits_for_writable_ = false;
  WakeEvent stop_event_;
  std::atomic<bool> stopped_ = false;
  UdpReceiver receiver_;
  UdpSender sender_;
  Outbox outbox_;
};

}  // namespace duet
