// Opus packets (RFC 6716 section 3).
//
//   |  config (5) |s| c |   config: mode, bandwidth, frame size (table 2); s: stereo; c: how many frames
//   c = 0: one frame    1: two of equal size    2: two, the first with a length    3: |v|p| M (6) |, M frames
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace duet {

enum class OpusMode : uint8_t { kSilk, kHybrid, kCelt };
enum class OpusBandwidth : uint8_t { kNarrow, kMedium, kWide, kSuperWide, kFull };  // 4, 6, 8, 12, 20 kHz

struct OpusPacketInfo {
  OpusMode mode = OpusMode::kSilk;
  OpusBandwidth bandwidth = OpusBandwidth::kNarrow;
  bool stereo = false;
  uint16_t frame_ticks = 0;  // of one frame, at 48 kHz: 120 (2.5 ms) .. 2880 (60 ms)
  uint8_t frame_count = 0;   // 1..48
  bool dtx = false;          // nothing or next to nothing is said: at most two bytes (RFC 7587 section 3.1.3)

  // Of the packet, at 48 kHz, the clock of RTP for Opus; at most 5760 (120 ms).
  uint16_t duration_ticks() const { return static_cast<uint16_t>(frame_ticks * frame_count); }
};

// Nothing when the packet breaks one of the rules R1 to R7 of RFC 6716 section 3.4.
std::optional<OpusPacketInfo> ParseOpus(Bytes packet);

}  // namespace duet
