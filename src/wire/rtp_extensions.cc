#include "wire/rtp_extensions.h"

namespace duet {
namespace {

uint32_t LoadU24(const std::byte* p) { return (static_cast<uint32_t>(LoadU16(p)) << 8) | LoadU8(p + 2); }

std::array<std::byte, 3> Encode24(uint32_t value) {
  std::array<std::byte, 3> out;
  ByteWriter(out).U24(value);
  return out;
}

}  // namespace

std::optional<AbsSendTime> AbsSendTime::Parse(Bytes content) {
  if (content.size() != 3) return std::nullopt;
  return AbsSendTime{LoadU24(content.data())};
}

std::array<std::byte, 3> AbsSendTime::Encode() const { return Encode24(value); }

Duration AbsSendTime::Since(AbsSendTime earlier) const {
  constexpr int kFractionBits = 18;
  constexpr uint32_t kHalf = 1u << 23;
  const uint32_t distance = (value - earlier.value) & 0xFFFFFF;
  const int64_t ticks = distance >= kHalf ? static_cast<int64_t>(distance) - (int64_t{1} << 24) : distance;
  return Duration::Micros(ticks * 1'000'000 / (int64_t{1} << kFractionBits));
}

std::optional<AudioLevel> AudioLevel::Parse(Bytes content) {
  if (content.empty() || content.size() > 2) return std::nullopt;
  const uint8_t octet = LoadU8(content.data());
  return AudioLevel{.voice = (octet & 0x80) != 0, .minus_dbov = static_cast<uint8_t>(octet & 0x7f)};
}

std::array<std::byte, 1> AudioLevel::Encode() const {
  return {static_cast<std::byte>((voice ? 0x80 : 0) | (minus_dbov & 0x7f))};
}

std::optional<TransportSequenceNumber> TransportSequenceNumber::Parse(Bytes content) {
  if (content.size() != 2 && content.size() != 4) return std::nullopt;
  return TransportSequenceNumber{LoadU16(content.data())};
}

std::array<std::byte, 2> TransportSequenceNumber::Encode() const {
  std::array<std::byte, 2> out;
  StoreU16(out.data(), value);
  return out;
}

std::optional<VideoOrientation> VideoOrientation::Parse(Bytes content) {
  if (content.size() != 1) return std::nullopt;
  const uint8_t octet = LoadU8(content.data());
  return VideoOrientation{.back_camera = (octet & 8) != 0,
                          .flipped = (octet & 4) != 0,
                          .clockwise_degrees = static_cast<uint16_t>(90 * (octet & 3))};
}

std::array<std::byte, 1> VideoOrientation::Encode() const {
  return {static_cast<std::byte>((back_camera ? 8 : 0) | (flipped ? 4 : 0) | ((clockwise_degrees / 90) & 3))};
}

std::optional<PlayoutDelay> PlayoutDelay::Parse(Bytes content) {
  if (content.size() != 3) return std::nullopt;
  const uint32_t value = LoadU24(content.data());
  return PlayoutDelay{static_cast<uint16_t>(value >> 12), static_cast<uint16_t>(value & 0xFFF)};
}

std::array<std::byte, 3> PlayoutDelay::Encode() const {
  return Encode24((uint32_t{min_units} & 0xFFF) << 12 | (uint32_t{max_units} & 0xFFF));
}

}  // namespace duet
