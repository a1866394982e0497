// What is parsed lies inside the input, and what Duet writes reads as what it was.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "wire/flv.h"

using namespace duet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes = std::as_bytes(std::span(data, size));
  const auto inside = [&](Bytes part) {
    DUET_CHECK(part.empty() || (part.data() >= bytes.data() && part.data() + part.size() == bytes.data() + size));
  };
  if (const auto header = ParseFlvTagHeader(bytes)) {
    const auto again = ParseFlvTagHeader(WriteFlvTagHeader(*header));
    DUET_CHECK(again && again->type == header->type && again->data_size == header->data_size);
    DUET_CHECK(again->timestamp_ms == header->timestamp_ms);
  }
  if (const auto video = ParseFlvVideo(bytes)) {
    inside(video->data);
    DUET_CHECK(!FlvVideoCodecName(*video).empty());
    if (video->codec == FlvVideoCodec::kAvc && video->packet != FlvPacket::kOther) {
      const auto head = FlvAvcHead(video->packet, video->keyframe, video->composition_ms);
      const auto again = ParseFlvVideo(head);
      DUET_CHECK(again && again->packet == video->packet && again->keyframe == video->keyframe);
      DUET_CHECK(again->composition_ms == video->composition_ms);
    }
  }
  if (const auto audio = ParseFlvAudio(bytes)) {
    inside(audio->data);
    DUET_CHECK(!FlvAudioCodecName(*audio).empty());
  }
  return 0;
}
