#include "peer/layer_filter.h"

#include <algorithm>

#include "wire/vp8.h"

namespace duet {

void LayerFilter::Start(int64_t seq, int64_t out) {
  numbers_.Start(seq, out);
  temporal_.StartSource();
  vp8_.StartSource();
  begun_ = false;
  newest_seq_ = seq - 1;
  frames_started_ = false;
}

void LayerFilter::BeginPicture(const ReceivedRtp& in) {
  if (begun_ && (in.seq <= newest_seq_ || in.view.timestamp == timestamp_)) return;
  temporal_.set_wanted(wanted_temporal_);
  const int spatial = wanted_spatial_;
  if (!begun_) {
    spatial_before_ = spatial_ = spatial;
    spatial_since_ = in.seq;
  } else if (spatial != spatial_) {
    spatial_before_ = spatial_;
    spatial_ = spatial;
    spatial_since_ = in.seq;
  }
  begun_ = true;
  timestamp_ = in.view.timestamp;
}

bool LayerFilter::Goes(const ReceivedRtp& in) {
  const FrameLayers& layers = in.frame;
  if (!layers.known) return true;
  // Of every frame: what it does not hear of it takes for lost.
  const bool temporal = temporal_.Pass({.number = layers.number,
                                        .temporal_id = layers.temporal,
                                        .needs_base_only = layers.needs_base_only,
                                        .opens_above = layers.opens_above});
  return temporal && layers.spatial <= HighestOf(in);
}

std::optional<LayerFilter::Place> LayerFilter::Accept(const ReceivedRtp& in) {
  BeginPicture(in);
  newest_seq_ = std::max(newest_seq_, in.seq);
  const bool vp8 = in.codec->kind == CodecKind::kVp8;
  if (!Goes(in)) {
    numbers_.Drop(in.seq);
    if (vp8) vp8_.Drop(ParseVp8Payload(in.view.payload()), in.seq);
    return std::nullopt;
  }
  const auto seq = numbers_.Pass(in.seq);
  if (!seq) return std::nullopt;
  const FrameLayers& layers = in.frame;
  const int top = HighestOf(in);
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
