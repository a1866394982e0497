// For tests: senders (synthetic encoder, Pacer, SendBandwidthEstimator) and receivers (TwccRecorder) on the two ends of
// one bottleneck, in virtual time.
//
//   Flow: encoder 30 fps ─> Pacer ─┬─> Bottleneck: rate, finite queue, random loss, delay ─> TwccRecorder ─┐
//         audio 50/s ──────────────┘   (flows share it)                                                    │
//         estimator <──────────────────────────── delay, loss <── feedback as bytes ──────────────────────┘
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "base/packet_pool.h"
#include "base/rng.h"
#include "core/bwe/send_bandwidth_estimator.h"
#include "core/pacer/pacer.h"
#include "core/twcc/twcc_recorder.h"
#include "wire/rtcp.h"

namespace duet::bwe_test {

struct Path {
  double rate_bps = 1e6;
  Duration queue = Duration::Millis(300);  // what it holds at most, in time at its rate
  Duration delay = Duration::Millis(25);   // one way, without the queue
  double loss = 0;                         // at random, before the queue
  double loss_back = 0;                    // of feedback
  Duration jitter;                         // of each packet, uniform, without reordering
};

// What one sender saw in one interval.
struct Sample {
  Time at;
  double sent_bps = 0;
  double arrived_bps = 0;
  double target_bps = 0;
  Duration queue_delay;  // median of its packets in the bottleneck
};

class World {
 public:
  using Action = std::function<void()>;  // NOLINT: not below floor 5, but here it is a test's
  static constexpr Duration kSampleTime = Duration::Millis(250);

  explicit World(Path p, uint64_t seed = 1) : path(p), rng_(seed) {
    Every(kSampleTime, [this] { TakeSamples(); });
  }

  struct Flow {
    Flow(World& w, BweConfig config) : world(w), estimator(config) {}
    World& world;
    SendBandwidthEstimator estimator;
    Pacer pacer;
    TwccRecorder recorder;
    double application_bps = 1e9;
    bool padding = true;
    uint16_t seq = 1;
    Time timer = Time::Never();
    Time feedback_timer = Time::Never();
    int64_t sent_bytes = 0;
    int64_t arrived_bytes = 0;
    std::vector<Duration> delays;
    std::vector<Sample> samples;

    // What the encoder makes at most, and what the estimator is told of it.
    void Want(double bps) {
      application_bps = bps;
      estimator.SetApplicationRate(world.now(), static_cast<int64_t>(bps));
      Work();
    }

    // ---- the sender
    void Frame(double scale) {
      constexpr double kAudioBps = 50 * 8 * 120;
      const double target = std::min(static_cast<double>(estimator.target_bps()), application_bps);
      auto bytes = static_cast<int64_t>(std::max(target - kAudioBps, 0.0) / 30 / 8 * scale);
      for (; bytes > 0; bytes -= 1150)
        Offer(PacketClass::kVideo, static_cast<size_t>(std::min<int64_t>(bytes, 1150)) + 50);
      Work();
    }
    void Audio() {
      Offer(PacketClass::kAudio, 120);
      Work();
    }
    void Offer(PacketClass kind, size_t size) {
      const Time now = world.now();
      if (pacer.TrySend(now, kind, size)) return Send(size);
      pacer.Enqueue(now, kind, PacketRef(), size, 0);
    }
    void Work() {
      const Time now = world.now();
      estimator.OnTimer(now);
      pacer.SetTarget(estimator.target_bps());
      bool more = true;
      while (more) {
        if (!pacer.probing()) {
          if (const auto probe = estimator.TakeProbe(now)) pacer.StartProbe(now, *probe);
        }
        more = false;
        while (const auto due = pacer.TakeDue(now)) Send(due->size);
        while (const size_t size = pacer.PaddingDue(now)) {
          if (!padding) {
            pacer.NoPadding();
            break;
          }
          if (!pacer.TrySend(now, PacketClass::kPadding, size)) break;
          Send(size);
          more = !pacer.probing();
        }
      }
      const Time next = std::min(pacer.NextTimer(), estimator.NextTimer());
      if (next.is_never() || next >= timer) return;
      timer = std::max(next, now);
      world.At(timer, [this, due = timer] {
        if (due != timer) return;  // an earlier one was set since
        timer = Time::Never();
        Work();
      });
    }
    void Send(size_t size) {
      const uint16_t number = seq++;
      sent_bytes += static_cast<int64_t>(size);
      estimator.OnPacketSent(world.now(), number, size, pacer.last_probe());
      world.Transmit(*this, number, size);
    }

    // ---- the receiver
    void Arrive(uint16_t number, size_t size) {
      arrived_bytes += static_cast<int64_t>(size);
      recorder.OnPacket(world.now(), number);
      WriteFeedback();
    }
    void WriteFeedback() {
      std::vector<std::byte> bytes(1200);
      while (const size_t size = recorder.WriteFeedback(world.now(), Ssrc(1), Ssrc(2), bytes)) {
        if (world.Chance(world.path.loss_back)) continue;
        std::vector<std::byte> copy(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
        world.At(world.now() + world.path.delay, [this, copy] {
          VisitRtcp(copy, [&](const TransportFeedback& feedback) { estimator.OnFeedback(world.now(), feedback); });
          Work();
        });
      }
      if (recorder.NextTimer() >= feedback_timer || recorder.NextTimer().is_never()) return;
      feedback_timer = recorder.NextTimer();
      world.At(feedback_timer, [this, due = feedback_timer] {
        if (due != feedback_timer) return;
        feedback_timer = Time::Never();
        WriteFeedback();
      });
    }
  };

  Flow& AddFlow(BweConfig config = {}) {
    Flow& flow = *flows_.emplace_back(std::make_unique<Flow>(*this, config));
    Every(Duration::Micros(33'333), [this, &flow] { flow.Frame(0.8 + 0.4 * Random()); });
    Every(Duration::Millis(20), [&flow] { flow.Audio(); });
    return flow;
  }

  Time now() const { return now_; }
  Duration elapsed() const { return now_ - kStart; }
  void RunFor(Duration d) {
    const Time end = now_ + d;
    while (!events_.empty() && events_.top().at <= end) {
      Event event = events_.top();
      events_.pop();
      now_ = event.at;
      event.run();
    }
    now_ = end;
  }

  Path path;

 private:
  static constexpr Time kStart = Time::FromMillis(1'700'000'000'000);
  struct Event {
    Time at;
    uint64_t order = 0;
    Action run;
    bool operator<(const Event& o) const { return at != o.at ? at > o.at : order > o.order; }
  };

  void At(Time at, Action run) { events_.push(Event{std::max(at, now_), ++order_, std::move(run)}); }
  void Every(Duration period, Action run) {
    At(now_ + period, [this, period, run] {
      run();
      Every(period, run);
    });
  }
  double Random() { return static_cast<double>(rng_.Below(1'000'000)) / 1e6; }
  bool Chance(double p) { return Random() < p; }

  void Transmit(Flow& flow, uint16_t number, size_t size) {
    if (Chance(path.loss)) return;
    const Time starts = std::max(now_, free_at_);
    if (starts - now_ > path.queue) return;
    free_at_ = starts + Duration::Micros(static_cast<int64_t>(8e6 * static_cast<double>(size) / path.rate_bps));
    flow.delays.push_back(free_at_ - now_);
    Time arrives = free_at_ + path.delay + Duration::Micros(static_cast<int64_t>(Random() * path.jitter.us()));
    last_arrival_ = arrives = std::max(arrives, last_arrival_);
    At(arrives, [&flow, number, size] { flow.Arrive(number, size); });
  }

  void TakeSamples() {
    for (const auto& flow : flows_) {
      Sample sample{.at = now_,
                    .sent_bps = 8.0 * static_cast<double>(flow->sent_bytes) / kSampleTime.seconds(),
                    .arrived_bps = 8.0 * static_cast<double>(flow->arrived_bytes) / kSampleTime.seconds(),
                    .target_bps = static_cast<double>(flow->estimator.target_bps())};
      if (!flow->delays.empty()) {
        std::nth_element(flow->delays.begin(), flow->delays.begin() + static_cast<ptrdiff_t>(flow->delays.size() / 2),
                         flow->delays.end());
        sample.queue_delay = flow->delays[flow->delays.size() / 2];
      }
      flow->samples.push_back(sample);
      flow->sent_bytes = flow->arrived_bytes = 0;
      flow->delays.clear();
    }
  }

  SeededRng rng_;
  Time now_ = kStart;
  Time free_at_ = kStart;
  Time last_arrival_ = kStart;
  uint64_t order_ = 0;
  std::priority_queue<Event> events_;
  std::vector<std::unique_ptr<Flow>> flows_;
};

// The mean of a figure over the last `d` of a flow.
inline double Mean(const std::vector<Sample>& samples, Duration d, double Sample::*figure) {
  const auto n = std::min<size_t>(samples.size(), static_cast<size_t>(d.us() / World::kSampleTime.us()));
  double sum = 0;
  for (size_t i = samples.size() - n; i < samples.size(); ++i) sum += samples[i].*figure;
  return sum / static_cast<double>(n);
}

// A quantile of the queue's delay over the last `d` of a flow.
inline double QueueMs(const std::vector<Sample>& samples, Duration d, double quantile) {
  const auto n = std::min<size_t>(samples.size(), static_cast<size_t>(d.us() / World::kSampleTime.us()));
  std::vector<int64_t> delays;
  for (size_t i = samples.size() - n; i < samples.size(); ++i) delays.push_back(samples[i].queue_delay.us());
  std::sort(delays.begin(), delays.end());
  return static_cast<double>(
             delays[std::min(delays.size() - 1, static_cast<size_t>(quantile * static_cast<double>(delays.size())))]) /
         1000;
}

}  // namespace duet::bwe_test
