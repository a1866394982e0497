// TcpStreams: media over TCP for clients on networks without UDP. The server is the passive side (RFC 6544): clients
// connect to its port, and the same STUN, DTLS and SRTP datagrams go to and fro as RFC 4571 frames. To a machine a
// connection is an Endpoint like any other; which connection that is, is known here only.
//
//   accepted ──> stranger: only STUN is taken ──handler knows its address──> trusted
//       '── one too many: closed          '── 10 s without that, or silent for too long, or nonsense: closed
//
// An address that the handler stops to know makes a stranger again, so the connections of a member that is gone end by
// themselves. A remote that vanished without a word is silent: it ends when consent does.
//
// Limits: connections in all and per address; a queue per connection (TcpConnection) and one limit for all that wait;
// kMaxEvents connections are served in a round, each with at most kReadBytes.
//
// Thread rule: one loop. Allocates when a connection comes or goes, never per packet.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/drop.h"
#include "base/flat_map.h"
#include "base/outbox.h"
#include "io/bound_socket.h"
#include "io/datagram_handler.h"
#include "io/tcp_connection.h"

namespace duet {

struct TcpStreamsOptions {
  size_t max_connections = 1024;
  size_t max_connections_per_address = 64;
  Duration silence = Duration::Seconds(30);  // a remote from which nothing came for so long is gone
};

struct TcpCounters {
  uint64_t connections = 0;  // that are open
  uint64_t accepted = 0;
  uint64_t refused = 0;  // closed at once: a limit
  uint64_t packets_received = 0;
  uint64_t bytes_received = 0;
  uint64_t packets_sent = 0;
  // kMalformed: nonsense, which ended its connection; kQueueFull: it did not read fast enough; kNoConnection.
  DropCounters drops;
};

class TcpStreams {
 public:
  static constexpr Duration kProofTime = Duration::Seconds(10);
  static constexpr size_t kMaxQueuedInAll = 2048;  // packets
  static constexpr size_t kReadBytes = 32 << 10;
  static constexpr size_t kMaxEvents = 64;

  // A listening TCP socket; unspecified address = every address, port 0 = any free one. Errors as of OpenBoundSocket.
  static Result<BoundSocket> Listen(Endpoint bind);

  // `listener` is of Listen; `pool` outlives it.
  TcpStreams(BoundSocket listener, const TcpStreamsOptions& options, PacketPool& pool);
  ~TcpStreams();

  const Endpoint& local() const { return listener_.local; }
  // Readable when Poll has something to do.
  int fd() const { return epoll_.get(); }

  // Takes new connections, writes where it is possible again, and notes where there is something to read.
  void Poll(Time now);

  struct Received {
    PacketRef packet;  // null: there is nothing more to read in this round
    Endpoint from;
    bool from_stranger = false;
  };
  Received Receive();
  // The handler knows the address: its connection may send everything from now on.
  void Trust(const Endpoint& remote);

  void Send(std::span<const Transmit> batch);

  // Ends what is silent or was not known for too long. Does nothing before NextTimer.
  void OnTimer(Time now, const DatagramHandler& handler);
  Time NextTimer() const { return next_sweep_; }

  // An address whose connection has ended since the last call.
  std::optional<Endpoint> TakeEnded();

  const TcpCounters& counters() const { return counters_; }

 private:
  struct Entry {
    TcpConnection connection;
    Time heard;  // something came
    Time known;  // the handler knew it, or it was accepted
    bool trusted = false;
    bool watched_for_writing = false;
    bool to_write = false;  // stands in to_write_
    bool noted = false;     // stands in ended_
  };

  void Watch(int operation, int fd, uint32_t events, Entry* entry) const;
  void AcceptAll(Time now);
  void Admit(Time now, OwnedFd fd, const Endpoint& remote);
  void PauseListening(Time now);
  // Reads the next of those that are readable.
  void StartReading();
  void Write(Entry& entry);
  void End(Entry& entry);
  // Notes what a call to the connection has changed: what waits, and whether it has ended.
  void Settle(Entry& entry, size_t queued_before);

  const BoundSocket listener_;
  const TcpStreamsOptions options_;
  PacketPool& pool_;
  OwnedFd epoll_;  // of the listener and the connections; the listener's entry is null
  bool listening_ = true;
  FlatMap<Endpoint, std::unique_ptr<Entry>> entries_;
  std::map<IpAddress, size_t> per_address_;
  std::vector<Endpoint> ended_;  // they stand in entries_ until they are taken
  size_t queued_ = 0;            // packets of all connections
  Time now_ = Time::LongAgo();   // of the round
  Time next_sweep_ = Time::Never();

  std::vector<Entry*> readable_;  // in this round, the next one last
  Entry* reading_ = nullptr;
  Bytes unread_;  // of read_buffer_
  std::array<std::byte, kReadBytes> read_buffer_;
  std::vector<Entry*> to_write_;
  TcpCounters counters_;
};

}  // namespace duet
