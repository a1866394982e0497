#include "peer/uptrack.h"

#include <algorithm>

#include "wire/h264.h"
#include "wire/vp8.h"

namespace duet {

const char* ToString(CodecKind kind) {
  switch (kind) {
    case CodecKind::kOpus: return "opus";
    case CodecKind::kH264: return "h264";
    case CodecKind::kVp8: return "vp8";
  }
  return "unknown";
}

Uptrack::Uptrack(UptrackConfig config) : config_(std::move(config)), stats_(config_.codec.clock_rate) {}

void Uptrack::SetPublished(Time now, bool published) {
  if (published == published_) return;
  published_ = published;
  if (published) RequestKeyframe(now);
}

bool Uptrack::StartsKeyframe(const RtpPacketView& view) const {
  switch (config_.codec.kind) {
    case CodecKind::kOpus: return true;
    case CodecKind::kH264: return ParseH264Payload(view.payload()).starts_keyframe;
    case CodecKind::kVp8: return ParseVp8Payload(view.payload()).starts_keyframe;
  }
  return false;
}

Uptrack::Arrival Uptrack::OnPacket(Time now, int64_t seq, const RtpPacketView& view, bool repaired) {
  Arrival arrival;
  highest_seq_ = std::max(highest_seq_, seq);
  arrival.duplicate = nacks_.OnPacket(now, seq) == NackGenerator::Arrival::kDuplicate;
  if (!repaired) stats_.OnPacket(now, seq, view.timestamp);
  if (arrival.duplicate) return arrival;
  arrival.starts_keyframe = StartsKeyframe(view);
  if (arrival.starts_keyframe && is_video()) {
    keyframes_.OnKeyframe(now);
    nacks_.OnKeyframe(seq);
  }
  return arrival;
}

void Uptrack::RequestKeyframe(Time now) {
  if (is_video()) keyframes_.Request(now);
}

bool Uptrack::TakeKeyframeRequest(Time now, Duration rtt) {
  return published_ && config_.ssrc.value() != 0 && keyframes_.Due(now, rtt);
}

size_t Uptrack::TakeNacks(Time now, Duration rtt, std::span<uint16_t> out) {
  if (!config_.codec.nack) return 0;
  const size_t count = nacks_.Due(now, rtt, out);
  // What is given up for lost leaves a hole that only a keyframe closes.
  if (nacks_.TakeGivenUp()) RequestKeyframe(now);
  return count;
}

Time Uptrack::NextTimer() const {
  const Time nack = config_.codec.nack ? nacks_.NextTimer() : Time::Never();
  return published_ && config_.ssrc.value() != 0 ? std::min(nack, keyframes_.NextTimer()) : nack;
}

}  // namespace duet
