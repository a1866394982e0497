// World: a whole Duet in one thread and in virtual time. Workers and Control as the server has them, clients, the links
// between them, and nothing else: the same seed gives the same run, to the last byte. With several workers the members
// of each room are spread over them.
//
//   client ──Outbox──> SimLink up ──> Worker ──Outbox──> SimLink down ──> client
//          ──signals─> (ordered, delayed) ─> Control ─commands─> Worker ─events─> Control
//
// One step is the earliest of: a datagram or a message that arrives, a timer of a machine. While it runs it is judged:
// what must never happen is a violation, kept with the time at which it happened.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "auth/app_registry.h"
#include "node/control.h"
#include "node/worker.h"
#include "sim/sim_client.h"
#include "sim/sim_link.h"
#include "sim/sim_pusher.h"

namespace duet::sim {

struct WorldConfig {
  uint64_t seed = 1;
  CodecKind codec = CodecKind::kH264;
  Duration seat_time = Duration::Seconds(90);
  Duration media_timeout = Duration::Seconds(30);
  size_t workers = 1;
};

// One member, its place in the network, and its connection to Control.
struct Seat {
  std::unique_ptr<SimClient> client;
  SimLink up;
  SimLink down;
  Endpoint address;   // as the server sees it; another one after a rebind
  SessionId session;  // 0 = no socket
  Time opens_at = Time::Never();
  Time server_notices_at = Time::Never();  // that the socket is gone
  struct Text {
    Time at;
    std::string text;
    bool closes = false;
  };
  std::deque<Text> to_server;
  std::deque<Text> to_client;
};

class World {
 public:
  explicit World(WorldConfig config);
  ~World();

  // The new client's number, from 1.
  // What members who come from now on send and see; all of one world the same.
  void set_codec(CodecKind codec) { config_.codec = codec; }
  CodecKind codec() const { return config_.codec; }
  uint32_t AddClient(SimClientConfig config = {});
  SimClient& client(uint32_t number) { return *seats_.at(number)->client; }
  Seat& seat(uint32_t number) { return *seats_.at(number); }
  std::vector<uint32_t> numbers() const;  // of the clients
  uint32_t AddPusher(SimPusherConfig config = {});
  // Null when the member of this number is a client.
  SimPusher* pusher(uint32_t number);
  // Everybody's number and name.
  std::map<uint32_t, std::string> users() const;
  Rng& rng() { return rng_; }
  Time now() const { return now_; }
  // Since the beginning.
  Duration elapsed() const { return now_ - start_; }

  void Run(Duration time);
  // The client's NAT gives it another address and port; what is under way to the old one is lost.
  void Rebind(uint32_t number);
  // The client's machine is gone: no goodbye, and the server's socket notices only after its idle time.
  void Vanish(uint32_t number);
  // The client's machine, suspended or vanished, runs again.
  void Wake(uint32_t number);
  // The server process is killed and started again: it knows nobody.
  void RestartServer();
  // The same, with so many workers.
  void RestartServer(size_t workers) {
    config_.workers = workers;
    RestartServer();
  }

  // Whether everybody who wants in is in, knows the others, and gets moving pictures and sound of all that publish.
  // The sentence says what is missing; empty = all is well.
  std::string CheckCalls();
  // For people: every client, what the worker counted.
  std::string Describe() const;
  // After everybody has left: nothing may be left over. Empties the world.
  std::string CheckEmpty();

  // A line in the trace.
  void Say(const std::string& text) {
    if (trace_ != nullptr) trace_->push_back(std::to_string(elapsed().ms()) + " ms " + text);
  }

  const std::vector<std::string>& violations() const { return violations_; }
  uint64_t trace_hash() const { return hash_; }
  // Every event as a line, to this vector; for reading one run.
  void set_trace(std::vector<std::string>* trace) { trace_ = trace; }
  const WorkerCounts counts() const { return control_->counts().workers; }
  const ControlCounts control_counts() const { return control_->counts(); }

 private:
  struct Datagram {
    Time at;
    uint64_t order = 0;
    uint32_t client = 0;  // whose link it came over
    Endpoint server;      // the other end: a worker's port
    bool to_server = false;
    Endpoint from;  // to_server: of the client when it was sent
    std::vector<std::byte> bytes;
  };
  struct Later {
    bool operator()(const Datagram& a, const Datagram& b) const {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  struct Pusher {
    std::unique_ptr<SimPusher> machine;
    SessionId session;  // 0 = no connection
  };

  void StartServer();
  uint32_t NextNumber() const { return static_cast<uint32_t>(seats_.size() + pushers_.size()) + 1; }
  std::string UserSigOf(uint32_t number) const;
  Time NextEvent() const;
  void Step();
  void DeliverDatagrams();
  void DeliverTexts();
  void RunTimers();
  // Carries off what the machines want sent.
  void Collect();
  void CollectClient(Seat& seat);
  void CollectPusher(Pusher& pusher);
  void CollectControl();
  bool TakeOutput(ControlOutput& output);
  void NoteDownlink(const PeerQuality& quality);
  void Launch(Seat& seat, bool to_server, const Endpoint& server, Bytes bytes);
  void StopServer();
  void Post(Seat& seat, bool to_server, std::string text, bool closes);
  void CloseSocket(Seat& seat);
  void JudgeSent(Seat& seat, Bytes datagram);
  void Note(char kind, uint32_t client, uint64_t number);
  void Violate(std::string what);
  Seat* SeatOf(SessionId session);

  WorldConfig config_;
  SeededRng rng_;
  Time now_;
  const Time start_;
  PacketPool client_pool_;
  DtlsCertificate server_certificate_;
  DtlsContext server_dtls_;
  DtlsCertificate client_certificate_;
  DtlsContext client_dtls_;
  AppRegistry apps_;
  // A worker as a thread of the server has it, with its port and its wake.
  struct Core : Waker {
    explicit Core(Endpoint at) : address(at) {}
    void Wake() override { woken = true; }
    static constexpr size_t kPackets = 16'384;
    Endpoint address;
    PacketPool pool{kPackets};
    Outbox out{pool};
    std::unique_ptr<Worker> worker;
    bool woken = false;
  };
  std::vector<std::unique_ptr<Core>> cores_;
  std::unique_ptr<Control> control_;
  std::map<uint32_t, std::unique_ptr<Seat>> seats_;
  std::map<uint32_t, Pusher> pushers_;
  std::map<Endpoint, uint32_t> by_address_;
  std::priority_queue<Datagram, std::vector<Datagram>, Later> air_;
  uint64_t order_ = 0;
  uint64_t last_session_ = 0;
  uint16_t next_port_ = 10'000;
  // Of each SRTP stream to a client: the hash of what went out under each 16-bit number, and when.
  struct SentNumber {
    uint64_t hash = 0;
    Time at = Time::LongAgo();
  };
  std::map<std::pair<uint32_t, uint32_t>, std::map<uint16_t, SentNumber>> sent_numbers_;
  std::map<uint32_t, PathQuality> downlinks_;  // as the worker said last
  std::vector<std::string> violations_;
  std::vector<std::string>* trace_ = nullptr;
  uint64_t hash_ = 14695981039346656037ull;
};

}  // namespace duet::sim
