// The sockets of FLV viewers, over HTTP and over WebSockets: a reader, which only sees that the viewer has gone, and a
// writer.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "gateway/flv_door.h"
#include "gateway/rtmp_door.h"

namespace duet {
namespace {

constexpr size_t kBufferBytes = 16 * 1024;

std::chrono::microseconds ToChrono(Duration duration) { return std::chrono::microseconds(duration.us()); }

// Chunks of HTTP/1.1 (RFC 9112 section 7.1); plain bytes to a client of HTTP/1.0.
template <typename Stream>
class HttpOutput {
 public:
  HttpOutput(Stream stream, bool chunked) : stream_(std::move(stream)), chunked_(chunked) {}

  Stream& lowest() { return stream_; }
  void Abort() { beast::get_lowest_layer(stream_).close(); }

  asio::awaitable<bool> Open(http::request<http::string_body> request) {
    http::response<http::empty_body> response(http::status::ok, request.version());
    response.set(http::field::content_type, "video/x-flv");
    response.set(http::field::cache_control, "no-store");
    response.set(http::field::access_control_allow_origin, "*");
    response.set("X-Content-Type-Options", "nosniff");
    response.keep_alive(false);
    if (chunked_) response.chunked(true);
    http::response_serializer<http::empty_body> serializer(response);
    const auto [error, size] = co_await http::async_write_header(stream_, serializer, kAwait);
    co_return !error;
  }
  asio::awaitable<bool> Write(asio::const_buffer bytes) {
    if (chunked_) {
      const auto [error, size] = co_await asio::async_write(stream_, http::make_chunk(bytes), kAwait);
      co_return !error;
    }
    const auto [error, size] = co_await asio::async_write(stream_, bytes, kAwait);
    co_return !error;
  }
  asio::awaitable<void> Close(const std::string&) {
    if (chunked_) co_await asio::async_write(stream_, http::make_chunk_last(), kAwait);
    boost::system::error_code ignored;
    beast::get_lowest_layer(stream_).socket().shutdown(tcp::socket::shutdown_send, ignored);
  }
  // False when the viewer has gone. What it says is of no interest.
  asio::awaitable<bool> Read() {
    const auto [error, size] = co_await stream_.async_read_some(asio::buffer(waste_), kAwait);
    co_return !error;
  }

 private:
  Stream stream_;
  const bool chunked_;
  std::array<char, 512> waste_;
};

template <typename Stream>
class WebSocketOutput {
 public:
  explicit WebSocketOutput(Stream stream) : ws_(std::move(stream)) {}

  auto& lowest() { return ws_; }
  void Abort() { beast::get_lowest_layer(ws_).close(); }

  asio::awaitable<bool> Open(http::request<http::string_body> request) {
    constexpr size_t kMaxMessage = 4096;
    websocket::stream_base::timeout timeouts{};
    timeouts.handshake_timeout = std::chrono::seconds(5);  // also of the closing handshake
    timeouts.idle_timeout = std::chrono::seconds(30);
    timeouts.keep_alive_pings = true;
    ws_.set_option(timeouts);
    ws_.read_message_max(kMaxMessage);
    ws_.auto_fragment(false);
    ws_.binary(true);
    const auto [error] = co_await ws_.async_accept(request, kAwait);
    co_return !error;
  }
  asio::awaitable<bool> Write(asio::const_buffer bytes) {
    const auto [error, size] = co_await ws_.async_write(bytes, kAwait);
    co_return !error;
  }
  asio::awaitable<void> Close(const std::string& why) {
    constexpr size_t kMaxReason = 123;  // RFC 6455 section 5.5
    const websocket::close_reason reason(websocket::close_code::normal, why.substr(0, kMaxReason));
    co_await ws_.async_close(reason, kAwait);
  }
  asio::awaitable<bool> Read() {
    buffer_.clear();
    const auto [error, size] = co_await ws_.async_read(buffer_, kAwait);
    co_return !error;
  }

 private:
  websocket::stream<Stream> ws_;
  beast::flat_buffer buffer_;
};

template <typename Output>
class FlvConnection : public std::enable_shared_from_this<FlvConnection<Output>> {
 public:
  FlvConnection(Output output, std::shared_ptr<FlvViewer> viewer, Duration stall, asio::any_io_executor executor)
      : output_(std::move(output)), viewer_(std::move(viewer)), stall_(stall), stalled_(executor) {}

  asio::awaitable<void> Run(http::request<http::string_body> request) {
    auto& lowest = beast::get_lowest_layer(output_.lowest());
    lowest.expires_never();
    KeepUnsentSmall(lowest.socket());
    viewer_->log().Debug("FLV viewer begins");
    StartStallTimer();
    const bool opened = co_await output_.Open(std::move(request));
    if (opened) {
      asio::co_spawn(lowest.get_executor(), ReadAll(this->shared_from_this()), asio::detached);
      co_await WriteAll();
    }
    stalled_.cancel();
    viewer_->End("the viewer has gone");
    viewer_->log().Debug("FLV viewer ends: " + viewer_->why());
    output_.Abort();
  }
  void Abort() {
    viewer_->End("the connection was cut off");
    output_.Abort();
  }

 private:
  asio::awaitable<void> WriteAll() {
    for (;;) {
      const Bytes bytes = viewer_->PrepareOutput();
      if (bytes.empty()) {
        if (viewer_->ended()) break;
        stalled_.cancel();
        co_await viewer_->Wait();
        continue;
      }
      const size_t size = std::min(bytes.size(), buffer_.size());
      std::copy_n(bytes.begin(), size, buffer_.begin());
      StartStallTimer();
      const bool written = co_await output_.Write(asio::const_buffer(buffer_.data(), size));
      if (!written) co_return;
      viewer_->Sent(size);
    }
    StartStallTimer();
    co_await output_.Close(viewer_->why());
  }

  static asio::awaitable<void> ReadAll(std::shared_ptr<FlvConnection> self) {
    for (;;) {
      const bool here = co_await self->output_.Read();
      if (!here) break;
    }
    self->viewer_->End("the viewer has gone");
  }

  // A write that takes longer is of a viewer that is gone or asleep.
  void StartStallTimer() {
    stalled_.expires_after(ToChrono(stall_));
    stalled_.async_wait([self = this->weak_from_this()](const boost::system::error_code& error) {
      const auto alive = self.lock();
      if (!error && alive != nullptr) alive->Abort();
    });
  }

  Output output_;
  const std::shared_ptr<FlvViewer> viewer_;
  const Duration stall_;
  asio::steady_timer stalled_;
  std::array<std::byte, kBufferBytes> buffer_;
};

template <typename Output>
asio::awaitable<void> Serve(Output output, http::request<http::string_body> request, std::shared_ptr<FlvViewer> viewer,
                            ConnectionGuard::Place& place, Duration stall) {
  const auto executor = co_await asio::this_coro::executor;
  const auto connection =
      std::make_shared<FlvConnection<Output>>(std::move(output), std::move(viewer), stall, executor);
  const ConnectionGuard::Abortable abortable(place, [&connection] { connection->Abort(); });
  co_await connection->Run(std::move(request));
}

}  // namespace

template <typename Stream>
asio::awaitable<void> ServeFlv(Stream stream, http::request<http::string_body> request,
                               std::shared_ptr<FlvViewer> viewer, ConnectionGuard::Place& place, Duration stall) {
  if (websocket::is_upgrade(request)) {
    WebSocketOutput<Stream> output(std::move(stream));
    co_await Serve(std::move(output), std::move(request), std::move(viewer), place, stall);
    co_return;
  }
  constexpr unsigned kHttp11 = 11;
  HttpOutput<Stream> output(std::move(stream), request.version() >= kHttp11);
  co_await Serve(std::move(output), std::move(request), std::move(viewer), place, stall);
}

template asio::awaitable<void> ServeFlv(PlainStream, http::request<http::string_body>, std::shared_ptr<FlvViewer>,
                                        ConnectionGuard::Place&, Duration);
template asio::awaitable<void> ServeFlv(TlsStream, http::request<http::string_body>, std::shared_ptr<FlvViewer>,
                                        ConnectionGuard::Place&, Duration);

}  // namespace duet
