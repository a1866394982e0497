// VP8 over RTP (RFC 7741 sections 4.2 and 4.3).
//
//    0 1 2 3 4 5 6 7
//   |X|R|N|S|R| PID |    S: start of partition PID; N: no other frame refers to this one
//   |I|L|T|K|  RSV  |    when X
//   |M| picture id  |    when I; M: 15 bits, one more byte
//   |   tl0picidx   |    when L
//   |tid|Y| keyidx  |    when T or K
//   then the VP8 payload; the first packet of a frame (S and PID 0) begins with the frame header
//   |Size0|H| VER |P|    P = 0: keyframe, then size (16), start code 9d 01 2a, width (14) and scale (2), height, scale
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace duet {

struct Vp8PayloadInfo {
  bool valid = false;  // the descriptor is whole and something is behind it
  bool starts_keyframe = false;
  bool start_of_frame = false;
  bool start_of_partition = false;
  bool non_reference = false;
  uint8_t partition_index = 0;  // 0..7

  bool has_picture_id = false;
  bool long_picture_id = false;  // 15 bits
  uint16_t picture_id = 0;
  bool has_tl0_pic_idx = false;
  uint8_t tl0_pic_idx = 0;
  bool has_temporal_id = false;
  uint8_t temporal_id = 0;  // 0..3
  bool layer_sync = false;  // Y: depends on the base layer only
  bool has_key_idx = false;
  uint8_t key_idx = 0;  // 0..31

  uint8_t descriptor_size = 0;  // 1..6
  // Of a keyframe whose header is whole, else 0; before scaling.
  uint16_t width = 0;
  uint16_t height = 0;
};

Vp8PayloadInfo ParseVp8Payload(Bytes payload);

// The numbers by which a receiver tells pictures and their layers apart.
struct Vp8Numbers {
  uint16_t picture_id = 0;  // 15 bits
  uint8_t tl0_pic_idx = 0;
  uint8_t key_idx = 0;  // 5 bits

  bool operator==(const Vp8Numbers&) const = default;
};

// Copies the descriptor of `payload` (parsed as `info`, REQUIRES: valid) to `out` with other numbers in the fields that
// it has; its size stays, a picture id of 7 bits gets the low 7 bits. `out` may be the payload itself. Returns
// descriptor_size, or 0 when `out` is smaller.
size_t RewriteVp8Descriptor(Bytes payload, const Vp8PayloadInfo& info, const Vp8Numbers& numbers, MutableBytes out);

}  // namespace duet
