// RtmpDoor: RTMP and RTMPS (docs/protocol.md section 4). Connections of an RtmpSession each, whose publishers go into
// rooms (push_stream.h) and whose viewers see streams of them (live_stream.h).
//
// Limits: those of RtmpSession; connections in total and per address (ConnectionGuard); kRequestsPerSecond per address
// to publish or play, loopback excepted. A viewer's backlog stays in its FrameQueue: the kernel is told to take no more
// than kUnsentBytes in advance.
//
// The I/O thread only, but for what comes before it runs.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "gateway/address_limiter.h"
#include "gateway/live_stream.h"
#include "gateway/tcp_door.h"
#include "io/os_rng.h"

namespace duet {

// What every connection needs. All of it outlives the connections.
struct RtmpContext {
  static constexpr double kRequestsPerSecond = 5;
  static constexpr double kRequestBurst = 50;

  SignalHub& hub;
  LiveStreams& streams;
  TaskPool& pool;
  ConnectionGuard& guard;
  Log log;
  bool dev_signing = false;  // callers on loopback need no UserSig for the development app
  Duration tls_handshake = Duration::Seconds(10);
  // A connection that is over may take so long to read what was said last.
  Duration goodbye = Duration::Seconds(2);
  AddressLimiter limiter{kRequestsPerSecond, kRequestBurst};
  OsRng rng;
};

class RtmpDoor {
 public:
  static constexpr int kUnsentBytes = 16 * 1024;

  explicit RtmpDoor(asio::io_context& io) : io_(io) {}

  // As TcpDoor::Listen; `tls` null: plain RTMP.
  Result<uint16_t> Listen(const Endpoint& endpoint, asio::ssl::context* tls, std::string_view name,
                          std::string_view option);
  // Starts to accept, once.
  void Serve(std::unique_ptr<RtmpContext> context);
  void Close();

 private:
  struct Door {
    std::unique_ptr<TcpDoor> door;
    asio::ssl::context* tls;
  };
  asio::io_context& io_;
  std::unique_ptr<RtmpContext> context_;
  std::vector<Door> doors_;
};

// Serves one accepted connection until it is over.
asio::awaitable<void> ServeRtmp(tcp::socket socket, asio::ssl::context* tls, IpAddress remote,
                                std::unique_ptr<ConnectionGuard::Place> place, RtmpContext& context);

// Keeps what the kernel has not sent yet small, so that a slow reader's backlog stays where it can be dropped.
void KeepUnsentSmall(tcp::socket& socket);

}  // namespace duet
