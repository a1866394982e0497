// A descriptor that is rewritten has its new numbers and is otherwise the same.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "wire/vp8.h"

using namespace duet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes payload = std::as_bytes(std::span(data, size));
  const Vp8PayloadInfo info = ParseVp8Payload(payload);
  if (!info.valid) {
    DUET_CHECK(!info.starts_keyframe && !info.start_of_frame);
    return 0;
  }
  DUET_CHECK(info.descriptor_size >= 1 && info.descriptor_size <= 6 && info.descriptor_size < size);
  DUET_CHECK(!info.starts_keyframe || info.start_of_frame);

  std::vector<std::byte> copy(payload.begin(), payload.end());
  const Vp8Numbers numbers{.picture_id = static_cast<uint16_t>(info.picture_id + 1),
                           .tl0_pic_idx = static_cast<uint8_t>(info.tl0_pic_idx + 1),
                           .key_idx = static_cast<uint8_t>(info.key_idx + 1)};
  DUET_CHECK(RewriteVp8Descriptor(payload, info, numbers, copy) == info.descriptor_size);
  const Vp8PayloadInfo again = ParseVp8Payload(copy);
  DUET_CHECK(again.valid && again.descriptor_size == info.descriptor_size);
  DUET_CHECK(again.has_picture_id == info.has_picture_id && again.long_picture_id == info.long_picture_id);
  if (info.has_picture_id)
    DUET_CHECK(again.picture_id == (numbers.picture_id & (info.long_picture_id ? 0x7fff : 0x7f)));
  if (info.has_tl0_pic_idx) DUET_CHECK(again.tl0_pic_idx == numbers.tl0_pic_idx);
  if (info.has_key_idx) DUET_CHECK(again.key_idx == (numbers.key_idx & 0x1f));
  DUET_CHECK(again.temporal_id == info.temporal_id);
  DUET_CHECK(again.layer_sync == info.layer_sync && again.partition_index == info.partition_index);
  DUET_CHECK(again.starts_keyframe == info.starts_keyframe && again.non_reference == info.non_reference);
  DUET_CHECK(again.width == info.width && again.height == info.height);

  const Vp8Numbers former{info.picture_id, info.tl0_pic_idx, info.key_idx};
  RewriteVp8Descriptor(copy, again, former, copy);
  DUET_CHECK(AsText(copy) == AsText(payload));
  return 0;
}
