// One TCP connection of the doors: TLS or not, requests one after the other, perhaps a WebSocket at the end.
#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "gateway/flv_door.h"
#include "gateway/http_server.h"
#include "gateway/signal_socket.h"

namespace duet {
namespace {

using Request = http::request<http::string_body>;
using Parser = http::request_parser<http::string_body>;

std::chrono::microseconds ToChrono(Duration duration) { return std::chrono::microseconds(duration.us()); }

// IMF-fixdate of RFC 9110 section 5.6.7.
std::string HttpDate(int64_t unix_s) {
  const auto seconds = static_cast<std::time_t>(unix_s);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text;
}

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

// The answer to bytes that are not a request, when one can be given.
std::optional<HttpResponse> ResponseTo(const beast::error_code& error) {
  if (error == http::error::header_limit) return ProblemResponse(431, "header_too_large", "The header is over 8 KiB.");
  if (error == http::error::body_limit) return ProblemResponse(413, "body_too_large", "The body is over 64 KiB.");
  const bool gone = error == http::error::end_of_stream || error == http::error::partial_message;
  if (!gone && error.category() == make_error_code(http::error::bad_method).category())
    return ProblemResponse(400, "bad_request", "This is not an HTTP/1.1 request.");
  return std::nullopt;
}

// What of a connection is no request and answer any more, and how it goes on.
struct Handover {
  Request request;
  std::shared_ptr<FlvViewer> viewer;  // null: signalling
};

// A stream for `request`, or the answer to it.
asio::awaitable<HttpResponse> AnswerOf(HttpContext& context, const Request& request, IpAddress remote,
                                       std::shared_ptr<FlvViewer>& viewer) {
  const Result<std::string> path = PathOfTarget(View(request.target()));
  if (!path) co_return ProblemResponse(400, "bad_request", "The request target is not a path.");
  HttpRequest plain;
  plain.method = std::string(View(request.method_string()));
  plain.path = *path;
  plain.target = std::string(View(request.target()));
  if (FlvDoor::Takes(plain.path)) {
    plain.remote = remote;
    if (request.method() != http::verb::get) co_return FlvDoor::Answer(plain);
    FlvDoor::Opened opened = co_await context.flv.Open(plain);
    if (!opened.ok()) co_return opened.error();
    viewer = std::move(opened).value();
    co_return HttpResponse();
  }
  plain.accepts_gzip = AcceptsGzip(View(request[http::field::accept_encoding]));
  plain.if_none_match = std::string(View(request[http::field::if_none_match]));
  plain.body = request.body();
  plain.remote = remote;
  if (!WhipDoor::Takes(plain.path)) co_return context.site.Answer(plain);
  plain.authorization = std::string(View(request[http::field::authorization]));
  plain.content_type = std::string(View(request[http::field::content_type]));
  plain.if_match = std::string(View(request[http::field::if_match]));
  co_return co_await context.whip.Answer(std::move(plain));
}

// The Host of a request, with its port; empty when it does not look like one.
std::string_view HostOf(const Request& request) {
  const std::string_view host = View(request[http::field::host]);
  constexpr std::string_view kHostCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:[]";
  const bool good = host.size() <= 255 && host.find_first_not_of(kHostCharacters) == host.npos;
  return good ? host : std::string_view();
}

// How a client of signalling came to us.
ClientAddress AddressOf(const Request& request, IpAddress remote, bool secure) {
  std::string_view host = HostOf(request);
  // "[::1]:8443", "host:8443": without the port.
  const size_t colon = host.rfind(':');
  if (colon != host.npos && (host[0] != '[' || host[colon - 1] == ']')) host = host.substr(0, colon);
  return {remote.ToString(), std::string(host), secure};
}

// To the same host and port by https. Only a Host that looks like one is repeated.
HttpResponse RedirectToHttps(const Request& request) {
  const std::string_view host = HostOf(request);
  const std::string_view target = View(request.target());
  if (host.empty() || !target.starts_with('/')) return ProblemResponse(400, "https_only", "This port speaks HTTPS.");
  HttpResponse response = ProblemResponse(308, "https_only", "This port speaks HTTPS.");
  return std::move(response.Set("Location", "https://" + std::string(host) + std::string(target)));
}

bool IsSignalUpgrade(const Request& request) {
  const Result<std::string> path = PathOfTarget(View(request.target()));
  return websocket::is_upgrade(request) && path && *path == kSignalPath;
}

// Writes a response; false when the connection cannot go on.
template <typename Stream>
asio::awaitable<bool> Write(Stream& stream, HttpResponse response, unsigned version, bool keep_alive, bool head,
                            Duration timeout) {
  AddSecurityHeaders(response);
  const std::string empty;
  const std::string& body = response.body ? *response.body : empty;
  http::response<http::span_body<const char>> message(static_cast<http::status>(response.status), version);
  message.reason(std::string(ReasonOf(response.status)));
  message.set(http::field::date, HttpDate(OsClock::UnixSeconds()));
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.keep_alive(keep_alive);
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) message.content_length(body.size());
  if (!bodiless && !head) message.body() = boost::beast::span<const char>(body.data(), body.size());

  constexpr int64_t kSlowestBytesPerSecond = 16 * 1024;
  const auto extra = std::chrono::seconds(static_cast<int64_t>(body.size()) / kSlowestBytesPerSecond);
  beast::get_lowest_layer(stream).expires_after(ToChrono(timeout) + extra);
  http::response_serializer<http::span_body<const char>> serializer(message);
  serializer.split(head);
  if (head) {
    const auto [error, size] = co_await http::async_write_header(stream, serializer, kAwait);
    co_return !error && keep_alive;
  }
  const auto [error, size] = co_await http::async_write(stream, serializer, kAwait);
  co_return !error && keep_alive;
}

// Reads on for a moment: a socket closed with unread bytes is reset, and the client would not see the answer.
template <typename Stream>
asio::awaitable<void> Linger(Stream& stream) {
  constexpr std::chrono::seconds kLongest{2};
  constexpr size_t kMostBytes = 1 << 20;
  boost::system::error_code ignored;
  beast::get_lowest_layer(stream).expires_after(kLongest);
  beast::get_lowest_layer(stream).socket().shutdown(tcp::socket::shutdown_send, ignored);
  std::array<char, 4096> waste;
  for (size_t read = 0; read < kMostBytes;) {
    const auto [error, size] = co_await stream.async_read_some(asio::buffer(waste), kAwait);
    if (error) co_return;
    read += size;
  }
}

// Requests of one connection, in turn. An upgrade or a stream ends them and is returned.
template <typename Stream>
asio::awaitable<std::optional<Handover>> ServeRequests(Stream& stream, beast::flat_buffer& buffer, bool redirect,
                                                       IpAddress remote, HttpContext& context) {
  for (;;) {
    Parser parser;
    parser.header_limit(kMaxHttpHeaderBytes);
    parser.body_limit(kMaxHttpBodyBytes);
    beast::get_lowest_layer(stream).expires_after(ToChrono(context.timeouts.http));
    const auto [error, size] = co_await http::async_read(stream, buffer, parser, kAwait);
    if (error) {
      std::optional<HttpResponse> answer = ResponseTo(error);
      if (answer) {
        co_await Write(stream, std::move(*answer), 11, false, false, context.timeouts.http);
        co_await Linger(stream);
      }
      co_return std::nullopt;
    }
    Request request = parser.release();
    if (!redirect && IsSignalUpgrade(request)) co_return Handover{std::move(request), nullptr};
    HttpResponse response;
    std::shared_ptr<FlvViewer> viewer;
    if (redirect) {
      response = RedirectToHttps(request);
    } else {
      beast::get_lowest_layer(stream).expires_never();  // Control takes its time, but answers
      response = co_await AnswerOf(context, request, remote, viewer);
    }
    if (context.log.debug_enabled()) {
      // Without the query, which may hold a signature.
      const std::string_view target = View(request.target());
      context.log.Debug(std::string(View(request.method_string())) + " " +
                        std::string(target.substr(0, target.find('?'))) + " " + std::to_string(response.status));
    }
    if (viewer != nullptr) co_return Handover{std::move(request), std::move(viewer)};
    const bool keep_alive = request.keep_alive() && !redirect;
    const bool head = request.method() == http::verb::head;
    const bool go_on =
        co_await Write(stream, std::move(response), request.version(), keep_alive, head, context.timeouts.http);
    if (!go_on) co_return std::nullopt;
  }
}

// The part of a connection that is no request and answer any more.
template <typename Stream>
asio::awaitable<void> GoOn(Stream stream, Handover handover, IpAddress remote, ConnectionGuard::Place& place,
                           HttpContext& context) {
  if (handover.viewer != nullptr) {
    co_await ServeFlv(std::move(stream), std::move(handover.request), std::move(handover.viewer), place,
                      context.flv.stall());
    co_return;
  }
  ClientAddress from = AddressOf(handover.request, remote, std::is_same_v<Stream, TlsStream>);
  co_await ServeSignal(std::move(stream), std::move(handover.request), std::move(from), context.hub, place, context.log,
                       context.timeouts.signal_idle);
}

asio::awaitable<void> ServePlain(PlainStream stream, beast::flat_buffer buffer, bool redirect, IpAddress remote,
                                 ConnectionGuard::Place& place, HttpContext& context) {
  std::optional<Handover> handover;
  {
    const ConnectionGuard::Abortable abortable(place, [&stream] { stream.close(); });
    handover = co_await ServeRequests(stream, buffer, redirect, remote, context);
  }
  if (handover) {
    co_await GoOn(std::move(stream), std::move(*handover), remote, place, context);
    co_return;
  }
  boost::system::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> ServeTls(PlainStream plain, asio::ssl::context& tls, beast::flat_buffer buffer, IpAddress remote,
                               ConnectionGuard::Place& place, HttpContext& context) {
  TlsStream stream(std::move(plain), tls);
  std::optional<Handover> handover;
  {
    const ConnectionGuard::Abortable abortable(place, [&stream] { beast::get_lowest_layer(stream).close(); });
    beast::get_lowest_layer(stream).expires_after(ToChrono(context.timeouts.http));
    const auto [error, used] = co_await stream.async_handshake(asio::ssl::stream_base::server, buffer.data(), kAwait);
    if (error) co_return;
    buffer.consume(used);
    handover = co_await ServeRequests(stream, buffer, false, remote, context);
    if (!handover) {
      constexpr std::chrono::seconds kGoodbye{2};
      beast::get_lowest_layer(stream).expires_after(kGoodbye);
      co_await stream.async_shutdown(kAwait);
      co_return;
    }
  }
  co_await GoOn(std::move(stream), std::move(*handover), remote, place, context);
}

}  // namespace

asio::awaitable<void> ServeConnection(tcp::socket socket, asio::ssl::context* tls, IpAddress remote,
                                      std::unique_ptr<ConnectionGuard::Place> place, HttpContext& context) {
  PlainStream stream(std::move(socket));
  beast::flat_buffer buffer;
  bool is_tls = false;
  if (tls != nullptr) {
    const ConnectionGuard::Abortable abortable(*place, [&stream] { stream.close(); });
    stream.expires_after(ToChrono(context.timeouts.http));
    const auto [error, detected] = co_await beast::async_detect_ssl(stream, buffer, kAwait);
    if (error) co_return;
    is_tls = detected;
  }
  if (is_tls) {
    co_await ServeTls(std::move(stream), *tls, std::move(buffer), remote, *place, context);
  } else {
    const bool redirect = tls != nullptr;
    co_await ServePlain(std::move(stream), std::move(buffer), redirect, remote, *place, context);
  }
}

}  // namespace duet
