// UdpReceiver: takes datagrams from a socket with recvmmsg, straight into slots of a PacketPool.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/endpoint.h"
#include "base/packet_pool.h"
#include "io/udp_socket.h"

namespace duet {

struct UdpReceiveCounters {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t calls = 0;               // of recvmmsg
  uint64_t dropped_pool_empty = 0;  // read and thrown away: no slot was free
  uint64_t dropped_truncated = 0;   // larger than a slot
};

class UdpReceiver {
 public:
  static constexpr size_t kBatch = 64;

  // Both outlive it. Holds up to kBatch slots of the pool all the time.
  UdpReceiver(const UdpSocket& socket, PacketPool& pool);

  // Reads what is there, at most kBatch datagrams; the number read. Fewer than kBatch: the socket is (nearly) empty.
  size_t Receive();
  // Datagram i of the last Receive. Null when it was thrown away; then it is counted already.
  PacketRef Take(size_t i) { return std::move(slots_[i]); }
  // The same, left there.
  const PacketRef& Peek(size_t i) const { return slots_[i]; }
  Endpoint from(size_t i) const { return FromSockaddr(addresses_[i]); }

  const UdpReceiveCounters& counters() const { return counters_; }

 private:
  size_t Prepare();

  const UdpSocket& socket_;
  PacketPool& pool_;
  std::array<PacketRef, kBatch> slots_;
  std::array<mmsghdr, kBatch> messages_{};
  std::array<iovec, kBatch> iov_{};
  std::array<sockaddr_storage, kBatch> addresses_{};
  std::array<std::byte, 64> waste_{};  // where datagrams go when no slot is free
  size_t used_ = kBatch;               // messages from here on are as Prepare left them
  bool wasting_ = false;               // some point at the waste
  UdpReceiveCounters counters_;
};

}  // namespace duet
