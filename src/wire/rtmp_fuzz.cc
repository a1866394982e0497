// However the bytes are cut, the same messages come out; what was read, written as chunks, reads as the same again; the
// reader holds no more than its limit.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "wire/rtmp_chunk.h"

using namespace duet;

namespace {

struct Kept {
  RtmpMessage head;
  std::vector<std::byte> payload;
};

constexpr RtmpChunkLimits kLimits = {.chunk_streams = 8, .message_bytes = 4096, .unfinished_bytes = 8192};

std::vector<Kept> ReadAll(Bytes bytes, size_t step, bool& failed) {
  RtmpChunkReader reader(kLimits);
  std::vector<Kept> messages;
  while (!bytes.empty()) {
    Bytes input = bytes.first(std::min(step, bytes.size()));
    const size_t offered = input.size();
    while (true) {
      const auto message = reader.Read(input);
      DUET_CHECK(reader.unfinished_bytes() <= kLimits.unfinished_bytes + kLimits.message_bytes);
      if (!message) {
        failed = true;
        return messages;
      }
      if (!*message) break;
      DUET_CHECK((*message)->payload.size() <= kLimits.message_bytes);
      messages.push_back({**message, {(*message)->payload.begin(), (*message)->payload.end()}});
      RtmpAggregateReader aggregate(**message);
      while (aggregate.Next()) continue;
    }
    DUET_CHECK(input.empty());
    bytes = bytes.subspan(offered);
  }
  return messages;
}

void CheckSame(const std::vector<Kept>& a, const std::vector<Kept>& b) {
  DUET_CHECK(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    DUET_CHECK(a[i].payload == b[i].payload && a[i].head.type == b[i].head.type);
    DUET_CHECK(a[i].head.timestamp == b[i].head.timestamp && a[i].head.stream_id == b[i].head.stream_id);
    DUET_CHECK(a[i].head.chunk_stream == b[i].head.chunk_stream);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes = std::as_bytes(std::span(data, size));
  bool whole_failed = false;
  bool cut_failed = false;
  const auto whole = ReadAll(bytes, size + 1, whole_failed);
  CheckSame(whole, ReadAll(bytes, 1, cut_failed));
  DUET_CHECK(whole_failed == cut_failed);

  std::vector<std::byte> written;
  uint32_t chunk_size = kRtmpDefaultChunkSize;
  for (const Kept& kept : whole) {
    RtmpMessage message = kept.head;
    message.payload = kept.payload;
    AppendRtmpMessage(message, chunk_size, written);
    if (message.type == RtmpType::kSetChunkSize) chunk_size = LoadU32(kept.payload.data());
  }
  bool failed = false;
  CheckSame(whole, ReadAll(written, 777, failed));
  DUET_CHECK(!failed);
  return 0;
}
