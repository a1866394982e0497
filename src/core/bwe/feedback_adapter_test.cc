#include "core/bwe/feedback_adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/bwe/bwe_test_feedback.h"

namespace duet {
namespace {

using bwe_test::Arrival;
using testing::IsEmpty;

constexpr Time kStart = Time::FromMillis(1'700'000'000'000);
Time At(int64_t ms) { return kStart + Duration::Millis(ms); }

class FeedbackAdapterTest : public testing::Test {
 protected:
  void Send(int64_t ms, uint16_t seq, size_t size = 1000, ProbeId probe = 0) {
    adapter_.OnPacketSent(At(ms), seq, size, probe);
  }
  std::vector<PacketResult> Hear(int64_t ms, uint16_t base, const std::vector<Arrival>& arrivals) {
    std::vector<PacketResult> results;
    bwe_test::WithFeedback(base, arrivals, [&](const TransportFeedback& feedback) {
      const size_t known =
          adapter_.OnFeedback(At(ms), feedback, [&](const PacketResult& result) { results.push_back(result); });
      EXPECT_EQ(known, results.size());
    });
    return results;
  }
  TransportFeedbackAdapter adapter_;
};

TEST_F(FeedbackAdapterTest, TellsWhatBecameOfEachPacket) {
  Send(0, 10, 1000);
  Send(5, 11, 900, 3);
  Send(10, 12, 800);
  const auto results = Hear(100, 10, {{10, 5000}, {12, 5012.5}});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].sent, At(0));
  EXPECT_TRUE(results[0].received);
  EXPECT_EQ(results[0].size, 1000u);
  EXPECT_FALSE(results[1].received);
  EXPECT_EQ(results[1].probe, 3);
  EXPECT_EQ(results[2].sent, At(10));
  EXPECT_EQ(results[2].arrived - results[0].arrived, Duration::Micros(12'500));
  EXPECT_EQ(results[2].seq - results[0].seq, 2);
}

TEST_F(FeedbackAdapterTest, TellsOnceAndOnceMoreOfALateArrival) {
  for (uint16_t n = 10; n < 14; ++n) Send(n, n);
  EXPECT_EQ(Hear(100, 10, {{10, 50}, {12, 52}}).size(), 3u);
  const auto results = Hear(150, 10, {{10, 50}, {11, 90}, {12, 52}, {13, 53}});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_TRUE(results[0].received);
  EXPECT_TRUE(results[0].was_lost);
  EXPECT_FALSE(results[1].was_lost);
  EXPECT_THAT(Hear(160, 10, {{10, 50}, {11, 90}, {13, 53}}), IsEmpty());
}

TEST_F(FeedbackAdapterTest, LeavesOutWhatWasNeverSent) {
  EXPECT_THAT(Hear(0, 1, {{1, 0}}), IsEmpty());
  Send(0, 100);
  EXPECT_THAT(Hear(50, 200, {{200, 0}, {201, 1}}), IsEmpty());
  EXPECT_THAT(Hear(50, 98, {{99, 0}}), IsEmpty());
  EXPECT_EQ(Hear(50, 98, {{100, 0}}).size(), 1u);
}

TEST_F(FeedbackAdapterTest, NumbersWrap) {
  for (int n = 0; n < 70'000; ++n) {
    const auto seq = static_cast<uint16_t>(65'000 + n);
    Send(n, seq);
    if (n % 10 != 9) continue;
    std::vector<Arrival> arrivals;
    for (int i = 9; i >= 0; --i) arrivals.push_back({static_cast<uint16_t>(seq - i), n - i + 20.0});
    const auto results = Hear(n + 30, arrivals[0].seq, arrivals);
    ASSERT_EQ(results.size(), 10u);
    EXPECT_EQ(results[0].sent, At(n - 9));
    EXPECT_EQ(results[9].seq - results[0].seq, 9);
  }
}

TEST_F(FeedbackAdapterTest, TheReceiversClockIsContinuedOverItsCycle) {
  constexpr double kCycleMs = 64.0 * (1 << 24);
  Send(0, 1);
  Send(1000, 2);
  Send(2000, 3);
  const auto before = Hear(100, 1, {{1, kCycleMs / 2 - 500}});
  const auto after = Hear(1100, 2, {{2, kCycleMs / 2 + 500}});
  // And back, as a reordered message would be.
  const auto back = Hear(1200, 3, {{3, kCycleMs / 2 - 400}});
  EXPECT_EQ(after.at(0).arrived - before.at(0).arrived, Duration::Millis(1000));
  EXPECT_EQ(back.at(0).arrived - before.at(0).arrived, Duration::Millis(100));
}

// 3000 packets within a second, none told of: all are still known afterwards.
TEST_F(FeedbackAdapterTest, GrowsForALongFatPath) {
  for (uint16_t n = 0; n < 3000; ++n) Send(n / 3, n);
  EXPECT_EQ(Hear(1000, 0, {{0, 0}, {2999, 999}}).size(), 3000u);
}

TEST_F(FeedbackAdapterTest, ForgetsWhatIsOld) {
  for (uint16_t n = 0; n < 600; ++n) Send(n * 10, n);
  EXPECT_THAT(Hear(6000, 0, {{0, 0}}), IsEmpty());
  EXPECT_EQ(Hear(6000, 599, {{599, 0}}).size(), 1u);
}

TEST_F(FeedbackAdapterTest, MeasuresRoundTripAndQueue) {
  EXPECT_FALSE(adapter_.rtt());
  Send(0, 1);
  Send(20, 2);
  Hear(100, 1, {{1, 7000}, {2, 7020}});
  EXPECT_EQ(adapter_.rtt(), Duration::Millis(80));
  EXPECT_EQ(adapter_.queue_delay(), Duration::Zero());
  Send(200, 3);
  Send(210, 4);
  Hear(400, 3, {{3, 7250}, {4, 7280}});
  EXPECT_EQ(adapter_.rtt(), Duration::Millis(80));  // the least of late
  EXPECT_EQ(adapter_.queue_delay(), Duration::Millis(50));
  Send(61'000, 5);
  Hear(61'300, 5, {{5, 68'300}});
  EXPECT_EQ(adapter_.rtt(), Duration::Millis(300));
  EXPECT_EQ(adapter_.queue_delay(), Duration::Zero());
}

}  // namespace
}  // namespace duet
