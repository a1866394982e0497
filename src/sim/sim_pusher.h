// SimPusher: a publisher over RTMP, as the bridge sees it: an encoder that nobody can ask for a keyframe, a TCP
// connection that may stand still and then brings everything at once, and the bridge's way into the room
// (bridge/ingest_line.h). What its pictures hold is judged like everybody's (sim/synthetic_media.h). No sound: that
// would be transcoded.
//
//   stopped ─Push─> opening ─PushOpened─> pushing ─OnEnded─> (1 s) ─> opening
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "bridge/ingest_line.h"
#include "node/messages.h"

namespace duet::sim {

struct SimPusherConfig {
  uint32_t number = 0;  // the user is "u1", "u2" ..., one count with the clients
  uint32_t room = 1;
  uint32_t sdk_app_id = 0;
  std::string user_sig;
  int64_t video_bps = 600'000;
};

class SimPusher {
 public:
  static constexpr Duration kFrameInterval = Duration::Millis(40);
  static constexpr uint32_t kKeyframeEvery = 25;  // frames
  static constexpr int64_t kUplinkBps = 8'000'000;

  SimPusher(SimPusherConfig config, Rng& rng)
      : config_(std::move(config)), user_("u" + std::to_string(config_.number)), rng_(rng) {}

  const SimPusherConfig& config() const { return config_; }
  const std::string& user() const { return user_; }
  bool wanted() const { return wanted_; }
  bool pushing() const { return line_ != nullptr; }

  // ---- what its person and its network do
  void Push(Time now);
  void Stop();
  // Nothing arrives for so long; the encoder goes on.
  void Stall(Time now, Duration time) { carries_from_ = now + time; }

  // ---- the world's side
  bool TakeOpen() { return std::exchange(opens_, false); }
  bool TakeClose() { return std::exchange(closes_, false); }
  OpenPush Question() const;
  void OnOpened(Time now, const PushOpened& opened);
  // The server has ended it, or refused it, or is gone.
  void OnEnded(Time now);
  void OnTimer(Time now);
  Time NextTimer() const;

 private:
  struct Tag {
    Time arrives;
    int64_t timestamp_ms = 0;
    std::vector<std::byte> data;
  };
  void Encode(Time now);
  void Send(Time now, int64_t timestamp_ms, Bytes data);

  SimPusherConfig config_;
  std::string user_;
  Rng& rng_;
  bool wanted_ = false;
  bool opens_ = false;
  bool closes_ = false;
  Time opens_at_ = Time::Never();
  std::unique_ptr<IngestLine> line_;
  Time began_;
  Time next_frame_ = Time::Never();
  Time carries_from_ = Time::LongAgo();
  std::deque<Tag> wire_;  // in order; what is under way
  uint32_t frame_ = 0;
  uint32_t since_keyframe_ = 0;
};

}  // namespace duet::sim
