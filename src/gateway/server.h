// Server: the whole of `duet serve` behind one class. It owns every socket and thread of the process: the media workers
// with their UDP ports, Control, the HTTPS, HTTP and RTMP doors, and the transcoders.
//
// Threads: Start, Stop and the destructor are called from one thread (main).
//
//   main ── Start, Stop          I/O (1) ── TCP, TLS, HTTP, WebSocket, RTMP, FLV, Site, SignalHub
//   Control (1) ── ControlLoop   media (N) ── WorkerThread, one UDP port each
//                                transcoding (M) ── TaskPool: one task per RTMP publisher and per stream watched
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/app_registry.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"

namespace duet {

// Where a door listens. An unspecified address (::) means every address, IPv4 included.
struct ListenOptions {
  bool enabled = true;
  IpAddress address;
  uint16_t port = 0;  // 0 = any free one
};

struct ServerLimits {
  size_t max_connections = 4096;             // TCP connections to all doors together, and to each worker's media port
  size_t max_connections_per_address = 256;  // of these, from one IP address
  size_t max_rooms = 10'000;
  size_t max_members = 20'000;
  size_t max_room_members = 300;
};

struct ServerOptions {
  std::string version;  // for /v1/config, "0.1.0"

  // HTTPS and WSS, for everybody. A plain HTTP request on this port is sent on to https.
  ListenOptions https{true, IpAddress{}, 8443};
  // Plain HTTP and WS; meant for loopback, where browsers allow the camera without TLS.
  ListenOptions http{true, IpAddress::V4(127, 0, 0, 1), 8080};

  // RTMP, and RTMP over TLS. The latter is open only where there is TLS: with https or a certificate of its own.
  ListenOptions rtmp{true, IpAddress{}, 1935};
  ListenOptions rtmps{true, IpAddress{}, 1936};
  // Threads that transcode between AAC and Opus for RTMP and FLV, 1..64.
  size_t transcode_threads = 2;
  // The host in the addresses that clients are given; empty = that of their own request.
  std::string public_host;

  // UDP of the media workers: worker i has media_port + i, or any free port each when it is 0.
  IpAddress media_address;
  uint16_t media_port = 40'000;
  // The same over TCP, for clients on networks without UDP (RFC 6544). Port 0: each worker has the number of its UDP
  // port; otherwise worker i has media_tcp_port + i.
  bool media_tcp = true;
  uint16_t media_tcp_port = 0;
  // 1..64 media threads, 0 = one for each core.
  size_t workers = 1;
  // Addresses that clients are told to send media to. Empty: the LAN addresses that the machine has at start.
  std::vector<IpAddress> public_addresses;
  // Slots of each worker's packet pool (about 1.7 KB each). What uses them: 64 for the receive batch, 4096 for the
  // outbox, 2048 each that wait for the UDP socket and for TCP connections to become writable, and the retransmission
  // history of the published tracks.
  size_t packets_per_worker = 16'384;
  // How long a worker looks for more before it sleeps; zero = not at all.
  Duration busy_poll;
  // A remote that was silent for so long is given up (consent, RFC 7675 section 5.1).
  Duration media_timeout = Duration::Seconds(30);

  // A PEM pair of one's own. Both empty: a self-signed one that is kept in certificate_dir.
  std::filesystem::path certificate_file;
  std::filesystem::path key_file;
  std::filesystem::path certificate_dir;

  // The built call page. Missing or empty: a plain page that says how to build it.
  std::filesystem::path pages_dir;
  // The example projects, served below /examples/; absent = nothing there.
  std::optional<std::filesystem::path> examples_dir;

  // With a development app in the registry: /v1/dev/usersig signs for it, for callers in the LAN. False: never.
  bool dev_signing = true;
  // Serves /v1/debug/counts, to loopback only.
  bool debug = false;

  // How long a member's seat is kept after its connection is lost.
  Duration seat_time = Duration::Seconds(90);
  ServerLimits limits;
};

// What came of the options.
struct ServerInfo {
  uint16_t https_port = 0;  // 0 = not enabled
  uint16_t http_port = 0;   // 0 = not enabled
  uint16_t rtmp_port = 0;   // 0 = not enabled
  uint16_t rtmps_port = 0;  // 0 = not enabled
  std::vector<uint16_t> media_ports;
  std::vector<uint16_t> media_tcp_ports;  // empty without media over TCP
  std::vector<IpAddress> lan_addresses;
  std::vector<IpAddress> media_addresses;  // the candidates' addresses
  std::string local_url;                   // "https://localhost:8443/", or the plain one without HTTPS
  std::vector<std::string> lan_urls;       // "https://192.168.1.5:8443/"
  bool self_signed = false;
  std::string certificate_sha256;  // "AB:CD:..." for people to compare
  bool pages_built = false;
};

class Server {
 public:
  // Everything is listening and running when this returns. An error's message is a sentence that names the port, file
  // or address and the option that changes it.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, AppRegistry apps, Log log);
  // Stop(0) when nobody called Stop.
  ~Server();

  const ServerInfo& info() const;

  // Takes no new connections, tells the members `draining` and closes their sockets with 4003, waits at most `grace`
  // for that, then closes what is left and joins all threads. A second call does nothing.
  void Stop(Duration grace);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace duet
