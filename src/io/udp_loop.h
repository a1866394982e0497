// UdpLoop: the thread function of a media worker. Sleeps in epoll until a datagram, a wake or a timer is due; hands
// datagrams to the handler in batches of up to 64; sends what the handler wants sent when 512 packets have come
// together and at the end of each batch. No allocation after construction.
//
// Threads: everything on the thread in Run, except Stop.
#pragma once

#include <atomic>

#include "base/outbox.h"
#include "base/packet_pool.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/mailbox.h"
#include "io/udp_receiver.h"
#include "io/udp_sender.h"
#include "io/udp_socket.h"

namespace duet {

// What the loop drives. One virtual call per datagram; what happens per subscriber is behind it.
class UdpHandler {
 public:
  virtual ~UdpHandler() = default;
  virtual void OnDatagram(Time now, const Endpoint& from, PacketRef packet, Outbox& out) = 0;
  // The wake descriptor was readable. The handler makes it unreadable.
  virtual void OnWake(Time now, Outbox& out) = 0;
  // Something of NextTimer is due.
  virtual void OnTimer(Time now, Outbox& out) = 0;
  virtual Time NextTimer() const = 0;
  // After every round, when everything is with the kernel.
  virtual void OnRoundEnd(Time now) = 0;
};

class UdpLoop {
 public:
  static constexpr size_t kFlushAt = 512;

  // `pool` and `clock` outlive it; `wake_fd` is watched for OnWake.
  UdpLoop(UdpSocket socket, PacketPool& pool, const OsClock& clock, int wake_fd);
  ~UdpLoop();

  // Until Stop; wakes that came before it are still served.
  void Run(UdpHandler& handler);
  // Any thread.
  void Stop();

  const UdpSocket& socket() const { return socket_; }
  const UdpReceiveCounters& received() const { return receiver_.counters(); }
  const UdpSendCounters& sent() const { return sender_.counters(); }
  // Packets that machines wanted sent and that did not fit the outbox.
  uint64_t outbox_dropped() const { return outbox_.dropped(); }

 private:
  struct Ready {
    bool readable = false;
    bool writable = false;
    bool woken = false;
  };
  Ready Wait(Time deadline);
  void ReceiveAll(UdpHandler& handler);
  void Flush();

  UdpSocket socket_;
  const OsClock& clock_;
  const int wake_fd_;
  int epoll_fd_;
  bool waits_for_writable_ = false;
  WakeEvent stop_event_;
  std::atomic<bool> stopped_ = false;
  UdpReceiver receiver_;
  UdpSender sender_;
  Outbox outbox_;
};

}  // namespace duet
