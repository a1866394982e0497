#include "gateway/http_server.h"

#include <openssl/ssl.h>

#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <chrono>
#include <utility>

namespace duet {
namespace {

Error ListenError(const boost::system::error_code& error, const Endpoint& endpoint, std::string_view name,
                  std::string_view option) {
  const std::string port = std::string(name) + " port " + std::to_string(endpoint.port);
  const std::string change = "; choose another one with " + std::string(option);
  if (error == asio::error::address_in_use)
    return Error{ErrorCode::kUnavailable, port + " is already in use by another program" + change};
  if (error == asio::error::access_denied || error.value() == EPERM)
    return Error{ErrorCode::kRefused, "no permission to listen on " + port + " (ports below 1024 need root)" + change};
  if (error.value() == EADDRNOTAVAIL)
    return Error{ErrorCode::kNotFound, "this machine does not have the address " + endpoint.ip.ToString()};
  return Error{ErrorCode::kInternal, "cannot listen on " + port + ": " + error.message()};
}

asio::ip::address ToAsio(const IpAddress& ip) {
  if (ip.is_v4()) return asio::ip::address_v4(ip.v4());
  return asio::ip::address_v6(ip.octets);
}

boost::system::error_code OpenAcceptor(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

// Chooses http/1.1 (RFC 7301); a client that offers only others goes on without ALPN.
int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in, unsigned in_length,
               void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* selected = nullptr;
  const int result = SSL_select_next_proto(&selected, out_length, kHttp11, sizeof(kHttp11) - 1, in, in_length);
  *out = selected;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

IpAddress ToIpAddress(const asio::ip::address& address) {
  if (address.is_v4()) return IpAddress::FromV4(address.to_v4().to_bytes());
  return IpAddress::FromV6(address.to_v6().to_bytes());
}

Result<std::unique_ptr<asio::ssl::context>> MakeTlsContext(const TlsCertificate& certificate) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  boost::system::error_code error;
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                           asio::ssl::context::no_tlsv1_1 | asio::ssl::context::no_compression,
                       error);
  if (!error) context->use_certificate_chain(asio::buffer(certificate.certificate_pem), error);
  if (!error) context->use_private_key(asio::buffer(certificate.key_pem), asio::ssl::context::pem, error);
  if (error) return Error{ErrorCode::kMalformed, "the TLS certificate cannot be used: " + error.message()};
  SSL_CTX_set_alpn_select_cb(context->native_handle(), &SelectAlpn, nullptr);
  return context;
}

Result<uint16_t> HttpServer::Listen(const Endpoint& endpoint, asio::ssl::context* tls, std::string_view name,
                                    std::string_view option) {
  auto door = std::make_unique<Door>(Door{tcp::acceptor(io_), tls});
  const bool every = endpoint.ip.is_unspecified();
  const tcp::endpoint wanted =
      every ? tcp::endpoint(tcp::v6(), endpoint.port) : tcp::endpoint(ToAsio(endpoint.ip), endpoint.port);
  boost::system::error_code error = OpenAcceptor(door->acceptor, wanted);
  if (every && (error.value() == EAFNOSUPPORT || error.value() == EADDRNOTAVAIL)) {  // a machine without IPv6
    door->acceptor = tcp::acceptor(io_);
    error = OpenAcceptor(door->acceptor, tcp::endpoint(tcp::v4(), endpoint.port));
  }
  if (error) return ListenError(error, endpoint, name, option);
  const uint16_t port = door->acceptor.local_endpoint().port();
  doors_.push_back(std::move(door));
  return port;
}

void HttpServer::Serve(HttpContext context) {
  context_.emplace(std::move(context));
  for (const auto& door : doors_) asio::co_spawn(io_, AcceptAll(*door, *context_), asio::detached);
}

void HttpServer::Close() {
  boost::system::error_code ignored;
  for (const auto& door : doors_) door->acceptor.close(ignored);
}

asio::awaitable<void> HttpServer::AcceptAll(Door& door, HttpContext& context) {
  constexpr std::chrono::milliseconds kWait{100};
  while (door.acceptor.is_open()) {
    auto [error, socket] = co_await door.acceptor.async_accept(kAwait);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
    if (error) {
      // Out of descriptors or memory: what is open must be able to end.
      context.log.Warn("cannot accept a connection: " + error.message());
      asio::steady_timer timer(door.acceptor.get_executor(), kWait);
      co_await timer.async_wait(kAwait);
      continue;
    }
    boost::system::error_code gone;
    const tcp::endpoint peer = socket.remote_endpoint(gone);
    if (gone) continue;
    socket.set_option(tcp::no_delay(true), gone);
    const IpAddress remote = ToIpAddress(peer.address());
    auto place = context.guard.Enter(remote);
    if (place == nullptr) {
      context.log.Debug("refused a connection from " + remote.ToString() + ": a limit is reached");
      continue;  // the socket closes
    }
    asio::co_spawn(door.acceptor.get_executor(),
                   ServeConnection(std::move(socket), door.tls, remote, std::move(place), context), asio::detached);
  }
}

}  // namespace duet
