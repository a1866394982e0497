#include "io/udp_socket.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
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

Error SystemError(const Endpoint& bind, int error) {
  const std::string where = "UDP " + bind.ToString();
  if (error == EADDRINUSE) return Error{ErrorCode::kUnavailable, where + " is already in use"};
  if (error == EACCES || error == EPERM) return Error{ErrorCode::kRefused, "no permission to listen on " + where};
  if (error == EADDRNOTAVAIL) return Error{ErrorCode::kNotFound, "this machine does not have the address of " + where};
  return Error{ErrorCode::kInternal, "cannot listen on " + where + ": " + std::strerror(error)};
}

// A bound socket of the family, or -1 and why.
int OpenBound(Endpoint bind_to, bool v6, int& error) {
  const int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0) {
    if (bind_to.ip.is_unspecified()) bind_to.ip = v6 ? IpAddress{} : IpAddress::V4(0, 0, 0, 0);
    sockaddr_storage address{};
    socklen_t length = 0;
    const int no = 0;
    ToSockaddr(bind_to, v6, address, length);
    const bool dual = !v6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) == 0;
    if (dual && bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0) return fd;
  }
  error = errno;
  if (fd >= 0) close(fd);
  return -1;
}

}  // namespace

bool ToSockaddr(const Endpoint& endpoint, bool v6, sockaddr_storage& out, socklen_t& length) {
  if (v6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    std::memcpy(&address.sin6_addr, endpoint.ip.octets.data(), 16);
    std::memcpy(&out, &address, sizeof(address));
    length = sizeof(address);
    return true;
  }
  if (!endpoint.ip.is_v4()) return false;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  const auto octets = endpoint.ip.v4();
  std::memcpy(&address.sin_addr, octets.data(), octets.size());
  std::memcpy(&out, &address, sizeof(address));
  length = sizeof(address);
  return true;
}

Endpoint FromSockaddr(const sockaddr_storage& address) {
  Endpoint endpoint;
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof(v6));
    std::memcpy(endpoint.ip.octets.data(), &v6.sin6_addr, 16);
    endpoint.port = ntohs(v6.sin6_port);
  } else if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof(v4));
    std::array<uint8_t, 4> octets;
    std::memcpy(octets.data(), &v4.sin_addr, octets.size());
    endpoint = {IpAddress::FromV4(octets), ntohs(v4.sin_port)};
  }
  return endpoint;
}

UdpSocket::UdpSocket(UdpSocket&& o) noexcept
    : fd_(std::exchange(o.fd_, -1)),
      is_v6_(o.is_v6_),
      has_segmentation_(o.has_segmentation_),
      local_(o.local_),
      receive_buffer_bytes_(o.receive_buffer_bytes_),
      send_buffer_bytes_(o.send_buffer_bytes_) {}

UdpSocket::~UdpSocket() {
  if (fd_ >= 0) close(fd_);
}

void UdpSocket::Configure(const UdpSocketOptions& options) {
  receive_buffer_bytes_ = RaiseBuffer(fd_, SO_RCVBUF, SO_RCVBUFFORCE, options.receive_buffer_bytes);
  send_buffer_bytes_ = RaiseBuffer(fd_, SO_SNDBUF, SO_SNDBUFFORCE, options.send_buffer_bytes);
  const int no_segmentation = 0;
  has_segmentation_ = setsockopt(fd_, SOL_UDP, UDP_SEGMENT, &no_segmentation, sizeof(no_segmentation)) == 0;
}

Result<UdpSocket> UdpSocket::Open(const UdpSocketOptions& options) {
  // A socket for one IPv4 address is an IPv4 socket; anything else is IPv6 that takes both.
  const bool unspecified = options.bind.ip.is_unspecified();
  bool v6 = unspecified || !options.bind.ip.is_v4();
  int error = 0;
  int fd = OpenBound(options.bind, v6, error);
  // Without IPv6 in the kernel, or with it switched off, "every address" means every IPv4 address.
  if (fd < 0 && v6 && unspecified && (error == EAFNOSUPPORT || error == EADDRNOTAVAIL)) {
    v6 = false;
    fd = OpenBound(options.bind, v6, error);
  }
  if (fd < 0) return SystemError(options.bind, error);

  UdpSocket opened(fd, v6);
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  opened.local_ = FromSockaddr(address);
  opened.Configure(options);
  return opened;
}

}  // namespace duet
