#include "wire/vp8.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace duet {
namespace {

Vp8PayloadInfo Parse(std::string_view hex) { return ParseVp8Payload(Hex(hex)); }

// A keyframe's header: 642x482, both with the scale 1 in the top bits.
constexpr std::string_view kKeyframe = " 10 02 00 9d 01 2a 82 42 e2 41 00";

TEST(Vp8, ShortestDescriptor) {
  const auto info = Parse("10 01");
  EXPECT_TRUE(info.valid);
  EXPECT_TRUE(info.start_of_partition);
  EXPECT_TRUE(info.start_of_frame);
  EXPECT_FALSE(info.starts_keyframe) << "P is 1";
  EXPECT_FALSE(info.non_reference);
  EXPECT_FALSE(info.has_picture_id || info.has_tl0_pic_idx || info.has_temporal_id || info.has_key_idx);
  EXPECT_EQ(info.descriptor_size, 1);
}

TEST(Vp8, FullDescriptor) {
  // X N S, PID 0; I L T K; 15 bits of picture id; tl0picidx; tid 2, Y, keyidx 21.
  const auto info = Parse("b0 f0 9234 77 b5 01");
  EXPECT_TRUE(info.valid);
  EXPECT_TRUE(info.non_reference);
  EXPECT_TRUE(info.has_picture_id && info.long_picture_id);
  EXPECT_EQ(info.picture_id, 0x1234);
  EXPECT_TRUE(info.has_tl0_pic_idx);
  EXPECT_EQ(info.tl0_pic_idx, 0x77);
  EXPECT_TRUE(info.has_temporal_id);
  EXPECT_EQ(info.temporal_id, 2);
  EXPECT_TRUE(info.layer_sync);
  EXPECT_TRUE(info.has_key_idx);
  EXPECT_EQ(info.key_idx, 21);
  EXPECT_EQ(info.descriptor_size, 6);
}

TEST(Vp8, EachOptionalFieldAlone) {
  EXPECT_EQ(Parse("90 80 7f 01").picture_id, 0x7f);
  EXPECT_FALSE(Parse("90 80 7f 01").long_picture_id);
  EXPECT_EQ(Parse("90 80 7f 01").descriptor_size, 3);
  EXPECT_EQ(Parse("90 40 05 01").tl0_pic_idx, 5);
  EXPECT_EQ(Parse("90 20 c0 01").temporal_id, 3);
  EXPECT_FALSE(Parse("90 20 c0 01").has_key_idx);
  EXPECT_EQ(Parse("90 10 df 01").key_idx, 31);
  EXPECT_EQ(Parse("90 10 df 01").temporal_id, 0) << "T is 0: tid means nothing";
  EXPECT_EQ(Parse("90 00 01").descriptor_size, 2);
}

TEST(Vp8, Keyframes) {
  for (const char* descriptor : {"10", "90 80 01", "90 e0 8001 00 20"}) {
    const auto info = Parse(std::string(descriptor) + std::string(kKeyframe));
    EXPECT_TRUE(info.valid);
    EXPECT_TRUE(info.starts_keyframe);
    EXPECT_EQ(info.width, 642);
    EXPECT_EQ(info.height, 482);
  }
  const auto cut = Parse("10 10 02 00 9d 01 2a 82 42 e2");
  EXPECT_TRUE(cut.starts_keyframe) << "known from the first byte";
  EXPECT_EQ(cut.width, 0);
  EXPECT_FALSE(Parse("10 10 02 00 9d 01 2b 82 42 e2 41 00").valid) << "wrong start code";
}

TEST(Vp8, OnlyTheFirstPacketOfAFrameStartsAKeyframe) {
  EXPECT_FALSE(Parse("00" + std::string(kKeyframe)).starts_keyframe) << "no partition starts here";
  EXPECT_FALSE(Parse("11" + std::string(kKeyframe)).starts_keyframe) << "partition 1";
  EXPECT_TRUE(Parse("11" + std::string(kKeyframe)).start_of_partition);
  EXPECT_FALSE(Parse("11" + std::string(kKeyframe)).start_of_frame);
  EXPECT_EQ(Parse("17 00").partition_index, 7);
}

TEST(Vp8, EveryTruncationOfTheDescriptorIsRefused) {
  for (const char* hex : {"10 01", "90 00 01", "b0 f0 9234 77 b5 01", "90 80 7f 01"}) {
    const auto bytes = Hex(hex);
    EXPECT_TRUE(ParseVp8Payload(bytes).valid);
    for (size_t size = 0; size < bytes.size(); ++size) {
      const auto info = ParseVp8Payload(Bytes(bytes).first(size));
      EXPECT_FALSE(info.valid) << hex << " " << size;
      EXPECT_FALSE(info.starts_keyframe || info.start_of_frame);
    }
  }
}

TEST(Vp8, RewriteKeepsSizeAndTheRest) {
  const struct {
    std::string_view in;
    Vp8Numbers numbers;
    std::string_view out;
  } cases[] = {
      {"b0 f0 9234 77 b5 01", {0x7fff, 0xff, 0x1f}, "b0f0ffffffbf"},
      {"b0 f0 9234 77 b5 01", {0, 0, 0}, "b0f0800000a0"},
      {"b0 f0 9234 77 b5 01", {0xffff, 1, 0x20}, "b0f0ffff01a0"},
      {"90 80 7f 01", {0x1234, 9, 3}, "908034"},
      {"90 80 7f 01", {0x80, 9, 3}, "908000"},
      {"90 40 05 01", {0x1234, 9, 3}, "904009"},
      {"90 20 df 01", {0x1234, 9, 3}, "9020df"},  // without K the five bits are not a number
      {"90 10 df 01", {0x1234, 9, 3}, "9010c3"},
      {"10 01", {0x1234, 9, 3}, "10"},
  };
  for (const auto& c : cases) {
    auto payload = Hex(c.in);
    const auto info = ParseVp8Payload(payload);
    std::array<std::byte, 8> out;
    const size_t size = RewriteVp8Descriptor(payload, info, c.numbers, out);
    EXPECT_EQ(ToHex(Bytes(out).first(size)), c.out);
    EXPECT_EQ(RewriteVp8Descriptor(payload, info, c.numbers, MutableBytes(out).first(size - 1)), 0u);
    // In place: what is behind the descriptor stays.
    EXPECT_EQ(RewriteVp8Descriptor(payload, info, c.numbers, payload), size);
    EXPECT_EQ(ToHex(payload), std::string(c.out) + "01");
  }
}

}  // namespace
}  // namespace duet
