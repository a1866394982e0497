// TcpConnection: the datagrams of one client over one TCP connection, as RFC 4571 frames.
//
// What is sent waits in a bounded queue as soon as the kernel takes no more. The kernel is asked to take little
// (TCP_NOTSENT_LOWAT): packets that waited there would only be late, and nobody could drop them. A datagram that finds
// the queue full is dropped whole; the one that is half on the wire goes on.
//
// Thread rule: owned by one TcpStreams. Nothing is allocated after construction.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/endpoint.h"
#include "base/packet_pool.h"
#include "base/time.h"
#include "io/bound_socket.h"
#include "wire/stream_framing.h"

namespace duet {

class TcpConnection {
 public:
  // 0.5 s at 1 Mbit/s. What a path with a long delay needs is in flight, which does not count here.
  static constexpr size_t kMaxQueuedBytes = 64 << 10;
  static constexpr size_t kMaxQueuedPackets = 128;

  // `fd` is connected and non-blocking. Unacknowledged data ends the connection after `patience`.
  TcpConnection(OwnedFd fd, const Endpoint& remote, Duration patience);
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  int fd() const { return fd_.get(); }
  const Endpoint& remote() const { return remote_; }

  // What has arrived, read into `buffer`; empty when there is nothing now or no more. To be passed to frames().Next.
  Bytes Read(MutableBytes buffer);
  FrameReader& frames() { return frames_; }

  // False when the queue has no room.
  bool Enqueue(const PacketRef& packet);
  // Hands to the kernel what it takes; the number of packets that are wholly with it now.
  size_t Write();
  size_t queued() const { return count_; }
  // The kernel takes no more until the socket is writable.
  bool blocked() const { return blocked_; }

  // The connection is over: the remote has closed it, it broke, or End was called. Nothing is queued any more.
  bool ended() const { return !fd_; }
  void End();

 private:
  struct Outgoing {
    PacketRef packet;
    std::array<std::byte, kFrameHeaderBytes> header;
  };
  Outgoing& Queued(size_t i) { return queue_[(first_ + i) % kMaxQueuedPackets]; }
  // Takes `bytes` from the front of the queue; the number of packets that are finished with it.
  size_t Advance(size_t bytes);

  OwnedFd fd_;
  const Endpoint remote_;
  FrameReader frames_;
  std::vector<Outgoing> queue_{kMaxQueuedPackets};  // a ring
  size_t first_ = 0;
  size_t count_ = 0;
  size_t queued_bytes_ = 0;   // of the packets of the queue
  size_t written_bytes_ = 0;  // of the first one and its header
  bool blocked_ = false;
};

}  // namespace duet
