// TcpDoor: a listening TCP socket. Accepts, counts each connection in a ConnectionGuard and hands it on. The I/O thread
// only, but for what comes before it runs.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/endpoint.h"
#include "base/log.h"
#include "base/result.h"
#include "gateway/beast.h"
#include "gateway/connection_guard.h"

namespace duet {

class TcpDoor {
 public:
  // Serves one connection until it is over.
  using Serve = std::function<asio::awaitable<void>(tcp::socket socket, IpAddress remote,
                                                    std::unique_ptr<ConnectionGuard::Place> place)>;

  // Opens the door; connections wait in the kernel until Start. An unspecified address means every one, IPv4 included.
  // For errors: `name` of the door ("HTTPS"), `option` to change its port with.
  static Result<std::unique_ptr<TcpDoor>> Listen(asio::io_context& io, const Endpoint& endpoint, std::string_view name,
                                                 std::string_view option);

  uint16_t port() const { return port_; }
  // Starts to accept, once. What `serve` throws ends that connection and nothing else. `guard` outlives it; it outlives
  // the io_context's run.
  void Start(ConnectionGuard& guard, Log log, Serve serve);
  // Takes no new connections. Those that are open go on.
  void Close();

 private:
  explicit TcpDoor(asio::io_context& io) : acceptor_(io) {}
  asio::awaitable<void> AcceptAll(ConnectionGuard& guard, Log log, Serve serve);
  void Admit(tcp::socket socket, ConnectionGuard& guard, const Log& log, const Serve& serve);

  tcp::acceptor acceptor_;
  uint16_t port_ = 0;
};

IpAddress ToIpAddress(const asio::ip::address& address);

}  // namespace duet
