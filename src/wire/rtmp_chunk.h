// RTMP chunks (specification section 5.3).
//
//   basic header: fmt (2), chunk stream id (6); id 0: one more byte, id - 64; id 1: two more bytes, little endian
//   message header, by fmt:
//     0  timestamp (24), length (24), type (8), stream id (32, little endian)
//     1  delta (24), length (24), type (8)
//     2  delta (24)
//     3  nothing: the next part of a message, or a new one like the last
//   extended timestamp (32), when the 24 bits are all ones; chunks of fmt 3 repeat it
//   up to a chunk size of payload
//
// Chunk streams are interleaved; each puts one message together at a time. Set Chunk Size and Abort change how chunks
// are read, so the reader obeys them itself (and still passes them on).
//
// Limits: 64 chunk streams, messages of 4 MiB, 8 MiB of unfinished messages together. Memory grows with what has come,
// not with what a header announces; up to 64 KiB of it are kept for the next message.
//
// Thread rule: owned by one session.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/rtmp.h"

namespace duet {

inline constexpr uint32_t kRtmpDefaultChunkSize = 128;

struct RtmpChunkLimits {
  size_t chunk_streams = 64;
  uint32_t message_bytes = 4 << 20;      // a keyframe of 4K video has under 1 MiB
  uint32_t unfinished_bytes = 8 << 20;   // of all chunk streams together
  uint32_t max_chunk_size = 0x7FFFFFFF;  // what Set Chunk Size may say (section 5.4.1)
};

class RtmpChunkReader {
 public:
  explicit RtmpChunkReader(RtmpChunkLimits limits = {}) : limits_(limits) {}

  // Takes bytes from the front of `input`, up to the end of a message or of the input. A message's payload is valid
  // until the next call. Nothing: all input was taken, and more is needed. After an error nothing can be read any more:
  // kMalformed or kLimit.
  Result<std::optional<RtmpMessage>> Read(Bytes& input);

  uint32_t chunk_size() const { return chunk_size_; }
  // Payload of unfinished messages, in bytes.
  size_t unfinished_bytes() const { return unfinished_; }

 private:
  struct Stream {
    uint32_t id = 0;
    bool started = false;     // a chunk with a message header has come
    bool unfinished = false;  // a message has begun and not ended
    bool extended = false;    // the last 24-bit timestamp field was all ones
    uint32_t extension = 0;   // the extended timestamp as it came
    uint32_t delta = 0;
    RtmpMessage message;  // of the current message, payload aside
    uint32_t length = 0;
    std::vector<std::byte> payload;
  };
  // Basic header 3, message header 11, extended timestamp 4.
  static constexpr size_t kMaxHeader = 18;

  // Takes bytes into header_ until it is complete: true, or false when the input has ended.
  bool FillHeader(Bytes& input);
  size_t HeaderSize() const;
  Status BeginChunk();
  Status ReadMessageHeader(ByteReader& reader, int fmt, Stream& stream);
  void ReadExtendedTimestamp(ByteReader& reader, int fmt, Stream& stream);
  void TakePayload(Bytes& input);
  Result<std::optional<RtmpMessage>> Finish(Stream& stream);
  Stream* Find(uint32_t id);

  RtmpChunkLimits limits_;
  uint32_t chunk_size_ = kRtmpDefaultChunkSize;
  size_t unfinished_ = 0;
  std::vector<Stream> streams_;
  // The header of the chunk, or what turned out to belong behind it.
  std::array<std::byte, kMaxHeader> header_{};
  size_t header_size_ = 0;
  // The chunk whose payload is being read.
  std::optional<size_t> current_;
  uint32_t chunk_left_ = 0;
  std::optional<size_t> finished_;  // its payload was handed out and goes with the next call
};

// Appends a message in chunks of `chunk_size` bytes. Its timestamp is written in full, never as a difference: eight
// bytes a message more, and nothing that could drift apart. REQUIRES: chunk_stream 2..65599, payload below 16 MiB.
void AppendRtmpMessage(const RtmpMessage& message, uint32_t chunk_size, std::vector<std::byte>& out);

}  // namespace duet
