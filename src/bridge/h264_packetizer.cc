#include "bridge/h264_packetizer.h"

#include <algorithm>

namespace duet {
namespace {

constexpr uint8_t kFiller = 12;
constexpr uint8_t kEndOfSequence = 10;
constexpr uint8_t kEndOfStream = 11;

bool IsNeedless(H264Nal type) {
  const auto number = static_cast<uint8_t>(type);
  return type == H264Nal::kAccessUnitDelimiter || number == kFiller || number == kEndOfSequence ||
         number == kEndOfStream || number == 0 || number > 23;
}

bool SameFormat(const H264Sps& a, const H264Sps& b) {
  return a.width == b.width && a.height == b.height && a.profile_idc == b.profile_idc &&
         a.constraint_flags == b.constraint_flags && a.level_idc == b.level_idc;
}

}  // namespace

void H264Packetizer::Remember(Bytes nal, std::vector<std::byte>& set) {
  if (std::equal(nal.begin(), nal.end(), set.begin(), set.end())) return;
  set.assign(nal.begin(), nal.end());
  sets_changed_ = true;
}

Status H264Packetizer::SetConfig(Bytes record) {
  const auto config = ParseAvcConfig(record);
  if (!config.ok()) return config.error();
  length_bytes_ = config->length_bytes;
  if (!config->sps.empty()) Remember(config->sps[0], sps_);
  if (!config->pps.empty()) Remember(config->pps[0], pps_);
  return Ok{};
}

bool H264Packetizer::Collect(Bytes access_unit, Picture& picture) {
  nals_.clear();
  return ForEachAvccNal(access_unit, length_bytes_, [&](Bytes nal) {
    const H264Nal type = H264NalType(nal[0]);
    if (IsNeedless(type)) return;
    if (type == H264Nal::kSps) return Remember(nal, sps_);
    if (type == H264Nal::kPps) return Remember(nal, pps_);
    if (type == H264Nal::kIdrSlice) picture.keyframe = true;
    if (ParseH264SliceType(nal) == H264Slice::kB) {
      picture.dropped_b = true;
      picture.dropped_reference |= IsH264Reference(nal);
    }
    nals_.push_back(nal);
  });
}

Result<H264Packetizer::Picture> H264Packetizer::Packetize(Bytes access_unit) {
  Picture picture;
  if (!Collect(access_unit, picture)) return Error{ErrorCode::kMalformed, "a NAL unit's length is wrong"};
  if (picture.dropped_b || nals_.empty()) return picture;
  if (sps_.empty() || pps_.empty()) {
    return Error{ErrorCode::kUnavailable, "a picture came before the parameter sets"};
  }
  if (picture.keyframe || sets_changed_) {
    nals_.insert(nals_.begin(), {Bytes(sps_), Bytes(pps_)});
    if (sets_changed_) {
      const auto format = ParseH264Sps(sps_);
      if (format && (!format_ || !SameFormat(*format, *format_))) picture.new_format = format;
      if (format) format_ = format;
    }
    sets_changed_ = false;
  }
  WriteAll();
  picture.payloads = payloads_;
  return picture;
}

void H264Packetizer::WriteAll() {
  buffer_.clear();
  parts_.clear();
  for (size_t i = 0; i < nals_.size();) {
    if (nals_[i].size() > kMaxPayload) {
      WriteFragments(nals_[i++]);
      continue;
    }
    size_t size = 1 + 2 + nals_[i].size();
    size_t end = i + 1;
    while (end < nals_.size() && size + 2 + nals_[end].size() <= kMaxPayload) size += 2 + nals_[end++].size();
    WriteAggregate(std::span(nals_).subspan(i, end - i));
    i = end;
  }
  payloads_.clear();
  for (const Part& part : parts_) payloads_.push_back({.data = Bytes(buffer_).subspan(part.offset, part.size)});
  payloads_.back().marker = true;
}

// One NAL unit as it is, several as STAP-A.
void H264Packetizer::WriteAggregate(std::span<const Bytes> nals) {
  const size_t start = buffer_.size();
  if (nals.size() > 1) {
    uint8_t header = 0;  // the greatest NRI of all, and F when any has it (RFC 6184 section 5.7)
    for (const Bytes nal : nals) {
      const uint8_t first = LoadU8(&nal[0]);
      header = static_cast<uint8_t>((header | first) & 0x80) | std::max<uint8_t>(header & 0x60, first & 0x60);
    }
    buffer_.push_back(static_cast<std::byte>(header | static_cast<uint8_t>(H264Nal::kStapA)));
  }
  for (const Bytes nal : nals) {
    if (nals.size() > 1) {
      buffer_.push_back(static_cast<std::byte>(nal.size() >> 8));
      buffer_.push_back(static_cast<std::byte>(nal.size()));
    }
    buffer_.insert(buffer_.end(), nal.begin(), nal.end());
  }
  parts_.push_back({start, buffer_.size() - start});
}

void H264Packetizer::WriteFragments(Bytes nal) {
  constexpr size_t kRoom = kMaxPayload - 2;
  constexpr uint8_t kStart = 0x80;
  constexpr uint8_t kEnd = 0x40;
  const uint8_t header = LoadU8(&nal[0]);
  Bytes rest = nal.subspan(1);
  const size_t count = (rest.size() + kRoom - 1) / kRoom;
  for (size_t i = 0; i < count; ++i) {
    const size_t size = rest.size() / (count - i);
    const size_t start = buffer_.size();
    const uint8_t flags = static_cast<uint8_t>((i == 0 ? kStart : 0) | (i + 1 == count ? kEnd : 0));
    buffer_.push_back(static_cast<std::byte>((header & 0xe0) | static_cast<uint8_t>(H264Nal::kFuA)));
    buffer_.push_back(static_cast<std::byte>(flags | (header & 0x1f)));
    buffer_.insert(buffer_.end(), rest.begin(), rest.begin() + static_cast<ptrdiff_t>(size));
    parts_.push_back({start, size + 2});
    rest = rest.subspan(size);
  }
}

}  // namespace duet
