#include "core/layers/vp8_rewriter.h"

#include <algorithm>

#include "base/check.h"

namespace duet {

void Vp8Rewriter::StartSource() {
  if (started_) ever_sent_ = true;
  numbers_ = PictureNumbers();
  started_ = false;
  counts_ = false;
}

void Vp8Rewriter::StartAt(const Vp8PayloadInfo& info) {
  tl0_offset_ = ever_sent_ && info.has_tl0_pic_idx ? static_cast<uint8_t>(last_tl0_ + 1 - info.tl0_pic_idx) : 0;
  key_offset_ = ever_sent_ && info.has_key_idx ? static_cast<uint8_t>(last_key_ + 1 - info.key_idx) : 0;
  started_ = true;
  newest_seq_ = -1;
}

std::optional<int64_t> Vp8Rewriter::RewritePictureId(const Vp8PayloadInfo& info, int64_t seq) {
  const int64_t number = numbers_.Unwrap(info.picture_id, info.long_picture_id, seq);
  if (!counts_) {
    ids_.Start(number, ever_counted_ ? last_id_ + 1 : number);
    counts_ = ever_counted_ = true;
  }
  const auto id = ids_.Pass(number);
  if (id) last_id_ = std::max(last_id_, *id);
  return id;
}

std::optional<Vp8Numbers> Vp8Rewriter::Rewrite(const Vp8PayloadInfo& info, int64_t seq) {
  DUET_DCHECK(info.valid);
  if (!started_) StartAt(info);
  int64_t picture = 0;
  if (info.has_picture_id) {
    const auto rewritten = RewritePictureId(info, seq);
    if (!rewritten) return std::nullopt;
    picture = *rewritten;
  }
  const Vp8Numbers numbers{.picture_id = static_cast<uint16_t>(picture & 0x7fff),
                           .tl0_pic_idx = static_cast<uint8_t>(info.tl0_pic_idx + tl0_offset_),
                           .key_idx = static_cast<uint8_t>((info.key_idx + key_offset_) & 0x1f)};
  if (seq > newest_seq_) {
    newest_seq_ = seq;
    if (info.has_tl0_pic_idx) last_tl0_ = numbers.tl0_pic_idx;
    if (info.has_key_idx) last_key_ = numbers.key_idx;
  }
  return numbers;
}

void Vp8Rewriter::Drop(const Vp8PayloadInfo& info, int64_t seq) {
  DUET_DCHECK(info.valid);
  if (!counts_ || !info.has_picture_id) return;
  ids_.Drop(numbers_.Unwrap(info.picture_id, info.long_picture_id, seq));
}

}  // namespace duet
