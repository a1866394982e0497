#include "peer/frame_layers.h"

#include <algorithm>

#include "wire/av1.h"
#include "wire/h264.h"
#include "wire/vp8.h"
#include "wire/vp9.h"

namespace duet {
namespace {

uint8_t Bounded(int spatial_layers) { return static_cast<uint8_t>(std::clamp<int>(spatial_layers, 1, kMaxLayers)); }

// A receiver of the frame's own spatial layer can go up to every temporal layer above the frame's.
bool OpensAbove(const Av1FrameInfo& frame, const Av1Structure& structure) {
  for (size_t i = 0; i < frame.target_count; ++i) {
    const Av1Structure::DecodeTarget& target = structure.targets[i];
    if (target.spatial_id != frame.spatial_id || target.temporal_id <= frame.temporal_id) continue;
    if (frame.indications[i] != DecodeTargetIndication::kSwitch) return false;
  }
  return true;
}

}  // namespace

FrameLayerReader::Reading FrameLayerReader::Read(const RtpPacketView& view, int64_t seq, uint8_t dependency_id) {
  switch (kind_) {
    case CodecKind::kOpus: return {.starts_keyframe = true};
    case CodecKind::kH264: return {.starts_keyframe = ParseH264Payload(view.payload()).starts_keyframe};
    case CodecKind::kVp8: return ReadVp8(view.payload(), seq);
    case CodecKind::kVp9: return ReadVp9(view.payload(), seq);
    case CodecKind::kAv1: break;
  }
  const bool has_descriptor = dependency_id != 0 && view.has_extensions();
  return ReadAv1(view.payload(), has_descriptor ? view.Extension(dependency_id) : Bytes());
}

FrameLayerReader::Reading FrameLayerReader::ReadVp8(Bytes payload, int64_t seq) {
  const Vp8PayloadInfo info = ParseVp8Payload(payload);
  Reading reading{.starts_keyframe = info.starts_keyframe};
  // Pictures without a number cannot be told apart.
  if (!info.valid || !info.has_temporal_id || !info.has_picture_id) return reading;
  reading.layers = {.known = true,
                    .temporal = info.temporal_id,
                    .needs_base_only = info.layer_sync,
                    .opens_above = info.starts_keyframe,
                    .number = pictures_.Unwrap(info.picture_id, info.long_picture_id, seq)};
  return reading;
}

FrameLayerReader::Reading FrameLayerReader::ReadVp9(Bytes payload, int64_t seq) {
  const Vp9PayloadInfo info = ParseVp9Payload(payload);
  Reading reading{.starts_keyframe = info.starts_keyframe};
  if (!info.valid || !info.has_layers || !info.has_picture_id) return reading;
  if (info.has_structure) spatial_count_ = Bounded(info.spatial_layers);
  spatial_count_ = std::max(spatial_count_, Bounded(info.spatial_id + 1));
  reading.layers = {.known = true,
                    .spatial = static_cast<uint8_t>(Bounded(info.spatial_id + 1) - 1),
                    .temporal = info.temporal_id,
                    .spatial_count = spatial_count_,
                    .ends_frame = info.end_of_frame,
                    .opens_above = info.switching_up || info.starts_keyframe,
                    .number = pictures_.Unwrap(info.picture_id, info.long_picture_id, seq)};
  return reading;
}

FrameLayerReader::Reading FrameLayerReader::ReadAv1(Bytes payload, Bytes descriptor) {
  Reading reading{.starts_keyframe = ParseAv1Payload(payload).starts_keyframe};
  if (descriptor.empty()) return reading;
  if (!structure_) structure_ = std::make_unique<Av1Structure>();
  const auto frame = ParseAv1Dependency(descriptor, *structure_);
  if (!frame) return reading;
  spatial_count_ = Bounded(structure_->max_spatial_id + 1);
  reading.layers = {.known = true,
                    .spatial = static_cast<uint8_t>(Bounded(frame->spatial_id + 1) - 1),
                    .temporal = frame->temporal_id,
                    .spatial_count = spatial_count_,
                    .ends_frame = frame->end_of_frame,
                    .opens_above = OpensAbove(*frame, *structure_),
                    .number = frames_.Unwrap(frame->frame_number)};
  return reading;
}

}  // namespace duet
