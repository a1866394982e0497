#include "sim/synthetic_media.h"

#include <algorithm>
#include <bit>

#include "wire/vp8.h"
#include "wire/vp9.h"

namespace duet::sim {
namespace {

constexpr size_t kTagBytes = 4 + 1 + 4 + 2 + 2 + 1 + 1 + 1 + 8;
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

// What the numbers and flags of a payload header are made of, beside the tag.
struct Coding {
  StreamLayers layers;
  uint8_t base_frames = 0;
  bool refers_to_base = false;
};

bool FirstOf(const MediaTag& tag) { return tag.index == 0; }
bool LastOf(const MediaTag& tag) { return tag.index + 1 == tag.count; }

void AppendVp8(std::vector<std::byte>& out, const MediaTag& tag, const Coding& coding) {
  Append(out, FirstOf(tag) ? 0x90 : 0x80, 1);
  Append(out, 0xf0, 1);  // picture id, TL0PICIDX, temporal id, KEYIDX
  Append(out, 0x8000 | (tag.frame & 0x7fff), 2);
  Append(out, coding.base_frames, 1);
  Append(out, static_cast<uint64_t>(tag.temporal) << 6 | (coding.refers_to_base ? 0x20u : 0), 1);
  if (!FirstOf(tag)) return;
  Append(out, tag.keyframe ? 0x10 : 0x11, 1);
  if (tag.keyframe) Append(out, 0x00009d012a80028001, 9);
}

void AppendVp9(std::vector<std::byte>& out, const MediaTag& tag, const Coding& coding) {
  const bool structure = tag.keyframe && FirstOf(tag) && tag.spatial == 0;
  const uint64_t flags = 0xa0u | (tag.keyframe ? 0 : 0x40u) | (FirstOf(tag) ? 0x08u : 0) | (LastOf(tag) ? 0x04u : 0) |
                         (structure ? 0x02u : 0);
  Append(out, flags, 1);
  Append(out, 0x8000 | (tag.frame & 0x7fff), 2);
  constexpr uint64_t kSwitchingUp = 0x10;  // a frame refers to the newest one of a lower layer, never to its own
  const uint64_t inter_layer = tag.spatial > 0 ? 1 : 0;
  Append(
      out,
      static_cast<uint64_t>(tag.temporal) << 5 | kSwitchingUp | static_cast<uint64_t>(tag.spatial) << 1 | inter_layer,
      1);
  Append(out, coding.base_frames, 1);
  if (structure) Append(out, static_cast<uint64_t>(coding.layers.spatial - 1) << 5, 1);
}

void AppendAv1(std::vector<std::byte>& out, const MediaTag& tag) {
  const bool new_sequence = tag.keyframe && FirstOf(tag) && tag.spatial == 0;
  Append(out, (FirstOf(tag) ? 0 : 0x80u) | (LastOf(tag) ? 0 : 0x40u) | 0x10u | (new_sequence ? 0x08u : 0), 1);
  constexpr uint64_t kFrameObu = 6 << 3;
  if (FirstOf(tag)) Append(out, kFrameObu, 1);
}

void AppendHeader(std::vector<std::byte>& out, const MediaTag& tag, CodecKind codec, const Coding& coding) {
  switch (codec) {
    case CodecKind::kOpus: Append(out, 0x78, 1); break;
    case CodecKind::kH264: {
      // FU-A of an IDR or another slice; the slice header begins with first_mb_in_slice 0.
      const uint64_t start = FirstOf(tag) ? 0x80 : 0;
      const uint64_t end = LastOf(tag) && tag.count > 1 ? 0x40 : 0;
      Append(out, 0x7c, 1);
      Append(out, start | end | (tag.keyframe ? 5u : 1u), 1);
      Append(out, 0x88, 1);
      break;
    }
    case CodecKind::kVp8: AppendVp8(out, tag, coding); break;
    case CodecKind::kVp9: AppendVp9(out, tag, coding); break;
    case CodecKind::kAv1: AppendAv1(out, tag); break;
  }
}

void AppendTag(std::vector<std::byte>& out, const MediaTag& tag) {
  Append(out, tag.keyframe ? 1 : 0, 1);
  Append(out, tag.publisher, 4);
  Append(out, tag.layer, 1);
  Append(out, tag.frame, 4);
  Append(out, tag.index, 2);
  Append(out, tag.count, 2);
  Append(out, tag.spatial, 1);
  Append(out, tag.temporal, 1);
  Append(out, tag.reference, 1);
  Append(out, static_cast<uint64_t>(tag.captured.us()), 8);
}

void AppendTagAndFill(std::vector<std::byte>& out, const MediaTag& tag, size_t bytes) {
  AppendTag(out, tag);
  const size_t begin = out.size();
  if (begin < bytes) out.resize(bytes);
  for (size_t i = begin; i < out.size(); ++i) out[i] = FillByte(tag, i - begin);
}

std::vector<std::byte> WriteMedia(const MediaTag& tag, CodecKind codec, const Coding& coding, size_t bytes) {
  std::vector<std::byte> payload;
  payload.reserve(bytes + 64);
  AppendHeader(payload, tag, codec, coding);
  AppendTagAndFill(payload, tag, bytes);
  return payload;
}

// An IDR or another slice. Its header says which macroblock it begins with: the first (1) or the second (010).
void AppendSliceHeader(std::vector<std::byte>& out, const MediaTag& tag) {
  Append(out, tag.keyframe ? 0x65 : 0x41, 1);
  Append(out, FirstOf(tag) ? 0x88 : 0x42, 1);
}

uint8_t NalType(Bytes payload) { return static_cast<uint8_t>(payload.front()) & 0x1f; }
constexpr uint8_t kStapA = 24;
constexpr uint8_t kFuA = 28;

// The last NAL unit of several in one packet: a slice stands behind its parameter sets.
Bytes LastOfStapA(Bytes payload) {
  Bytes nal;
  for (Bytes rest = payload.subspan(1); rest.size() > 2;) {
    const auto size = static_cast<size_t>(Take(rest, 2));
    if (size == 0 || size > rest.size()) return {};
    nal = rest.first(size);
    rest = rest.subspan(size);
  }
  return nal;
}

// The bytes of a payload header, nothing when it cannot be read.
std::optional<size_t> HeaderSize(Bytes payload, CodecKind codec) {
  switch (codec) {
    case CodecKind::kOpus: return 1;
    case CodecKind::kH264: return NalType(payload) == kFuA ? 3 : 2;
    case CodecKind::kVp8: {
      const Vp8PayloadInfo info = ParseVp8Payload(payload);
      if (!info.valid) return std::nullopt;
      const size_t frame_header = info.starts_keyframe ? 10 : info.start_of_frame ? 1 : 0;
      return info.descriptor_size + frame_header;
    }
    case CodecKind::kVp9: {
      const Vp9PayloadInfo info = ParseVp9Payload(payload);
      return info.valid ? std::optional<size_t>(info.descriptor_size) : std::nullopt;
    }
    case CodecKind::kAv1: return (static_cast<uint8_t>(payload.front()) & 0x80) != 0 ? 1 : 2;
  }
  return std::nullopt;
}

// Bits from the highest on.
class BitWriter {
 public:
  void F(uint32_t value, int bits) {
    for (int i = bits - 1; i >= 0; --i) {
      if (used_ % 8 == 0) bytes_.push_back(std::byte{0});
      if ((value >> i & 1) != 0) bytes_.back() |= static_cast<std::byte>(0x80 >> used_ % 8);
      ++used_;
    }
  }
  std::vector<std::byte> Take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
  size_t used_ = 0;
};

// Of a frame in layer (s, t) for the decode target of another layer; see wire/av1_dependency.h.
uint32_t Indication(uint8_t s, uint8_t t, uint8_t target_s, uint8_t target_t) {
  if (s > target_s || t > target_t) return 0;
  if (s < target_s) return 3;
  return t == target_t && t > 0 ? 1 : 2;
}

template <typename F>
void ForEachLayer(const StreamLayers& layers, F&& f) {
  for (uint8_t s = 0; s < layers.spatial; ++s)
    for (uint8_t t = 0; t < layers.temporal; ++t) f(s, t);
}

// One template and one decode target for each layer; no chains, no sizes.
std::vector<std::byte> DependencyDescriptor(const MediaTag& tag, const StreamLayers& layers, int64_t number) {
  BitWriter bits;
  bits.F(FirstOf(tag) ? 1 : 0, 1);
  bits.F(LastOf(tag) ? 1 : 0, 1);
  bits.F(static_cast<uint32_t>(tag.spatial * layers.temporal + tag.temporal), 6);
  bits.F(static_cast<uint32_t>(number & 0xffff), 16);
  if (!(tag.keyframe && FirstOf(tag) && tag.spatial == 0)) return bits.Take();
  const auto targets = static_cast<uint32_t>(layers.spatial * layers.temporal);
  bits.F(0x10, 5);  // a structure and nothing else
  bits.F(0, 6);
  bits.F(targets - 1, 5);
  ForEachLayer(layers, [&](uint8_t s, uint8_t t) {
    const bool more_temporal = t + 1 < layers.temporal;
    bits.F(more_temporal ? 1 : s + 1 < layers.spatial ? 2 : 3, 2);
  });
  ForEachLayer(layers, [&](uint8_t s, uint8_t t) {
    ForEachLayer(layers, [&](uint8_t target_s, uint8_t target_t) { bits.F(Indication(s, t, target_s, target_t), 2); });
  });
  bits.F(0, static_cast<int>(targets));                          // no references
  bits.F(0, static_cast<int>(std::bit_width(targets + 1)) - 1);  // no chains
  bits.F(0, 1);
  return bits.Take();
}

}  // namespace

std::vector<std::byte> WriteSound(const MediaTag& tag, size_t bytes) {
  return WriteMedia(tag, CodecKind::kOpus, {}, bytes);
}

std::vector<std::byte> WriteSlice(const MediaTag& tag, size_t bytes) {
  std::vector<std::byte> slice;
  AppendSliceHeader(slice, tag);
  AppendTagAndFill(slice, tag, bytes);
  return slice;
}

std::optional<MediaTag> ReadMedia(Bytes payload, CodecKind codec) {
  if (!payload.empty() && codec == CodecKind::kH264 && NalType(payload) == kStapA) payload = LastOfStapA(payload);
  if (payload.empty()) return std::nullopt;
  const auto header = HeaderSize(payload, codec);
  if (!header || payload.size() < *header + 1 + kTagBytes) return std::nullopt;
  Bytes rest = payload.subspan(*header);
  MediaTag tag;
  tag.keyframe = Take(rest, 1) == 1;
  tag.publisher = static_cast<uint32_t>(Take(rest, 4));
  tag.layer = static_cast<uint8_t>(Take(rest, 1));
  tag.frame = static_cast<uint32_t>(Take(rest, 4));
  tag.index = static_cast<uint16_t>(Take(rest, 2));
  tag.count = static_cast<uint16_t>(Take(rest, 2));
  tag.spatial = static_cast<uint8_t>(Take(rest, 1));
  tag.temporal = static_cast<uint8_t>(Take(rest, 1));
  tag.reference = static_cast<uint8_t>(Take(rest, 1));
  tag.captured = Time::FromMicros(static_cast<int64_t>(Take(rest, 8)));
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] != FillByte(tag, i)) return std::nullopt;
  }
  if (codec != CodecKind::kOpus && codec != CodecKind::kH264) return tag;
  std::vector<std::byte> own;
  if (codec == CodecKind::kH264 && NalType(payload) != kFuA) {
    AppendSliceHeader(own, tag);
  } else {
    AppendHeader(own, tag, codec, {});
  }
  return std::equal(own.begin(), own.end(), payload.begin()) ? std::optional<MediaTag>(tag) : std::nullopt;
}

std::vector<MediaPacket> VideoEncoder::Encode(Time now) {
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

  since_keyframe_ = keyframe ? 0 : since_keyframe_ + 1;
  // 0 2 1 2, 0 1, or 0; each refers to the newest of a lower layer, those of the lowest to the one before.
  const uint32_t period = 1u << (layers_.temporal - 1);
  const uint32_t place = since_keyframe_ % period;
  const auto trailing = static_cast<uint8_t>(place == 0 ? layers_.temporal - 1 : std::countr_zero(place));
  MediaTag tag{.publisher = publisher_,
               .layer = layer_,
               .frame = ++frame_,
               .temporal = static_cast<uint8_t>(layers_.temporal - 1 - trailing),
               .reference = static_cast<uint8_t>(place == 0 ? period : 1u << trailing),
               .captured = now,
               .keyframe = keyframe};
  if (tag.temporal == 0) ++base_frames_;
  const Coding coding{layers_, base_frames_, tag.temporal > 0 && place == tag.reference};
  int64_t weights = 0;  // each spatial layer takes three times as much as the one below
  for (int s = 0, weight = 1; s < layers_.spatial; ++s, weight *= 3) weights += weight;
  std::vector<MediaPacket> packets;
  for (int64_t weight = 1; tag.spatial < layers_.spatial; ++tag.spatial, weight *= 3) {
    const int64_t part = std::max<int64_t>(bytes * weight / weights, 60);
    tag.count =
        static_cast<uint16_t>((part + static_cast<int64_t>(kMaxPayload) - 1) / static_cast<int64_t>(kMaxPayload));
    const bool counts_parts = codec_ == CodecKind::kAv1;
    const int64_t number = counts_parts ? int64_t{frame_} * layers_.spatial + tag.spatial : frame_;
    for (tag.index = 0; tag.index < tag.count; ++tag.index) {
      MediaPacket& packet = packets.emplace_back();
      packet.payload = WriteMedia(tag, codec_, coding, static_cast<size_t>(part) / tag.count);
      if (counts_parts) packet.descriptor = DependencyDescriptor(tag, layers_, number);
      packet.number = number;
    }
  }
  packets.back().marker = true;
  return packets;
}

// ---- receiver
// ------------------------------------------------------------------------------------------------------------------------------

// Two packets with nothing between them.
std::string FrameReceiver::JudgeNeighbours(const Seen& before, const Seen& after) {
  const MediaTag& b = before.tag;
  const MediaTag& a = after.tag;
  const bool new_start = a.keyframe && FirstOf(a) && a.spatial == 0;
  const bool same_stream = b.publisher == a.publisher && b.layer == a.layer;
  const bool same_frame = same_stream && b.frame == a.frame;
  const bool same_part = same_frame && b.spatial == a.spatial && b.index + 1 == a.index;
  const bool next_part = same_frame && b.spatial + 1 == a.spatial && LastOf(b) && FirstOf(a);
  // Of frames with layers some may be left out.
  const bool follows = a.temporal > 0 || a.reference > 1 || b.temporal > 0 ? a.frame > b.frame : a.frame == b.frame + 1;
  const bool next_frame = same_stream && follows && a.spatial == 0 && FirstOf(a) && LastOf(b);
  if (!same_part && !next_part && !next_frame && !new_start) return "the packets are not in the publisher's order";
  if ((same_part || next_part) && after.place.timestamp != before.place.timestamp) return "one frame, two timestamps";
  if ((same_part || next_part) && before.place.marker) return "a frame goes on behind the marker";
  // A publisher that starts anew, or takes its picture back, may do so in the middle of a frame.
  if (next_frame && !new_start && !before.place.marker) return "a frame ends without the marker";
  if (after.place.picture && before.place.picture) {
    const int64_t step = *after.place.picture - *before.place.picture;
    if (step != (same_part || next_part ? 0 : 1)) return "the picture ids have a gap";
  }
  return {};
}

std::string FrameReceiver::Describe(const Seen& seen) {
  const MediaTag& tag = seen.tag;
  return "frame " + std::to_string(tag.frame) + " of u" + std::to_string(tag.publisher) + ", layer " +
         std::to_string(tag.layer) + " s" + std::to_string(tag.spatial) + " t" + std::to_string(tag.temporal) +
         (tag.keyframe ? ", key" : "") + ", packet " + std::to_string(tag.index + 1) + "/" + std::to_string(tag.count) +
         (seen.place.marker ? ", marker" : "");
}

std::string FrameReceiver::Judge(const Place& place, const MediaTag& tag) {
  const auto where = [&] { return " at sequence number " + std::to_string(place.seq); };
  const auto same = seen_.find(place.seq);
  if (same != seen_.end()) {
    const MediaTag& other = same->second.tag;
    if (other.publisher != tag.publisher || other.layer != tag.layer || other.frame != tag.frame ||
        other.index != tag.index || other.spatial != tag.spatial)
      return "one sequence number with two contents" + where();
    return {};
  }
  const auto next = seen_.upper_bound(place.seq);
  if (next == seen_.begin()) return {};
  const auto before = std::prev(next);
  if (static_cast<int32_t>(place.timestamp - before->second.place.timestamp) < 0)
    return "a timestamp goes back" + where();
  if (before->first != place.seq - 1) return {};
  const std::string wrong = JudgeNeighbours(before->second, {place, tag});
  return wrong.empty() ? wrong : wrong + where() + ": " + Describe(before->second) + ", then " + Describe({place, tag});
}

FrameReceiver::Verdict FrameReceiver::OnPacket(Time now, const Place& place, const MediaTag& tag) {
  Verdict verdict;
  verdict.violation = Judge(place, tag);
  seen_.emplace(place.seq, Seen{place, tag});
  if (seen_.size() > 1000) seen_.erase(seen_.begin());
  if (tag.publisher != publisher_ || tag.layer != layer_) {
    // A late packet of whoever was here before, or of the former layer, changes nothing.
    if (publisher_ != 0 && place.seq < source_starts_) return verdict;
    publisher_ = tag.publisher;
    layer_ = tag.layer;
    source_starts_ = place.seq;
    frames_.clear();
    shown_frames_.clear();
    waiting_since_ = now;
  }
  if (!shown_frames_.empty() && static_cast<int32_t>(tag.frame - shown_frames_.rbegin()->first) <= 0) return verdict;
  Frame& frame = frames_[tag.frame];
  Part& part = frame.parts[tag.spatial];
  part.packets.insert(tag.index);
  part.count = tag.count;
  if (place.marker) frame.ends_with = tag.spatial;
  frame.keyframe = tag.keyframe;
  frame.reference = tag.reference;
  frame.captured = tag.captured;
  Show(now);
  if (!frames_.empty() && !waiting_since_) waiting_since_ = now;
  if (frames_.empty()) waiting_since_.reset();
  if (frames_.size() > 300) frames_.erase(frames_.begin());
  return verdict;
}

bool FrameReceiver::Whole(const Frame& frame) {
  if (!frame.ends_with || frame.parts.size() != size_t{*frame.ends_with} + 1) return false;
  return std::all_of(frame.parts.begin(), frame.parts.end(),
                     [](const auto& part) { return part.second.packets.size() == part.second.count; });
}

bool FrameReceiver::Decodable(uint32_t number, const Frame& frame) const {
  if (frame.keyframe) return true;
  const auto reference = shown_frames_.find(number - frame.reference);
  return reference != shown_frames_.end() && reference->second >= *frame.ends_with;
}

void FrameReceiver::Show(Time now) {
  for (auto it = frames_.begin(); it != frames_.end();) {
    const Frame& frame = it->second;
    if (!Whole(frame) || !Decodable(it->first, frame)) {
      ++it;
      continue;
    }
    if (last_shown_ != Time::LongAgo()) longest_freeze_ = std::max(longest_freeze_, now - last_shown_);
    shown_frames_[it->first] = *frame.ends_with;
    if (shown_frames_.size() > 32) shown_frames_.erase(shown_frames_.begin());
    shown_spatial_ = *frame.ends_with;
    last_shown_ = now;
    last_delay_ = now - frame.captured;
    waiting_since_.reset();
    ++shown_;
    it = frames_.erase(frames_.begin(), std::next(it));
  }
}

}  // namespace duet::sim
