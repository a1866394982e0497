#include "wire/vp9.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/test_bytes.h"

namespace duet {
namespace {

Vp9PayloadInfo Parse(std::string_view hex) { return ParseVp9Payload(Hex(hex)); }

TEST(Vp9, ShortestDescriptor) {
  const auto info = Parse("0c 01");
  EXPECT_TRUE(info.valid);
  EXPECT_TRUE(info.start_of_frame && info.end_of_frame);
  EXPECT_TRUE(info.starts_keyframe);
  EXPECT_FALSE(info.has_picture_id || info.has_layers || info.has_structure || info.flexible);
  EXPECT_EQ(info.descriptor_size, 1);
}

TEST(Vp9, NonFlexibleWithLayers) {
  // I P L B; picture id 0x1234; tid 2, U, sid 1, D; tl0picidx 0x77.
  const auto info = Parse("e8 9234 53 77 01");
  EXPECT_TRUE(info.valid);
  EXPECT_TRUE(info.inter_picture);
  EXPECT_TRUE(info.start_of_frame);
  EXPECT_FALSE(info.end_of_frame);
  EXPECT_TRUE(info.long_picture_id);
  EXPECT_EQ(info.picture_id, 0x1234);
  EXPECT_EQ(info.temporal_id, 2);
  EXPECT_TRUE(info.switching_up);
  EXPECT_EQ(info.spatial_id, 1);
  EXPECT_TRUE(info.inter_layer);
  EXPECT_TRUE(info.has_tl0_pic_idx);
  EXPECT_EQ(info.tl0_pic_idx, 0x77);
  EXPECT_EQ(info.descriptor_size, 5);
  EXPECT_FALSE(info.starts_keyframe);
}

TEST(Vp9, FlexibleHasReferencesInsteadOfTl0) {
  // I P L F B E Z; 7 bits of picture id; tid 7, sid 7; 3 back, 5 back.
  const auto info = Parse("fd 05 ee 07 0a 01");
  EXPECT_TRUE(info.valid);
  EXPECT_TRUE(info.not_for_upper);
  EXPECT_FALSE(info.long_picture_id);
  EXPECT_EQ(info.picture_id, 5);
  EXPECT_EQ(info.temporal_id, 7);
  EXPECT_FALSE(info.switching_up);
  EXPECT_EQ(info.spatial_id, 7);
  EXPECT_FALSE(info.has_tl0_pic_idx);
  ASSERT_EQ(info.references.size(), 2u);
  EXPECT_EQ(info.references[0], 3);
  EXPECT_EQ(info.references[1], 5);
  EXPECT_EQ(info.descriptor_size, 5);
  // Without P there are none.
  EXPECT_EQ(Parse("b8 05 ee 07 0a 01").descriptor_size, 3);
}

TEST(Vp9, LimitsOfFlexibleMode) {
  EXPECT_TRUE(Parse("d8 05 03 05 06 01").valid) << "three references";
  EXPECT_EQ(Parse("d8 05 03 05 06 01").references.size(), 3u);
  EXPECT_FALSE(Parse("d8 05 03 05 07 08 01").valid) << "four";
  EXPECT_FALSE(Parse("58 02 01").valid) << "no picture id to count in";
}

TEST(Vp9, ScalabilityStructure) {
  // I L B V; two layers, sizes, a group of 3 pictures with 0, 1 and 2 references.
  const auto info = Parse("aa 8001 00 05  38 0140 00b4 0280 0168  03 00 24 01 58 01 02  01");
  EXPECT_TRUE(info.valid);
  EXPECT_TRUE(info.has_structure);
  EXPECT_EQ(info.spatial_layers, 2);
  EXPECT_TRUE(info.has_sizes);
  EXPECT_EQ(info.widths[0], 320);
  EXPECT_EQ(info.heights[0], 180);
  EXPECT_EQ(info.widths[1], 640);
  EXPECT_EQ(info.heights[1], 360);
  EXPECT_EQ(info.group_size, 3);
  EXPECT_EQ(info.descriptor_size, 5 + 1 + 8 + 1 + 6);
  EXPECT_TRUE(info.starts_keyframe);
  // Without sizes and group there is one byte.
  EXPECT_EQ(Parse("0a e0 01").spatial_layers, 8);
  EXPECT_EQ(Parse("0a e0 01").descriptor_size, 2);
}

TEST(Vp9, KeyframesStartInTheLowestSpatialLayer) {
  EXPECT_TRUE(Parse("a8 8001 00 05 01").starts_keyframe);
  EXPECT_FALSE(Parse("a0 8001 00 05 01").starts_keyframe) << "not the frame's first packet";
  EXPECT_FALSE(Parse("e8 8001 00 05 01").starts_keyframe) << "P";
  EXPECT_FALSE(Parse("a8 8001 03 05 01").starts_keyframe) << "spatial layer 1, predicted from layer 0";
  EXPECT_FALSE(Parse("a8 8001 02 05 01").starts_keyframe) << "spatial layer 1 by itself";
}

TEST(Vp9, EveryTruncationIsRefused) {
  for (const char* hex : {"0c 01", "e8 9234 53 77 01", "fd 05 ee 07 0a 01",
                          "aa 8001 00 05  38 0140 00b4 0280 0168  03 00 24 01 58 01 02  01"}) {
    const auto bytes = Hex(hex);
    EXPECT_TRUE(ParseVp9Payload(bytes).valid);
    for (size_t size = 0; size < bytes.size(); ++size) {
      const auto info = ParseVp9Payload(Bytes(bytes).first(size));
      EXPECT_FALSE(info.valid || info.starts_keyframe) << hex << " " << size;
    }
  }
}

}  // namespace
}  // namespace duet
