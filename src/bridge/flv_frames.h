// The frames that RTMP and FLV viewers get, made of access units and AAC (core/rtmp/flv_frame.h).
#pragma once

#include "bridge/h264_depacketizer.h"
#include "core/rtmp/flv_frame.h"
#include "core/rtmp/metadata.h"

namespace duet {

FlvFrameRef MakeMetadataFrame(const StreamMetadata& metadata, bool audio, bool video);
// REQUIRES: an SPS of 4 bytes or more, and a PPS.
FlvFrameRef MakeVideoConfigFrame(Bytes sps, Bytes pps);
FlvFrameRef MakeVideoFrame(Bytes access_unit, bool keyframe, int64_t timestamp_ms);
FlvFrameRef MakeAudioConfigFrame(Bytes audio_specific_config);
FlvFrameRef MakeAudioFrame(Bytes aac, int64_t timestamp_ms);

}  // namespace duet
