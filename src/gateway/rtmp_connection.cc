// The socket of an RTMP connection: a reader, a writer and a timer, each a coroutine, that share one RtmpPeer.
#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "gateway/rtmp_door.h"
#include "gateway/rtmp_peer.h"

namespace duet {
namespace {

std::chrono::microseconds ToChrono(Duration duration) { return std::chrono::microseconds(duration.us()); }

template <typename Stream>
class RtmpConnection : public std::enable_shared_from_this<RtmpConnection<Stream>> {
 public:
  RtmpConnection(Stream stream, IpAddress remote, RtmpContext& context)
      : context_(context),
        stream_(std::move(stream)),
        work_(stream_.get_executor()),
        clock_(stream_.get_executor()),
        peer_(context, remote, stream_.get_executor(), [this] { Wake(); }) {}

  asio::awaitable<void> Run() {
    beast::get_lowest_layer(stream_).expires_never();
    KeepUnsentSmall(beast::get_lowest_layer(stream_).socket());
    asio::co_spawn(stream_.get_executor(), Write(this->shared_from_this()), asio::detached);
    asio::co_spawn(stream_.get_executor(), Watch(this->shared_from_this()), asio::detached);
    std::string why = "the connection is gone";
    for (;;) {
      const auto [error, size] = co_await stream_.async_read_some(asio::buffer(input_), kAwait);
      if (error) break;
      // Read on when it is closed, or the client would not see the last words (a reset takes them back).
      if (!peer_.session().closed()) co_await peer_.Read(Bytes(input_).first(size));
    }
    if (peer_.session().closed()) why = peer_.session().closed()->message;
    over_ = true;
    peer_.End(why);
    Abort();
    work_.cancel();
    clock_.cancel();
  }
  void Abort() { beast::get_lowest_layer(stream_).close(); }

 private:
  // Something may be there to send, or the session has closed.
  void Wake() {
    work_.cancel();
    if (peer_.session().closed()) clock_.cancel();
  }

  static asio::awaitable<void> Write(std::shared_ptr<RtmpConnection> self) {
    RtmpSession& session = self->peer_.session();
    while (!self->over_) {
      const Bytes output = session.PrepareOutput(self->peer_.Now());
      if (output.empty()) {
        if (session.closed()) break;
        self->work_.expires_at(std::chrono::steady_clock::time_point::max());
        co_await self->work_.async_wait(kAwait);
        continue;
      }
      // Copied: answers may be added to the session's output while the socket still reads from it.
      const size_t size = std::min(output.size(), self->output_.size());
      std::copy_n(output.begin(), size, self->output_.begin());
      const auto [error, sent] =
          co_await self->stream_.async_write_some(asio::buffer(self->output_.data(), size), kAwait);
      if (error) {
        self->Abort();
        co_return;
      }
      session.Sent(self->peer_.Now(), sent);
    }
    boost::system::error_code ignored;
    beast::get_lowest_layer(self->stream_).socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  // Runs the session's timer, and ends the connection when the client does not after the session has closed.
  static asio::awaitable<void> Watch(std::shared_ptr<RtmpConnection> self) {
    RtmpSession& session = self->peer_.session();
    while (!self->over_ && !session.closed()) {
      const Duration wait = session.NextTimer() - self->peer_.Now();
      self->clock_.expires_after(ToChrono(std::max(wait, Duration::Zero())));
      co_await self->clock_.async_wait(kAwait);
      if (self->over_) co_return;
      session.OnTimer(self->peer_.Now());
      self->work_.cancel();
    }
    if (self->over_) co_return;
    self->peer_.End(session.closed()->message);
    self->clock_.expires_after(ToChrono(self->context_.goodbye));
    co_await self->clock_.async_wait(kAwait);
    self->Abort();
  }

  static constexpr size_t kBufferBytes = 16 * 1024;
  RtmpContext& context_;
  Stream stream_;
  asio::steady_timer work_;   // the writer's
  asio::steady_timer clock_;  // of Watch
  RtmpPeer peer_;
  bool over_ = false;
  std::array<std::byte, kBufferBytes> input_;
  std::array<std::byte, kBufferBytes> output_;
};

template <typename Stream>
asio::awaitable<void> ServeStream(Stream stream, IpAddress remote, ConnectionGuard::Place& place,
                                  RtmpContext& context) {
  const auto connection = std::make_shared<RtmpConnection<Stream>>(std::move(stream), remote, context);
  const ConnectionGuard::Abortable abortable(place, [&connection] { connection->Abort(); });
  co_await connection->Run();
}

}  // namespace

asio::awaitable<void> ServeRtmp(tcp::socket socket, asio::ssl::context* tls, IpAddress remote,
                                std::unique_ptr<ConnectionGuard::Place> place, RtmpContext& context) {
  PlainStream plain(std::move(socket));
  if (tls == nullptr) {
    co_await ServeStream(std::move(plain), remote, *place, context);
    co_return;
  }
  TlsStream stream(std::move(plain), *tls);
  {
    const ConnectionGuard::Abortable abortable(*place, [&stream] { beast::get_lowest_layer(stream).close(); });
    beast::get_lowest_layer(stream).expires_after(ToChrono(context.tls_handshake));
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kAwait);
    if (error) co_return;
  }
  co_await ServeStream(std::move(stream), remote, *place, context);
}

}  // namespace duet
