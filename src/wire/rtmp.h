// RTMP (Adobe's "Real Time Messaging Protocol" 1.0): messages and their small payloads. The chunks that messages travel
// in are in rtmp_chunk.h, the handshake before them in rtmp_handshake.h, commands are AMF (amf.h).
//
// Thread rule: plain values and views.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace duet {

// Section 5.4 and 7.1.
enum class RtmpType : uint8_t {
  kSetChunkSize = 1,
  kAbort = 2,
  kAcknowledgement = 3,
  kUserControl = 4,
  kWindowAckSize = 5,
  kSetPeerBandwidth = 6,
  kAudio = 8,
  kVideo = 9,
  kDataAmf3 = 15,
  kSharedObjectAmf3 = 16,
  kCommandAmf3 = 17,
  kDataAmf0 = 18,
  kSharedObjectAmf0 = 19,
  kCommandAmf0 = 20,
  kAggregate = 22,
};

struct RtmpMessage {
  uint32_t chunk_stream = 0;  // 2..65599; 2 is for protocol control
  RtmpType type{};
  uint32_t stream_id = 0;  // 0 = the connection itself
  uint32_t timestamp = 0;  // ms, wraps
  Bytes payload;
};

// Section 7.1.7.
enum class RtmpEventType : uint16_t {
  kStreamBegin = 0,
  kStreamEof = 1,
  kStreamDry = 2,
  kSetBufferLength = 3,
  kStreamIsRecorded = 4,
  kPingRequest = 6,
  kPingResponse = 7,
};
struct RtmpUserControl {
  RtmpEventType type{};
  uint32_t value = 0;  // a stream's id, or the time of a ping
};
std::optional<RtmpUserControl> ParseRtmpUserControl(Bytes payload);

// Section 7.1.6: several messages in one, each framed like an FLV tag.
//
//   type (8), size (24), timestamp (24), its upper 8 bits, stream id (24), payload, back pointer (32)
//
// Their timestamps count from the first one's, which stands for the timestamp of the whole.
class RtmpAggregateReader {
 public:
  RtmpAggregateReader() : reader_(Bytes()) {}
  explicit RtmpAggregateReader(const RtmpMessage& aggregate) : outer_(aggregate), reader_(aggregate.payload) {}

  // The next message; nothing at the end, or where the rest is cut short or malformed (malformed() tells). Aggregates
  // inside aggregates are skipped.
  std::optional<RtmpMessage> Next();
  bool malformed() const { return malformed_; }

 private:
  RtmpMessage outer_;
  ByteReader reader_;
  std::optional<uint32_t> first_timestamp_;
  bool malformed_ = false;
};

}  // namespace duet
