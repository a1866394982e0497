#include "core/red/red_decoder.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "wire/test_bytes.h"

namespace duet {
namespace {

constexpr uint32_t kTicks = 960;

// A payload with the packets `back`, ... 1 before this one, in each a byte that says which.
std::vector<std::byte> Payload(uint32_t back) {
  std::array<std::byte, 16> content;
  FixedVector<RedBlock, 16> blocks;
  for (uint32_t i = back; i > 0; --i) {
    content[i] = static_cast<std::byte>(i);
    blocks.push_back({PayloadType(111), 0u - i * kTicks, Bytes(content).subspan(i, 1)});
  }
  content[0] = std::byte{0};
  std::vector<std::byte> out(200);
  out.resize(WriteRed(blocks, {PayloadType(111), 0, Bytes(content).first(1)}, out));
  return out;
}

// Which of the blocks are new, in hexadecimal; "r" before each redundant one.
std::string Take(RedDecoder& decoder, uint32_t timestamp, uint32_t back) {
  const auto payload = Payload(back);
  const auto frames = decoder.OnRed(timestamp, payload);
  if (!frames) return "malformed";
  std::string text;
  for (const auto& frame : *frames) {
    EXPECT_EQ(static_cast<uint32_t>(frame.timestamp), timestamp - LoadU8(frame.data.data()) * kTicks);
    text += (frame.redundant ? " r" : " p") + ToHex(frame.data);
  }
  return text;
}

TEST(RedDecoder, HandsOutWhatIsMissing) {
  RedDecoder decoder;
  uint32_t ts = 0xFFFFF000;  // wraps on the way
  EXPECT_EQ(Take(decoder, ts, 0), " p00");
  EXPECT_EQ(Take(decoder, ts += kTicks, 1), " p00");
  EXPECT_EQ(Take(decoder, ts += 3 * kTicks, 3), " r02 r01 p00") << "two were lost";
  EXPECT_EQ(Take(decoder, ts - kTicks, 1), "") << "and came late";
  EXPECT_EQ(Take(decoder, ts, 3), "") << "duplicate";
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Take(decoder, ts += kTicks, 3), " p00") << i;
}

TEST(RedDecoder, MixesWithPlainPackets) {
  RedDecoder decoder;
  EXPECT_TRUE(decoder.OnPlain(9600));
  EXPECT_FALSE(decoder.OnPlain(9600));
  EXPECT_EQ(Take(decoder, 9600 + 2 * kTicks, 2), " r01 p00");
  EXPECT_FALSE(decoder.OnPlain(9600 + kTicks));
}

TEST(RedDecoder, WhatIsOlderThanTheWindowIsNotTaken) {
  RedDecoder decoder;
  const auto window = static_cast<uint32_t>(RedDecoder::kWindow * RedDecoder::kStep);
  EXPECT_TRUE(decoder.OnPlain(1'000'000));
  EXPECT_FALSE(decoder.OnPlain(1'000'000 - window));
  EXPECT_TRUE(decoder.OnPlain(1'000'000 - window + 120));
  EXPECT_TRUE(decoder.OnPlain(1'000'000 + window));
  EXPECT_FALSE(decoder.OnPlain(1'000'000)) << "its place is taken";
}

TEST(RedDecoder, EveryLengthOfPacketHasItsPlace) {
  for (const uint32_t ticks : {120u, 240u, 480u, 960u, 1920u, 2880u, 5760u}) {
    RedDecoder decoder;
    for (uint32_t i = 0; i < 1000; ++i) EXPECT_TRUE(decoder.OnPlain(77 + i * ticks)) << ticks;
    EXPECT_FALSE(decoder.OnPlain(77 + 999 * ticks));
  }
}

TEST(RedDecoder, NothingIsTakenTwiceThoughAnotherTookItsPlace) {
  RedDecoder decoder;
  EXPECT_TRUE(decoder.OnPlain(9600));
  EXPECT_TRUE(decoder.OnPlain(9601)) << "no Opus packet, but what comes is not ours to choose";
  EXPECT_FALSE(decoder.OnPlain(9600));
}

TEST(RedDecoder, ASenderMayBeginAnew) {
  RedDecoder decoder;
  EXPECT_TRUE(decoder.OnPlain(0x70000000));
  EXPECT_TRUE(decoder.OnPlain(0x10000000));
  EXPECT_TRUE(decoder.OnPlain(0x10000000 + kTicks));
  EXPECT_FALSE(decoder.OnPlain(0x10000000 + kTicks));
}

TEST(RedDecoder, EmptyBlocksArePassedOver) {
  RedDecoder decoder;
  EXPECT_TRUE(decoder.OnRed(9600, Hex("ef 0f0000 6f"))->empty());
  EXPECT_TRUE(decoder.OnPlain(9600)) << "it has not been there";
}

TEST(RedDecoder, MalformedPayloads) {
  RedDecoder decoder;
  EXPECT_FALSE(decoder.OnRed(9600, Hex("ef 0f0005 6f 01")));
  EXPECT_TRUE(decoder.OnPlain(9600));
}

}  // namespace
}  // namespace duet
