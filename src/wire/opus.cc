#include "wire/opus.h"

#include <array>

namespace duet {
namespace {

constexpr size_t kMaxFrameBytes = 1275;  // rule R2
constexpr uint16_t kMaxDurationTicks = 5760;

// The length of a frame, one or two bytes (section 3.2.1).
size_t ReadLength(ByteReader& reader) {
  constexpr size_t kTwoByteStart = 252;
  const size_t first = reader.U8();
  return first < kTwoByteStart ? first : first + size_t{4} * reader.U8();
}

// Code 3 (section 3.2.5): |v|p| M |, padding lengths when p, M - 1 frame lengths when v, frames, padding.
bool ReadManyFrames(ByteReader& reader, OpusPacketInfo& info) {
  const uint8_t head = reader.U8();
  const bool variable = (head & 0x80) != 0;
  info.frame_count = head & 0x3f;
  if (info.frame_count == 0 || info.frame_ticks * info.frame_count > kMaxDurationTicks) return false;
  size_t padding = 0;
  if ((head & 0x40) != 0) {
    constexpr uint8_t kMore = 255;  // 254 bytes, and another length follows
    uint8_t length = kMore;
    while (length == kMore && reader.ok()) {
      length = reader.U8();
      padding += length == kMore ? kMore - 1 : length;
    }
  }
  if (!reader.ok() || padding > reader.remaining()) return false;
  if (!variable) {
    const size_t frames = reader.remaining() - padding;
    return frames % info.frame_count == 0 && frames / info.frame_count <= kMaxFrameBytes;
  }
  size_t told = 0;
  for (int i = 0; i + 1 < info.frame_count; ++i) {
    const size_t length = ReadLength(reader);
    if (length > kMaxFrameBytes) return false;
    told += length;
  }
  if (!reader.ok() || told + padding > reader.remaining()) return false;
  return reader.remaining() - padding - told <= kMaxFrameBytes;
}

// Table 2.
void ReadConfig(uint8_t config, OpusPacketInfo& info) {
  static constexpr std::array<uint16_t, 4> kSilkTicks = {480, 960, 1920, 2880};
  static constexpr std::array<uint16_t, 4> kCeltTicks = {120, 240, 480, 960};
  if (config < 12) {
    static constexpr std::array kBandwidths = {OpusBandwidth::kNarrow, OpusBandwidth::kMedium, OpusBandwidth::kWide};
    info.mode = OpusMode::kSilk;
    info.bandwidth = kBandwidths[config / 4];
    info.frame_ticks = kSilkTicks[config % 4];
  } else if (config < 16) {
    info.mode = OpusMode::kHybrid;
    info.bandwidth = config < 14 ? OpusBandwidth::kSuperWide : OpusBandwidth::kFull;
    info.frame_ticks = kSilkTicks[config % 2];
  } else {
    static constexpr std::array kBandwidths = {OpusBandwidth::kNarrow, OpusBandwidth::kWide, OpusBandwidth::kSuperWide,
                                               OpusBandwidth::kFull};
    info.mode = OpusMode::kCelt;
    info.bandwidth = kBandwidths[(config - 16) / 4];
    info.frame_ticks = kCeltTicks[config % 4];
  }
}

}  // namespace

std::optional<OpusPacketInfo> ParseOpus(Bytes packet) {
  if (packet.empty()) return std::nullopt;  // R1
  ByteReader reader(packet);
  const uint8_t toc = reader.U8();
  OpusPacketInfo info{.stereo = (toc & 4) != 0, .dtx = packet.size() <= 2};
  ReadConfig(toc >> 3, info);
  const size_t rest = reader.remaining();
  bool valid = false;
  switch (toc & 3) {
    case 0:
      info.frame_count = 1;
      valid = rest <= kMaxFrameBytes;
      break;
    case 1:  // R3
      info.frame_count = 2;
      valid = rest % 2 == 0 && rest / 2 <= kMaxFrameBytes;
      break;
    case 2: {  // R4
      info.frame_count = 2;
      const size_t first = ReadLength(reader);
      valid = reader.ok() && first <= reader.remaining() && first <= kMaxFrameBytes &&
              reader.remaining() - first <= kMaxFrameBytes;
      break;
    }
    default: valid = ReadManyFrames(reader, info);  // R5 to R7
  }
  if (!valid) return std::nullopt;
  return info;
}

}  // namespace duet
