#include "wire/vp9.h"

namespace duet {
namespace {

// Section 4.2.1. False when it breaks off.
bool ReadStructure(ByteReader& reader, Vp9PayloadInfo& info) {
  const uint8_t first = reader.U8();
  info.has_structure = true;
  info.spatial_layers = static_cast<uint8_t>((first >> 5) + 1);
  info.has_sizes = (first & 0x10) != 0;
  if (info.has_sizes) {
    for (size_t i = 0; i < info.spatial_layers; ++i) {
      info.widths[i] = reader.U16();
      info.heights[i] = reader.U16();
    }
  }
  if ((first & 0x08) != 0) {
    info.group_size = reader.U8();
    for (int i = 0; i < info.group_size && reader.ok(); ++i) reader.Skip((reader.U8() >> 2) & 3);
  }
  return reader.ok();
}

bool ReadReferences(ByteReader& reader, Vp9PayloadInfo& info) {
  uint8_t octet = 0;
  do {
    octet = reader.U8();
    if (!info.references.push_back(octet >> 1)) return false;  // a fourth is not allowed
  } while ((octet & 1) != 0 && reader.ok());
  return reader.ok();
}

}  // namespace

Vp9PayloadInfo ParseVp9Payload(Bytes payload) {
  ByteReader reader(payload);
  Vp9PayloadInfo info;
  const uint8_t first = reader.U8();
  info.has_picture_id = (first & 0x80) != 0;
  info.inter_picture = (first & 0x40) != 0;
  info.has_layers = (first & 0x20) != 0;
  info.flexible = (first & 0x10) != 0;
  info.start_of_frame = (first & 0x08) != 0;
  info.end_of_frame = (first & 0x04) != 0;
  info.not_for_upper = (first & 0x01) != 0;
  if (info.has_picture_id) {
    const uint8_t high = reader.U8();
    info.long_picture_id = (high & 0x80) != 0;
    info.picture_id = high & 0x7f;
    if (info.long_picture_id) info.picture_id = static_cast<uint16_t>((info.picture_id << 8) | reader.U8());
  }
  if (info.has_layers) {
    const uint8_t layers = reader.U8();
    info.temporal_id = layers >> 5;
    info.switching_up = (layers & 0x10) != 0;
    info.spatial_id = (layers >> 1) & 7;
    info.inter_layer = (layers & 0x01) != 0;
    info.has_tl0_pic_idx = !info.flexible;
    if (info.has_tl0_pic_idx) info.tl0_pic_idx = reader.U8();
  }
  // In flexible mode references are counted in picture ids.
  if (info.flexible && !info.has_picture_id) return {};
  if (info.flexible && info.inter_picture && !ReadReferences(reader, info)) return {};
  if ((first & 0x02) != 0 && !ReadStructure(reader, info)) return {};
  if (!reader.ok() || reader.remaining() == 0) return {};
  info.descriptor_size = static_cast<uint16_t>(reader.position());
  info.valid = true;
  info.starts_keyframe = info.start_of_frame && !info.inter_picture && !info.inter_layer && info.spatial_id == 0;
  return info;
}

}  // namespace duet
