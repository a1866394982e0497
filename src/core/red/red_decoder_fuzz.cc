// Input: packets, each a timestamp (32), a length (8) and a RED payload. Whatever comes in, nothing is handed out
// twice, and each frame is a piece of its packet. Ends where the sender seems to begin anew (more than 10 s back), as
// it may then repeat itself.
#include <cstdint>
#include <set>

#include "base/check.h"
#include "core/red/red_decoder.h"

using namespace duet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  RedDecoder decoder;
  Unwrapper<uint32_t> newest;
  std::set<int64_t> handed_out;
  while (input.remaining() > 5) {
    const uint32_t timestamp = input.U32();
    const Bytes payload = input.Read(input.U8());
    if (newest.started() && newest.Peek(timestamp) < newest.highest() - 480'000) return 0;
    const auto frames = decoder.OnRed(timestamp, payload);
    DUET_CHECK(frames.has_value() == ParseRed(timestamp, payload).has_value());
    if (!frames) continue;
    newest.Unwrap(timestamp);
    for (const auto& frame : *frames) {
      DUET_CHECK(handed_out.insert(frame.timestamp).second);
      DUET_CHECK(!frame.data.empty() && frame.data.data() >= payload.data());
      DUET_CHECK(frame.data.data() + frame.data.size() <= payload.data() + payload.size());
      DUET_CHECK(frame.redundant || static_cast<uint32_t>(frame.timestamp) == timestamp);
      DUET_CHECK(frame.timestamp > newest.highest() - RedDecoder::kWindow * RedDecoder::kStep);
    }
  }
  return 0;
}
