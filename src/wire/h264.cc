#include "wire/h264.h"

#include <charconv>

namespace duet {
namespace {

constexpr uint8_t kMaxSingleNal = 23;

// What one NAL unit, or the first fragment of one, adds. `first_byte` is the first one behind the NAL header.
void AddNal(uint8_t type, std::optional<std::byte> first_byte, H264PayloadInfo& info) {
  info.nal_types |= 1u << type;
  switch (static_cast<H264Nal>(type)) {
    case H264Nal::kSps:
      info.starts_keyframe = true;
      info.start_of_frame = true;
      break;
    case H264Nal::kPps:
    case H264Nal::kSei:
    case H264Nal::kAccessUnitDelimiter: info.start_of_frame = true; break;
    case H264Nal::kSlice:
    case H264Nal::kIdrSlice: {
      // first_mb_in_slice leads the slice header; as an exponential Golomb code 0 is the single bit 1.
      const bool first_slice = first_byte && (LoadU8(&*first_byte) & 0x80) != 0;
      if (!first_slice) break;
      info.start_of_frame = true;
      info.starts_picture = true;
      if (type == static_cast<uint8_t>(H264Nal::kIdrSlice)) info.starts_keyframe = true;
      break;
    }
    default: break;
  }
}

H264PayloadInfo ParseFragment(Bytes payload) {
  constexpr uint8_t kStart = 0x80;
  constexpr uint8_t kEnd = 0x40;
  // A fragment holds at least a byte (RFC 6184 section 5.8), and is never both the first and the last.
  if (payload.size() < 3) return {};
  const uint8_t header = LoadU8(&payload[1]);
  const uint8_t type = header & 0x1f;
  if (type == 0 || type > kMaxSingleNal || (header & (kStart | kEnd)) == (kStart | kEnd)) return {};
  H264PayloadInfo info{.valid = true};
  if ((header & kStart) != 0) {
    AddNal(type, payload[2], info);
  } else {
    info.nal_types = 1u << type;
  }
  return info;
}

std::optional<uint8_t> ParseHexByte(std::string_view hex) {
  uint8_t value = 0;
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
  if (error != std::errc() || end != hex.data() + hex.size()) return std::nullopt;
  return value;
}

}  // namespace

H264PayloadInfo ParseH264Payload(Bytes payload) {
  if (payload.empty()) return {};
  const H264Nal packet_type = H264NalType(payload[0]);
  if (packet_type == H264Nal::kFuA) return ParseFragment(payload);
  H264PayloadInfo info{.valid = true};
  const bool whole = ForEachH264Nal(payload, [&](Bytes nal) {
    const auto type = static_cast<uint8_t>(H264NalType(nal[0]));
    if (type == 0 || type > kMaxSingleNal) {
      info.valid = false;
      return;
    }
    AddNal(type, nal.size() > 1 ? std::optional(nal[1]) : std::nullopt, info);
  });
  return whole && info.valid ? info : H264PayloadInfo{};
}

std::optional<H264ProfileLevelId> H264ProfileLevelId::Parse(std::string_view hex) {
  if (hex.size() != 6) return std::nullopt;
  const auto profile = ParseHexByte(hex.substr(0, 2));
  const auto iop = ParseHexByte(hex.substr(2, 2));
  const auto level = ParseHexByte(hex.substr(4, 2));
  if (!profile || !iop || !level) return std::nullopt;
  return H264ProfileLevelId{*profile, *iop, *level};
}

H264Profile ProfileOf(H264ProfileLevelId id) {
  struct Row {
    uint8_t profile_idc;
    uint8_t mask;  // the bits of profile-iop that count
    uint8_t iop;
    H264Profile profile;
  };
  // RFC 6184 table 5; constrained high (both of constraint_set4 and 5) is from ITU-T H.264 section A.2.4.2.
  static constexpr Row kRows[] = {
      {0x42, 0x4F, 0x40, H264Profile::kConstrainedBaseline},
      {0x4D, 0x8F, 0x80, H264Profile::kConstrainedBaseline},
      {0x58, 0xCF, 0xC0, H264Profile::kConstrainedBaseline},
      {0x42, 0x4F, 0x00, H264Profile::kBaseline},
      {0x58, 0xCF, 0x80, H264Profile::kBaseline},
      {0x4D, 0xAF, 0x00, H264Profile::kMain},
      {0x58, 0xCF, 0x00, H264Profile::kExtended},
      {0x64, 0xFF, 0x00, H264Profile::kHigh},
      {0x64, 0xFF, 0x0C, H264Profile::kConstrainedHigh},
      {0x6E, 0xFF, 0x00, H264Profile::kHigh10},
      {0x7A, 0xFF, 0x00, H264Profile::kHigh422},
      {0xF4, 0xFF, 0x00, H264Profile::kHigh444},
  };
  for (const Row& row : kRows) {
    if (row.profile_idc == id.profile_idc && (id.profile_iop & row.mask) == row.iop) return row.profile;
  }
  return H264Profile::kUnknown;
}

bool IsSameH264Format(H264ProfileLevelId a, int packetization_mode_a, H264ProfileLevelId b, int packetization_mode_b) {
  const H264Profile profile = ProfileOf(a);
  return packetization_mode_a == packetization_mode_b && profile != H264Profile::kUnknown && profile == ProfileOf(b);
}

}  // namespace duet
