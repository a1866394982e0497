// FlvFrame: one piece of a stream as RTMP and FLV carry it. Made once, and shared by all who watch.
//
// Thread rule: immutable once it is in an FlvFrameRef, so it may be handed between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "wire/flv.h"

namespace duet {

struct FlvFrame {
  enum class Kind : uint8_t { kMetadata, kVideoConfig, kAudioConfig, kVideo, kAudio };

  Kind kind{};
  bool keyframe = false;     // of kVideo
  int64_t timestamp_ms = 0;  // decoding time on the clock of its source; of no meaning for metadata and configurations
  std::vector<std::byte> data;  // of the FLV tag, which is the payload of the RTMP message

  bool is_config() const { return kind <= Kind::kAudioConfig; }
  bool is_video() const { return kind == Kind::kVideo || kind == Kind::kVideoConfig; }
  FlvTagType tag_type() const {
    if (kind == Kind::kMetadata) return FlvTagType::kScript;
    return is_video() ? FlvTagType::kVideo : FlvTagType::kAudio;
  }
};
using FlvFrameRef = std::shared_ptr<const FlvFrame>;

}  // namespace duet
