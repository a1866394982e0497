#include "wire/vp8.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace duet {
namespace {

// The frame header of RFC 7741 section 4.3; the longer one of keyframes is described in RFC 6386 section 9.1.
void ReadFrameHeader(ByteReader& reader, Vp8PayloadInfo& info) {
  constexpr uint32_t kStartCode = 0x9d012a;
  const bool keyframe = (reader.U8() & 1) == 0;
  info.starts_keyframe = keyframe;
  if (!keyframe) return;
  reader.Skip(2);
  const uint32_t start_code = reader.U24();
  const uint32_t sizes = reader.U32();  // width and height, each little-endian with its scale in the top two bits
  if (!reader.ok()) return;             // cut after the first byte: a keyframe of unknown size
  if (start_code != kStartCode) {
    info = Vp8PayloadInfo{};
    return;
  }
  const auto dimension = [](uint32_t swapped) {
    return static_cast<uint16_t>(((swapped << 8) | (swapped >> 8)) & 0x3FFF);
  };
  info.width = dimension(sizes >> 16);
  info.height = dimension(sizes & 0xFFFF);
}

}  // namespace

Vp8PayloadInfo ParseVp8Payload(Bytes payload) {
  ByteReader reader(payload);
  Vp8PayloadInfo info;
  const uint8_t first = reader.U8();
  info.non_reference = (first & 0x20) != 0;
  info.start_of_partition = (first & 0x10) != 0;
  info.partition_index = first & 0x07;
  info.start_of_frame = info.start_of_partition && info.partition_index == 0;
  if ((first & 0x80) != 0) {
    const uint8_t extension = reader.U8();
    info.has_picture_id = (extension & 0x80) != 0;
    info.has_tl0_pic_idx = (extension & 0x40) != 0;
    info.has_temporal_id = (extension & 0x20) != 0;
    info.has_key_idx = (extension & 0x10) != 0;
  }
  if (info.has_picture_id) {
    const uint8_t high = reader.U8();
    info.long_picture_id = (high & 0x80) != 0;
    info.picture_id = high & 0x7f;
    if (info.long_picture_id) info.picture_id = static_cast<uint16_t>((info.picture_id << 8) | reader.U8());
  }
  if (info.has_tl0_pic_idx) info.tl0_pic_idx = reader.U8();
  if (info.has_temporal_id || info.has_key_idx) {
    const uint8_t layers = reader.U8();
    info.temporal_id = info.has_temporal_id ? layers >> 6 : 0;
    info.layer_sync = info.has_temporal_id && (layers & 0x20) != 0;
    info.key_idx = info.has_key_idx ? layers & 0x1f : 0;
  }
  if (!reader.ok() || reader.remaining() == 0) return {};
  info.descriptor_size = static_cast<uint8_t>(reader.position());
  info.valid = true;
  if (info.start_of_frame) ReadFrameHeader(reader, info);
  return info;
}

size_t RewriteVp8Descriptor(Bytes payload, const Vp8PayloadInfo& info, const Vp8Numbers& numbers, MutableBytes out) {
  DUET_CHECK(info.valid && info.descriptor_size <= payload.size());
  if (out.size() < info.descriptor_size) return 0;
  std::memmove(out.data(), payload.data(), info.descriptor_size);
  size_t at = 2;
  if (info.has_picture_id) {
    if (info.long_picture_id) {
      StoreU16(&out[at], static_cast<uint16_t>(0x8000 | numbers.picture_id));
    } else {
      StoreU8(&out[at], numbers.picture_id & 0x7f);
    }
    at += info.long_picture_id ? 2 : 1;
  }
  if (info.has_tl0_pic_idx) StoreU8(&out[at++], numbers.tl0_pic_idx);
  if (info.has_key_idx) {
    const auto layers = static_cast<uint8_t>((LoadU8(&out[at]) & 0xe0) | (numbers.key_idx & 0x1f));
    StoreU8(&out[at], layers);
  }
  return info.descriptor_size;
}

}  // namespace duet
