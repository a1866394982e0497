#include "io/udp_socket.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <utility>

namespace duet {
namespace {

// The kernel keeps double of what is asked for, silently cut to its limit. With CAP_NET_ADMIN the limit can be passed.
int RaiseBuffer(int fd, int option, int force_option, int bytes) {
  if (setsockopt(fd, SOL_SOCKET, force_option, &bytes, sizeof(bytes)) != 0)
    setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes));
  int granted = 0;
  socklen_t length = sizeof(granted);
  getsockopt(fd, SOL_SOCKET, option, &granted, &length);
  return granted / 2;
}

}  // namespace

UdpSocket::UdpSocket(BoundSocket socket, const UdpSocketOptions& options)
    : socket_(std::move(socket)),
      receive_buffer_bytes_(RaiseBuffer(fd(), SO_RCVBUF, SO_RCVBUFFORCE, options.receive_buffer_bytes)),
      send_buffer_bytes_(RaiseBuffer(fd(), SO_SNDBUF, SO_SNDBUFFORCE, options.send_buffer_bytes)) {
  const int no_segmentation = 0;
  has_segmentation_ = setsockopt(fd(), SOL_UDP, UDP_SEGMENT, &no_segmentation, sizeof(no_segmentation)) == 0;
}

Result<UdpSocket> UdpSocket::Open(const UdpSocketOptions& options) {
  Result<BoundSocket> bound = OpenBoundSocket(options.bind);
  if (!bound.ok()) return bound.error();
  return UdpSocket(std::move(*bound), options);
}

}  // namespace duet
