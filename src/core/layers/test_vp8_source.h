// For tests: a VP8 encoder with three temporal layers, as descriptors, and a filter that takes them.
#pragma once

#include <cstdint>

#include "core/layers/picture_numbers.h"
#include "core/layers/temporal_filter.h"
#include "wire/vp8.h"

namespace duet {

struct TestPacket {
  Vp8PayloadInfo info;
  int64_t seq = 0;
};

// Layers 0 2 1 2 0 2 1 2; in each eight pictures the first of layer 1 and the first of layer 2 are sync pictures.
class TestVp8Source {
 public:
  explicit TestVp8Source(uint16_t picture_id = 100, uint8_t tl0 = 50, uint8_t key = 5, int64_t seq = 70000)
      : picture_id_(picture_id), tl0_(tl0), key_(key), seq_(seq) {}

  bool long_picture_id = true;

  // The next picture, in one packet.
  TestPacket Next(bool keyframe = false) {
    static constexpr uint8_t kLayers[8] = {0, 2, 1, 2, 0, 2, 1, 2};
    if (at_ < 0) keyframe = true;
    at_ = keyframe ? 0 : (at_ + 1) % 8;
    picture_id_ = static_cast<uint16_t>((picture_id_ + 1) & (long_picture_id ? 0x7fff : 0x7f));
    if (kLayers[at_] == 0) ++tl0_;
    if (keyframe) key_ = static_cast<uint8_t>((key_ + 1) & 0x1f);
    Vp8PayloadInfo info;
    info.valid = true;
    info.start_of_partition = info.start_of_frame = true;
    info.starts_keyframe = keyframe;
    info.has_picture_id = info.has_tl0_pic_idx = info.has_temporal_id = info.has_key_idx = true;
    info.long_picture_id = long_picture_id;
    info.picture_id = picture_id_;
    info.tl0_pic_idx = tl0_;
    info.temporal_id = kLayers[at_];
    info.layer_sync = at_ == 1 || at_ == 2;
    info.key_idx = key_;
    return {info, ++seq_};
  }
  // Another packet of the picture that Next has given last.
  TestPacket More(const TestPacket& first) {
    TestPacket packet = first;
    packet.info.start_of_partition = packet.info.start_of_frame = packet.info.starts_keyframe = false;
    packet.seq = ++seq_;
    return packet;
  }

 private:
  int at_ = -1;
  uint16_t picture_id_;
  uint8_t tl0_;
  uint8_t key_;
  int64_t seq_;
};

// The filter behind what reads descriptors, as it stands in a receiver's way.
class TestVp8Filter : public TemporalFilter {
 public:
  using TemporalFilter::Pass;
  void StartSource() {
    TemporalFilter::StartSource();
    numbers_ = PictureNumbers();
  }
  bool Pass(const Vp8PayloadInfo& info, int64_t seq) {
    return Pass({.number = numbers_.Unwrap(info.picture_id, info.long_picture_id, seq),
                 .temporal_id = info.temporal_id,
                 .needs_base_only = info.layer_sync,
                 .opens_above = info.starts_keyframe});
  }

 private:
  PictureNumbers numbers_;
};

}  // namespace duet
