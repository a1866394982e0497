// Control: who may, who is, who hears whom. It owns every RoomState and every session of the node and decides; the
// doors bring requests, the workers carry out. Sans-IO and single-threaded: one thread (io) or one simulation step
// drives it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "auth/app_registry.h"
#include "base/endpoint.h"
#include "base/rng.h"
#include "base/time.h"
#include "node/messages.h"

namespace duet {

struct ControlConfig {
  struct Worker {
    // Host candidates of this worker's ports, UDP and passive TCP, best first.
    std::vector<Endpoint> candidates;
    Waker* waker = nullptr;  // of its thread, which takes from lines
  };
  std::vector<Worker> workers;
  // Where RTMP and FLV clients are sent to (docs/protocol.md section 2, members without SDP); 0 = that door is closed.
  struct Doors {
    std::string public_host;  // empty: the host of the client's own request
    uint16_t rtmp = 0;
    uint16_t rtmps = 0;
    uint16_t https = 0;
    uint16_t http = 0;
  };
  Doors doors;
  DtlsFingerprint local_fingerprint;
  Duration seat_time = Duration::Seconds(90);
  size_t max_rooms = 10'000;
  size_t max_members = 20'000;
  size_t max_room_members = 300;
  // A room of no more members than this is not spread over several workers.
  size_t members_together = 16;
  // Lines of pushes and plays, 850 kB each.
  size_t max_lines = 1000;
};

class Control {
 public:
  // `apps` and `rng` outlive it.
  Control(ControlConfig config, const AppRegistry& apps, Rng& rng, Log log);
  ~Control();

  // `unix_now_s` is the wall clock, which signatures are checked against.
  void OnInput(Time now, int64_t unix_now_s, ControlInput&& input);
  void OnWorkerEvent(Time now, size_t worker, WorkerEvent&& event);
  void OnTimer(Time now);
  Time NextTimer() const;

  // Refuses new entries from now on and tells every session `draining`, then closes it.
  void Drain(Time now);

  ControlCounts counts() const;

  // What is to be delivered since the last call, in order.
  std::vector<ControlOutput> TakeOutputs();
  std::vector<std::pair<size_t, WorkerCommand>> TakeCommands();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace duet
