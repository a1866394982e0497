#include "core/rtmp/frame_queue.h"

#include <algorithm>
#include <utility>

namespace duet {

FrameQueue::FrameQueue(FrameQueueOptions options) : options_(options), ring_(options.max_frames) {}

// Whether a frame may go into the queue, given what went in before.
bool FrameQueue::MayStart(const FlvFrame& frame) {
  if (frame.is_video()) {
    if (video_runs_) return true;
    if (!frame.keyframe) {
      keyframe_wanted_ = true;
      if (!waiting_since_ms_) waiting_since_ms_ = frame.timestamp_ms;
      return false;
    }
    video_runs_ = true;
    audio_runs_ = true;
    waiting_since_ms_.reset();
    return true;
  }
  if (audio_runs_) return true;
  if (!options_.expect_video) {
    audio_runs_ = true;
    return true;
  }
  if (!waiting_since_ms_) waiting_since_ms_ = frame.timestamp_ms;
  keyframe_wanted_ = true;
  audio_runs_ = frame.timestamp_ms - *waiting_since_ms_ >= kKeyframeWait.ms();
  return audio_runs_;
}

void FrameQueue::Push(FlvFrameRef frame) {
  switch (frame->kind) {
    case FlvFrame::Kind::kMetadata: metadata_ = std::move(frame); return;
    case FlvFrame::Kind::kVideoConfig:
    case FlvFrame::Kind::kAudioConfig: config_[Track(*frame)] = std::move(frame); return;
    default: break;
  }
  if (!MayStart(*frame)) {
    ++dropped_;
    return;
  }
  if (count_ == ring_.size()) JumpToLive();
  // The jump may have stopped the pictures; a delta frame then has nothing to stand on.
  if (frame->is_video() && !video_runs_ && !MayStart(*frame)) {
    ++dropped_;
    return;
  }
  bytes_ += frame->data.size();
  const size_t track = Track(*frame);
  ++count_;
  At(count_ - 1) = {std::move(frame), config_[track]};
  if (TooMuch()) JumpToLive();
}

bool FrameQueue::TooMuch() const {
  return bytes_ > options_.max_bytes || delay() > options_.max_delay * (caught_up_ ? 1 : 2);
}

Duration FrameQueue::delay() const {
  if (count_ == 0) return Duration::Zero();
  return Duration::Millis(At(count_ - 1).frame->timestamp_ms - At(0).frame->timestamp_ms);
}

void FrameQueue::Drop(size_t n) {
  for (size_t i = 0; i < n; ++i) {
    bytes_ -= At(0).frame->data.size();
    At(0) = Entry();
    first_ = (first_ + 1) % ring_.size();
    --count_;
  }
  dropped_ += n;
}

void FrameQueue::JumpToLive() {
  ++jumps_;
  caught_up_ = true;
  size_t newest_keyframe = 0;
  for (size_t i = count_; i-- > 1;) {
    if (At(i).frame->keyframe) {
      newest_keyframe = i;
      break;
    }
  }
  if (newest_keyframe > 0) {
    Drop(newest_keyframe);
    if (!TooMuch() && count_ < ring_.size()) return;
  }
  Drop(count_);
  if (video_runs_) keyframe_wanted_ = true;
  video_runs_ = false;
}

void FrameQueue::Restart() {
  Drop(count_);
  video_runs_ = false;
  audio_runs_ = false;
  waiting_since_ms_.reset();
}

bool FrameQueue::TakeKeyframeRequest() { return std::exchange(keyframe_wanted_, false); }

// The frame's time on the viewer's clock.
uint32_t FrameQueue::OutTime(const FlvFrame& frame) {
  const size_t track = Track(frame);
  const int64_t source = frame.timestamp_ms;
  if (!base_ms_) {
    base_ms_ = source;
  } else if (last_source_ms_[track] && source < *last_source_ms_[track] - kMaxBack.ms()) {
    last_source_ms_[1 - track].reset();  // goes back with this one
    base_ms_ = source - std::max(last_out_ms_[0], last_out_ms_[1]);
  }
  last_source_ms_[track] = source;
  last_out_ms_[track] = std::max(last_out_ms_[track], source - *base_ms_);
  return static_cast<uint32_t>(last_out_ms_[track]);
}

std::optional<FrameQueue::Item> FrameQueue::Pop() {
  if (count_ == 0) return std::nullopt;
  const uint32_t time = OutTime(*At(0).frame);
  const size_t track = Track(*At(0).frame);
  if (metadata_ != sent_metadata_) {
    sent_metadata_ = metadata_;
    return Item{metadata_, time};
  }
  if (At(0).config != sent_config_[track]) {
    sent_config_[track] = At(0).config;
    if (sent_config_[track]) return Item{sent_config_[track], time};
  }
  if (!std::exchange(begun_, true) && config_[1 - track]) {
    sent_config_[1 - track] = config_[1 - track];
    return Item{config_[1 - track], time};
  }
  Item item{std::move(At(0).frame), time};
  bytes_ -= item.frame->data.size();
  At(0) = Entry();
  first_ = (first_ + 1) % ring_.size();
  --count_;
  if (delay() <= options_.max_delay) caught_up_ = true;
  return item;
}

}  // namespace duet
