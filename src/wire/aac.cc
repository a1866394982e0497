#include "wire/aac.h"

#include <array>

#include "base/check.h"

namespace duet {
namespace {

constexpr std::array<uint32_t, 13> kRates = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                             22050, 16000, 12000, 11025, 8000,  7350};
constexpr uint32_t kExplicitRate = 15;
constexpr uint32_t kSbr = 5;
constexpr uint32_t kPs = 29;

class Bits {
 public:
  explicit Bits(Bytes bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  size_t left() const { return bytes_.size() * 8 - at_; }
  uint32_t Read(size_t n) {
    if (left() < n) {
      ok_ = false;
      at_ = bytes_.size() * 8;
      return 0;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < n; ++i, ++at_) value = value << 1 | ((LoadU8(&bytes_[at_ / 8]) >> (7 - at_ % 8)) & 1u);
    return value;
  }

 private:
  Bytes bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

uint32_t ReadObjectType(Bits& bits) {
  const uint32_t type = bits.Read(5);
  return type == 31 ? 32 + bits.Read(6) : type;
}

// 0 for a reserved index.
uint32_t ReadRate(Bits& bits) {
  const uint32_t index = bits.Read(4);
  if (index == kExplicitRate) return bits.Read(24);
  return index < kRates.size() ? kRates[index] : 0;
}

// HE-AAC announced behind the end of what old decoders read.
void ReadSyncExtension(Bits& bits, AacConfig& config) {
  constexpr uint32_t kSyncSbr = 0x2B7;
  constexpr uint32_t kSyncPs = 0x548;
  if (config.sbr || bits.left() < 16 || bits.Read(11) != kSyncSbr) return;
  if (ReadObjectType(bits) != kSbr || bits.Read(1) == 0) return;
  const uint32_t rate = ReadRate(bits);
  if (!bits.ok() || rate == 0) return;
  config.sbr = true;
  config.output_rate = rate;
  if (bits.left() >= 12 && bits.Read(11) == kSyncPs) config.ps = bits.Read(1) != 0;
}

}  // namespace

Result<AacConfig> ParseAacConfig(Bytes bytes) {
  Bits bits(bytes);
  AacConfig config;
  uint32_t type = ReadObjectType(bits);
  config.sample_rate = ReadRate(bits);
  config.output_rate = config.sample_rate;
  const uint32_t channels = bits.Read(4);
  if (type == kSbr || type == kPs) {
    config.sbr = true;
    config.ps = type == kPs;
    config.output_rate = ReadRate(bits);
    type = ReadObjectType(bits);
  }
  if (!bits.ok()) return Error{ErrorCode::kTruncated, "the AAC configuration ends early"};
  if (config.sample_rate == 0 || config.output_rate == 0 || channels > 7) {
    return Error{ErrorCode::kMalformed, "the AAC configuration has a reserved frequency or channel number"};
  }
  if (type < 1 || type > 4) return Error{ErrorCode::kUnsupported, "MPEG-4 audio other than AAC"};
  if (channels == 0) return Error{ErrorCode::kUnsupported, "AAC whose channels are described in the stream"};
  config.object_type = static_cast<uint8_t>(type);
  config.channels = static_cast<uint8_t>(channels == 7 ? 8 : channels);
  config.frame_samples = bits.Read(1) != 0 ? 960 : 1024;
  if (bits.Read(1) != 0) bits.Read(14);  // delay of the core coder
  bits.Read(1);                          // extension flag
  if (!bits.ok()) return Error{ErrorCode::kTruncated, "the AAC configuration ends early"};
  ReadSyncExtension(bits, config);
  return config;
}

std::vector<std::byte> WriteAacConfig(uint32_t sample_rate, uint8_t channels) {
  DUET_CHECK(channels >= 1 && channels <= 8 && channels != 7 && sample_rate > 0 && sample_rate < 1u << 24);
  constexpr uint64_t kLc = 2;
  const uint64_t number = channels == 8 ? 7 : channels;
  uint64_t index = 0;
  while (index < kRates.size() && kRates[index] != sample_rate) ++index;
  const bool listed = index < kRates.size();
  // 5 + 4 + 4 + 3 bits, or 24 more.
  const uint64_t bits = listed ? kLc << 11 | index << 7 | number << 3
                               : kLc << 35 | uint64_t{kExplicitRate} << 31 | uint64_t{sample_rate} << 7 | number << 3;
  std::vector<std::byte> bytes;
  for (int shift = listed ? 8 : 32; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::byte>(bits >> shift));
  return bytes;
}

}  // namespace duet
