// Relay: bad networks between clients and a server on one machine. Each client has a UDP and a TCP door of its own;
// commands (relay_command.h) change what lies behind them. The same seed and the same datagrams make the same losses.
//
// One thread: the io_context's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "base/time.h"
#include "io/clock.h"
#include "relay/relay_command.h"
#include "relay/relay_link.h"
#include "relay/tcp_path.h"
#include "relay/udp_path.h"

namespace duet::relay {

struct RelayOptions {
  boost::asio::ip::address server = boost::asio::ip::address_v4::loopback();
  uint16_t media_port = 0;
  uint16_t http_port = 0;  // 0 = no TCP doors
  size_t clients = 1;      // 1..kMostClients
  uint64_t seed = 1;
};

constexpr size_t kMostClients = 64;

class Relay {
 public:
  // `print` takes lines of JSON. Throws boost::system::system_error when ports cannot be had.
  Relay(boost::asio::io_context& io, RelayOptions options, std::function<void(const std::string&)> print);
  ~Relay();

  // Prints {"clients":[{"udp":PORT,"tcp":PORT}...]}.
  void Announce();
  // One line. Prints {"ok":true}, or {"error":"..."} and changes nothing. `run` is for scripts.
  void OnLine(std::string_view line);
  // Runs the steps, `run S` of them waiting; prints {"script":"done"} at the end. The error names the line.
  Status RunScript(std::string_view text);

 private:
  struct Client {
    Client(Relay& relay, uint64_t seed);
    RelayLink up;
    RelayLink down;
    SeededRng rng;
    UdpPath udp;
    std::unique_ptr<TcpPath> tcp;
  };

  void Apply(const Command& command);
  void ApplyTo(const Command& command, Client& client);
  void SetStats(const Stats& stats);
  void PrintStats();
  void Tick();
  void NextStep();

  boost::asio::io_context& io_;
  const RelayOptions options_;
  const std::function<void(const std::string&)> print_;
  OsClock clock_;
  const Time started_ = clock_.Now();
  std::vector<std::unique_ptr<Client>> clients_;
  boost::asio::steady_timer stats_timer_;
  Duration stats_every_;
  std::vector<Command> script_;
  size_t step_ = 0;
  boost::asio::steady_timer script_timer_;
};

}  // namespace duet::relay
