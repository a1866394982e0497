// TcpPath: the byte streams of one client - the page and its signalling. Loopback `port()` leads to the server's HTTP
// door; both directions are delayed by their RelayLink, and held while it is down: nobody sees a connection end.
//
// One thread: everything happens in the io_context that was given.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/rng.h"
#include "base/time.h"
#include "io/clock.h"
#include "relay/relay_link.h"

namespace duet::relay {

class TcpPath {
 public:
  using tcp = boost::asio::ip::tcp;

  // Throws boost::system::system_error when no port can be had. What is referred to must live longer.
  TcpPath(boost::asio::io_context& io, tcp::endpoint server, RelayLink& up, RelayLink& down, const OsClock& clock,
          Rng& rng);

  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  // The client has another address: its connections stay open and carry nothing any more.
  void Rebind();
  // Closes all connections.
  void Reset();

 private:
  struct Stream;

  boost::asio::awaitable<void> Accept();
  boost::asio::awaitable<void> Open(std::shared_ptr<Stream> stream);
  // Carries bytes of one direction until it ends.
  boost::asio::awaitable<void> Pump(std::shared_ptr<Stream> stream, bool up);
  boost::asio::awaitable<void> Travel(std::shared_ptr<Stream> stream, const RelayLink& link);

  boost::asio::io_context& io_;
  const tcp::endpoint server_;
  RelayLink& up_;
  RelayLink& down_;
  const OsClock& clock_;
  Rng& rng_;
  tcp::acceptor acceptor_;
  std::vector<std::weak_ptr<Stream>> streams_;
};

}  // namespace duet::relay
