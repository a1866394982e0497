// FrameLayers: where a packet stands among the layers that one RTP stream holds, and FrameLayerReader, which finds it
// out once for all receivers.
//
//   VP8   temporal layers, by the payload descriptor (RFC 7741 section 4.2)
//   VP9   temporal and spatial layers, by the payload descriptor (RFC 9628 section 4.2)
//   AV1   the same, by the dependency descriptor (a header extension; wire/av1_dependency.h)
//
// Thread rule: a reader is owned by one UptrackLayer. Nothing allocates after the first descriptor of AV1.
#pragma once

#include <cstdint>
#include <memory>

#include "base/seq.h"
#include "core/layers/picture_numbers.h"
#include "peer/peer_config.h"
#include "wire/av1_dependency.h"
#include "wire/rtp.h"

namespace duet {

struct FrameLayers {
  bool known = false;  // else the packet is everybody's
  uint8_t spatial = 0;
  uint8_t temporal = 0;
  uint8_t spatial_count = 1;     // of the stream, as known now; at most kMaxLayers, what is above counts as the highest
  bool ends_frame = false;       // the last packet of the picture in this spatial layer
  bool needs_base_only = false;  // of lower temporal layers it refers to the lowest alone
  bool opens_above = false;      // what follows in higher temporal layers refers to nothing of them before this
  int64_t number = 0;            // of the picture (VP8, VP9) or of the spatial layer's frame (AV1); without wraps
};

class FrameLayerReader {
 public:
  explicit FrameLayerReader(CodecKind kind) : kind_(kind) {}

  struct Reading {
    bool starts_keyframe = false;
    FrameLayers layers;
  };
  // `seq`: extended sequence number of the stream. `dependency_id`: of the header extension, 0 = not negotiated.
  Reading Read(const RtpPacketView& view, int64_t seq, uint8_t dependency_id);

 private:
  Reading ReadVp8(Bytes payload, int64_t seq);
  Reading ReadVp9(Bytes payload, int64_t seq);
  Reading ReadAv1(Bytes payload, Bytes descriptor);

  CodecKind kind_;
  PictureNumbers pictures_;
  uint8_t spatial_count_ = 1;
  Unwrapper<uint16_t> frames_;
  std::unique_ptr<Av1Structure> structure_;
};

}  // namespace duet
