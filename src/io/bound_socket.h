// A bound, non-blocking socket of either kind, and the two forms of an address. Dual-stack where the machine has IPv6:
// IPv4 peers then appear with IPv4-mapped addresses, which is how IpAddress keeps them.
#pragma once

#include <sys/socket.h>

#include "base/endpoint.h"
#include "base/result.h"

namespace duet {

// A file descriptor that is closed with its owner; -1 = none.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& o) noexcept;
  OwnedFd& operator=(OwnedFd&& o) noexcept;
  ~OwnedFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

struct BoundSocket {
  OwnedFd fd;
  bool is_v6 = false;
  Endpoint local;
};

// `bind` says the transport, too. Its unspecified address means every address, its port 0 any free one. A TCP socket
// may take a port whose former connections still linger.
// kUnavailable: the port is taken; kRefused: no right to it; kNotFound: not an address of this machine.
Result<BoundSocket> OpenBoundSocket(const Endpoint& bind);

// Between Endpoint and the kernel's form, which does not say the transport (UDP is assumed). `v6` is the family of the
// socket; false when the address does not fit it.
bool ToSockaddr(const Endpoint& endpoint, bool v6, sockaddr_storage& out, socklen_t& length);
Endpoint FromSockaddr(const sockaddr_storage& address);

}  // namespace duet
