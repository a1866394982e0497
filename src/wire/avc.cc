#include "wire/avc.h"

#include "base/check.h"
#include "wire/bit_reader.h"

namespace duet {
namespace {

constexpr size_t kMaxSetBytes = 0xFFFF;

Status ReadSets(ByteReader& reader, size_t count, FixedVector<Bytes, AvcConfig::kMaxSets>& sets, H264Nal type) {
  for (size_t i = 0; i < count; ++i) {
    const Bytes nal = reader.Read(reader.U16());
    if (!reader.ok()) return Error{ErrorCode::kTruncated, "the AVC configuration ends early"};
    if (nal.empty() || H264NalType(nal[0]) != type) {
      return Error{ErrorCode::kMalformed, "the AVC configuration has something else among its parameter sets"};
    }
    if (!sets.push_back(nal)) return Error{ErrorCode::kLimit, "the AVC configuration has too many parameter sets"};
  }
  return Ok{};
}

void AppendU16(size_t value, std::vector<std::byte>& out) {
  out.push_back(static_cast<std::byte>(value >> 8));
  out.push_back(static_cast<std::byte>(value));
}

}  // namespace

Result<AvcConfig> ParseAvcConfig(Bytes record) {
  ByteReader reader(record);
  const uint8_t version = reader.U8();
  reader.Skip(3);  // the SPS says the same
  AvcConfig config;
  config.length_bytes = static_cast<uint8_t>((reader.U8() & 3) + 1);
  const size_t sps = reader.U8() & 0x1fu;
  if (!reader.ok()) return Error{ErrorCode::kTruncated, "the AVC configuration ends early"};
  if (version != 1) return Error{ErrorCode::kMalformed, "the AVC configuration has an unknown version"};
  if (config.length_bytes == 3) return Error{ErrorCode::kMalformed, "NAL unit lengths of 3 bytes do not exist"};
  if (auto status = ReadSets(reader, sps, config.sps, H264Nal::kSps); !status) return status.error();
  const size_t pps = reader.U8();
  if (!reader.ok()) return Error{ErrorCode::kTruncated, "the AVC configuration ends early"};
  if (auto status = ReadSets(reader, pps, config.pps, H264Nal::kPps); !status) return status.error();
  return config;
}

void AppendAvcConfig(Bytes sps, Bytes pps, std::vector<std::byte>& out) {
  DUET_CHECK(sps.size() >= 4 && sps.size() <= kMaxSetBytes && !pps.empty() && pps.size() <= kMaxSetBytes);
  // Version, then profile, compatibility and level as in the SPS; lengths of 4 bytes; one SPS.
  const std::byte head[] = {std::byte{1}, sps[1], sps[2], sps[3], std::byte{0xFF}, std::byte{0xE1}};
  out.insert(out.end(), std::begin(head), std::end(head));
  AppendU16(sps.size(), out);
  out.insert(out.end(), sps.begin(), sps.end());
  out.push_back(std::byte{1});
  AppendU16(pps.size(), out);
  out.insert(out.end(), pps.begin(), pps.end());
  // The high profiles want their chroma format repeated (section 5.3.3.1.2): 4:2:0, 8 bits, no SPS extensions.
  const uint8_t profile = LoadU8(&sps[1]);
  if (profile == 100 || profile == 110 || profile == 122 || profile == 144) {
    const std::byte tail[] = {std::byte{0xFD}, std::byte{0xF8}, std::byte{0xF8}, std::byte{0}};
    out.insert(out.end(), std::begin(tail), std::end(tail));
  }
}

void AppendAvccNal(Bytes nal, std::vector<std::byte>& out) {
  std::byte length[4];
  StoreU32(length, static_cast<uint32_t>(nal.size()));
  out.insert(out.end(), std::begin(length), std::end(length));
  out.insert(out.end(), nal.begin(), nal.end());
}

std::optional<H264Slice> ParseH264SliceType(Bytes nal) {
  if (nal.empty()) return std::nullopt;
  const H264Nal type = H264NalType(nal[0]);
  if (type != H264Nal::kSlice && type != H264Nal::kIdrSlice) return std::nullopt;
  BitReader bits(nal.subspan(1));
  bits.Unsigned();  // first_mb_in_slice
  const uint32_t slice_type = bits.Unsigned();
  // 5 to 9 mean the same, and that all slices of the picture are alike.
  if (!bits.ok() || slice_type > 9) return std::nullopt;
  return static_cast<H264Slice>(slice_type % 5);
}

}  // namespace duet
