#include "sim/sim_pusher.h"

#include <algorithm>
#include <utility>

#include "bridge/flv_frames.h"
#include "sim/synthetic_media.h"

namespace duet::sim {
namespace {

// Of a baseline encoder, 640x480.
constexpr uint8_t kSps[] = {0x67, 0x42, 0xc0, 0x1e, 0x8c, 0x8d, 0x40, 0x50, 0x1e,
                            0xd3, 0x50, 0x60, 0x60, 0x60, 0x78, 0x44, 0x23, 0x50};
constexpr uint8_t kPps[] = {0x68, 0xce, 0x3c, 0x80};
// Slices of about so much: the packetiser puts none of them together.
constexpr int64_t kSliceBytes = 800;

template <size_t N>
Bytes AsBytes(const uint8_t (&values)[N]) {
  return std::as_bytes(std::span(values));
}

}  // namespace

void SimPusher::Push(Time now) {
  if (std::exchange(wanted_, true)) return;
  opens_at_ = now;
}

void SimPusher::Stop() {
  closes_ = line_ != nullptr;
  wanted_ = false;
  opens_at_ = next_frame_ = Time::Never();
  line_.reset();
  wire_.clear();
}

OpenPush SimPusher::Question() const {
  OpenPush open;
  open.target.sdk_app_id = config_.sdk_app_id;
  open.target.room.value = config_.room;
  open.target.user_id = user_;
  open.target.user_sig = config_.user_sig;
  return open;
}

void SimPusher::OnOpened(Time now, const PushOpened& opened) {
  line_ = std::make_unique<IngestLine>(rng_, IngestLine::Options{.line = opened.line,
                                                                 .audio = opened.audio,
                                                                 .video = opened.video,
                                                                 .audio_payload_type = opened.audio_payload_type,
                                                                 .video_payload_type = opened.video_payload_type});
  began_ = next_frame_ = now;
  since_keyframe_ = 0;
  Send(now, 0, MakeVideoConfigFrame(AsBytes(kSps), AsBytes(kPps))->data);
}

void SimPusher::OnEnded(Time now) {
  line_.reset();
  wire_.clear();
  next_frame_ = Time::Never();
  if (wanted_) opens_at_ = now + Duration::Seconds(1);
}

void SimPusher::Send(Time now, int64_t timestamp_ms, Bytes data) {
  const Duration takes = Duration::Micros(static_cast<int64_t>(data.size()) * 8 * 1'000'000 / kUplinkBps);
  Time begins = std::max(now, carries_from_);
  if (!wire_.empty()) begins = std::max(begins, wire_.back().arrives);
  wire_.push_back({begins + takes, timestamp_ms, {data.begin(), data.end()}});
}

void SimPusher::Encode(Time now) {
  const bool keyframe = since_keyframe_ == 0;
  since_keyframe_ = (since_keyframe_ + 1) % kKeyframeEvery;
  const int64_t fair = config_.video_bps / 8 / (1'000'000 / kFrameInterval.us());
  const int64_t bytes = fair * (keyframe ? 4 : 1) * static_cast<int64_t>(80 + rng_.Below(41)) / 100;
  MediaTag tag{.publisher = config_.number, .frame = ++frame_, .captured = now, .keyframe = keyframe};
  tag.count = static_cast<uint16_t>(std::max<int64_t>(1, bytes / kSliceBytes));
  std::vector<std::byte> access_unit;
  for (tag.index = 0; tag.index < tag.count; ++tag.index) {
    const std::vector<std::byte> slice = WriteSlice(tag, static_cast<size_t>(bytes / tag.count));
    for (int shift = 24; shift >= 0; shift -= 8) access_unit.push_back(static_cast<std::byte>(slice.size() >> shift));
    access_unit.insert(access_unit.end(), slice.begin(), slice.end());
  }
  const int64_t timestamp_ms = (now - began_).ms();
  Send(now, timestamp_ms, MakeVideoFrame(access_unit, keyframe, timestamp_ms)->data);
}

void SimPusher::OnTimer(Time now) {
  if (now >= opens_at_) {
    opens_at_ = Time::Never();
    opens_ = true;
  }
  if (line_ == nullptr) return;
  for (; now >= next_frame_; next_frame_ = next_frame_ + kFrameInterval) Encode(now);
  // What stands still arrives later; a stall that began meanwhile holds up what has not come.
  while (!wire_.empty() && now >= std::max(wire_.front().arrives, carries_from_)) {
    line_->OnMedia(now, true, wire_.front().timestamp_ms, wire_.front().data);
    wire_.pop_front();
  }
  line_->Run(now);
}

Time SimPusher::NextTimer() const {
  Time next = opens_at_;
  if (line_ == nullptr) return next;
  next = std::min({next, next_frame_, line_->NextTimer()});
  if (!wire_.empty()) next = std::min(next, std::max(wire_.front().arrives, carries_from_));
  return next;
}

}  // namespace duet::sim
