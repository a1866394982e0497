#include "peer/layer_choice.h"

#include <algorithm>

namespace duet {
namespace {

// What cameras' layers usually take, of three and of two: a quarter, half and all of 720p, half and all of 480p.
constexpr std::array<int64_t, 3> kUsualOfThree = {150'000, 500'000, 1'500'000};
constexpr std::array<int64_t, 2> kUsualOfTwo = {200'000, 800'000};
constexpr int64_t kUsualStep = 3;  // each layer to the next smaller one

int64_t Usual(size_t count, size_t layer) {
  if (count == kUsualOfThree.size()) return kUsualOfThree[layer];
  return count == kUsualOfTwo.size() ? kUsualOfTwo[layer] : 0;
}

}  // namespace

void LayerChoice::Reset(size_t count) {
  layers_.fill(Layer{});
  count_ = streams_ = std::clamp<size_t>(count, 1, kMaxLayers);
  current_ = kNone;
  target_ = desired_ = 0;
  in_one_stream_ = false;
  temporal_count_ = 1;
  temporal_ = kAllTemporal;
  temporal_bytes_ = {};
}

void LayerChoice::SetSpatialLayers(size_t count) {
  const int former = static_cast<int>(count_) - 1;
  count_ = std::min(count, kMaxLayers);
  in_one_stream_ = true;
  const int highest = static_cast<int>(count_) - 1;
  // The whole stream went and goes on, until DividePath says what fits.
  if (desired_ == former) desired_ = highest;
  if (target_ == former) target_ = highest;
  if (current_ == former) current_ = highest;
  desired_ = std::min(desired_, highest);
  target_ = std::min(target_, highest);
  current_ = std::min(current_, highest);
}

double LayerChoice::TemporalShare(int temporal) const {
  double below = 0;
  double all = 0;
  for (size_t i = 0; i < kMaxTemporal; ++i) {
    all += temporal_bytes_[i];
    if (static_cast<int>(i) <= temporal) below += temporal_bytes_[i];
  }
  return all > 0 ? below / all : 1;
}

bool LayerChoice::Desire(Time now, int layer) {
  desired_ = std::clamp(layer, 0, static_cast<int>(count_) - 1);
  const int former = target_;
  target_ = BestThatComes(now);
  return target_ != former;
}

bool LayerChoice::TakeKeyframeWanted(Time now, bool another) {
  if (!needs_keyframe()) return false;
  const bool missed = in_one_stream_ && current_ != kNone && now - asked_at_ >= kAskAgain;
  if (!another && !missed) return false;
  asked_at_ = now;
  return true;
}

int LayerChoice::BestThatComes(Time now) const {
  if (count_ == 1 || Comes(now, desired_)) return desired_;
  for (int layer = desired_ - 1; layer >= 0; --layer) {
    if (Comes(now, layer)) return layer;
  }
  for (int layer = desired_ + 1; layer < static_cast<int>(count_); ++layer) {
    if (Comes(now, layer)) return layer;
  }
  return desired_;
}

void LayerChoice::Measure(Time now) {
  // Before that the meter's window is not full.
  constexpr Duration kLongEnough = Duration::Millis(600);
  // What has just been switched off must not look small.
  constexpr Duration kStops = Duration::Millis(150);
  // Between two rounds; a keyframe must not look like a larger layer.
  constexpr int64_t kWeightPercent = 25;
  constexpr double kForget = 0.95;  // a round
  for (double& bytes : temporal_bytes_) bytes *= kForget;
  for (size_t i = 0; i < count_; ++i) {
    Layer& layer = layers_[i];
    if (now - layer.last_packet > kStops || now - layer.since < kLongEnough) continue;
    const int64_t measured = layer.rate.bps(now);
    layer.known_bps += layer.known_bps == 0 ? measured : (measured - layer.known_bps) * kWeightPercent / 100;
  }
}

int64_t LayerChoice::ExpectedBps(int layer) const {
  const int64_t known = layers_[static_cast<size_t>(layer)].known_bps;
  if (known > 0) return known;
  int64_t guess = Usual(count_, static_cast<size_t>(layer));
  for (int other = 0; other < static_cast<int>(count_); ++other) {
    int64_t scaled = layers_[static_cast<size_t>(other)].known_bps;
    if (scaled == 0) continue;
    for (int i = other; i < layer; ++i) scaled *= kUsualStep;
    for (int i = layer; i < other; ++i) scaled /= kUsualStep;
    guess = scaled;
  }
  return guess;
}

int64_t LayerChoice::OfferedBps(Time now) {
  if (current_ != kNone) return layers_[static_cast<size_t>(current_)].rate.bps(now);
  return layers_[static_cast<size_t>(target_)].rate.bps(now);
}

}  // namespace duet
