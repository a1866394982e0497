// HttpServer: the doors of HTTP. Speaks TLS where the door does, answers HTTP/1.1 from a Site, WHIP and WHEP from
// theirs, streams FLV, and hands WebSocket upgrades of kSignalPath to the hub. The I/O thread only, but for what comes
// before it runs.
//
// Limits: header 8 KiB, body 64 KiB, 30 s for a request to arrive whole and between two of them, connections in total
// and per address. A response may take 30 s and a second more for every 16 KiB.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"
#include "base/log.h"
#include "base/result.h"
#include "gateway/beast.h"
#include "gateway/connection_guard.h"
#include "gateway/flv_door.h"
#include "gateway/signal_hub.h"
#include "gateway/site.h"
#include "gateway/tcp_door.h"
#include "gateway/whip_door.h"
#include "io/tls_certificate.h"

namespace duet {

inline constexpr size_t kMaxHttpHeaderBytes = 8 * 1024;
inline constexpr size_t kMaxHttpBodyBytes = 64 * 1024;

struct DoorTimeouts {
  Duration http = Duration::Seconds(30);         // for a request, between two, and for a response without its body
  Duration signal_idle = Duration::Seconds(30);  // nothing arrived on a signalling socket, answers to pings included
};

// What every connection needs. All of it outlives the connections.
struct HttpContext {
  Site& site;
  WhipDoor& whip;
  FlvDoor& flv;
  SignalHub& hub;
  ConnectionGuard& guard;
  Log log;
  DoorTimeouts timeouts;
};

// Serves one accepted connection until it is over. `tls` null: a plain door. With TLS, a client that speaks plain HTTP
// is sent to https with a 308.
asio::awaitable<void> ServeConnection(tcp::socket socket, asio::ssl::context* tls, IpAddress remote,
                                      std::unique_ptr<ConnectionGuard::Place> place, HttpContext& context);

class HttpServer {
 public:
  explicit HttpServer(asio::io_context& io) : io_(io) {}

  // Opens a door; connections wait in the kernel until Serve. `endpoint` with an unspecified address means every
  // address, IPv4 included. The port that it got. For errors: `name` of the door ("HTTPS"), `option` to change its port
  // with.
  Result<uint16_t> Listen(const Endpoint& endpoint, asio::ssl::context* tls, std::string_view name,
                          std::string_view option);
  // Starts to accept, once; before the io_context runs or on its thread.
  void Serve(HttpContext context);
  // Takes no new connections. Those that are open go on.
  void Close();

 private:
  struct Door {
    std::unique_ptr<TcpDoor> door;
    asio::ssl::context* tls;
  };

  asio::io_context& io_;
  std::optional<HttpContext> context_;
  std::vector<Door> doors_;
};

// The server's side of TLS: 1.2 and 1.3, ALPN http/1.1.
Result<std::unique_ptr<asio::ssl::context>> MakeTlsContext(const TlsCertificate& certificate);

}  // namespace duet
