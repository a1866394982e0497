// H.264 over RTP (RFC 6184): what a payload starts, and what its stream is.
//
//   single NAL unit        F NRI type(1..23), data                                          section 5.6
//   STAP-A (type 24)       F NRI 24, then size (16) and NAL unit, several times             section 5.7.1
//   FU-A (type 28)         F NRI 28, then S E R type, then a fragment of the NAL unit       section 5.8
//
// The interleaved kinds (STAP-B, MTAP, FU-B) belong to packetization-mode 2, which no browser has; they count as
// malformed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace duet {

// ITU-T H.264 table 7-1, and the packet types of RFC 6184 table 1.
enum class H264Nal : uint8_t {
  kSlice = 1,
  kIdrSlice = 5,
  kSei = 6,
  kSps = 7,
  kPps = 8,
  kAccessUnitDelimiter = 9,
  kStapA = 24,
  kFuA = 28,
};
inline H264Nal H264NalType(std::byte header) { return static_cast<H264Nal>(LoadU8(&header) & 0x1f); }

struct H264PayloadInfo {
  bool valid = false;  // well formed; all else is false when not
  // An SPS, or the first slice of an IDR picture: where a decoder can start.
  bool starts_keyframe = false;
  // The first slice of a picture or something that stands before one (parameter sets, SEI, delimiter). Several packets
  // of a picture can have this; only one has starts_picture.
  bool start_of_frame = false;
  bool starts_picture = false;  // the first slice: first_mb_in_slice is 0
  uint32_t nal_types = 0;       // bit n: a NAL unit of type n, or a fragment of one, is in it

  bool has(H264Nal type) const { return (nal_types >> static_cast<uint8_t>(type)) & 1; }
};

H264PayloadInfo ParseH264Payload(Bytes payload);

// Calls f(Bytes nal) for the NAL unit or those of the STAP-A; for no fragment. False when a size of the STAP-A reaches
// past the payload; the NAL units before it were visited.
template <typename F>
bool ForEachH264Nal(Bytes payload, F&& f) {
  if (payload.empty()) return false;
  const H264Nal type = H264NalType(payload[0]);
  if (type == H264Nal::kFuA) return true;
  if (type != H264Nal::kStapA) {
    f(payload);
    return true;
  }
  ByteReader reader(payload.subspan(1));
  while (reader.remaining() > 0) {
    const Bytes nal = reader.Read(reader.U16());
    if (!reader.ok() || nal.empty()) return false;
    f(nal);
  }
  return payload.size() > 1;
}

// A sequence parameter set (ITU-T H.264 section 7.3.2.1.1), as far as the picture's size.
struct H264Sps {
  uint8_t profile_idc = 0;
  uint8_t constraint_flags = 0;
  uint8_t level_idc = 0;
  uint32_t width = 0;  // after cropping, in pixels; at most 16384
  uint32_t height = 0;
};
// `nal` with its header byte. Nothing when it is no SPS, ends too early, or a value is out of its range.
std::optional<H264Sps> ParseH264Sps(Bytes nal);

// RFC 6184 section 8.1: profile_idc, profile-iop and level_idc, two hexadecimal digits each.
struct H264ProfileLevelId {
  uint8_t profile_idc = 0x42;
  uint8_t profile_iop = 0;
  uint8_t level_idc = 10;

  // Exactly six digits.
  static std::optional<H264ProfileLevelId> Parse(std::string_view hex);
  static H264ProfileLevelId FromNumber(uint32_t value) {
    return {static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
  }
  uint32_t number() const {
    return static_cast<uint32_t>(profile_idc) << 16 | static_cast<uint32_t>(profile_iop) << 8 | level_idc;
  }
  bool operator==(const H264ProfileLevelId&) const = default;
};

enum class H264Profile : uint8_t {
  kUnknown,
  kConstrainedBaseline,
  kBaseline,
  kMain,
  kExtended,
  kConstrainedHigh,
  kHigh,
  kHigh10,
  kHigh422,
  kHigh444,
};
// The sub-profile by RFC 6184 table 5: several pairs of profile_idc and profile-iop mean constrained baseline.
H264Profile ProfileOf(H264ProfileLevelId id);

// True when a stream of one format is one of the other (RFC 6184 section 8.2.2): same known profile and the same
// packetization mode. The level may differ; it only bounds what may be sent.
bool IsSameH264Format(H264ProfileLevelId a, int packetization_mode_a, H264ProfileLevelId b, int packetization_mode_b);

}  // namespace duet
