#include "sim/synthetic_media.h"

#include <algorithm>

namespace duet::sim {
namespace {

constexpr size_t kTagBytes = 4 + 1 + 4 + 2 + 2 + 8;
constexpr size_t kMaxPayload = 1100;

std::byte FillByte(const MediaTag& tag, size_t i) {
  return static_cast<std::byte>(tag.publisher * 31 + tag.layer * 13 + tag.frame * 7 + tag.index * 3 + i);
}

void Append(std::vector<std::byte>& out, uint64_t value, size_t bytes) {
  for (size_t i = bytes; i > 0; --i) out.push_back(static_cast<std::byte>(value >> (8 * (i - 1))));
}

uint64_t Take(Bytes& bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | static_cast<uint64_t>(bytes[i]);
  bytes = bytes.subspan(count);
  return value;
}

std::vector<std::byte> PayloadHeader(const MediaTag& tag, CodecKind codec) {
  std::vector<std::byte> header;
  switch (codec) {
    case CodecKind::kOpus: Append(header, 0x78, 1); break;
    case CodecKind::kH264: {
      // FU-A of an IDR or another slice; the slice header begins with first_mb_in_slice 0.
      const uint64_t start = tag.index == 0 ? 0x80 : 0;
      const uint64_t end = tag.index + 1 == tag.count && tag.count > 1 ? 0x40 : 0;
      Append(header, 0x7c, 1);
      Append(header, start | end | (tag.keyframe ? 5u : 1u), 1);
      Append(header, 0x88, 1);
      break;
    }
    case CodecKind::kVp8:
      Append(header, tag.index == 0 ? 0x10 : 0x00, 1);
      if (tag.index == 0) Append(header, tag.keyframe ? 0x10 : 0x11, 1);
      if (tag.index == 0 && tag.keyframe) Append(header, 0x00009d012a80028001, 9);
      break;
  }
  return header;
}

}  // namespace

std::vector<std::byte> WriteMedia(const MediaTag& tag, CodecKind codec, size_t bytes) {
  std::vector<std::byte> payload = PayloadHeader(tag, codec);
  Append(payload, tag.keyframe ? 1 : 0, 1);
  Append(payload, tag.publisher, 4);
  Append(payload, tag.layer, 1);
  Append(payload, tag.frame, 4);
  Append(payload, tag.index, 2);
  Append(payload, tag.count, 2);
  Append(payload, static_cast<uint64_t>(tag.captured.us()), 8);
  for (size_t i = 0; payload.size() < bytes; ++i) payload.push_back(FillByte(tag, i));
  return payload;
}

std::optional<MediaTag> ReadMedia(Bytes payload, CodecKind codec) {
  // The header's length depends on what it says: try the kinds of packet that there are.
  for (const bool keyframe : {false, true}) {
    for (const uint16_t index : {0, 1}) {
      const size_t header = PayloadHeader({.index = index, .count = 3, .keyframe = keyframe}, codec).size();
      if (payload.size() < header + 1 + kTagBytes) continue;
      Bytes rest = payload.subspan(header);
      MediaTag tag;
      tag.keyframe = Take(rest, 1) == 1;
      tag.publisher = static_cast<uint32_t>(Take(rest, 4));
      tag.layer = static_cast<uint8_t>(Take(rest, 1));
      tag.frame = static_cast<uint32_t>(Take(rest, 4));
      tag.index = static_cast<uint16_t>(Take(rest, 2));
      tag.count = static_cast<uint16_t>(Take(rest, 2));
      tag.captured = Time::FromMicros(static_cast<int64_t>(Take(rest, 8)));
      const std::vector<std::byte> whole = WriteMedia(tag, codec, payload.size());
      if (std::equal(whole.begin(), whole.end(), payload.begin(), payload.end())) return tag;
    }
  }
  return std::nullopt;
}

std::vector<std::vector<std::byte>> VideoEncoder::Encode(Time now) {
  const bool keyframe = std::exchange(keyframe_wanted_, false);
  const int64_t fair = bitrate_bps_ / 8 / kFramesPerSecond;
  int64_t bytes = fair * static_cast<int64_t>(80 + rng_.get().Below(41)) / 100;
  if (keyframe) {
    constexpr int64_t kKeyframeSize = 6;  // times a usual frame
    debt_bytes_ += fair * (kKeyframeSize - 1);
    bytes = fair * kKeyframeSize;
  } else {
    // What the keyframe took too much is saved over the next second.
    const int64_t saved = std::min(debt_bytes_, bytes / 2);
    debt_bytes_ -= saved;
    bytes -= saved;
  }
  bytes = std::max<int64_t>(bytes, 60);
  const auto count =
      static_cast<uint16_t>((bytes + static_cast<int64_t>(kMaxPayload) - 1) / static_cast<int64_t>(kMaxPayload));
  MediaTag tag{.publisher = publisher_,
               .layer = layer_,
               .frame = ++frame_,
               .count = count,
               .captured = now,
               .keyframe = keyframe};
  std::vector<std::vector<std::byte>> packets;
  for (; tag.index < count; ++tag.index) packets.push_back(WriteMedia(tag, codec_, static_cast<size_t>(bytes) / count));
  return packets;
}

// ---- receiver
// ------------------------------------------------------------------------------------------------------------------------------

std::string FrameReceiver::Judge(int64_t seq, uint32_t timestamp, const MediaTag& tag) {
  const auto where = [&] { return " at sequence number " + std::to_string(seq); };
  const auto same = seen_.find(seq);
  if (same != seen_.end()) {
    const MediaTag& other = same->second.tag;
    if (other.publisher != tag.publisher || other.layer != tag.layer || other.frame != tag.frame ||
        other.index != tag.index)
      return "one sequence number with two contents" + where();
    return {};
  }
  const auto next = seen_.upper_bound(seq);
  if (next != seen_.begin()) {
    const auto before = std::prev(next);
    const MediaTag& b = before->second.tag;
    if (static_cast<int32_t>(timestamp - before->second.timestamp) < 0) return "a timestamp goes back" + where();
    if (before->first == seq - 1) {
      const bool same_stream = b.publisher == tag.publisher && b.layer == tag.layer;
      const bool same_frame = same_stream && b.frame == tag.frame && b.index + 1 == tag.index;
      const bool next_frame = same_stream && b.frame + 1 == tag.frame && tag.index == 0 && b.index + 1 == b.count;
      const bool new_start = tag.keyframe && tag.index == 0;
      if (!same_frame && !next_frame && !new_start) return "the packets are not in the publisher's order" + where();
      if (same_frame && timestamp != before->second.timestamp) return "one frame with two timestamps" + where();
    }
  }
  return {};
}

FrameReceiver::Verdict FrameReceiver::OnPacket(Time now, int64_t seq, uint32_t timestamp, const MediaTag& tag) {
  Verdict verdict;
  verdict.violation = Judge(seq, timestamp, tag);
  seen_.emplace(seq, Seen{timestamp, tag});
  if (seen_.size() > 1000) seen_.erase(seen_.begin());
  if (tag.publisher != publisher_ || tag.layer != layer_) {
    // A late packet of whoever was here before, or of the former layer, changes nothing.
    if (publisher_ != 0 && seq < source_starts_) return verdict;
    publisher_ = tag.publisher;
    layer_ = tag.layer;
    source_starts_ = seq;
    frames_.clear();
    shown_frame_.reset();
    waiting_since_ = now;
  }
  if (shown_frame_ && static_cast<int32_t>(tag.frame - *shown_frame_) <= 0) return verdict;
  Frame& frame = frames_[tag.frame];
  frame.packets.insert(tag.index);
  frame.count = tag.count;
  frame.keyframe = tag.keyframe;
  frame.captured = tag.captured;
  Show(now);
  if (!frames_.empty() && !waiting_since_) waiting_since_ = now;
  if (frames_.empty()) waiting_since_.reset();
  if (frames_.size() > 300) frames_.erase(frames_.begin());
  return verdict;
}

void FrameReceiver::Show(Time now) {
  for (auto it = frames_.begin(); it != frames_.end();) {
    const Frame& frame = it->second;
    const bool whole = frame.packets.size() == frame.count;
    const bool decodable = frame.keyframe || (shown_frame_ && *shown_frame_ + 1 == it->first);
    if (!whole || !decodable) {
      ++it;
      continue;
    }
    if (last_shown_ != Time::LongAgo()) longest_freeze_ = std::max(longest_freeze_, now - last_shown_);
    shown_frame_ = it->first;
    last_shown_ = now;
    last_delay_ = now - frame.captured;
    waiting_since_.reset();
    ++shown_;
    it = frames_.erase(frames_.begin(), std::next(it));
  }
}

}  // namespace duet::sim
