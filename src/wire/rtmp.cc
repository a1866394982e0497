#include "wire/rtmp.h"

namespace duet {

std::optional<RtmpUserControl> ParseRtmpUserControl(Bytes payload) {
  ByteReader reader(payload);
  RtmpUserControl event;
  event.type = static_cast<RtmpEventType>(reader.U16());
  event.value = reader.U32();
  if (!reader.ok()) return std::nullopt;
  return event;
}

std::optional<RtmpMessage> RtmpAggregateReader::Next() {
  while (!malformed_ && reader_.remaining() > 0) {
    RtmpMessage message = outer_;
    message.type = static_cast<RtmpType>(reader_.U8());
    const uint32_t size = reader_.U24();
    const uint32_t low = reader_.U24();
    const uint32_t timestamp = static_cast<uint32_t>(reader_.U8()) << 24 | low;
    reader_.Skip(3);
    message.payload = reader_.Read(size);
    reader_.Skip(4);
    if (!reader_.ok()) {
      malformed_ = true;
      break;
    }
    if (!first_timestamp_) first_timestamp_ = timestamp;
    message.timestamp = outer_.timestamp + (timestamp - *first_timestamp_);
    if (message.type != RtmpType::kAggregate) return message;
  }
  return std::nullopt;
}

}  // namespace duet
