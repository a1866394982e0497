#include "wire/red.h"

namespace duet {

std::optional<RedBlocks> ParseRed(uint32_t timestamp, Bytes payload) {
  ByteReader headers(payload);
  RedBlocks blocks;
  FixedVector<uint16_t, kMaxRedBlocks> sizes;
  while (true) {
    const uint8_t first = headers.U8();
    if (!headers.ok()) return std::nullopt;
    const PayloadType payload_type(first & 0x7f);
    if ((first & 0x80) == 0) {
      if (!blocks.push_back({payload_type, timestamp, {}})) return std::nullopt;
      break;
    }
    const uint32_t rest = headers.U24();
    if (!blocks.push_back({payload_type, timestamp - (rest >> 10), {}})) return std::nullopt;
    sizes.push_back(rest & kMaxRedBlockBytes);
  }
  ByteReader data(headers.rest());
  for (size_t i = 0; i < sizes.size(); ++i) blocks[i].data = data.Read(sizes[i]);
  if (!data.ok()) return std::nullopt;
  blocks.back().data = data.rest();
  return blocks;
}

size_t WriteRed(std::span<const RedBlock> redundant, const RedBlock& primary, MutableBytes out) {
  if (redundant.size() >= kMaxRedBlocks) return 0;
  ByteWriter writer(out);
  for (const RedBlock& block : redundant) {
    const uint32_t offset = primary.timestamp - block.timestamp;
    if (offset > kMaxRedTimestampOffset || block.data.size() > kMaxRedBlockBytes) return 0;
    writer.U8(static_cast<uint8_t>(0x80 | block.payload_type.value()));
    writer.U24((offset << 10) | static_cast<uint32_t>(block.data.size()));
  }
  writer.U8(primary.payload_type.value() & 0x7f);
  for (const RedBlock& block : redundant) writer.Write(block.data);
  writer.Write(primary.data);
  return writer.ok() ? writer.size() : 0;
}

}  // namespace duet
