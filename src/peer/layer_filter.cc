#include "peer/layer_filter.h"

#include <algorithm>

#include "wire/vp8.h"

namespace duet {

void LayerFilter::Start(int64_t seq, int64_t out) {
  numbers_.Start(seq, out);
  temporal_.StartSource();
  vp8_.StartSource();
  begun_ = false;
  timestamps_ = {};
  newest_seq_ = seq - 1;
  frames_started_ = false;
}

void LayerFilter::BeginPicture(int64_t seq, int64_t timestamp) {
  if (begun_ && (seq <= newest_seq_ || timestamp == timestamp_)) return;
  temporal_.set_wanted(wanted_temporal_);
  const Level level{timestamp, wanted_spatial_};
  if (!begun_) {
    levels_.fill(level);
  } else if (level.spatial != levels_.front().spatial) {
    std::shift_right(levels_.begin(), levels_.end(), 1);
    levels_.front() = level;
  }
  begun_ = true;
  timestamp_ = timestamp;
}

// By the timestamp, which all packets of a picture have: the first that comes of it need not be its first.
int LayerFilter::HighestAt(int64_t timestamp) const {
  for (const Level& level : levels_) {
    if (timestamp >= level.since) return level.spatial;
  }
  return levels_.back().spatial;
}

bool LayerFilter::Goes(const ReceivedRtp& in, int highest) {
  const FrameLayers& layers = in.frame;
  if (!layers.known) return true;
  // Of every frame: what it does not hear of it takes for lost.
  const bool temporal = temporal_.Pass({.number = layers.number,
                                        .temporal_id = layers.temporal,
                                        .needs_base_only = layers.needs_base_only,
                                        .opens_above = layers.opens_above});
  return temporal && layers.spatial <= highest;
}

std::optional<LayerFilter::Place> LayerFilter::Accept(const ReceivedRtp& in) {
  const int64_t timestamp = timestamps_.Unwrap(in.view.timestamp);
  BeginPicture(in.seq, timestamp);
  const int top = HighestAt(timestamp);
  newest_seq_ = std::max(newest_seq_, in.seq);
  const bool vp8 = in.codec->kind == CodecKind::kVp8;
  if (!Goes(in, top)) {
    numbers_.Drop(in.seq);
    if (vp8) vp8_.Drop(ParseVp8Payload(in.view.payload()), in.seq);
    return std::nullopt;
  }
  const auto seq = numbers_.Pass(in.seq);
  if (!seq) return std::nullopt;
  const FrameLayers& layers = in.frame;
  const bool highest = layers.known && layers.spatial == top && top + 1 < layers.spatial_count;
  return Place{.seq = *seq, .marker = in.view.marker || (highest && layers.ends_frame), .numbers = NumbersOf(in)};
}

std::optional<Vp8Numbers> LayerFilter::NumbersOf(const ReceivedRtp& in) {
  if (in.codec->kind == CodecKind::kVp8) {
    const Vp8PayloadInfo info = ParseVp8Payload(in.view.payload());
    if (!info.valid) return std::nullopt;
    const auto numbers = vp8_.Rewrite(info, in.seq);
    const Vp8Numbers own{info.picture_id, info.tl0_pic_idx, info.key_idx};
    return numbers == own ? std::nullopt : numbers;
  }
  if (in.codec->kind != CodecKind::kAv1 || !in.frame.known) return std::nullopt;
  if (!frames_started_) {
    frame_offset_ = frames_sent_ ? last_frame_ + 1 - in.frame.number : 0;
    frames_started_ = frames_sent_ = true;
    last_frame_ = in.frame.number + frame_offset_;
  }
  const int64_t number = in.frame.number + frame_offset_;
  last_frame_ = std::max(last_frame_, number);
  return Vp8Numbers{.picture_id = static_cast<uint16_t>(number)};
}

}  // namespace duet
