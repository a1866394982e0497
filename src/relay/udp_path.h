// UdpPath: the datagrams of one client. The client sends to `port()` on loopback; each of its own addresses gets a
// socket towards the server, as a NAT would do it, and both directions go through a RelayLink.
//
// One thread: everything happens in the io_context that was given.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "base/rng.h"
#include "base/time.h"
#include "io/clock.h"
#include "relay/relay_link.h"

namespace duet::relay {

class UdpPath {
 public:
  using udp = boost::asio::ip::udp;

  // Throws boost::system::system_error when no port can be had. What is referred to must live longer.
  UdpPath(boost::asio::io_context& io, udp::endpoint server, RelayLink& up, RelayLink& down, const OsClock& clock,
          Rng& rng);

  uint16_t port() const { return door_.local_endpoint().port(); }
  // The server sees other addresses from now on, and what it sends to the former ones is lost.
  void Rebind();
  // Datagrams under way beyond this are lost: what a link at 100 Mbit/s holds in two seconds.
  static constexpr size_t kMostUnderWay = 20'000;

 private:
  // One address of the client and the socket that stands for it.
  struct Flow {
    Flow(boost::asio::io_context& io, udp::endpoint client_address);
    udp::endpoint client;
    udp::socket socket;
    udp::endpoint sender;  // of the datagram that is being received
    std::vector<char> buffer;
  };
  struct UnderWay {
    std::shared_ptr<Flow> flow;
    bool up = false;
    std::vector<char> bytes;
  };

  void ReceiveFromClient();
  void ReceiveFromServer(const std::shared_ptr<Flow>& flow);
  std::shared_ptr<Flow> FlowOf(const udp::endpoint& client);
  void Enter(const std::shared_ptr<Flow>& flow, bool up, const char* bytes, size_t size);
  void Deliver(UnderWay& datagram);
  void Schedule();

  boost::asio::io_context& io_;
  const udp::endpoint server_;
  RelayLink& up_;
  RelayLink& down_;
  const OsClock& clock_;
  Rng& rng_;
  udp::socket door_;
  udp::endpoint sender_;
  std::vector<char> buffer_;
  std::deque<std::shared_ptr<Flow>> flows_;  // the oldest first
  std::multimap<Time, UnderWay> under_way_;  // by arrival
  boost::asio::steady_timer timer_;
  Time timer_at_ = Time::Never();
};

}  // namespace duet::relay
