#include "relay/tcp_path.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <utility>

namespace duet::relay {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = TcpPath::tcp;

// Operations give their error as a value.
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
// How often a stream that is held looks whether it may go on.
constexpr auto kHeldLook = std::chrono::milliseconds(5);

asio::awaitable<void> Sleep(std::chrono::microseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(kAwait);
}

}  // namespace

struct TcpPath::Stream {
  explicit Stream(asio::io_context& io, tcp::socket accepted) : client(std::move(accepted)), server(io) {}
  void Close() {
    closed = true;
    error_code ignored;
    client.close(ignored);
    server.close(ignored);
  }

  tcp::socket client;
  tcp::socket server;
  bool severed = false;
  bool closed = false;
};

TcpPath::TcpPath(asio::io_context& io, tcp::endpoint server, RelayLink& up, RelayLink& down, const OsClock& clock,
                 Rng& rng)
    : io_(io),
      server_(std::move(server)),
      up_(up),
      down_(down),
      clock_(clock),
      rng_(rng),
      acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
  asio::co_spawn(io_, Accept(), asio::detached);
}

void TcpPath::Rebind() {
  for (const auto& weak : streams_) {
    if (const auto stream = weak.lock()) stream->severed = true;
  }
}

void TcpPath::Reset() {
  for (const auto& weak : streams_) {
    if (const auto stream = weak.lock()) stream->Close();
  }
}

asio::awaitable<void> TcpPath::Accept() {
  for (;;) {
    auto [error, socket] = co_await acceptor_.async_accept(kAwait);
    if (error) co_return;
    auto stream = std::make_shared<Stream>(io_, std::move(socket));
    std::erase_if(streams_, [](const auto& weak) { return weak.expired(); });
    streams_.push_back(stream);
    asio::co_spawn(io_, Open(std::move(stream)), asio::detached);
  }
}

asio::awaitable<void> TcpPath::Open(std::shared_ptr<Stream> stream) {
  co_await Travel(stream, up_);
  const auto [error] = co_await stream->server.async_connect(server_, kAwait);
  if (error || stream->closed) {
    stream->Close();
    co_return;
  }
  error_code ignored;
  stream->client.set_option(tcp::no_delay(true), ignored);
  stream->server.set_option(tcp::no_delay(true), ignored);
  asio::co_spawn(io_, Pump(stream, true), asio::detached);
  co_await Pump(stream, false);
}

asio::awaitable<void> TcpPath::Pump(std::shared_ptr<Stream> stream, bool up) {
  tcp::socket& from = up ? stream->client : stream->server;
  tcp::socket& to = up ? stream->server : stream->client;
  std::vector<char> bytes(64 * 1024);
  for (;;) {
    const auto [error, size] = co_await from.async_read_some(asio::buffer(bytes), kAwait);
    co_await Travel(stream, up ? up_ : down_);
    if (error || stream->closed) break;
    const auto [write_error, written] = co_await asio::async_write(to, asio::buffer(bytes.data(), size), kAwait);
    if (write_error) break;
  }
  stream->Close();
}

asio::awaitable<void> TcpPath::Travel(std::shared_ptr<Stream> stream, const RelayLink& link) {
  const Duration delay = link.StreamDelay(rng_);
  if (delay > Duration::Zero()) co_await Sleep(std::chrono::microseconds(delay.us()));
  while ((link.IsDown(clock_.Now()) || stream->severed) && !stream->closed) co_await Sleep(kHeldLook);
}

}  // namespace duet::relay
