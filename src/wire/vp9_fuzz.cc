// A descriptor ends where its fields say: what is behind it changes nothing, and without its last byte it is refused.
#include <cstdint>

#include "base/check.h"
#include "wire/vp9.h"

using namespace duet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes payload = std::as_bytes(std::span(data, size));
  const Vp9PayloadInfo info = ParseVp9Payload(payload);
  if (!info.valid) {
    DUET_CHECK(!info.starts_keyframe && !info.has_structure);
    return 0;
  }
  DUET_CHECK(info.descriptor_size >= 1 && info.descriptor_size < size);
  DUET_CHECK(info.picture_id <= (info.long_picture_id ? 0x7fff : 0x7f));
  DUET_CHECK(info.temporal_id <= 7 && info.spatial_id <= 7 && info.spatial_layers <= 8);
  DUET_CHECK(!info.starts_keyframe || (info.start_of_frame && !info.inter_picture && info.spatial_id == 0));
  DUET_CHECK(info.references.empty() || (info.flexible && info.inter_picture && info.has_picture_id));
  DUET_CHECK(!info.has_tl0_pic_idx || (info.has_layers && !info.flexible));

  const Vp9PayloadInfo shortest = ParseVp9Payload(payload.first(info.descriptor_size + 1u));
  DUET_CHECK(shortest.valid && shortest.descriptor_size == info.descriptor_size);
  DUET_CHECK(shortest.picture_id == info.picture_id && shortest.temporal_id == info.temporal_id);
  DUET_CHECK(shortest.widths == info.widths && shortest.heights == info.heights);
  for (size_t cut = 0; cut <= info.descriptor_size; ++cut) DUET_CHECK(!ParseVp9Payload(payload.first(cut)).valid);
  return 0;
}
