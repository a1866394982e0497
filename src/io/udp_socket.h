// UdpSocket: one bound, non-blocking UDP socket. Dual-stack where the machine has IPv6: IPv4 peers then appear with
// IPv4-mapped addresses, which is how IpAddress keeps them.
//
// Bound to every address, the kernel chooses the source address of what is sent by its routes. On a machine with
// several addresses in one network that need not be the one that the peer sent to; ICE then finds the pair that works.
#pragma once

#include <sys/socket.h>

#include <cstdint>

#include "base/endpoint.h"
#include "base/result.h"

namespace duet {

struct UdpSocketOptions {
  Endpoint bind;  // unspecified address = every address; port 0 = any free one
  int receive_buffer_bytes = 4 << 20;
  int send_buffer_bytes = 4 << 20;
};

class UdpSocket {
 public:
  // kUnavailable: the port is taken; kRefused: no right to it.
  static Result<UdpSocket> Open(const UdpSocketOptions& options);
  UdpSocket(UdpSocket&& o) noexcept;
  UdpSocket& operator=(UdpSocket&&) = delete;
  ~UdpSocket();

  int fd() const { return fd_; }
  bool is_v6() const { return is_v6_; }
  Endpoint local() const { return local_; }
  // What the kernel granted, in the unit that was asked for.
  int receive_buffer_bytes() const { return receive_buffer_bytes_; }
  int send_buffer_bytes() const { return send_buffer_bytes_; }
  // Whether the kernel knows UDP_SEGMENT (Linux 4.18).
  bool has_segmentation() const { return has_segmentation_; }

 private:
  UdpSocket(int fd, bool is_v6) : fd_(fd), is_v6_(is_v6) {}
  void Configure(const UdpSocketOptions& options);
  int fd_ = -1;
  bool is_v6_ = false;
  bool has_segmentation_ = false;
  Endpoint local_;
  int receive_buffer_bytes_ = 0;
  int send_buffer_bytes_ = 0;
};

// Between Endpoint and the kernel's form. `v6` is the family of the socket; false when the address does not fit it.
bool ToSockaddr(const Endpoint& endpoint, bool v6, sockaddr_storage& out, socklen_t& length);
Endpoint FromSockaddr(const sockaddr_storage& address);

}  // namespace duet
