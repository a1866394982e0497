// AudioSpecificConfig of MPEG-4 audio (ISO/IEC 14496-3 section 1.6.2.1), for AAC.
//
//   object type (5; 31: 6 more), frequency index (4; 15: 24 bits of Hz), channels (4)
//   object type 5 or 29 (HE-AAC): frequency of the whole, then the object type of the core
//   frame length flag (1): 960 instead of 1024 samples; depends on core coder (1); extension (1)
//   perhaps 0x2B7 (11), 5 (5), present (1), frequency of the whole: HE-AAC said so that old decoders do not notice
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace duet {

struct AacConfig {
  uint8_t object_type = 2;       // of the core; 2 = LC
  uint32_t sample_rate = 48000;  // of the core
  uint8_t channels = 2;          // 1..8 of the core
  uint16_t frame_samples = 1024;
  bool sbr = false;  // HE-AAC: twice the samples and (mostly) twice the rate
  bool ps = false;   // HE-AAC v2: a mono core that sounds in stereo
  uint32_t output_rate = 48000;

  bool operator==(const AacConfig&) const = default;
};

// kTruncated; kMalformed: a frequency or channel number that is reserved; kUnsupported: no AAC of the kinds main, LC,
// SSR or LTP, or channels described in the stream itself. HE-AAC may also be there without being said: a decoder finds
// it.
Result<AacConfig> ParseAacConfig(Bytes bytes);

// AAC-LC in two bytes (five for a rate that has no index). REQUIRES: channels 1..8, not 7; rate below 2^24.
std::vector<std::byte> WriteAacConfig(uint32_t sample_rate, uint8_t channels);

}  // namespace duet
