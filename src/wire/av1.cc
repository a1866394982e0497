#include "wire/av1.h"

#include <optional>

namespace duet {
namespace {

// AV1 bitstream specification, section 6.2.2.
enum ObuType : uint8_t { kSequenceHeader = 1, kFrameHeader = 3, kFrame = 6 };

// AV1 bitstream specification, section 4.10.5: seven bits in a byte, the lowest first; at most 32 bits in all.
std::optional<uint32_t> ReadLeb128(ByteReader& reader) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) {
    const uint8_t octet = reader.U8();
    value |= static_cast<uint64_t>(octet & 0x7f) << (7 * i);
    if ((octet & 0x80) == 0) break;
    if (i == 7) return std::nullopt;
  }
  if (!reader.ok() || value > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(value);
}

struct Obu {
  uint8_t type = 0;
  Bytes payload;
};

// The OBU at the beginning of an element. Nothing when its header is cut or has the forbidden bit.
std::optional<Obu> ReadObu(Bytes element) {
  ByteReader reader(element);
  const uint8_t header = reader.U8();
  if ((header & 0x80) != 0) return std::nullopt;
  if ((header & 0x04) != 0) reader.Skip(1);
  if ((header & 0x02) != 0 && !ReadLeb128(reader)) return std::nullopt;
  if (!reader.ok()) return std::nullopt;
  return Obu{static_cast<uint8_t>((header >> 3) & 0x0f), reader.rest()};
}

// show_existing_frame is 0 and frame_type 0, KEY_FRAME (AV1 bitstream specification, section 5.9.2). The short header
// of still pictures has neither, but nobody sends still pictures as a stream.
bool IsKeyFrameHeader(Bytes payload) { return !payload.empty() && (LoadU8(payload.data()) & 0xe0) == 0; }

struct Elements {
  bool sequence_header = false;
  bool other_frame = false;  // a frame header that is no keyframe's
};

void LookAt(Bytes element, Elements& seen) {
  const auto obu = ReadObu(element);
  if (!obu) return;
  if (obu->type == kSequenceHeader) seen.sequence_header = true;
  if (obu->type == kFrameHeader || obu->type == kFrame) seen.other_frame |= !IsKeyFrameHeader(obu->payload);
}

}  // namespace

Av1PayloadInfo ParseAv1Payload(Bytes payload) {
  ByteReader reader(payload);
  Av1PayloadInfo info;
  const uint8_t aggregation = reader.U8();
  info.continues = (aggregation & 0x80) != 0;
  info.continued = (aggregation & 0x40) != 0;
  info.new_sequence = (aggregation & 0x08) != 0;
  const int count = (aggregation >> 4) & 3;
  // The first packet of a sequence cannot continue one of the sequence before.
  if (info.continues && info.new_sequence) return {};

  Elements seen;
  while (reader.remaining() > 0 && info.element_count < Av1PayloadInfo::kMaxElements) {
    const bool last = count != 0 && info.element_count + 1 == count;
    const auto size = last ? static_cast<uint32_t>(reader.remaining()) : ReadLeb128(reader);
    if (!size) return {};
    const Bytes element = reader.Read(*size);
    if (!reader.ok()) return {};
    const bool fragment = info.element_count == 0 && info.continues;  // no OBU header at its beginning
    if (!fragment && !element.empty()) LookAt(element, seen);
    ++info.element_count;
  }
  if (!reader.ok() || info.element_count == 0 || info.element_count < count) return {};
  info.valid = true;
  info.has_sequence_header = seen.sequence_header;
  info.starts_keyframe = info.new_sequence || (seen.sequence_header && !seen.other_frame && !info.continues);
  return info;
}

}  // namespace duet
