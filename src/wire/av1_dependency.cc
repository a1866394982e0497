#include "wire/av1_dependency.h"

#include <algorithm>
#include <bit>

#include "base/seq.h"

namespace duet {
namespace {

using Structure = Av1Structure;

// Bits of big-endian numbers; fails softly and stays failed, like ByteReader.
class Bits {
 public:
  explicit Bits(Bytes bytes) : bytes_(bytes), left_(bytes.size() * 8) {}

  bool ok() const { return ok_; }
  void Fail() { ok_ = false; }

  // f(n), n up to 32.
  uint32_t F(size_t n) {
    if (!ok_ || left_ < n) {
      ok_ = false;
      return 0;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < n; ++i) {
      const size_t at = bytes_.size() * 8 - left_--;
      value = (value << 1) | ((LoadU8(&bytes_[at / 8]) >> (7 - at % 8)) & 1u);
    }
    return value;
  }
  bool Flag() { return F(1) != 0; }
  // ns(n): a number below n, n at least 1.
  uint32_t Ns(uint32_t n) {
    const auto width = static_cast<size_t>(std::bit_width(n));
    const uint32_t short_codes = (1u << width) - n;
    const uint32_t value = F(width - 1);
    if (value < short_codes) return value;
    return (value << 1) - short_codes + F(1);
  }

 private:
  Bytes bytes_;
  size_t left_;
  bool ok_ = true;
};

DecodeTargetIndications ReadIndications(Bits& bits, size_t targets) {
  DecodeTargetIndications indications;
  for (size_t i = 0; i < targets; ++i) indications.bits |= static_cast<uint64_t>(bits.F(2)) << (2 * i);
  return indications;
}

void ReadTemplateLayers(Bits& bits, Structure& s) {
  enum NextLayer : uint32_t { kSame, kNextTemporal, kNextSpatial, kEnd };
  uint8_t spatial_id = 0;
  uint8_t temporal_id = 0;
  for (uint32_t next = kSame; next != kEnd && bits.ok();) {
    if (s.template_count == kMaxAv1Templates || spatial_id >= kMaxAv1SpatialLayers || temporal_id > kMaxAv1TemporalId) {
      return bits.Fail();
    }
    auto& entry = s.templates[s.template_count++];
    entry.spatial_id = spatial_id;
    entry.temporal_id = temporal_id;
    s.max_spatial_id = spatial_id;
    s.max_temporal_id = std::max(s.max_temporal_id, temporal_id);
    next = bits.F(2);
    if (next == kNextTemporal) ++temporal_id;
    if (next == kNextSpatial) {
      temporal_id = 0;
      ++spatial_id;
    }
  }
}

void SkipTemplateReferences(Bits& bits, const Structure& s) {
  for (size_t i = 0; i < s.template_count; ++i)
    while (bits.Flag()) bits.F(4);
}

void ReadChains(Bits& bits, Structure& s) {
  s.chain_count = static_cast<uint8_t>(bits.Ns(s.target_count + 1u));
  if (s.chain_count == 0) return;
  for (size_t i = 0; i < s.target_count; ++i) s.targets[i].protected_by = static_cast<uint8_t>(bits.Ns(s.chain_count));
  for (size_t i = 0; i < s.template_count; ++i)
    for (size_t chain = 0; chain < s.chain_count; ++chain)
      s.templates[i].chain_diffs[chain] = static_cast<uint8_t>(bits.F(4));
}

void FindTargetLayers(Structure& s) {
  for (size_t target = 0; target < s.target_count; ++target) {
    auto& layers = s.targets[target];
    for (size_t i = 0; i < s.template_count; ++i) {
      const auto& entry = s.templates[i];
      if (entry.indications[target] == DecodeTargetIndication::kNotPresent) continue;
      layers.spatial_id = std::max(layers.spatial_id, entry.spatial_id);
      layers.temporal_id = std::max(layers.temporal_id, entry.temporal_id);
    }
  }
}

void ReadSizes(Bits& bits, Structure& s) {
  const auto size = [&bits] { return static_cast<uint16_t>(std::min<uint32_t>(bits.F(16) + 1, 0xFFFF)); };
  s.has_sizes = bits.Flag();
  for (size_t i = 0; s.has_sizes && i <= s.max_spatial_id; ++i) {
    s.widths[i] = size();
    s.heights[i] = size();
  }
}

Structure ReadStructure(Bits& bits) {
  Structure s;
  s.known = true;
  s.template_id_offset = static_cast<uint8_t>(bits.F(6));
  s.target_count = static_cast<uint8_t>(bits.F(5) + 1);
  s.active_targets = static_cast<uint32_t>((uint64_t{1} << s.target_count) - 1);
  ReadTemplateLayers(bits, s);
  for (size_t i = 0; i < s.template_count; ++i) s.templates[i].indications = ReadIndications(bits, s.target_count);
  SkipTemplateReferences(bits, s);
  ReadChains(bits, s);
  FindTargetLayers(s);
  ReadSizes(bits, s);
  return s;
}

struct CustomFields {
  bool indications = false;
  bool references = false;
  bool chains = false;
};

// frame_dependency_definition(). False when the template is not in the structure.
bool ReadDefinition(Bits& bits, const CustomFields& custom, const Structure& s, Av1FrameInfo& frame) {
  const size_t index = (frame.template_id + kMaxAv1Templates - s.template_id_offset) % kMaxAv1Templates;
  if (!s.known || index >= s.template_count) return false;
  const auto& entry = s.templates[index];
  frame.spatial_id = entry.spatial_id;
  frame.temporal_id = entry.temporal_id;
  frame.target_count = s.target_count;
  frame.indications = custom.indications ? ReadIndications(bits, s.target_count) : entry.indications;
  if (custom.references) {
    while (const size_t size = bits.F(2)) bits.F(4 * size);
  }
  frame.chain_count = s.chain_count;
  frame.chain_diffs = entry.chain_diffs;
  if (custom.chains) {
    for (size_t chain = 0; chain < s.chain_count; ++chain) frame.chain_diffs[chain] = static_cast<uint8_t>(bits.F(8));
  }
  return bits.ok();
}

// What the frame has brought is kept, unless a later frame has brought the same before.
void Keep(const Av1FrameInfo& frame, std::optional<Structure>& brought, bool has_active_targets, Structure& kept) {
  const int64_t newest = kept.known ? kept.newest_frame : int64_t{frame.frame_number};
  int64_t distance = WrapDistance(static_cast<uint16_t>(newest), frame.frame_number);
  // Nothing is recovered that late: the sender has begun anew.
  constexpr int64_t kMaxLateFrames = 512;
  if (distance < -kMaxLateFrames) distance += 0x10000;
  const int64_t number = newest + distance;
  if (brought && (!kept.known || number >= kept.since_frame)) {
    kept = *brought;
    kept.since_frame = number;
  }
  if ((brought || has_active_targets) && number >= kept.active_since_frame && number >= kept.since_frame) {
    kept.active_targets = frame.active_targets;
    kept.active_since_frame = number;
  }
  kept.newest_frame = std::max(newest, number);
}

}  // namespace

std::optional<Av1FrameInfo> ParseAv1Dependency(Bytes content, Av1Structure& structure) {
  Bits bits(content);
  Av1FrameInfo frame;
  frame.start_of_frame = bits.Flag();
  frame.end_of_frame = bits.Flag();
  frame.template_id = static_cast<uint8_t>(bits.F(6));
  frame.frame_number = static_cast<uint16_t>(bits.F(16));
  if (!bits.ok()) return std::nullopt;

  CustomFields custom;
  std::optional<Structure> brought;
  std::optional<uint32_t> active;
  if (content.size() > 3) {
    frame.has_structure = bits.Flag();
    const bool has_active_targets = bits.Flag();
    custom = {.indications = bits.Flag(), .references = bits.Flag(), .chains = bits.Flag()};
    if (frame.has_structure) brought = ReadStructure(bits);
    const Structure& s = brought ? *brought : structure;
    if (has_active_targets && s.known) active = bits.F(s.target_count);
  }
  const Structure& s = brought ? *brought : structure;
  if (!ReadDefinition(bits, custom, s, frame)) return std::nullopt;

  frame.active_targets = active.value_or(s.active_targets);
  Keep(frame, brought, active.has_value(), structure);
  return frame;
}

bool BelongsToTarget(const Av1FrameInfo& frame, size_t target) {
  return target < frame.target_count && frame.indications[target] != DecodeTargetIndication::kNotPresent;
}

std::optional<size_t> FindDecodeTarget(const Av1Structure& structure, uint8_t spatial_id, uint8_t temporal_id) {
  std::optional<size_t> best;
  const auto rank = [&](size_t i) { return structure.targets[i].spatial_id * 16 + structure.targets[i].temporal_id; };
  for (size_t i = 0; i < structure.target_count; ++i) {
    const auto& target = structure.targets[i];
    if (((structure.active_targets >> i) & 1) == 0) continue;
    if (target.spatial_id > spatial_id || target.temporal_id > temporal_id) continue;
    if (!best || rank(i) > rank(*best)) best = i;
  }
  return best;
}

}  // namespace duet
