// Input: a length, an AV1 payload of that length, then dependency descriptors of one stream, each behind its length.
// A keyframe starts no packet that continues another. Whatever a descriptor brings keeps the structure within its
// limits, a refused one leaves it as it was, and an accepted one is read the same way again.
#include <cstdint>

#include "base/check.h"
#include "wire/av1.h"
#include "wire/av1_dependency.h"

using namespace duet;

namespace {

void CheckPayload(Bytes payload) {
  const Av1PayloadInfo info = ParseAv1Payload(payload);
  if (!info.valid) {
    DUET_CHECK(!info.starts_keyframe && !info.has_sequence_header);
    return;
  }
  DUET_CHECK(payload.size() >= 2 && info.element_count >= 1);
  DUET_CHECK(info.element_count <= Av1PayloadInfo::kMaxElements);
  DUET_CHECK(!info.starts_keyframe || !info.continues);
  DUET_CHECK(!info.new_sequence || info.starts_keyframe);
}

void CheckStructure(const Av1Structure& s) {
  DUET_CHECK(s.template_count >= 1 && s.template_count <= kMaxAv1Templates);
  DUET_CHECK(s.target_count >= 1 && s.target_count <= kMaxAv1DecodeTargets);
  DUET_CHECK(s.chain_count <= s.target_count);
  DUET_CHECK(s.max_spatial_id < kMaxAv1SpatialLayers && s.max_temporal_id <= kMaxAv1TemporalId);
  DUET_CHECK(uint64_t{s.active_targets} >> s.target_count == 0);
  for (size_t i = 0; i < s.target_count; ++i) {
    DUET_CHECK(s.targets[i].spatial_id <= s.max_spatial_id && s.targets[i].temporal_id <= s.max_temporal_id);
    DUET_CHECK(s.chain_count == 0 || s.targets[i].protected_by < s.chain_count);
  }
  const auto all = FindDecodeTarget(s, kMaxAv1SpatialLayers - 1, kMaxAv1TemporalId);
  DUET_CHECK(all.has_value() == (s.active_targets != 0));
  DUET_CHECK(!all || *all < s.target_count);
}

bool Same(const Av1FrameInfo& a, const Av1FrameInfo& b) {
  return a.frame_number == b.frame_number && a.spatial_id == b.spatial_id && a.temporal_id == b.temporal_id &&
         a.indications == b.indications && a.chain_diffs == b.chain_diffs && a.has_structure == b.has_structure;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  CheckPayload(input.Read(input.U8()));
  Av1Structure structure;
  while (input.remaining() > 0) {
    const Bytes descriptor = input.Read(input.U8());
    const Av1Structure before = structure;
    const auto frame = ParseAv1Dependency(descriptor, structure);
    if (!frame) {
      DUET_CHECK(structure == before);
      continue;
    }
    CheckStructure(structure);
    DUET_CHECK(frame->spatial_id < kMaxAv1SpatialLayers && frame->temporal_id <= kMaxAv1TemporalId);
    DUET_CHECK(!BelongsToTarget(*frame, frame->target_count));
    DUET_CHECK(frame->indications.bits >> 1 >> (2 * frame->target_count - 1) == 0);
    if (frame->has_structure) {
      Av1Structure fresh;
      const auto again = ParseAv1Dependency(descriptor, fresh);
      DUET_CHECK(again && Same(*again, *frame));
    }
    Av1Structure copy = structure;
    if (frame->has_structure || !before.known || before.template_id_offset == structure.template_id_offset) {
      const auto again = ParseAv1Dependency(descriptor, copy);
      DUET_CHECK(again && Same(*again, *frame) && copy == structure);
    }
  }
  return 0;
}
