#include "wire/opus.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace duet {
namespace {

// A packet of code 0 with this configuration, and two bytes of a frame.
std::vector<std::byte> WithConfig(uint8_t config, bool stereo = false) {
  auto packet = Hex("000000");
  StoreU8(&packet[0], static_cast<uint8_t>(config << 3 | (stereo ? 4 : 0)));
  return packet;
}

TEST(Opus, Table2) {
  struct Row {
    uint8_t first_config;
    OpusMode mode;
    OpusBandwidth bandwidth;
    std::vector<uint16_t> ticks;
  };
  const std::vector<uint16_t> silk = {480, 960, 1920, 2880};
  const std::vector<uint16_t> hybrid = {480, 960};
  const std::vector<uint16_t> celt = {120, 240, 480, 960};
  const Row rows[] = {
      {0, OpusMode::kSilk, OpusBandwidth::kNarrow, silk},    {4, OpusMode::kSilk, OpusBandwidth::kMedium, silk},
      {8, OpusMode::kSilk, OpusBandwidth::kWide, silk},      {12, OpusMode::kHybrid, OpusBandwidth::kSuperWide, hybrid},
      {14, OpusMode::kHybrid, OpusBandwidth::kFull, hybrid}, {16, OpusMode::kCelt, OpusBandwidth::kNarrow, celt},
      {20, OpusMode::kCelt, OpusBandwidth::kWide, celt},     {24, OpusMode::kCelt, OpusBandwidth::kSuperWide, celt},
      {28, OpusMode::kCelt, OpusBandwidth::kFull, celt},
  };
  size_t configs = 0;
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.ticks.size(); ++i, ++configs) {
      const auto info = ParseOpus(WithConfig(static_cast<uint8_t>(row.first_config + i), i % 2 == 1));
      ASSERT_TRUE(info);
      EXPECT_EQ(info->mode, row.mode) << row.first_config + i;
      EXPECT_EQ(info->bandwidth, row.bandwidth) << row.first_config + i;
      EXPECT_EQ(info->frame_ticks, row.ticks[i]) << row.first_config + i;
      EXPECT_EQ(info->stereo, i % 2 == 1);
      EXPECT_EQ(info->frame_count, 1);
      EXPECT_EQ(info->duration_ticks(), row.ticks[i]);
    }
  }
  EXPECT_EQ(configs, 32u);
}

TEST(Opus, FrameCounts) {
  const struct {
    const char* what;
    std::string_view hex;  // configuration 31: 20 ms
    int frames;            // 0 = refused
  } cases[] = {
      {"one frame", "f8 aabbcc", 1},
      {"one of nothing", "f8", 1},
      {"two equal", "f9 aabb", 2},
      {"two that cannot be equal", "f9 aabbcc", 0},
      {"two, the first one byte", "fa 01 aa bbcc", 2},
      {"two, the first past the end", "fa 04 aa bbcc", 0},
      {"two, without a length", "fa", 0},
      {"two, half a length", "fa fc", 0},
      {"three of constant size", "fb 03 aabbcc", 3},
      {"three of a size that is no third", "fb 03 aabb", 0},
      {"none", "fb 00", 0},
      {"six: 120 ms", "fb 06 aabbccddeeff", 6},
      {"seven: more than 120 ms", "fb 07 aabbccddeeff00", 0},
      {"no count", "fb", 0},
      {"three of variable size", "fb 83 01 02 aa bbbb cc", 3},
      {"three, lengths past the end", "fb 83 01 04 aa bbbb", 0},
      {"three, a length is missing", "fb 83 01", 0},
      {"one with padding", "fb 41 02 aabb 0000", 1},
      {"padding of all", "fb 41 02 0000", 1},
      {"padding past the end", "fb 41 03 0000", 0},
      {"padding without a length", "fb 41", 0},
      {"padding whose length does not end", "fb 41 ffffff", 0},
      {"variable and padded", "fb c2 01 01 aa bb 00", 2},
      {"variable and padded too much", "fb c2 02 02 aa bb 00", 0},
  };
  for (const auto& c : cases) {
    const auto info = ParseOpus(Hex(c.hex));
    EXPECT_EQ(info ? info->frame_count : 0, c.frames) << c.what;
    if (info) {
      EXPECT_EQ(info->duration_ticks(), 960 * c.frames) << c.what;
    }
  }
  EXPECT_FALSE(ParseOpus({})) << "empty";
}

TEST(Opus, LongPadding) {
  auto packet = Hex("fb 41 ff 01 aa");
  packet.resize(packet.size() + 255);
  EXPECT_TRUE(ParseOpus(packet));
  packet.pop_back();
  EXPECT_TRUE(ParseOpus(packet)) << "the frame is empty";
  packet.pop_back();
  EXPECT_FALSE(ParseOpus(packet));
}

TEST(Opus, FramesHaveAtMost1275Bytes) {
  const auto parse = [](std::string_view head, size_t rest) {
    auto packet = Hex(head);
    packet.resize(packet.size() + rest);
    return ParseOpus(packet).has_value();
  };
  EXPECT_TRUE(parse("f8", 1275));
  EXPECT_FALSE(parse("f8", 1276));
  EXPECT_TRUE(parse("f9", 2550));
  EXPECT_FALSE(parse("f9", 2552));
  EXPECT_TRUE(parse("fa ffff", 2550)) << "255 + 4 * 255 = 1275";
  EXPECT_FALSE(parse("fa ffff", 2551));
  EXPECT_TRUE(parse("fb 02", 2550));
  EXPECT_FALSE(parse("fb 02", 2552));
  EXPECT_TRUE(parse("fb 82 ffff", 2550));
  EXPECT_FALSE(parse("fb 82 ffff", 2551));
}

TEST(Opus, FortyEightFramesOf2500Microseconds) {
  const auto info = ParseOpus(Hex("e3 30"));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->frame_count, 48);
  EXPECT_EQ(info->duration_ticks(), 5760);
  EXPECT_FALSE(ParseOpus(Hex("e3 31")));
}

TEST(Opus, SilenceIsAtMostTwoBytes) {
  EXPECT_TRUE(ParseOpus(Hex("f8"))->dtx);
  EXPECT_TRUE(ParseOpus(Hex("f8ff"))->dtx);
  EXPECT_FALSE(ParseOpus(Hex("f8fffe"))->dtx);
}

}  // namespace
}  // namespace duet
