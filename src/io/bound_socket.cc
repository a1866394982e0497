#include "io/bound_socket.h"

#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace duet {
namespace {

Error SystemError(const Endpoint& bind, int error) {
  const Endpoint address{bind.ip, bind.port};
  const std::string where = (bind.transport == Transport::kTcp ? "TCP " : "UDP ") + address.ToString();
  if (error == EADDRINUSE) return Error{ErrorCode::kUnavailable, where + " is already in use"};
  if (error == EACCES || error == EPERM) return Error{ErrorCode::kRefused, "no permission to listen on " + where};
  if (error == EADDRNOTAVAIL) return Error{ErrorCode::kNotFound, "this machine does not have the address of " + where};
  return Error{ErrorCode::kInternal, "cannot listen on " + where + ": " + std::strerror(error)};
}

// A bound socket of the family, or none and why.
OwnedFd OpenOfFamily(Endpoint bind_to, bool v6, int& error) {
  const bool tcp = bind_to.transport == Transport::kTcp;
  const int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  OwnedFd fd(socket(v6 ? AF_INET6 : AF_INET, type, 0));
  if (fd) {
    if (bind_to.ip.is_unspecified()) bind_to.ip = v6 ? IpAddress{} : IpAddress::V4(0, 0, 0, 0);
    sockaddr_storage address{};
    socklen_t length = 0;
    const int no = 0;
    const int yes = 1;
    ToSockaddr(bind_to, v6, address, length);
    const bool dual = !v6 || setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) == 0;
    if (tcp) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (dual && bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0) return fd;
  }
  error = errno;
  return OwnedFd();
}

}  // namespace

OwnedFd::OwnedFd(OwnedFd&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}

OwnedFd& OwnedFd::operator=(OwnedFd&& o) noexcept {
  std::swap(fd_, o.fd_);
  return *this;
}

void OwnedFd::reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Result<BoundSocket> OpenBoundSocket(const Endpoint& bind) {
  // A socket for one IPv4 address is an IPv4 socket; anything else is IPv6 that takes both.
  const bool unspecified = bind.ip.is_unspecified();
  BoundSocket opened;
  opened.is_v6 = unspecified || !bind.ip.is_v4();
  int error = 0;
  opened.fd = OpenOfFamily(bind, opened.is_v6, error);
  // Without IPv6 in the kernel, or with it switched off, "every address" means every IPv4 address.
  if (!opened.fd && opened.is_v6 && unspecified && (error == EAFNOSUPPORT || error == EADDRNOTAVAIL)) {
    opened.is_v6 = false;
    opened.fd = OpenOfFamily(bind, opened.is_v6, error);
  }
  if (!opened.fd) return SystemError(bind, error);
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  getsockname(opened.fd.get(), reinterpret_cast<sockaddr*>(&address), &length);
  opened.local = FromSockaddr(address);
  opened.local.transport = bind.transport;
  return opened;
}

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

}  // namespace duet
