// LayerChoice: which of a source's layers one receiver gets.
//
//   desired  what its path carries and its person asked for; the publisher is told, and may have to switch it on
//   target   the desired layer, or while that does not come the best one that does; a switch waits for its keyframe
//   current  what is passed on now
//
// It also measures what each layer takes, passed on or not. A source without simulcast has one layer, unless its stream
// holds spatial layers (VP9, AV1): then these are the layers, each with all below it, and only a switch upwards waits
// for a keyframe. Beside it the highest temporal layer is chosen, which costs no keyframe at all.
//
// Thread rule: owned by one Downtrack.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "peer/frame_layers.h"
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
  // The layers are parts of one stream.
  bool in_one_stream() const { return in_one_stream_; }
  // The RTP stream that holds the layer.
  int stream(int layer) const { return in_one_stream_ ? std::min(layer, 0) : layer; }
  // Packets of this stream are passed on; may be from a keyframe on.
  bool passes(int stream_index) const { return in_one_stream_ ? current_ != kNone : stream_index == current_; }
  bool awaits(int stream_index) const { return in_one_stream_ || stream_index == target_; }
  // What is passed on is to change, and cannot before a keyframe.
  bool needs_keyframe() const {
    return target_ != current_ && !(in_one_stream_ && current_ != kNone && target_ < current_);
  }
  int current() const { return current_; }
  int target() const { return target_; }
  int desired() const { return desired_; }

  // A packet of the source, whether it is passed on or not.
  void OnPacket(Time now, int layer, const FrameLayers& frame, size_t bytes) {
    if (streams_ == 1 && frame.spatial_count > 1 && frame.spatial_count != count_)
      SetSpatialLayers(frame.spatial_count);
    if (in_one_stream_) layer = frame.spatial;
    if (layer < 0 || static_cast<size_t>(layer) >= count_) return;
    Count(now, layer, bytes);
    // What is above holds it, too.
    for (int above = layer + 1; in_one_stream_ && above < static_cast<int>(count_); ++above) Count(now, above, bytes);
    const size_t temporal = std::min<size_t>(frame.temporal, kMaxTemporal - 1);
    temporal_count_ = std::max(temporal_count_, temporal + 1);
    temporal_bytes_[temporal] += static_cast<double>(bytes);
  }
  // Takes the measures of now; every 100 ms or so.
  void Measure(Time now);
  // What is desired from now on; the target follows from what comes. True when the target is another one.
  bool Desire(Time now, int layer);
  // True when the target's keyframe is to be asked for: at once when it is `another` target, and again when the
  // keyframe of a stream that goes was of no use, because its first packet came late.
  bool TakeKeyframeWanted(Time now, bool another);
  static constexpr Duration kAskAgain = Duration::Seconds(1);
  // The part of a layer's rate that the temporal layers up to this one take, 0..1.
  double TemporalShare(int temporal) const;
  size_t temporal_count() const { return temporal_count_; }
  // The highest temporal layer that is passed on.
  int temporal() const { return temporal_; }
  void set_temporal(int temporal) { temporal_ = temporal; }
  static constexpr int kAllTemporal = 7;
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
  static constexpr size_t kMaxTemporal = 4;  // those above count as the highest
  void SetSpatialLayers(size_t count);
  void Count(Time now, int layer, size_t bytes) {
    Layer& l = layers_[static_cast<size_t>(layer)];
    if (now - l.last_packet >= kSilence) l.since = now;
    l.rate.Add(now, bytes);
    l.last_packet = now;
  }
  int BestThatComes(Time now) const;

  std::array<Layer, kMaxLayers> layers_{};
  size_t count_ = 1;
  size_t streams_ = 1;
  bool in_one_stream_ = false;
  size_t temporal_count_ = 1;
  int temporal_ = kAllTemporal;
  std::array<double, kMaxTemporal> temporal_bytes_{};  // of late, older ones weighing less
  int current_ = kNone;
  int target_ = 0;
  int desired_ = 0;
  Time asked_at_ = Time::LongAgo();
};

}  // namespace duet
