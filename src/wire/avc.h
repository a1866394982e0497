// H.264 as files and RTMP carry it (ISO/IEC 14496-15): "AVCC".
//
//   AVCDecoderConfigurationRecord: 1 (8), profile, compatibility, level (8 each), 111111 (6), length size - 1 (2),
//     111 (3), number of SPS (5), each: length (16), NAL unit; number of PPS (8), each the same; perhaps more
//   access unit: NAL units, each behind its length (8, 16 or 32 bits)
//
// Thread rule: views, valid as long as the bytes that they were parsed from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/fixed_vector.h"
#include "base/result.h"
#include "wire/h264.h"

namespace duet {

struct AvcConfig {
  // Encoders for calls write one of each.
  static constexpr size_t kMaxSets = 16;

  uint8_t length_bytes = 4;  // 1, 2 or 4
  FixedVector<Bytes, kMaxSets> sps;
  FixedVector<Bytes, kMaxSets> pps;
};

// kTruncated, kMalformed or kLimit. A record without parameter sets is well formed: they may come in the stream.
Result<AvcConfig> ParseAvcConfig(Bytes record);
// Appends the record for these parameter sets with lengths of 4 bytes. REQUIRES: an SPS of 4 bytes or more, a PPS, at
// most 65535 bytes each.
void AppendAvcConfig(Bytes sps, Bytes pps, std::vector<std::byte>& out);

// Calls f(Bytes nal) for each NAL unit of an access unit; empty ones are skipped. False when a length reaches past the
// end; those before it were visited.
template <typename F>
bool ForEachAvccNal(Bytes unit, uint8_t length_bytes, F&& f) {
  ByteReader reader(unit);
  while (reader.remaining() > 0) {
    const uint32_t length = length_bytes == 4 ? reader.U32() : length_bytes == 2 ? reader.U16() : reader.U8();
    const Bytes nal = reader.Read(length);
    if (!reader.ok()) return false;
    if (!nal.empty()) f(nal);
  }
  return true;
}

// Appends a NAL unit behind its length in 4 bytes.
void AppendAvccNal(Bytes nal, std::vector<std::byte>& out);

enum class H264Slice : uint8_t { kP, kB, kI, kSp, kSi };
// The kind of a slice (ITU-T H.264 section 7.4.3); nothing for another NAL unit, or one that is cut short.
std::optional<H264Slice> ParseH264SliceType(Bytes nal);
// nal_ref_idc: whether other pictures may refer to this one.
inline bool IsH264Reference(Bytes nal) { return (LoadU8(nal.data()) & 0x60) != 0; }

}  // namespace duet
