#include "core/rtx/packet_history.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace duet {
namespace {

constexpr Duration kSpacing = Duration::Millis(50);

Time At(int64_t ms) { return Time::FromMillis(1'700'000'000'000 + ms); }

class PacketHistoryTest : public testing::Test {
 protected:
  void Put(int64_t ms, int64_t seq) { history_.Put(At(ms), seq, pool_.Acquire(), static_cast<int>(seq)); }
  HistoryMiss Ask(int64_t ms, int64_t seq, Duration spacing = kSpacing) {
    const auto lookup = history_.Resend(At(ms), spacing, static_cast<uint16_t>(seq));
    EXPECT_EQ(lookup.record != nullptr, lookup.miss == HistoryMiss::kNone);
    if (lookup.record != nullptr) {
      EXPECT_EQ(lookup.seq, seq);
      EXPECT_EQ(lookup.record->rewrite, static_cast<int>(seq));
      EXPECT_TRUE(lookup.record->packet);
    }
    return lookup.miss;
  }
  PacketPool pool_{64};
  PacketHistory<int> history_{16, Duration::Seconds(1)};
};

TEST_F(PacketHistoryTest, FindsWhatWasSentOverTheWrap) {
  EXPECT_EQ(Ask(0, 5), HistoryMiss::kUnknown);
  for (int64_t seq = 65'530; seq < 65'540; ++seq) Put(0, seq);
  for (int64_t seq = 65'530; seq < 65'540; ++seq) EXPECT_EQ(Ask(1, seq), HistoryMiss::kNone) << seq;
  EXPECT_EQ(Ask(1, 65'529), HistoryMiss::kUnknown);
  EXPECT_EQ(Ask(1, 65'540), HistoryMiss::kUnknown);
}

TEST_F(PacketHistoryTest, TheFirstCycleHasNothingBelowZero) {
  Put(0, 2);
  EXPECT_EQ(Ask(1, 65'535), HistoryMiss::kUnknown);
  EXPECT_EQ(Ask(1, 2), HistoryMiss::kNone);
}

TEST_F(PacketHistoryTest, IsNotSentTwiceWithinTheSpacing) {
  Put(0, 7);
  EXPECT_EQ(Ask(1, 7), HistoryMiss::kNone);
  EXPECT_EQ(Ask(50, 7), HistoryMiss::kTooSoon);
  EXPECT_EQ(Ask(51, 7), HistoryMiss::kNone);
}

TEST_F(PacketHistoryTest, IsNotSentWithoutEnd) {
  Put(0, 7);
  for (int n = 0; n < PacketHistory<int>::kMaxResends; ++n)
    EXPECT_EQ(Ask(20 * n, 7, Duration::Millis(20)), HistoryMiss::kNone);
  EXPECT_EQ(Ask(900, 7), HistoryMiss::kTooOften);
}

TEST_F(PacketHistoryTest, HoldsNoMoreThanItsCapacity) {
  for (int64_t seq = 100; seq < 200; ++seq) {
    Put(0, seq);
    EXPECT_LE(pool_.in_use(), 16u);
  }
  EXPECT_EQ(Ask(1, 183), HistoryMiss::kUnknown);
  EXPECT_EQ(Ask(1, 184), HistoryMiss::kNone);
}

TEST_F(PacketHistoryTest, GrowsForPacketsThatMayBeAskedFor) {
  PacketPool pool(256);
  PacketHistory<int> history(128, Duration::Seconds(3));
  const auto put = [&](int64_t ms, int64_t seq) { history.Put(At(ms), seq, pool.Acquire(), static_cast<int>(seq)); };
  for (int64_t seq = 0; seq < 200; ++seq) {
    put(seq, seq);
    for (int64_t held = std::max<int64_t>(seq - 127, 0); held <= seq; ++held) {
      ASSERT_NE(history.Find(held), nullptr) << held << " after " << seq;
      ASSERT_EQ(history.Find(held)->rewrite, held);
    }
    ASSERT_LE(pool.in_use(), 128u);
  }
  history.Clear();
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST_F(PacketHistoryTest, AThinStreamTakesLittleRoom) {
  PacketPool pool(256);
  PacketHistory<int> history(128, Duration::Seconds(3));
  for (int64_t seq = 0; seq < 200; ++seq) history.Put(At(40 * seq), seq, pool.Acquire(), 0);
  EXPECT_EQ(pool.in_use(), PacketHistory<int>::kFirst);  // 25 packets a second
}

TEST_F(PacketHistoryTest, GrowsForALateOneAndAcrossGaps) {
  PacketPool pool(256);
  PacketHistory<int> history(128, Duration::Seconds(3));
  const auto put = [&](int64_t seq) { history.Put(At(0), seq, pool.Acquire(), static_cast<int>(seq)); };
  for (int64_t seq = 100; seq < 132; ++seq) put(seq);
  put(150);
  put(90);
  for (const int64_t seq : {90, 100, 131, 150}) EXPECT_NE(history.Find(seq), nullptr) << seq;
  for (const int64_t seq : {89, 99, 132, 149}) EXPECT_EQ(history.Find(seq), nullptr) << seq;
  EXPECT_EQ(pool.in_use(), 34u);
}

TEST_F(PacketHistoryTest, GapsDoNotKeepOldPackets) {
  for (int64_t seq = 100; seq < 116; ++seq) Put(0, seq);
  Put(0, 126);  // 116..125 were never sent; their slots held 100..109
  EXPECT_EQ(pool_.in_use(), 6u);
  EXPECT_EQ(Ask(1, 110), HistoryMiss::kUnknown);
  EXPECT_EQ(Ask(1, 111), HistoryMiss::kNone);
  Put(0, 126 + 1000);
  EXPECT_EQ(pool_.in_use(), 1u);
  EXPECT_EQ(Ask(1, 1126), HistoryMiss::kNone);
}

TEST_F(PacketHistoryTest, TakesPacketsOutOfOrder) {
  Put(0, 100);
  Put(0, 103);
  Put(0, 101);
  Put(0, 98);
  Put(0, 80);  // too old
  for (const int64_t seq : {98, 100, 101, 103}) EXPECT_EQ(Ask(1, seq), HistoryMiss::kNone) << seq;
  EXPECT_EQ(Ask(1, 102), HistoryMiss::kUnknown);
  EXPECT_EQ(Ask(1, 80), HistoryMiss::kUnknown);
  EXPECT_EQ(pool_.in_use(), 4u);
  history_.Trim(At(1001));
  EXPECT_EQ(pool_.in_use(), 0u);
}

TEST_F(PacketHistoryTest, LetsGoOfOldPackets) {
  for (int64_t seq = 0; seq < 10; ++seq) Put(0, seq);
  EXPECT_EQ(Ask(1000, 3), HistoryMiss::kNone);
  EXPECT_EQ(Ask(1001, 4), HistoryMiss::kUnknown);
  Put(1001, 10);  // two old ones make room
  EXPECT_EQ(pool_.in_use(), 9u);
  history_.Trim(At(1001));
  EXPECT_EQ(pool_.in_use(), 1u);
  EXPECT_EQ(Ask(1002, 10), HistoryMiss::kNone);
  history_.Trim(At(5000));
  EXPECT_EQ(pool_.in_use(), 0u);
  Put(5000, 11);
  EXPECT_EQ(Ask(5001, 11), HistoryMiss::kNone);
}

TEST_F(PacketHistoryTest, ClearStartsAnew) {
  Put(0, 60'000);
  history_.Clear();
  EXPECT_EQ(pool_.in_use(), 0u);
  EXPECT_EQ(Ask(1, 60'000), HistoryMiss::kUnknown);
  Put(2, 10);
  EXPECT_EQ(Ask(3, 10), HistoryMiss::kNone);
}

}  // namespace
}  // namespace duet
