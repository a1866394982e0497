// Input: a codec (8), then steps: what (8), two parameters (8 each), a length (8) and bytes. A step is a packet - its
// payload for VP8, VP9 and H.264, for AV1 the dependency descriptor - in order, after a gap or late; or another choice
// of layers; or another source.
//
// Whatever the headers say: what is read of layers stays in its bounds, every packet that goes has a number of its own,
// the packets of a source keep their order, and a descriptor with other numbers says these and is otherwise the same.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "base/bytes.h"
#include "base/check.h"
#include "peer/frame_layers.h"
#include "peer/layer_filter.h"
#include "wire/vp8.h"

using namespace duet;

namespace {

constexpr uint8_t kDescriptor = 12;
constexpr std::array kKinds = {CodecKind::kVp8, CodecKind::kVp9, CodecKind::kAv1, CodecKind::kH264};

class Run {
 public:
  explicit Run(uint8_t codec) : reader_(kKinds[codec % kKinds.size()]) {
    codec_.kind = kKinds[codec % kKinds.size()];
    in_.codec = &codec_;
  }

  void Step(ByteReader& input) {
    const uint8_t what = input.U8();
    const uint8_t a = input.U8();
    const uint8_t b = input.U8();
    const Bytes bytes = input.Read(std::min<size_t>(input.U8(), input.remaining()));
    if (!input.ok()) return;
    switch (what % 8) {
      case 6:
        filter_.set_spatial(a % kMaxLayers);
        filter_.set_temporal(b % 8);
        return;
      case 7: return NextSource(a);
      default: break;
    }
    // Late packets have a chance of one in six, gaps too.
    int64_t seq = newest_ + 1;
    if (what % 8 == 4) seq += b % 40;
    if (what % 8 == 5) seq = newest_ - b % 40;
    if (seq < first_ || !came_.insert(seq).second) return;
    newest_ = std::max(newest_, seq);
    Packet(seq, a, bytes);
  }

 private:
  void NextSource(uint8_t kind) {
    if (kind % 2 != 0) reader_ = FrameLayerReader(codec_.kind);
    first_ = newest_ = newest_ + 1000;
    came_.clear();
    numbers_.clear();
    started_ = false;
  }

  void Packet(int64_t seq, uint8_t flags, Bytes bytes) {
    RtpHeaderWriter writer(packet_);
    if ((flags & 1) != 0) timestamp_ += 3000;
    writer.Begin({.marker = (flags & 2) != 0, .sequence_number = static_cast<uint16_t>(seq), .timestamp = timestamp_});
    const bool av1 = codec_.kind == CodecKind::kAv1;
    if (av1 && !bytes.empty()) writer.AddExtension(kDescriptor, bytes);
    const size_t header = writer.Finish();
    DUET_CHECK(header > 0);
    const std::array<std::byte, 2> av1_payload = {(flags & 4) != 0 ? std::byte{0x18} : std::byte{0x10},
                                                  std::byte{0x30}};
    const Bytes payload = av1 ? Bytes(av1_payload) : bytes;
    std::copy(payload.begin(), payload.end(), packet_.begin() + static_cast<std::ptrdiff_t>(header));
    const auto view = ParseRtp(Bytes(packet_).first(header + payload.size()));
    DUET_CHECK(view.has_value());
    const FrameLayerReader::Reading reading = reader_.Read(*view, seq, kDescriptor);
    const FrameLayers& layers = reading.layers;
    DUET_CHECK(layers.spatial_count >= 1 && layers.spatial_count <= kMaxLayers);
    DUET_CHECK(layers.spatial < kMaxLayers && layers.temporal <= TemporalFilter::kMaxTemporalId);
    DUET_CHECK(!layers.known || codec_.kind != CodecKind::kH264);
    if (!started_) {
      if (!reading.starts_keyframe) return;
      started_ = true;
      first_ = seq;
      filter_.Start(seq, highest_out_ + 1);
    }
    in_.seq = seq;
    in_.view = *view;
    in_.starts_keyframe = reading.starts_keyframe;
    in_.frame = layers;
    Check(payload, filter_.Accept(in_));
  }

  void Check(Bytes payload, const std::optional<LayerFilter::Place>& place) {
    if (!place) return;
    const auto [at, is_new] = numbers_.emplace(place->seq, in_.seq);
    DUET_CHECK(is_new && sent_.insert(place->seq).second);
    DUET_CHECK(at == numbers_.begin() || std::prev(at)->second < in_.seq);
    DUET_CHECK(std::next(at) == numbers_.end() || std::next(at)->second > in_.seq);
    DUET_CHECK(place->marker || !in_.view.marker);
    highest_out_ = std::max(highest_out_, place->seq);
    if (!place->numbers || codec_.kind != CodecKind::kVp8) return;
    const Vp8PayloadInfo info = ParseVp8Payload(payload);
    std::array<std::byte, 256> out;
    DUET_CHECK(info.valid && RewriteVp8Descriptor(payload, info, *place->numbers, out) == info.descriptor_size);
    std::copy(payload.begin() + static_cast<std::ptrdiff_t>(info.descriptor_size), payload.end(),
              out.begin() + static_cast<std::ptrdiff_t>(info.descriptor_size));
    const Vp8PayloadInfo again = ParseVp8Payload(Bytes(out).first(payload.size()));
    DUET_CHECK(again.valid && again.starts_keyframe == info.starts_keyframe && again.temporal_id == info.temporal_id);
    const uint16_t mask = info.long_picture_id ? 0x7fff : 0x7f;
    DUET_CHECK(!info.has_picture_id || again.picture_id == (place->numbers->picture_id & mask));
  }

  CodecConfig codec_;
  FrameLayerReader reader_;
  LayerFilter filter_;
  ReceivedRtp in_;
  std::array<std::byte, 600> packet_{};
  uint32_t timestamp_ = 0xffff'0000;
  bool started_ = false;
  int64_t first_ = 0;
  int64_t newest_ = 65'000;
  int64_t highest_out_ = 100;
  std::set<int64_t> came_;
  std::set<int64_t> sent_;
  std::map<int64_t, int64_t> numbers_;  // of this source, sent to received
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  Run run(input.U8());
  while (input.remaining() > 4) run.Step(input);
  return 0;
}
