// LoadRun: brings publishers and viewers to a server, lets them send for a while and tells what it cost the server.
//
// One thread does everything, pinned to a core of its own when asked; the server is another process, on another core.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/dtls/dtls_context.h"
#include "io/clock.h"
#include "io/os_rng.h"
#include "load/load_client.h"
#include "load/process_meter.h"
#include "node/timer_wheel.h"

namespace duet::load {

struct LoadOptions {
  // {room}, {user} (who publishes, or is watched) and {n} (another number for each viewer) are replaced.
  std::string whip_url;
  std::string whep_url;
  std::string token;  // of all of them; empty: none
  size_t rooms = 1;
  size_t publishers = 1;  // in each room
  size_t viewers = 100;   // of each publisher
  bool mesh = false;      // instead: every publisher of a room is watched by one viewer for each of the others
  double packets_per_second = 250;
  size_t packet_bytes = 1126;  // of RTP payload
  double frames_per_second = 25;
  bool burst = false;        // the packets of a frame at once, else evenly spread
  uint32_t drop_one_in = 0;  // every so many packets are lost at each viewer; 0 = none
  double warmup_s = 4;
  double seconds = 8;
  double joins_per_second = 0;  // 0 = one after the other, as fast as it goes
  bool with_audio = true;       // sections for sound, as real clients have them; no sound is sent
  pid_t pid = 0;                // of the server, 0 = unknown: nothing is told of its costs
  int server_core = -1;
  int own_core = -1;
  std::string allocations_file;  // of preload/count_allocations.cc, when the server was started with it
};

struct LoadResult {
  size_t viewers = 0;
  uint64_t sent = 0;       // by the publishers
  uint64_t expected = 0;   // by the viewers
  uint64_t delivered = 0;  // to the viewers
  double seconds = 0;
  double us_per_packet = 0;  // CPU of the server for each packet delivered
  double us_user = 0;
  double us_system = 0;
  double switches_per_packet = 0;
  double server_share = 0;        // of a core
  double generator_share = 0;     // of its core
  double answers_per_packet = 0;  // datagrams that viewers sent for each packet delivered
  double delay_ms_p50 = 0;        // until after the viewer has decrypted the packet
  double delay_ms_p99 = 0;
  double server_delay_ms_p50 = 0;  // until the packet was in the viewer's socket
  double server_delay_ms_p99 = 0;
  double join_ms_p50 = 0;  // POST until the keys are there
  double join_ms_p99 = 0;
  double join_cpu_ms = 0;              // of the server, mean of all viewers but the first
  double kb_of_first = 0;              // that the server has grown by with the publishers and the first viewer
  double kb_per_viewer = 0;            // and then with each of the others
  double allocations_per_packet = -1;  // -1: not counted
};

class LoadRun {
 public:
  explicit LoadRun(LoadOptions options);
  ~LoadRun();

  Result<LoadResult> Run();

 private:
  struct Source {  // of a publisher
    LoadClient* client = nullptr;
    Time next;
    uint32_t frame = 0;
    size_t packet = 0;  // of the frame
  };
  Status JoinAll();
  Status JoinOne(bool publishes, const std::string& url);
  void Pump(Time until, bool sending);
  void PumpOnce(Time until, bool sending);
  void SendDue(Time now);
  size_t FramePackets() const;
  uint64_t Allocations() const;
  struct Sums {            // since the beginning
    uint64_t sent = 0;     // packets of the publishers
    uint64_t answers = 0;  // datagrams of the viewers
    uint64_t allocations = 0;
  };
  Sums Sum() const;

  const LoadOptions options_;
  const OsClock clock_;
  OsRng rng_;
  PacketPool pool_;
  std::unique_ptr<DtlsContext> dtls_;
  std::unique_ptr<LoadContext> context_;
  int epoll_fd_;
  std::vector<std::unique_ptr<LoadClient>> clients_;  // id - 1
  std::vector<Source> sources_;
  TimerWheel<PeerId> timers_;
  LoadClient::Received received_;
  std::vector<double> join_ms_;
  size_t viewers_ = 0;
  double join_cpu_ms_ = 0;
  ProcessUsage with_first_;  // when it had watched for kSettle
};

// One line.
std::string ToJson(const LoadOptions& options, const LoadResult& result);

}  // namespace duet::load
