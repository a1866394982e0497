// VP9 over RTP (RFC 9628 section 4.2).
//
//    0 1 2 3 4 5 6 7
//   |I|P|L|F|B|E|V|Z|    P: predicted from other pictures; B, E: first, last packet of a layer's frame
//   |M| picture id  |    when I; M: 15 bits, one more byte
//   | tid |U| sid |D|    when L
//   |   tl0picidx   |    when L and not F
//   |   p_diff    |N|    when P and F: one to three times, N: another follows
//   scalability structure, when V:
//   | n_s |Y|G|  -  |    n_s + 1 spatial layers
//   width (16), height (16) of each layer, when Y
//   n_g (8), when G; then n_g times
//   | tid |U| r | - |    and r times p_diff (8)
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/fixed_vector.h"

namespace duet {

struct Vp9PayloadInfo {
  static constexpr size_t kMaxSpatialLayers = 8;
  static constexpr size_t kMaxReferences = 3;

  bool valid = false;            // the descriptor is whole and something is behind it
  bool starts_keyframe = false;  // the first packet of a picture that needs no other, in its lowest spatial layer
  bool inter_picture = false;    // P
  bool flexible = false;         // F: references are told here, not by the structure
  bool start_of_frame = false;   // B; of one spatial layer's frame
  bool end_of_frame = false;     // E
  bool not_for_upper = false;    // Z: no higher spatial layer of the picture refers to this frame

  bool has_picture_id = false;
  bool long_picture_id = false;  // 15 bits
  uint16_t picture_id = 0;       // of all spatial layers together

  bool has_layers = false;
  uint8_t temporal_id = 0;    // 0..7
  uint8_t spatial_id = 0;     // 0..7
  bool switching_up = false;  // U: later pictures of higher temporal layers need none of these from before this picture
  bool inter_layer = false;   // D: predicted from the spatial layer below
  bool has_tl0_pic_idx = false;
  uint8_t tl0_pic_idx = 0;
  FixedVector<uint8_t, kMaxReferences> references;  // how many pictures back, 1..127; flexible mode

  bool has_structure = false;
  uint8_t spatial_layers = 0;  // 1..8
  bool has_sizes = false;
  std::array<uint16_t, kMaxSpatialLayers> widths{};
  std::array<uint16_t, kMaxSpatialLayers> heights{};
  uint8_t group_size = 0;  // pictures in the structure's group; their references are read past

  uint16_t descriptor_size = 0;
};

Vp9PayloadInfo ParseVp9Payload(Bytes payload);

}  // namespace duet
