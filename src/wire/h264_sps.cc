// The sequence parameter set, ITU-T H.264 sections 7.3.2.1.1 and 7.4.2.1.1.
#include "wire/bit_reader.h"
#include "wire/h264.h"

namespace duet {
namespace {

constexpr uint32_t kMaxDimension = 16384;
constexpr uint32_t kMacroblock = 16;

// The profiles whose parameter sets say the chroma format.
bool HasChromaFormat(uint8_t profile_idc) {
  switch (profile_idc) {
    case 44:
    case 83:
    case 86:
    case 100:
    case 110:
    case 118:
    case 122:
    case 128:
    case 134:
    case 135:
    case 138:
    case 139:
    case 244: return true;
    default: return false;
  }
}

void SkipScalingList(BitReader& bits, int size) {
  int32_t last = 8;
  int32_t next = 8;
  for (int i = 0; i < size && bits.ok() && next != 0; ++i) {
    next = (last + bits.Signed() % 256 + 256) % 256;
    if (next != 0) last = next;
  }
}

struct Chroma {
  uint32_t format = 1;  // 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4
  bool separate_planes = false;
};

Chroma ReadChroma(BitReader& bits) {
  Chroma chroma;
  chroma.format = bits.Unsigned();
  if (chroma.format == 3) chroma.separate_planes = bits.Bit() != 0;
  bits.Unsigned();  // bit_depth_luma_minus8
  bits.Unsigned();  // bit_depth_chroma_minus8
  bits.Bit();       // qpprime_y_zero_transform_bypass_flag
  if (bits.Bit() != 0) {
    const int lists = chroma.format == 3 ? 12 : 8;
    for (int i = 0; i < lists && bits.ok(); ++i) {
      if (bits.Bit() != 0) SkipScalingList(bits, i < 6 ? 16 : 64);
    }
  }
  return chroma;
}

void SkipPictureOrder(BitReader& bits) {
  const uint32_t type = bits.Unsigned();
  if (type == 0) {
    bits.Unsigned();  // log2_max_pic_order_cnt_lsb_minus4
  } else if (type == 1) {
    bits.Bit();     // delta_pic_order_always_zero_flag
    bits.Signed();  // offset_for_non_ref_pic
    bits.Signed();  // offset_for_top_to_bottom_field
    const uint32_t frames = bits.Unsigned();
    for (uint32_t i = 0; i < frames && bits.ok(); ++i) bits.Signed();
  }
}

// What is left of `size` pixels after a crop at both ends, in units of `unit`; 0 when nothing is.
uint32_t Cropped(uint32_t size, uint32_t unit, uint32_t first, uint32_t last) {
  const uint64_t cropped = uint64_t{unit} * (uint64_t{first} + last);
  return cropped < size ? size - static_cast<uint32_t>(cropped) : 0;
}

}  // namespace

std::optional<H264Sps> ParseH264Sps(Bytes nal) {
  if (nal.size() < 4 || H264NalType(nal[0]) != H264Nal::kSps) return std::nullopt;
  BitReader bits(nal.subspan(1));
  H264Sps sps;
  sps.profile_idc = static_cast<uint8_t>(bits.Bits(8));
  sps.constraint_flags = static_cast<uint8_t>(bits.Bits(8));
  sps.level_idc = static_cast<uint8_t>(bits.Bits(8));
  constexpr uint32_t kMaxId = 31;
  if (bits.Unsigned() > kMaxId) return std::nullopt;
  const Chroma chroma = HasChromaFormat(sps.profile_idc) ? ReadChroma(bits) : Chroma();
  if (chroma.format > 3) return std::nullopt;
  bits.Unsigned();  // log2_max_frame_num_minus4
  SkipPictureOrder(bits);
  bits.Unsigned();  // max_num_ref_frames
  bits.Bit();       // gaps_in_frame_num_value_allowed_flag
  const uint64_t width_mbs = uint64_t{bits.Unsigned()} + 1;
  const uint64_t height_units = uint64_t{bits.Unsigned()} + 1;
  const bool frames_only = bits.Bit() != 0;
  if (!frames_only) bits.Bit();  // mb_adaptive_frame_field_flag
  bits.Bit();                    // direct_8x8_inference_flag
  const uint64_t width = width_mbs * kMacroblock;
  const uint64_t height = height_units * kMacroblock * (frames_only ? 1 : 2);
  if (!bits.ok() || width > kMaxDimension || height > kMaxDimension) return std::nullopt;
  sps.width = static_cast<uint32_t>(width);
  sps.height = static_cast<uint32_t>(height);

  if (bits.Bit() != 0) {
    // Crops count chroma samples (section 7.4.2.1.1, equations 7-19 to 7-22); without chroma, luma samples.
    const bool subsampled = !chroma.separate_planes;
    const uint32_t unit_x = subsampled && (chroma.format == 1 || chroma.format == 2) ? 2 : 1;
    const uint32_t unit_y = (subsampled && chroma.format == 1 ? 2 : 1) * (frames_only ? 1u : 2u);
    const uint32_t left = bits.Unsigned();
    const uint32_t right = bits.Unsigned();
    const uint32_t top = bits.Unsigned();
    const uint32_t bottom = bits.Unsigned();
    sps.width = Cropped(sps.width, unit_x, left, right);
    sps.height = Cropped(sps.height, unit_y, top, bottom);
  }
  if (!bits.ok() || sps.width == 0 || sps.height == 0) return std::nullopt;
  return sps;
}

}  // namespace duet
