// onMetaData: what a publisher says of its stream, and what viewers are told. A hint only: what counts is in the
// configurations and the frames.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace duet {

// 0 or empty: not said, or out of its range.
struct StreamMetadata {
  uint32_t width = 0;  // pixels, at most 16384
  uint32_t height = 0;
  double frame_rate = 0;  // per second, at most 1000
  uint32_t video_kbps = 0;
  uint32_t audio_kbps = 0;
  uint32_t audio_sample_rate = 0;  // Hz
  bool stereo = false;
  std::string encoder;  // at most 128 bytes
};

// The payload of a data message in AMF0: [@setDataFrame,] onMetaData, object. kNotFound: another data message.
Result<StreamMetadata> ParseMetadata(Bytes payload);

// A script tag's data: onMetaData with what is known. H.264 and AAC where there is video or audio.
std::vector<std::byte> WriteMetadata(const StreamMetadata& metadata, bool audio, bool video);

}  // namespace duet
