// duet-relay: bad networks on one machine, between clients and a Duet server.
#include <CLI/CLI.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>

#include "relay/relay.h"

namespace duet::relay {
namespace {

constexpr char kAbout[] =
    "Puts bad networks between clients and a Duet server on this machine. Each client has a UDP door for media and a\n"
    "TCP door for pages and signalling; the first line of the output names their ports. Lines on the input steer "
    "it:\n\n"
    "  [WHO] DIRECTION CONDITION...    WHO: c1, c2 ... or all (default); DIRECTION: up, down (to the client), both\n"
    "      delay MS  jitter MS  loss %  run N (mean length of a run of losses)  reorder %  duplicate %  corrupt %\n"
    "      rate KBPS  queue MS (what the bottleneck holds)  pattern 1101 (exactly these pass)  outage S\n"
    "      cut | mend | heal           nothing passes | it passes again | and every other condition is over, too\n"
    "  [WHO] rebind                    a NAT gives another address; TCP connections of the former one go dead\n"
    "  [WHO] reset                     closes the TCP connections\n"
    "  stats | stats every S | stats off    packets, losses, bytes and the longest queue since the last line\n"
    "  quit\n\n"
    "A script has the same lines, and \"run S\" to wait. Each line is answered with one line of JSON.";

constexpr char kExamples[] =
    "Examples:\n"
    "  duet-relay --media-port 40000 --http-port 8080 --clients 2\n"
    "  echo 'both delay 50 loss 10' | duet-relay --media-port 40000 --stay\n"
    "  duet-relay --media-port 40000 --script train.relay --seed 7\n";

struct Options {
  RelayOptions relay;
  std::string server = "127.0.0.1";
  std::string script;
  bool stay = false;
};

// Commands are read on a thread of their own, because an input may be a file, which cannot be waited for.
void ReadInput(boost::asio::io_context& io, Relay& relay, bool stay) {
  std::thread([&io, &relay, stay] {
    for (std::string line; std::getline(std::cin, line);) boost::asio::post(io, [&relay, line] { relay.OnLine(line); });
    if (!stay) boost::asio::post(io, [&io] { io.stop(); });
  }).detach();
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) throw std::runtime_error("cannot read " + path);
  return text.str();
}

int Run(Options& options) {
  boost::asio::io_context io{1};
  boost::system::error_code error;
  options.relay.server = boost::asio::ip::make_address(options.server, error);
  if (error) throw std::runtime_error("--server takes an IP address, not " + options.server);
  Relay relay(io, options.relay, [](const std::string& line) { std::cout << line << std::endl; });
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&io](boost::system::error_code, int) { io.stop(); });
  relay.Announce();
  if (!options.script.empty()) {
    if (const Status status = relay.RunScript(ReadFile(options.script)); !status.ok())
      throw std::runtime_error(options.script + ", " + status.error().message);
  }
  ReadInput(io, relay, options.stay || !options.script.empty());
  io.run();
  return 0;
}

}  // namespace
}  // namespace duet::relay

int main(int argc, char** argv) {
  duet::relay::Options options;
  CLI::App app(duet::relay::kAbout);
  app.footer(duet::relay::kExamples);
  app.add_option("--media-port", options.relay.media_port, "UDP port of the server")->required();
  app.add_option("--http-port", options.relay.http_port, "TCP port of the server; without it there are no TCP doors");
  app.add_option("--server", options.server, "IP address of the server")->capture_default_str();
  app.add_option("--clients", options.relay.clients, "How many clients have doors")
      ->check(CLI::Range(size_t{1}, duet::relay::kMostClients))
      ->capture_default_str();
  app.add_option("--seed", options.relay.seed, "The same seed draws the same losses")->capture_default_str();
  app.add_option("--script", options.script, "Commands to run first")->check(CLI::ExistingFile);
  app.add_flag("--stay", options.stay, "Go on when the input has ended; a script does so, too");
  CLI11_PARSE(app, argc, argv);
  int status = 2;
  try {
    status = duet::relay::Run(options);
  } catch (const std::exception& error) {
    std::cerr << "duet-relay: " << error.what() << std::endl;
  }
  // The thread that reads the input may still wait for a line: it ends with the process, without destructors.
  std::cout.flush();
  std::_Exit(status);
}
