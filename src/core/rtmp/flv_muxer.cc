#include "core/rtmp/flv_muxer.h"

namespace duet {

FlvMuxer::FlvMuxer(bool audio, bool video, FrameQueueOptions options) : queue_(options) {
  out_.Append(FlvFileHeader(audio, video));
}

Bytes FlvMuxer::PrepareOutput() {
  while (out_.size() < kLowWater) {
    const auto item = queue_.Pop();
    if (!item) break;
    const Bytes data = item->frame->data;
    const FlvTagHeader header = {.type = static_cast<uint8_t>(item->frame->tag_type()),
                                 .data_size = static_cast<uint32_t>(data.size()),
                                 .timestamp_ms = item->timestamp_ms};
    std::byte trailer[kFlvTagTrailerBytes];
    StoreU32(trailer, static_cast<uint32_t>(kFlvTagHeaderBytes + data.size()));
    out_.Append(WriteFlvTagHeader(header));
    out_.Append(data);
    out_.Append(trailer);
  }
  return out_.bytes();
}

}  // namespace duet
