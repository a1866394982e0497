#include "wire/av1_dependency.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/test_bytes.h"

namespace duet {
namespace {

using Dti = DecodeTargetIndication;

// As Chromium sends it: two temporal layers, two decode targets, one chain, templates 0..2.
constexpr std::string_view kL1T2 = "80 0001 80 01 1e a8 51 41 01 0c 04 fc 03 bc";
// The same structure for a later keyframe: templates 6..8.
constexpr std::string_view kL1T2Later = "86 00b5 80 c1 1e a8 51 41 01 0c 09 fc 07 7c";
// Two spatial layers with two temporal ones each: four decode targets, two chains, six templates.
constexpr std::string_view kL2T2 =
    "c0 0001 80 03 18 7a aa f1 30 a0 a0 14 d1 41 38 23 04 60 08 64 22 22 26 50 09 f0 07 70 13 f0 0e f0";

std::optional<Av1FrameInfo> Parse(std::string_view hex, Av1Structure& structure) {
  return ParseAv1Dependency(Hex(hex), structure);
}

std::string Indications(const Av1FrameInfo& frame) {
  std::string text;
  for (size_t i = 0; i < frame.target_count; ++i) text += "-DSR"[static_cast<size_t>(frame.indications[i])];
  return text;
}

// Bits written from the highest down, for descriptors made by hand.
class BitText {
 public:
  BitText& F(size_t n, uint32_t value) {
    for (size_t i = n; i-- > 0;) bits_ += ((value >> i) & 1) != 0 ? '1' : '0';
    return *this;
  }
  std::vector<std::byte> bytes() const {
    std::vector<std::byte> out((bits_.size() + 7) / 8);
    for (size_t i = 0; i < bits_.size(); ++i)
      if (bits_[i] == '1') out[i / 8] |= static_cast<std::byte>(0x80 >> (i % 8));
    return out;
  }

 private:
  std::string bits_;
};

TEST(Av1Dependency, TwoTemporalLayers) {
  Av1Structure structure;
  const auto key = Parse(kL1T2, structure);
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->start_of_frame);
  EXPECT_FALSE(key->end_of_frame);
  EXPECT_TRUE(key->has_structure);
  EXPECT_EQ(key->template_id, 0);
  EXPECT_EQ(key->frame_number, 1);
  EXPECT_EQ(key->temporal_id, 0);
  EXPECT_EQ(Indications(*key), "SS");
  EXPECT_EQ(key->active_targets, 0b11u);
  EXPECT_EQ(key->chain_count, 1);
  EXPECT_EQ(key->chain_diffs[0], 0) << "the chain begins with the keyframe";

  EXPECT_TRUE(structure.known);
  EXPECT_EQ(structure.template_count, 3);
  EXPECT_EQ(structure.target_count, 2);
  EXPECT_EQ(structure.max_spatial_id, 0);
  EXPECT_EQ(structure.max_temporal_id, 1);
  // A decode target is found for what is wanted, whichever number it has.
  const auto whole = FindDecodeTarget(structure, 3, 7);
  const auto base = FindDecodeTarget(structure, 0, 0);
  ASSERT_TRUE(whole && base);
  EXPECT_NE(*whole, *base);
  EXPECT_TRUE(structure.has_sizes);
  EXPECT_EQ(structure.widths[0], 320);
  EXPECT_EQ(structure.heights[0], 240);

  // Frames that follow have three bytes.
  const auto lower = Parse("c1 0003", structure);
  ASSERT_TRUE(lower);
  EXPECT_EQ(lower->temporal_id, 0);
  EXPECT_TRUE(BelongsToTarget(*lower, *base));
  EXPECT_TRUE(BelongsToTarget(*lower, *whole));
  const auto upper = Parse("c2 0002", structure);
  ASSERT_TRUE(upper);
  EXPECT_FALSE(upper->has_structure);
  EXPECT_TRUE(upper->start_of_frame && upper->end_of_frame);
  EXPECT_EQ(upper->temporal_id, 1);
  EXPECT_FALSE(BelongsToTarget(*upper, *base));
  EXPECT_TRUE(BelongsToTarget(*upper, *whole));
  EXPECT_EQ(upper->indications[*whole], Dti::kDiscardable);
  EXPECT_FALSE(BelongsToTarget(*upper, 2)) << "no such target";
  EXPECT_FALSE(BelongsToTarget(*upper, 1000));
}

TEST(Av1Dependency, TwoSpatialAndTemporalLayers) {
  Av1Structure structure;
  const auto key = Parse(kL2T2, structure);
  ASSERT_TRUE(key);
  EXPECT_EQ(structure.template_count, 6);
  EXPECT_EQ(structure.target_count, 4);
  EXPECT_EQ(structure.chain_count, 2);
  EXPECT_EQ(structure.max_spatial_id, 1);
  EXPECT_EQ(structure.max_temporal_id, 1);
  EXPECT_EQ(structure.widths[0], 160);
  EXPECT_EQ(structure.heights[0], 120);
  EXPECT_EQ(structure.widths[1], 320);
  EXPECT_EQ(structure.heights[1], 240);
  // Each pair of layers has its target, and a frame of layers (s, t) belongs to the targets of at least as much.
  for (uint8_t s = 0; s < 2; ++s) {
    for (uint8_t t = 0; t < 2; ++t) {
      const auto target = FindDecodeTarget(structure, s, t);
      ASSERT_TRUE(target);
      EXPECT_EQ(structure.targets[*target].spatial_id, s);
      EXPECT_EQ(structure.targets[*target].temporal_id, t);
      EXPECT_EQ(structure.targets[*target].protected_by, s) << "a chain for each spatial layer";
      for (uint8_t id = 0; id < 6; ++id) {
        std::vector<std::byte> bytes = Hex("c0 0002");
        bytes[0] = static_cast<std::byte>(0xc0 + id);
        const auto frame = ParseAv1Dependency(bytes, structure);
        ASSERT_TRUE(frame);
        EXPECT_EQ(BelongsToTarget(*frame, *target), frame->spatial_id <= s && frame->temporal_id <= t)
            << int{s} << int{t} << int{id};
      }
    }
  }
}

TEST(Av1Dependency, TemplatesOfAStructureThatHasNotComeAreUnknown) {
  Av1Structure structure;
  EXPECT_FALSE(Parse("c0 0002", structure));
  EXPECT_EQ(structure, Av1Structure());
  ASSERT_TRUE(Parse(kL1T2, structure));
  EXPECT_FALSE(Parse("c3 0002", structure)) << "beyond the last";
  EXPECT_FALSE(Parse("c6 00b6", structure)) << "of the next structure";
  ASSERT_TRUE(Parse(kL1T2Later, structure));
  EXPECT_EQ(structure.widths[0], 640);
  EXPECT_EQ(structure.heights[0], 480);
  EXPECT_TRUE(Parse("c8 00b6", structure));
  EXPECT_FALSE(Parse("c2 00b4", structure)) << "of the one before";
}

TEST(Av1Dependency, AStructureThatComesLateDoesNotReplaceTheNewer) {
  Av1Structure structure;
  ASSERT_TRUE(Parse(kL1T2Later, structure));
  const Av1Structure newer = structure;
  EXPECT_TRUE(Parse(kL1T2, structure)) << "it explains itself";
  EXPECT_EQ(structure, newer);
}

TEST(Av1Dependency, AStructureLastsForAsLongAsTheStreamAndEndsWithIt) {
  Av1Structure structure;
  ASSERT_TRUE(Parse(kL1T2, structure));
  auto bytes = Hex("c1 0000");
  for (int frame = 1; frame < 50'000; frame += 100) {
    StoreU16(&bytes[1], static_cast<uint16_t>(frame));
    ASSERT_TRUE(ParseAv1Dependency(bytes, structure));
  }
  // Number 0x00b5, after 50000: one circle on.
  ASSERT_TRUE(Parse(kL1T2Later, structure));
  EXPECT_EQ(structure.template_id_offset, 6);
  // A sender that begins anew at a number before it, too far back to be late.
  StoreU16(&bytes[1], 2000);
  bytes[0] = std::byte{0xc6};
  ASSERT_TRUE(ParseAv1Dependency(bytes, structure));
  ASSERT_TRUE(Parse(kL1T2, structure));
  EXPECT_EQ(structure.template_id_offset, 0);
}

TEST(Av1Dependency, TheMaskOfActiveTargetsIsKept) {
  Av1Structure structure;
  ASSERT_TRUE(Parse(kL1T2, structure));
  const size_t base = *FindDecodeTarget(structure, 0, 0);
  // The upper layer is off from frame 5 on.
  const auto off = BitText().F(2, 3).F(6, 1).F(16, 5).F(5, 0b01000).F(2, 1u << base).bytes();
  const auto frame = ParseAv1Dependency(off, structure);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->active_targets, 1u << base);
  EXPECT_EQ(Parse("c1 0007", structure)->active_targets, 1u << base);
  EXPECT_EQ(FindDecodeTarget(structure, 0, 1), base);
  // A late word does not count.
  const auto late = BitText().F(2, 3).F(6, 1).F(16, 4).F(5, 0b01000).F(2, 0b11).bytes();
  EXPECT_EQ(ParseAv1Dependency(late, structure)->active_targets, 0b11u) << "true for its frame";
  EXPECT_EQ(structure.active_targets, 1u << base);
  const auto none = BitText().F(2, 3).F(6, 1).F(16, 9).F(5, 0b01000).F(2, 0).bytes();
  ASSERT_TRUE(ParseAv1Dependency(none, structure));
  EXPECT_FALSE(FindDecodeTarget(structure, 3, 7));
  ASSERT_TRUE(Parse(kL1T2Later, structure));
  EXPECT_EQ(structure.active_targets, 0b11u) << "a new structure begins with all";
}

TEST(Av1Dependency, CustomFieldsReplaceTheTemplates) {
  Av1Structure structure;
  ASSERT_TRUE(Parse(kL1T2, structure));
  const auto bytes = BitText()
                         .F(2, 3)
                         .F(6, 2)
                         .F(16, 2)
                         .F(5, 0b00111)
                         .F(2, 3)
                         .F(2, 2)  // R S
                         .F(2, 1)
                         .F(4, 0)
                         .F(2, 3)
                         .F(12, 2999)
                         .F(2, 0)    // 1 and 3000 back
                         .F(8, 200)  // the chain
                         .bytes();
  const auto frame = ParseAv1Dependency(bytes, structure);
  ASSERT_TRUE(frame);
  EXPECT_EQ(Indications(*frame), "RS");
  EXPECT_EQ(frame->chain_diffs[0], 200);
  EXPECT_EQ(frame->temporal_id, 1) << "the layer stays the template's";
}

TEST(Av1Dependency, EveryTruncationIsRefusedAndChangesNothing) {
  for (const auto hex : {kL1T2, kL1T2Later, kL2T2}) {
    const auto bytes = Hex(hex);
    for (size_t size = 0; size < bytes.size(); ++size) {
      Av1Structure structure;
      EXPECT_FALSE(ParseAv1Dependency(Bytes(bytes).first(size), structure)) << size;
      EXPECT_EQ(structure, Av1Structure());
    }
  }
}

TEST(Av1Dependency, LimitsOfTheStructure) {
  const auto begin = [] { return BitText().F(2, 3).F(6, 0).F(16, 1).F(5, 0b10000).F(6, 0).F(5, 0); };
  // Behind the layers: an indication (2) and the end of the references (1) for each template, no chains, no sizes.
  const auto parse = [](BitText text, size_t templates) {
    text.F(2, 3);
    for (size_t i = 0; i < templates; ++i) text.F(2, 2);
    for (size_t i = 0; i < templates; ++i) text.F(1, 0);
    text.F(1, 0).F(1, 0);
    Av1Structure structure;
    return ParseAv1Dependency(text.bytes(), structure).has_value();
  };
  for (const uint32_t next : {0u, 1u, 2u}) {
    const size_t most = next == 0 ? 64 : next == 1 ? 8 : 4;
    for (size_t templates = 1; templates <= most + 1; ++templates) {
      BitText text = begin();
      for (size_t i = 1; i < templates; ++i) text.F(2, next);
      EXPECT_EQ(parse(text, templates), templates <= most) << next << " " << templates;
    }
  }
}

}  // namespace
}  // namespace duet
