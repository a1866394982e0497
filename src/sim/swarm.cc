#include "sim/swarm.h"

#include "sim/world.h"

namespace duet::sim {
namespace {

class Swarm {
 public:
  explicit Swarm(uint64_t seed) : draw_(seed * 2 + 1), world_(MakeConfig(seed)) {
    intensity_ = static_cast<double>(draw_.Below(100)) / 100;
    for (bool& enabled : enabled_) enabled = Chance(draw_, 0.6);
  }

  World& world() { return world_; }

  RunResult Run() {
    const uint64_t members = 2 + draw_.Below(4);
    for (uint64_t i = 0; i < members; ++i) {
      SimClientConfig config;
      config.room = Chance(draw_, 0.85) ? 1 : 2;
      config.sends_video = Chance(draw_, 0.9);
      config.video_bps = static_cast<int64_t>(150'000 + draw_.Below(500'000));
      if (Chance(draw_, 0.4)) {
        config.layers = 2 + draw_.Below(2);
        config.video_bps *= 3;
        config.obeys_layers = Chance(draw_, 0.8);
      }
      AddStreamLayers(config);
      world_.AddClient(config);
    }
    for (const uint32_t number : world_.numbers()) {
      BaseConditions(number);
      world_.client(number).Enter(world_.now());
      world_.Run(Below(draw_, Duration::Seconds(2)));
    }
    const uint64_t faults = 3 + draw_.Below(15);
    for (uint64_t i = 0; i < faults; ++i) {
      world_.Run(Below(draw_, Duration::Seconds(5)));
      Fault(PickClient());
    }
    world_.Run(Below(draw_, Duration::Seconds(5)));
    Heal();
    for (Duration time; time < kRecovery; time = time + Duration::Seconds(1)) {
      world_.Run(Duration::Seconds(1));
      world_.Say("recovering " + world_.Describe());
    }
    result_.state = world_.Describe();
    if (std::string wrong = world_.CheckCalls(); !wrong.empty()) Fail("after all healed: " + wrong);
    if (std::string wrong = world_.CheckEmpty(); !wrong.empty()) Fail("after all left: " + wrong);
    for (const std::string& violation : world_.violations()) Fail(violation);
    result_.trace_hash = world_.trace_hash();
    result_.virtual_time = world_.elapsed();
    return std::move(result_);
  }

 private:
  enum Kind {
    kLoss,
    kBurstLoss,
    kJitter,
    kRate,
    kOutage,
    kRebind,
    kSuspend,
    kVanish,
    kRestart,
    kLeave,
    kMute,
    kQuality,
    kServer,
    kKinds
  };

  static WorldConfig MakeConfig(uint64_t seed) {
    SeededRng rng(seed);
    WorldConfig config{.seed = seed};
    config.codec = Chance(rng, 0.5) ? CodecKind::kH264 : CodecKind::kVp8;
    if (Chance(rng, 0.4)) config.codec = Chance(rng, 0.5) ? CodecKind::kVp9 : CodecKind::kAv1;
    config.workers = Chance(rng, 0.5) ? 1 : 2;
    return config;
  }

  void AddStreamLayers(SimClientConfig& config) {
    const CodecKind codec = world_.codec();
    if (codec == CodecKind::kH264) return;
    config.stream_layers.temporal = static_cast<uint8_t>(1 + draw_.Below(3));
    // Sizes are made as streams of their own or as parts of one, not as both.
    if (codec == CodecKind::kVp8 || config.layers > 1) return;
    config.stream_layers.spatial = static_cast<uint8_t>(1 + draw_.Below(3));
  }

  uint32_t PickClient() {
    const auto numbers = world_.numbers();
    return numbers[draw_.Below(numbers.size())];
  }

  void BaseConditions(uint32_t number) {
    for (SimLink* link : {&world_.seat(number).up, &world_.seat(number).down}) {
      LinkConditions& c = link->conditions();
      c = {};
      c.delay = Duration::Millis(static_cast<int64_t>(1 + draw_.Below(80)));
      c.jitter = Below(draw_, Duration::Millis(20));
      if (Chance(draw_, 0.3)) c.loss = 0.02;
    }
  }

  void Fault(uint32_t number) {
    constexpr const char* kNames[] = {"loss",   "bursts",  "jitter", "rate", "outage",  "rebind", "suspend",
                                      "vanish", "restart", "leave",  "mute", "quality", "server"};
    const auto kind = static_cast<Kind>(draw_.Below(kKinds));
    if (!enabled_[kind]) return;
    world_.Say(std::string("fault ") + kNames[kind] + " for u" + std::to_string(number));
    Seat& seat = world_.seat(number);
    SimLink& link = Chance(draw_, 0.5) ? seat.up : seat.down;
    LinkConditions& c = link.conditions();
    switch (kind) {
      case kLoss: c.loss = intensity_ * 0.6; break;
      case kBurstLoss:
        c.loss = intensity_ * 0.3;
        c.loss_run = 1 + static_cast<double>(draw_.Below(15));
        break;
      case kJitter:
        c.jitter = Below(draw_, Duration::Millis(150));
        c.reorder = intensity_ * 0.2;
        c.duplicate = intensity_ * 0.1;
        c.corrupt = intensity_ * 0.05;
        break;
      case kRate: c.rate_bps = static_cast<int64_t>(150'000 + draw_.Below(3'000'000)); break;
      case kOutage:
        c.down = true;
        if (Chance(draw_, 0.7)) seat.up.conditions().down = seat.down.conditions().down = true;
        world_.Run(Below(draw_, Duration::Seconds(Chance(draw_, 0.2) ? 50 : 8)));
        seat.up.conditions().down = seat.down.conditions().down = false;
        break;
      case kRebind: world_.Rebind(number); break;
      case kSuspend:
      case kVanish:
        if (kind == kVanish) {
          world_.Vanish(number);
        } else {
          seat.client->Suspend();
        }
        world_.Run(Below(draw_, Duration::Seconds(Chance(draw_, 0.2) ? 120 : 20)));
        world_.Wake(number);
        break;
      case kRestart: seat.client->Restart(world_.now()); break;
      case kLeave:
        seat.client->Exit(world_.now());
        world_.Run(Below(draw_, Duration::Seconds(5)));
        seat.client->Enter(world_.now());
        break;
      case kMute: seat.client->SetPublished(Chance(draw_, 0.5), Chance(draw_, 0.5)); break;
      case kQuality: {
        constexpr signal::Quality kQualities[] = {signal::Quality::kMain, signal::Quality::kSmall,
                                                  signal::Quality::kAuto};
        seat.client->Subscribe(world_.client(PickClient()).user(), kQualities[draw_.Below(3)]);
        break;
      }
      case kServer:
        if (Chance(draw_, 0.3)) world_.RestartServer();
        break;
      case kKinds: break;
    }
  }

  void Heal() {
    for (const uint32_t number : world_.numbers()) {
      Seat& seat = world_.seat(number);
      seat.up.conditions() = seat.down.conditions() = {};
      seat.client->SetPublished(true, true);
      seat.client->Enter(world_.now());
    }
  }

  void Fail(std::string what) { result_.failures.push_back(std::move(what)); }

  SeededRng draw_;
  World world_;
  double intensity_ = 0;
  bool enabled_[kKinds] = {};
  RunResult result_;
};

}  // namespace

RunResult RunSwarm(uint64_t seed, std::vector<std::string>* trace) {
  Swarm swarm(seed);
  swarm.world().set_trace(trace);
  return swarm.Run();
}

}  // namespace duet::sim
