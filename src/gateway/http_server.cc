#include "gateway/http_server.h"

#include <openssl/ssl.h>

#include <utility>

namespace duet {
namespace {

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
  auto door = TcpDoor::Listen(io_, endpoint, name, option);
  if (!door.ok()) return door.error();
  doors_.push_back({std::move(*door), tls});
  return doors_.back().door->port();
}

void HttpServer::Serve(HttpContext context) {
  context_.emplace(std::move(context));
  for (const Door& door : doors_) {
    door.door->Start(context_->guard, context_->log,
                     [this, tls = door.tls](tcp::socket socket, IpAddress remote, auto place) {
                       return ServeConnection(std::move(socket), tls, remote, std::move(place), *context_);
                     });
  }
}

void HttpServer::Close() {
  for (const Door& door : doors_) door.door->Close();
}

}  // namespace duet
