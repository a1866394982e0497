#include "core/red/red_encoder.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "core/red/red_decoder.h"
#include "core/red/red_depth.h"
#include "wire/test_bytes.h"

namespace duet {
namespace {

constexpr PayloadType kOpus(111);
constexpr uint32_t kTicks = 960;  // 20 ms

// Packet `seq` of a source: its number, repeated to a size of 3..40 bytes.
std::vector<std::byte> Content(int64_t seq) {
  return std::vector<std::byte>(static_cast<size_t>(3 + seq % 38), static_cast<std::byte>(seq));
}
uint32_t TimestampOf(int64_t seq) { return static_cast<uint32_t>(seq) * kTicks + 0xFFFF0000; }

class RedEncoderTest : public testing::Test {
 protected:
  void Feed(int64_t from, int64_t to) {
    for (int64_t seq = from; seq <= to; ++seq) encoder_.OnPacket(seq, TimestampOf(seq), Content(seq));
  }
  // The sequence numbers in the payload, checked against what was fed.
  std::vector<int64_t> Write(int64_t seq, int depth, int64_t first_seq = 0, size_t room = 1200) {
    const auto primary = Content(seq);
    const size_t size = encoder_.Write({.seq = seq,
                                        .timestamp = TimestampOf(seq),
                                        .primary = primary,
                                        .first_seq = first_seq,
                                        .depth = depth,
                                        .payload_type = kOpus},
                                       MutableBytes(out_).first(room));
    if (size == 0) return {};
    const auto blocks = ParseRed(TimestampOf(seq), Bytes(out_).first(size));
    EXPECT_TRUE(blocks.has_value());
    std::vector<int64_t> seqs;
    for (const RedBlock& block : *blocks) {
      EXPECT_EQ(block.payload_type, kOpus);
      const int64_t of = seq - static_cast<int64_t>((TimestampOf(seq) - block.timestamp) / kTicks);
      EXPECT_EQ(ToHex(block.data), ToHex(Content(of)));
      seqs.push_back(of);
    }
    return seqs;
  }

  RedEncoder encoder_;
  std::array<std::byte, 1200> out_;
};

using Seqs = std::vector<int64_t>;

TEST_F(RedEncoderTest, RepeatsThePacketsBefore) {
  Feed(1, 50);
  EXPECT_EQ(Write(50, 0), Seqs({50}));
  EXPECT_EQ(Write(50, 1), Seqs({49, 50}));
  EXPECT_EQ(Write(50, 3), Seqs({47, 48, 49, 50}));
  EXPECT_EQ(Write(50, 10), Seqs({40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50}));
  EXPECT_EQ(Write(50, 99).size(), 11u);
  EXPECT_EQ(Write(50, -1), Seqs({50}));
  EXPECT_EQ(Write(48, 2), Seqs({46, 47, 48})) << "an older one that comes late";
}

TEST_F(RedEncoderTest, NothingBeforeTheReceiversFirstPacket) {
  Feed(1, 50);
  EXPECT_EQ(Write(50, 3, 49), Seqs({49, 50}));
  EXPECT_EQ(Write(50, 3, 50), Seqs({50}));
}

TEST_F(RedEncoderTest, WhatNeverCameLeavesItsPlaceOut) {
  Feed(1, 46);
  Feed(48, 50);
  EXPECT_EQ(Write(50, 3), Seqs({48, 49, 50}));
  EXPECT_EQ(Write(50, 4), Seqs({46, 48, 49, 50}));
  encoder_.OnPacket(47, TimestampOf(47), Content(47));
  EXPECT_EQ(Write(50, 3), Seqs({47, 48, 49, 50})) << "reordered";
  encoder_.OnPacket(50 - RedEncoder::kSlots, 1, Content(1));
  EXPECT_EQ(Write(50, 10).size(), 11u) << "too old to displace anything";
}

TEST_F(RedEncoderTest, OldestAreLeftOutWhenThereIsNoRoom) {
  Feed(1, 50);
  const size_t two = 1 + 4 + Content(50).size() + Content(49).size();
  EXPECT_EQ(Write(50, 3, 0, two + 5), Seqs({49, 50}));
  EXPECT_EQ(Write(50, 3, 0, two), Seqs({49, 50}));
  EXPECT_EQ(Write(50, 3, 0, two - 1), Seqs({50}));
  EXPECT_EQ(Write(50, 3, 0, Content(50).size()), Seqs()) << "not even the primary";
}

TEST_F(RedEncoderTest, LargePacketsAreNotRepeated) {
  const std::vector<std::byte> large(RedEncoder::kMaxPacketBytes + 1);
  Feed(1, 48);
  encoder_.OnPacket(49, TimestampOf(49), large);
  EXPECT_EQ(Write(50, 2), Seqs({48, 50}));
  encoder_.OnPacket(49, TimestampOf(49), MutableBytes(const_cast<std::byte*>(large.data()), large.size() - 1));
  std::array<std::byte, 600> out;
  const auto primary = Content(50);
  EXPECT_EQ(encoder_.Write({.seq = 50, .timestamp = TimestampOf(50), .primary = primary, .depth = 1}, out),
            1 + 4 + RedEncoder::kMaxPacketBytes + primary.size());
}

TEST_F(RedEncoderTest, NotFurtherBackThanAHeaderCanSay) {
  // 17 * 960 ticks are less than 2^14; with a pause in between the oldest do not count.
  Feed(1, 5);
  const auto primary = Content(6);
  for (const uint32_t pause : {960u, 0x3FFFu, 0x4000u}) {
    const size_t size = encoder_.Write(
        {.seq = 6, .timestamp = TimestampOf(5) + pause, .primary = primary, .depth = 1, .payload_type = kOpus}, out_);
    EXPECT_EQ(size, 1 + primary.size() + (pause <= 0x3FFF ? 4 + Content(5).size() : 0)) << pause;
  }
}

TEST_F(RedEncoderTest, DepthWithinTheBudget) {
  EXPECT_EQ(encoder_.MaxDepth(1'000'000, 1200), 0) << "nothing known";
  const std::vector<std::byte> packet(76);
  for (int64_t seq = 1; seq < 200; ++seq) encoder_.OnPacket(seq, TimestampOf(seq), packet);
  // 80 bytes with its header, 50 times a second: 32 kbit/s for each.
  EXPECT_EQ(encoder_.MaxDepth(31'000, 1200), 0);
  EXPECT_EQ(encoder_.MaxDepth(33'000, 1200), 1);
  EXPECT_EQ(encoder_.MaxDepth(100'000, 1200), 3);
  EXPECT_EQ(encoder_.MaxDepth(10'000'000, 1200), 10);
  EXPECT_EQ(encoder_.MaxDepth(10'000'000, 77 + 5 * 80), 5);
  EXPECT_EQ(encoder_.MaxDepth(10'000'000, 77), 0);
  EXPECT_EQ(encoder_.MaxDepth(-5, 1200), 0);

  RedEncoder slow;
  for (int64_t seq = 1; seq < 200; ++seq) slow.OnPacket(seq, static_cast<uint32_t>(seq) * 2880, packet);
  EXPECT_EQ(slow.MaxDepth(10'000'000, 1200), 5) << "60 ms packets: six lie more than 341 ms back";
}

// What depth and loss promise together: of the frames of a stream that loses packets at random hardly any is missing,
// and the receiver gets each one once.
TEST(Red, LossIsRepaired) {
  for (const double loss : {0.0, 0.05, 0.15, 0.3, 0.5, 0.7}) {
    SeededRng rng(static_cast<uint64_t>(loss * 1000) + 1);
    RedEncoder encoder;
    RedDecoder decoder;
    const int depth = RedDepthForLoss(loss);
    std::map<int64_t, int> got;
    constexpr int64_t kPackets = 5000;
    for (int64_t seq = 1; seq <= kPackets; ++seq) {
      const auto primary = Content(seq);
      encoder.OnPacket(seq, TimestampOf(seq), primary);
      std::array<std::byte, 1200> out;
      const size_t size = encoder.Write(
          {.seq = seq, .timestamp = TimestampOf(seq), .primary = primary, .depth = depth, .payload_type = kOpus}, out);
      if (static_cast<double>(rng.Below(1000)) < loss * 1000) continue;
      const auto frames = decoder.OnRed(TimestampOf(seq), Bytes(out).first(size));
      ASSERT_TRUE(frames);
      for (const auto& frame : *frames) {
        const int64_t of =
            seq - static_cast<int64_t>((TimestampOf(seq) - static_cast<uint32_t>(frame.timestamp)) / kTicks);
        EXPECT_EQ(ToHex(frame.data), ToHex(Content(of)));
        EXPECT_EQ(frame.redundant, of != seq);
        ++got[of];
      }
    }
    for (const auto& [seq, times] : got) EXPECT_EQ(times, 1) << seq;
    EXPECT_GE(static_cast<double>(got.size()), kPackets * 0.97) << loss;
  }
}

}  // namespace
}  // namespace duet
