#include "peer/uptrack.h"

#include <algorithm>

#include "base/check.h"

namespace duet {

const char* ToString(CodecKind kind) {
  switch (kind) {
    case CodecKind::kOpus: return "opus";
    case CodecKind::kH264: return "h264";
    case CodecKind::kVp8: return "vp8";
    case CodecKind::kVp9: return "vp9";
    case CodecKind::kAv1: return "av1";
  }
  return "unknown";
}

Uptrack::Uptrack(UptrackConfig config) : config_(std::move(config)) {
  DUET_CHECK(!config_.layers.empty() && config_.layers.size() <= kMaxLayers);
  for (const LayerConfig& layer : config_.layers) layers_.emplace_back(layer, config_.codec);
  if (!is_video()) red_ = std::make_unique<RedEncoder>();
}

void Uptrack::SetPublished(Time now, bool published) {
  if (published == published_) return;
  published_ = published;
  for (size_t layer = 0; published && layer < layers_.size(); ++layer) RequestKeyframe(now, layer);
}

Uptrack::Arrival Uptrack::OnPacket(Time now, size_t layer, int64_t seq, const RtpPacketView& view, bool repaired) {
  if (!layers_[layer].OnPacket(now, seq, view.timestamp, repaired)) return {.duplicate = true};
  if (red_) red_->OnPacket(seq, view.timestamp, view.payload());
  const FrameLayerReader::Reading reading = layers_[layer].Read(view, seq, config_.extensions.dependency_descriptor);
  if (reading.starts_keyframe && is_video()) layers_[layer].OnKeyframe(now, seq);
  return {.starts_keyframe = reading.starts_keyframe, .frame = reading.layers};
}

void Uptrack::RequestKeyframe(Time now, size_t layer) {
  if (is_video()) layers_[layer].RequestKeyframe(now);
}

size_t Uptrack::TakeNacks(Time now, size_t layer, Duration rtt, std::span<uint16_t> out) {
  if (!config_.codec.nack) return 0;
  const size_t count = layers_[layer].TakeNacks(now, rtt, out);
  if (layers_[layer].TakeGivenUp()) RequestKeyframe(now, layer);
  return count;
}

Time Uptrack::NextTimer() const {
  Time next = Time::Never();
  for (const UptrackLayer& layer : layers_) {
    if (config_.codec.nack) next = std::min(next, layer.next_nack());
    if (published_) next = std::min(next, layer.next_keyframe_request());
  }
  return next;
}

}  // namespace duet
