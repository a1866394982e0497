#include "bridge/flv_frames.h"

#include <utility>

#include "wire/avc.h"

namespace duet {
namespace {

FlvFrameRef Share(FlvFrame frame) { return std::make_shared<const FlvFrame>(std::move(frame)); }

std::vector<std::byte> Join(Bytes head, Bytes body) {
  std::vector<std::byte> data;
  data.reserve(head.size() + body.size());
  data.insert(data.end(), head.begin(), head.end());
  data.insert(data.end(), body.begin(), body.end());
  return data;
}

}  // namespace

FlvFrameRef MakeMetadataFrame(const StreamMetadata& metadata, bool audio, bool video) {
  return Share({.kind = FlvFrame::Kind::kMetadata, .data = WriteMetadata(metadata, audio, video)});
}

FlvFrameRef MakeVideoConfigFrame(Bytes sps, Bytes pps) {
  std::vector<std::byte> data = Join(FlvAvcHead(FlvPacket::kSequenceHeader, true, 0), {});
  AppendAvcConfig(sps, pps, data);
  return Share({.kind = FlvFrame::Kind::kVideoConfig, .data = std::move(data)});
}

FlvFrameRef MakeVideoFrame(Bytes access_unit, bool keyframe, int64_t timestamp_ms) {
  return Share({.kind = FlvFrame::Kind::kVideo,
                .keyframe = keyframe,
                .timestamp_ms = timestamp_ms,
                .data = Join(FlvAvcHead(FlvPacket::kFrame, keyframe, 0), access_unit)});
}

FlvFrameRef MakeAudioConfigFrame(Bytes audio_specific_config) {
  return Share({.kind = FlvFrame::Kind::kAudioConfig,
                .data = Join(FlvAacHead(FlvPacket::kSequenceHeader), audio_specific_config)});
}

FlvFrameRef MakeAudioFrame(Bytes aac, int64_t timestamp_ms) {
  return Share(
      {.kind = FlvFrame::Kind::kAudio, .timestamp_ms = timestamp_ms, .data = Join(FlvAacHead(FlvPacket::kFrame), aac)});
}

}  // namespace duet
