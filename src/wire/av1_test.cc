#include "wire/av1.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/test_bytes.h"

namespace duet {
namespace {

Av1PayloadInfo Parse(std::string_view hex) { return ParseAv1Payload(Hex(hex)); }

TEST(Av1, AKeyframeAsBrowsersSendIt) {
  // N, W = 2: a sequence header of 3 bytes, a frame.
  const auto info = Parse("28 04 08 000000 30 10 00");
  EXPECT_TRUE(info.valid);
  EXPECT_TRUE(info.new_sequence && info.has_sequence_header && info.starts_keyframe);
  EXPECT_FALSE(info.continues || info.continued);
  EXPECT_EQ(info.element_count, 2);
}

TEST(Av1, AFrameInPieces) {
  const auto first = Parse("50 30 3000");
  EXPECT_TRUE(first.valid);
  EXPECT_TRUE(first.continued);
  EXPECT_FALSE(first.continues || first.starts_keyframe);
  const auto middle = Parse("d0 08 00");
  EXPECT_TRUE(middle.valid);
  EXPECT_TRUE(middle.continues && middle.continued);
  EXPECT_FALSE(middle.has_sequence_header) << "a piece has no OBU header";
  EXPECT_FALSE(middle.starts_keyframe);
}

TEST(Av1, ASequenceHeaderWithoutN) {
  EXPECT_TRUE(Parse("20 02 0800 30 10").starts_keyframe) << "KEY_FRAME follows";
  EXPECT_TRUE(Parse("10 08 00").starts_keyframe) << "the frame is in the next packet";
  EXPECT_FALSE(Parse("20 02 0800 30 30").starts_keyframe) << "INTER_FRAME: the header was repeated";
  EXPECT_FALSE(Parse("20 02 0800 18 80").starts_keyframe) << "a frame that is shown again";
  EXPECT_FALSE(Parse("a0 01 00 08 00").starts_keyframe) << "behind the end of another OBU";
  EXPECT_TRUE(Parse("a0 01 00 08 00").has_sequence_header);
}

TEST(Av1, OnlyAFrameIsNoKeyframe) { EXPECT_FALSE(Parse("10 30 00").starts_keyframe); }

TEST(Av1, ExtensionAndSizeFieldsAreReadPast) {
  // Temporal and spatial id; a length inside; both.
  EXPECT_TRUE(Parse("20 03 0c 08 00 36 48 01 10").starts_keyframe);
  EXPECT_FALSE(Parse("20 03 0a 01 00 36 48 01 30").starts_keyframe);
}

TEST(Av1, CountedAndUncountedElements) {
  EXPECT_EQ(Parse("00 01 30 02 3000 00").element_count, 3) << "W = 0: a length for each, which may be 0";
  EXPECT_EQ(Parse("30 01 30 01 30 3000").element_count, 3);
  EXPECT_FALSE(Parse("30 01 30 01 30").valid) << "W says three";
  EXPECT_FALSE(Parse("20 05 30 00").valid) << "longer than the packet";
  EXPECT_FALSE(Parse("00 80 80 80 80 80 80 80 80 01").valid) << "a length of more than eight bytes";
  EXPECT_FALSE(Parse("00 ff ff ff ff 7f").valid) << "a length of more than 32 bits";
}

TEST(Av1, Refused) {
  EXPECT_FALSE(Parse("").valid);
  EXPECT_FALSE(Parse("10").valid) << "nothing behind the aggregation header";
  EXPECT_FALSE(Parse("98 08 00").valid) << "Z with N";
  EXPECT_FALSE(Parse("10 88 00").has_sequence_header) << "the forbidden bit";
}

}  // namespace
}  // namespace duet
