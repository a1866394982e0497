// InterArrivalDelta and TrendlineEstimator: from arrivals to "a queue grows".
#include <gtest/gtest.h>

#include <vector>

#include "core/bwe/inter_arrival_delta.h"
#include "core/bwe/trendline_estimator.h"

namespace duet {
namespace {

Time Ms(double ms) { return Time::FromMicros(static_cast<int64_t>(ms * 1000)); }

TEST(InterArrivalDelta, ComparesTheLastPacketsOfGroups) {
  InterArrivalDelta inter;
  EXPECT_FALSE(inter.OnPacket(Ms(100), Ms(0), Ms(50)));
  EXPECT_FALSE(inter.OnPacket(Ms(100), Ms(4), Ms(55)));  // same group
  EXPECT_FALSE(inter.OnPacket(Ms(100), Ms(20), Ms(70)));
  const auto delta = inter.OnPacket(Ms(100), Ms(40), Ms(99));
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->sent, Duration::Millis(16));
  EXPECT_EQ(delta->arrived, Duration::Millis(15));
  EXPECT_EQ(delta->arrival, Ms(70));
}

TEST(InterArrivalDelta, ABurstAtArrivalIsOneGroup) {
  InterArrivalDelta inter;
  for (int n = 0; n < 6; ++n) EXPECT_FALSE(inter.OnPacket(Ms(200), Ms(n * 10), Ms(100 + n * 0.5))) << n;
  // Its last packet arrives as late as was to be expected: that starts the next group.
  EXPECT_FALSE(inter.OnPacket(Ms(200), Ms(70), Ms(130)));
  EXPECT_TRUE(inter.OnPacket(Ms(200), Ms(90), Ms(150)));
}

TEST(InterArrivalDelta, OlderPacketsAndClockJumpsMeasureNothing) {
  InterArrivalDelta inter;
  inter.OnPacket(Ms(100), Ms(0), Ms(50));
  inter.OnPacket(Ms(120), Ms(20), Ms(70));
  EXPECT_FALSE(inter.OnPacket(Ms(130), Ms(10), Ms(90)));
  EXPECT_TRUE(inter.OnPacket(Ms(140), Ms(40), Ms(92)));
  inter.OnPacket(Ms(160), Ms(60), Ms(110));
  inter.OnPacket(Ms(180), Ms(80), Ms(9000));
  EXPECT_FALSE(inter.OnPacket(Ms(200), Ms(100), Ms(9020)));
  EXPECT_FALSE(inter.OnPacket(Ms(220), Ms(120), Ms(9040)));
  EXPECT_TRUE(inter.OnPacket(Ms(240), Ms(140), Ms(9060)));
}

TEST(InterArrivalDelta, StartsAgainWhenTheClockWasSetBack) {
  InterArrivalDelta inter;
  int measured = 0;
  for (int n = 0; n < 40; ++n) {
    const double arrived = n < 20 ? 10'000 + n * 20 : n * 20;
    measured += inter.OnPacket(Ms(n * 20 + 100), Ms(n * 20), Ms(arrived)) ? 1 : 0;
  }
  EXPECT_GE(measured, 30);
}

class TrendlineTest : public testing::Test {
 protected:
  // Groups 20 ms apart, each `more_ms` later than the one before; the time until usage() is `until`, or all of it.
  int Feed(int groups, double more_ms, BandwidthUsage until) {
    for (int n = 0; n < groups; ++n) {
      arrival_ms_ += 20 + more_ms;
      trend_.OnDelta({.sent = Duration::Millis(20),
                      .arrived = Duration::Micros(static_cast<int64_t>((20 + more_ms) * 1000)),
                      .arrival = Ms(arrival_ms_)});
      if (trend_.usage() == until) return n + 1;
    }
    return groups;
  }
  TrendlineEstimator trend_;
  double arrival_ms_ = 1000;
};

TEST_F(TrendlineTest, ASteadyPathIsNormal) {
  for (int n = 0; n < 500; ++n) {
    Feed(1, n % 2 == 0 ? 3 : -3, BandwidthUsage::kOverusing);
    ASSERT_EQ(trend_.usage(), BandwidthUsage::kNormal) << n;
  }
}

TEST_F(TrendlineTest, AGrowingQueueIsOveruseAndADrainingOneUnderuse) {
  Feed(50, 0, BandwidthUsage::kOverusing);
  EXPECT_EQ(trend_.usage(), BandwidthUsage::kNormal);
  // 10 % too much: found within 600 ms.
  EXPECT_LE(Feed(100, 2, BandwidthUsage::kOverusing), 30);
  EXPECT_EQ(trend_.usage(), BandwidthUsage::kOverusing);
  EXPECT_LE(Feed(100, -3, BandwidthUsage::kUnderusing), 40);
  EXPECT_EQ(trend_.usage(), BandwidthUsage::kUnderusing);
  Feed(200, 0, BandwidthUsage::kOverusing);
  EXPECT_EQ(trend_.usage(), BandwidthUsage::kNormal);
}

TEST_F(TrendlineTest, NothingIsSaidBeforeTwentyGroups) { EXPECT_GE(Feed(100, 20, BandwidthUsage::kOverusing), 20); }

TEST_F(TrendlineTest, TheThresholdFollowsTheTrend) {
  Feed(200, 0, BandwidthUsage::kOverusing);
  EXPECT_NEAR(trend_.threshold_ms(), TrendlineEstimator::kMinThresholdMs, 0.5);
  for (int n = 0; n < 2000; ++n) {
    Feed(1, n % 80 < 40 ? 2 : -2, BandwidthUsage::kOverusing);
    ASSERT_GE(trend_.threshold_ms(), TrendlineEstimator::kMinThresholdMs);
    ASSERT_LE(trend_.threshold_ms(), TrendlineEstimator::kMaxThresholdMs);
  }
  // A queue that others make grow and drain is no overuse in the end.
  EXPECT_GT(trend_.threshold_ms(), 8);
}

}  // namespace
}  // namespace duet
