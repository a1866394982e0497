#include "relay/relay.h"

#include <chrono>
#include <cstdio>
#include <sstream>
#include <utility>

namespace duet::relay {
namespace {

using boost::system::error_code;

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + '"';
}

std::string CountsJson(RelayLink& link) {
  const LinkCounts counts = link.TakeCounts();
  std::ostringstream out;
  out << R"({"packets":)" << counts.packets << R"(,"lost":)" << counts.lost << R"(,"bytes":)" << counts.bytes
      << R"(,"queueMs":)" << counts.longest_queue.ms() << "}";
  return out.str();
}

std::chrono::microseconds Chrono(Duration time) { return std::chrono::microseconds(time.us()); }

}  // namespace

// Each client draws from a stream of its own, so that the datagrams of one do not change the fate of another's.
Relay::Client::Client(Relay& relay, uint64_t seed)
    : rng(seed),
      udp(relay.io_, {relay.options_.server, relay.options_.media_port}, up, down, relay.clock_, rng),
      tcp(relay.options_.http_port == 0
              ? nullptr
              : std::make_unique<TcpPath>(relay.io_,
                                          TcpPath::tcp::endpoint(relay.options_.server, relay.options_.http_port), up,
                                          down, relay.clock_, rng)) {}

Relay::Relay(boost::asio::io_context& io, RelayOptions options, std::function<void(const std::string&)> print)
    : io_(io), options_(std::move(options)), print_(std::move(print)), stats_timer_(io), script_timer_(io) {
  for (size_t i = 0; i < options_.clients; ++i)
    clients_.push_back(std::make_unique<Client>(*this, options_.seed * kMostClients + i));
}

Relay::~Relay() = default;

void Relay::Announce() {
  std::ostringstream out;
  out << R"({"clients":[)";
  for (size_t i = 0; i < clients_.size(); ++i) {
    out << (i > 0 ? "," : "") << R"({"udp":)" << clients_[i]->udp.port();
    if (clients_[i]->tcp) out << R"(,"tcp":)" << clients_[i]->tcp->port();
    out << "}";
  }
  out << "]}";
  print_(out.str());
}

void Relay::OnLine(std::string_view line) {
  const auto command = ParseCommand(line, clients_.size());
  if (!command.ok()) return print_(R"({"error":)" + Quoted(command.error().message) + "}");
  if (!command->has_value()) return;
  if (std::holds_alternative<Wait>((*command)->what)) return print_(R"({"error":"\"run\" is for scripts"})");
  Apply(**command);
  // One that asks for the counts is answered by them.
  const auto* stats = std::get_if<Stats>(&(*command)->what);
  if (stats == nullptr || stats->every) print_(R"({"ok":true})");
}

Status Relay::RunScript(std::string_view text) {
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    auto command = ParseCommand(line, clients_.size());
    if (!command.ok())
      return Error{ErrorCode::kMalformed, "line " + std::to_string(number) + ": " + command.error().message};
    if (command->has_value()) script_.push_back(std::move(**command));
  }
  NextStep();
  return Ok{};
}

void Relay::NextStep() {
  while (step_ < script_.size()) {
    const Command& command = script_[step_++];
    if (const auto* wait = std::get_if<Wait>(&command.what)) {
      script_timer_.expires_after(Chrono(wait->time));
      script_timer_.async_wait([this](error_code error) {
        if (!error) NextStep();
      });
      return;
    }
    Apply(command);
  }
  print_(R"({"script":"done"})");
}

void Relay::Apply(const Command& command) {
  if (std::holds_alternative<Quit>(command.what)) return io_.stop();
  if (const auto* stats = std::get_if<Stats>(&command.what)) return SetStats(*stats);
  for (size_t i = 0; i < clients_.size(); ++i) {
    if (!command.client || *command.client == i) ApplyTo(command, *clients_[i]);
  }
}

void Relay::ApplyTo(const Command& command, Client& client) {
  if (const auto* set = std::get_if<SetLinks>(&command.what)) {
    const Time now = clock_.Now();
    for (const auto& change : set->changes) {
      if (set->up) change(client.up, now);
      if (set->down) change(client.down, now);
    }
  } else if (std::holds_alternative<Rebind>(command.what)) {
    client.udp.Rebind();
    if (client.tcp) client.tcp->Rebind();
  } else if (std::holds_alternative<Reset>(command.what)) {
    if (client.tcp) client.tcp->Reset();
  }
}

void Relay::SetStats(const Stats& stats) {
  if (!stats.every) return PrintStats();
  stats_every_ = *stats.every;
  stats_timer_.cancel();
  if (stats_every_ == Duration::Zero()) return;
  for (const auto& client : clients_) {
    client->up.TakeCounts();
    client->down.TakeCounts();
  }
  stats_timer_.expires_after(Chrono(stats_every_));
  Tick();
}

void Relay::Tick() {
  stats_timer_.async_wait([this](error_code error) {
    if (error) return;
    PrintStats();
    stats_timer_.expires_at(stats_timer_.expiry() + Chrono(stats_every_));
    Tick();
  });
}

void Relay::PrintStats() {
  std::ostringstream out;
  out << R"({"t":)" << static_cast<double>((clock_.Now() - started_).ms()) / 1000 << R"(,"stats":[)";
  for (size_t i = 0; i < clients_.size(); ++i) {
    out << (i > 0 ? "," : "") << R"({"up":)" << CountsJson(clients_[i]->up) << R"(,"down":)"
        << CountsJson(clients_[i]->down) << "}";
  }
  out << "]}";
  print_(out.str());
}

}  // namespace duet::relay
