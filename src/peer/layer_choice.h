// LayerChoice: which of a source's layers one receiver gets.
//
//   desired  what its path carries and its person asked for; the publisher is told, and may have to switch it on
//   target   the desired layer, or while that does not come the best one that does; a switch waits for its keyframe
//   current  what is passed on now
//
// It also measures what each layer takes, passed on or not. A source without simulcast has one layer.
//
// Thread rule: owned by one Downtrack.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "peer/peer_config.h"
#include "peer/rate_meter.h"

namespace duet {

class LayerChoice {
 public:
  static constexpr int kNone = -1;
  // A layer of which nothing came for so long does not come: pictures that move have a frame in it.
  static constexpr Duration kSilence = Duration::Millis(600);

  // Another source, with so many layers; nothing is passed on yet.
  void Reset(size_t count);
  // The source goes on, but starts again at a keyframe.
  void Restart() { current_ = kNone; }

  size_t count() const { return count_; }
  int current() const { return current_; }
  int target() const { return target_; }
  int desired() const { return desired_; }

  // A packet of the source, whether it is passed on or not.
  void OnPacket(Time now, int layer, size_t bytes) {
    if (layer < 0 || static_cast<size_t>(layer) >= count_) return;
    Layer& l = layers_[static_cast<size_t>(layer)];
    if (now - l.last_packet >= kSilence) l.since = now;
    l.rate.Add(now, bytes);
    l.last_packet = now;
  }
  // Takes the measures of now; every 100 ms or so.
  void Measure(Time now);
  // What is desired from now on; the target follows from what comes. True when the target is another one.
  bool Desire(Time now, int layer);
  // The first packet of a keyframe of the target has come.
  void SwitchToTarget() { current_ = target_; }

  bool Comes(Time now, int layer) const { return now - layers_[static_cast<size_t>(layer)].last_packet < kSilence; }
  // What the layer takes; when it does not come, what it took when it last did, or a guess from the others.
  int64_t ExpectedBps(int layer) const;
  // What comes, in all layers or in the one that is passed on.
  int64_t OfferedBps(Time now);

 private:
  struct Layer {
    RateMeter rate;
    Time last_packet = Time::LongAgo();
    Time since;             // it has come without a break
    int64_t known_bps = 0;  // smoothed; 0 = never measured
  };
  int BestThatComes(Time now) const;

  std::array<Layer, kMaxLayers> layers_{};
  size_t count_ = 1;
  int current_ = kNone;
  int target_ = 0;
  int desired_ = 0;
};

}  // namespace duet
