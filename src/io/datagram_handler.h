// What the loop of a media worker drives: a Worker, or a test.
#pragma once

#include "base/outbox.h"
#include "base/packet_pool.h"
#include "base/time.h"

namespace duet {

// One virtual call per datagram; what happens per subscriber is behind it.
class DatagramHandler {
 public:
  virtual ~DatagramHandler() = default;
  virtual void OnDatagram(Time now, const Endpoint& from, PacketRef packet, Outbox& out) = 0;
  // This datagram comes soon, others before it: what it will use can be asked for (base/prefetch.h).
  virtual void Expect(const Endpoint& /*from*/, Bytes /*datagram*/) const {}
  // The datagrams that had come together are all handed over: what was put off is to be done now.
  virtual void OnBatchEnd(Time, Outbox&) {}
  // Whether somebody has proven to be at this address. Asked of TCP connections only.
  virtual bool Knows(const Endpoint& address) const = 0;
  // The TCP connection to this address has ended.
  virtual void OnConnectionEnded(Time now, const Endpoint& address) = 0;
  // The wake descriptor was readable. The handler makes it unreadable.
  virtual void OnWake(Time now, Outbox& out) = 0;
  // Something of NextTimer is due.
  virtual void OnTimer(Time now, Outbox& out) = 0;
  virtual Time NextTimer() const = 0;
  // After every round, when everything is with the kernel.
  virtual void OnRoundEnd(Time now) = 0;
};

}  // namespace duet
