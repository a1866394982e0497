// However a stream is cut, the same frames are found in it, and together they are what the stream holds.
#include <vector>

#include "base/check.h"
#include "wire/stream_framing.h"

using duet::Bytes;
using duet::FrameReader;

namespace {

// The first byte of the input says how the rest is cut; 0 = not at all.
std::vector<std::byte> Frames(Bytes stream, size_t piece, bool& broken) {
  FrameReader reader;
  std::vector<std::byte> found;
  while (!stream.empty() && !reader.broken()) {
    Bytes input = stream.first(piece == 0 ? stream.size() : std::min(piece, stream.size()));
    stream = stream.subspan(input.size());
    while (const auto frame = reader.Next(input)) {
      DUET_CHECK(!frame->empty() && frame->size() <= FrameReader::kMaxFrameBytes);
      std::byte header[duet::kFrameHeaderBytes];
      duet::StoreU16(header, static_cast<uint16_t>(frame->size()));
      found.insert(found.end(), std::begin(header), std::end(header));
      found.insert(found.end(), frame->begin(), frame->end());
    }
    DUET_CHECK(input.empty() || reader.broken());
  }
  broken = reader.broken();
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Bytes stream = std::as_bytes(std::span(data + 1, size - 1));
  bool broken_whole = false;
  bool broken_cut = false;
  const auto whole = Frames(stream, 0, broken_whole);
  const auto cut = Frames(stream, data[0], broken_cut);
  DUET_CHECK(whole == cut);
  DUET_CHECK(broken_whole == broken_cut);
  DUET_CHECK(whole.size() <= stream.size());
  return 0;
}
