// A packet that parses keeps to the limits of RFC 6716 section 3.4.
#include <cstdint>

#include "base/check.h"
#include "wire/opus.h"

using namespace duet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto info = ParseOpus(std::as_bytes(std::span(data, size)));
  if (!info) return 0;
  DUET_CHECK(size > 0);
  DUET_CHECK(info->frame_count >= 1 && info->frame_count <= 48);
  DUET_CHECK(info->frame_ticks >= 120 && info->frame_ticks <= 2880 && info->frame_ticks % 120 == 0);
  DUET_CHECK(info->duration_ticks() <= 5760);
  DUET_CHECK(info->duration_ticks() == info->frame_count * info->frame_ticks);
  DUET_CHECK(info->dtx == (size <= 2));
  DUET_CHECK(info->mode == OpusMode::kSilk || info->bandwidth != OpusBandwidth::kMedium);
  return 0;
}
