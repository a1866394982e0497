#include "wire/red.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "wire/test_bytes.h"

namespace duet {
namespace {

TEST(Red, OneRedundantBlockAndThePrimary) {
  // 960 ticks (20 ms) back, 3 bytes.
  const auto payload = Hex("ef 0f0003 6f aabbcc 0102");
  const auto blocks = ParseRed(5000, payload);
  ASSERT_TRUE(blocks);
  ASSERT_EQ(blocks->size(), 2u);
  EXPECT_EQ((*blocks)[0].payload_type, PayloadType(111));
  EXPECT_EQ((*blocks)[0].timestamp, 5000u - 960);
  EXPECT_EQ(ToHex((*blocks)[0].data), "aabbcc");
  EXPECT_EQ(blocks->back().payload_type, PayloadType(111));
  EXPECT_EQ(blocks->back().timestamp, 5000u);
  EXPECT_EQ(ToHex(blocks->back().data), "0102");

  std::array<std::byte, 32> out;
  const size_t size = WriteRed(std::span(blocks->begin(), 1), blocks->back(), out);
  EXPECT_EQ(ToHex(Bytes(out).first(size)), ToHex(payload));
}

TEST(Red, OnlyAPrimary) {
  const auto payload = Hex("6f 0102");
  const auto blocks = ParseRed(7, payload);
  ASSERT_TRUE(blocks);
  ASSERT_EQ(blocks->size(), 1u);
  EXPECT_EQ(ToHex(blocks->back().data), "0102");
  EXPECT_TRUE(ParseRed(7, Hex("6f"))->back().data.empty());
}

TEST(Red, TimestampsWrap) {
  const auto payload = Hex("ef 0f0001 6f aa 01");
  EXPECT_EQ((*ParseRed(100, payload))[0].timestamp, 100u - 960);
  std::array<std::byte, 32> out;
  const RedBlock old{PayloadType(111), 100u - 960, Bytes(payload).subspan(5, 1)};
  const RedBlock primary{PayloadType(111), 100, Bytes(payload).subspan(6, 1)};
  EXPECT_EQ(ToHex(Bytes(out).first(WriteRed(std::span(&old, 1), primary, out))), ToHex(payload));
}

TEST(Red, WhatAHeaderCannotSayIsNotWritten) {
  std::array<std::byte, 1200> data{};
  std::array<std::byte, 4000> out;
  const RedBlock primary{PayloadType(111), 100'000, Bytes(data).first(5)};
  const auto write = [&](uint32_t offset, size_t size) {
    const RedBlock block{PayloadType(111), 100'000 - offset, Bytes(data).first(size)};
    return WriteRed(std::span(&block, 1), primary, out);
  };
  EXPECT_EQ(write(0x3FFF, 1023), 4u + 1 + 1023 + 5);
  EXPECT_EQ(write(0x4000, 1023), 0u);
  EXPECT_EQ(write(0x3FFF, 1024), 0u);
  EXPECT_EQ(write(static_cast<uint32_t>(-960), 10), 0u) << "newer than the primary";
  EXPECT_EQ(WriteRed({}, primary, MutableBytes(out).first(5)), 0u) << "no room";
  EXPECT_EQ(WriteRed({}, primary, MutableBytes(out).first(6)), 6u);
}

TEST(Red, EveryTruncationBeforeThePrimaryIsRefused) {
  const auto payload = Hex("ef 0f0003 ef 078002 6f aabbcc ddee 0102");
  EXPECT_EQ(ParseRed(0, payload)->size(), 3u);
  for (size_t size = 0; size < payload.size() - 2; ++size)
    EXPECT_FALSE(ParseRed(0, Bytes(payload).first(size))) << size;
}

TEST(Red, TheNumberOfBlocksIsBounded) {
  for (const size_t redundant : {size_t{31}, size_t{32}, size_t{300}}) {
    std::string hex;
    for (size_t i = 0; i < redundant; ++i) hex += "ef000000";
    const auto payload = Hex(hex + "6f01");
    EXPECT_EQ(ParseRed(0, payload).has_value(), redundant + 1 <= kMaxRedBlocks) << redundant;
    std::vector<RedBlock> blocks(redundant);
    std::array<std::byte, 2000> out;
    EXPECT_EQ(WriteRed(blocks, RedBlock{}, out) != 0, redundant + 1 <= kMaxRedBlocks);
  }
}

}  // namespace
}  // namespace duet
