#include "gateway/signal_socket.h"

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gateway/signal_session.h"
#include "gateway/submit.h"

namespace duet {
namespace {

constexpr size_t kKeptBufferBytes = 16 * 1024;

std::chrono::microseconds ToChrono(Duration duration) { return std::chrono::microseconds(duration.us()); }

template <typename Stream>
class SignalSocket final : public SignalOutlet, public std::enable_shared_from_this<SignalSocket<Stream>> {
 public:
  SignalSocket(Stream stream, ClientAddress client, SignalHub& hub, const Log& log)
      : hub_(hub), ws_(std::move(stream)), session_(hub.Add(this), std::move(client), log) {}
  ~SignalSocket() override { hub_.Remove(session_.id()); }

  void Deliver(ControlOutput&& output) override;
  asio::awaitable<void> Run(http::request<http::string_body> request, Duration idle);
  // Ends it without a word.
  void Abort() { beast::get_lowest_layer(ws_).close(); }

 private:
  asio::awaitable<bool> Accept(http::request<http::string_body> request, Duration idle);
  asio::awaitable<void> ReadAll();
  // False when the socket is to be closed.
  asio::awaitable<bool> OnText(std::string_view text);
  static asio::awaitable<void> WriteAll(std::shared_ptr<SignalSocket> self);
  void Queue(std::string text);
  void CloseAfterQueue(uint16_t code, std::string reason);
  void StartWriting();

  SignalHub& hub_;
  websocket::stream<Stream> ws_;
  SignalSession session_;
  std::deque<std::string> queue_;
  size_t queued_bytes_ = 0;
  bool open_ = false;  // the handshake is done, and nobody has closed it
  bool writing_ = false;
  std::optional<websocket::close_reason> closing_;  // to be said after the queue
  std::string why_closed_ = "gone";
};

template <typename Stream>
asio::awaitable<bool> SignalSocket<Stream>::Accept(http::request<http::string_body> request, Duration idle) {
  // The WebSocket has an idle timer of its own.
  beast::get_lowest_layer(ws_).expires_never();
  websocket::stream_base::timeout timeouts{};
  timeouts.handshake_timeout = std::chrono::seconds(5);  // also of the closing handshake
  timeouts.idle_timeout = ToChrono(idle);
  timeouts.keep_alive_pings = true;
  ws_.set_option(timeouts);
  ws_.read_message_max(signal::kMaxMessageBytes);
  ws_.auto_fragment(false);
  ws_.text(true);
  const auto [error] = co_await ws_.async_accept(request, kAwait);
  co_return !error;
}

template <typename Stream>
asio::awaitable<void> SignalSocket<Stream>::Run(http::request<http::string_body> request, Duration idle) {
  const bool accepted = co_await Accept(std::move(request), idle);
  if (!accepted) co_return;
  open_ = true;
  session_.log().Debug("signalling connected");
  ControlInput opened = session_.Opened();
  co_await SubmitToControl(hub_, std::move(opened));
  co_await ReadAll();
  open_ = false;
  session_.log().Debug("signalling closed: " + why_closed_);
  ControlInput closed = session_.Closed();
  co_await SubmitToControl(hub_, std::move(closed));
}

template <typename Stream>
asio::awaitable<void> SignalSocket<Stream>::ReadAll() {
  beast::flat_buffer buffer;
  for (;;) {
    const auto [error, size] = co_await ws_.async_read(buffer, kAwait);
    if (error) {
      if (error != websocket::error::closed && error != asio::error::operation_aborted) why_closed_ = error.message();
      co_return;
    }
    if (!open_) continue;  // reads only to see the other side's close frame
    if (!ws_.got_text()) {
      CloseAfterQueue(websocket::close_code::unknown_data, "text frames only");
      continue;
    }
    const std::string_view text(static_cast<const char*>(buffer.cdata().data()), size);
    const bool go_on = co_await OnText(text);
    buffer.consume(size);
    if (buffer.capacity() > kKeptBufferBytes) buffer.shrink_to_fit();
    if (!go_on) CloseAfterQueue(websocket::close_code::policy_error, "too many requests");
  }
}

template <typename Stream>
asio::awaitable<bool> SignalSocket<Stream>::OnText(std::string_view text) {
  SignalSession::Incoming incoming = session_.OnText(hub_.Now(), text);
  if (incoming.too_many) co_return false;
  if (!incoming.reply.empty()) Queue(std::move(incoming.reply));
  // While Control has no room nothing more is read, and TCP tells the client to wait.
  if (incoming.input) co_await SubmitToControl(hub_, std::move(*incoming.input));
  co_return true;
}

template <typename Stream>
void SignalSocket<Stream>::Deliver(ControlOutput&& output) {
  if (!open_) return;
  if (const auto* response = std::get_if<signal::Response>(&output.what)) {
    Queue(session_.OnResponse(*response));
  } else if (const auto* notification = std::get_if<signal::Notification>(&output.what)) {
    Queue(session_.OnNotification(*notification));
  } else if (auto* close = std::get_if<CloseSession>(&output.what)) {
    CloseAfterQueue(static_cast<uint16_t>(close->code), std::move(close->reason));
  }
}

template <typename Stream>
void SignalSocket<Stream>::Queue(std::string text) {
  if (!open_) return;
  if (queue_.size() >= kMaxQueuedMessages || queued_bytes_ + text.size() > kMaxQueuedBytes) {
    why_closed_ = "too slow: its messages pile up";
    open_ = false;
    session_.log().Warn("closing a connection that does not read its messages");
    Abort();  // a close frame would wait behind what it does not read
    return;
  }
  queued_bytes_ += text.size();
  queue_.push_back(std::move(text));
  StartWriting();
}

template <typename Stream>
void SignalSocket<Stream>::CloseAfterQueue(uint16_t code, std::string reason) {
  if (!open_) return;
  why_closed_ = reason;
  open_ = false;
  constexpr size_t kMaxReason = 123;  // RFC 6455 section 5.5
  closing_.emplace(static_cast<websocket::close_code>(code), reason.substr(0, kMaxReason));
  StartWriting();
}

template <typename Stream>
void SignalSocket<Stream>::StartWriting() {
  if (writing_) return;
  writing_ = true;
  asio::co_spawn(ws_.get_executor(), WriteAll(this->shared_from_this()), asio::detached);
}

// Writes until the queue is empty, then the close frame if one is due. An error ends the reader as well.
template <typename Stream>
asio::awaitable<void> SignalSocket<Stream>::WriteAll(std::shared_ptr<SignalSocket> self) {
  while (!self->queue_.empty()) {
    const std::string text = std::move(self->queue_.front());
    self->queue_.pop_front();
    self->queued_bytes_ -= text.size();
    const auto [error, size] = co_await self->ws_.async_write(asio::buffer(text), kAwait);
    if (error) {
      self->Abort();
      co_return;
    }
  }
  self->writing_ = false;
  if (self->closing_) {
    const websocket::close_reason reason = *self->closing_;
    const auto [error] = co_await self->ws_.async_close(reason, kAwait);
    if (error) self->Abort();
  }
}

}  // namespace

template <typename Stream>
asio::awaitable<void> ServeSignal(Stream stream, http::request<http::string_body> request, ClientAddress client,
                                  SignalHub& hub, ConnectionGuard::Place& place, Log log, Duration idle) {
  const auto socket = std::make_shared<SignalSocket<Stream>>(std::move(stream), std::move(client), hub, log);
  const ConnectionGuard::Abortable abortable(place, [&socket] { socket->Abort(); });
  co_await socket->Run(std::move(request), idle);
}

template asio::awaitable<void> ServeSignal(PlainStream, http::request<http::string_body>, ClientAddress, SignalHub&,
                                           ConnectionGuard::Place&, Log, Duration);
template asio::awaitable<void> ServeSignal(TlsStream, http::request<http::string_body>, ClientAddress, SignalHub&,
                                           ConnectionGuard::Place&, Log, Duration);

}  // namespace duet
