// UdpSocket: one bound, non-blocking UDP socket with large buffers.
//
// Bound to every address, the kernel chooses the source address of what is sent by its routes. On a machine with
// several addresses in one network that need not be the one that the peer sent to; ICE then finds the pair that works.
#pragma once

#include "io/bound_socket.h"

namespace duet {

struct UdpSocketOptions {
  Endpoint bind;  // unspecified address = every address; port 0 = any free one
  int receive_buffer_bytes = 4 << 20;
  int send_buffer_bytes = 4 << 20;
};

class UdpSocket {
 public:
  // Errors as of OpenBoundSocket.
  static Result<UdpSocket> Open(const UdpSocketOptions& options);

  int fd() const { return socket_.fd.get(); }
  bool is_v6() const { return socket_.is_v6; }
  Endpoint local() const { return socket_.local; }
  // What the kernel granted, in the unit that was asked for.
  int receive_buffer_bytes() const { return receive_buffer_bytes_; }
  int send_buffer_bytes() const { return send_buffer_bytes_; }
  // Whether the kernel knows UDP_SEGMENT (Linux 4.18).
  bool has_segmentation() const { return has_segmentation_; }

 private:
  UdpSocket(BoundSocket socket, const UdpSocketOptions& options);
  BoundSocket socket_;
  bool has_segmentation_ = false;
  int receive_buffer_bytes_ = 0;
  int send_buffer_bytes_ = 0;
};

}  // namespace duet
