// What the scenarios do not reach: bounds, REMB, receiver reports, timers.
#include "core/bwe/send_bandwidth_estimator.h"

#include <gtest/gtest.h>

#include "core/bwe/bwe_test_feedback.h"

namespace duet {
namespace {

constexpr Time kStart = Time::FromMillis(1'700'000'000'000);

class EstimatorTest : public testing::Test {
 protected:
  // Sends at this rate, without transport-wide numbers, and reports the loss every second.
  void Report(int seconds, double sent_bps, double loss, int64_t remb_bps = -1) {
    for (int ms = 0; ms < seconds * 1000; ms += 10) {
      now_ = now_ + Duration::Millis(10);
      estimator_.OnPacketSent(now_, static_cast<size_t>(sent_bps / 800));
      estimator_.OnTimer(now_);
      if (ms % 1000 != 990) continue;
      estimator_.OnReceiverReport(now_, loss, Duration::Millis(80));
      if (remb_bps >= 0) estimator_.OnRemb(now_, remb_bps);
    }
  }
  SendBandwidthEstimator estimator_;
  Time now_ = kStart;
};

TEST_F(EstimatorTest, StartsWhereItIsTold) {
  EXPECT_EQ(estimator_.target_bps(), 600'000);
  EXPECT_EQ(estimator_.state(), BweState::kStarting);
  EXPECT_TRUE(estimator_.NextTimer().is_never());
  EXPECT_EQ(estimator_.acknowledged_bps(), 0);
}

TEST_F(EstimatorTest, TheFirstPacketStartsProbesAndTheTimer) {
  EXPECT_FALSE(estimator_.TakeProbe(now_));
  estimator_.OnPacketSent(now_, 1, 1000);
  EXPECT_FALSE(estimator_.NextTimer().is_never());
  EXPECT_EQ(estimator_.TakeProbe(now_)->rate_bps, 1'800'000);
  EXPECT_EQ(estimator_.TakeProbe(now_)->rate_bps, 3'600'000);
  EXPECT_FALSE(estimator_.TakeProbe(now_));
}

// 1 bit/s would keep the pacer busy for hours.
TEST_F(EstimatorTest, ATinyRembStartsNoProbe) {
  estimator_.OnRemb(now_, 1);
  estimator_.OnPacketSent(now_, 1, 1000);
  EXPECT_FALSE(estimator_.TakeProbe(now_));
}

TEST_F(EstimatorTest, SleepsWhenNothingIsSent) {
  estimator_.OnPacketSent(now_, 1, 1000);
  int timers = 0;
  while (!estimator_.NextTimer().is_never() && timers < 1000) {
    now_ = estimator_.NextTimer();
    estimator_.OnTimer(now_);
    ++timers;
  }
  EXPECT_LT(timers, 40);
}

TEST_F(EstimatorTest, RembIsAnUpperBoundWhileItIsFresh) {
  Report(1, 6e5, 0, 400'000);
  EXPECT_EQ(estimator_.target_bps(), 400'000);
  EXPECT_EQ(estimator_.state(), BweState::kRembLimited);
  Report(3, 4e5, 0, 200'000);
  EXPECT_EQ(estimator_.target_bps(), 200'000);
  Report(9, 2e5, 0);
  EXPECT_EQ(estimator_.target_bps(), 200'000);
  Report(3, 2e5, 0);
  EXPECT_GT(estimator_.target_bps(), 200'000);
  estimator_.OnRemb(now_, 0);
  EXPECT_EQ(estimator_.target_bps(), 30'000);
  estimator_.OnRemb(now_, -5);
  EXPECT_EQ(estimator_.target_bps(), 30'000);
}

TEST_F(EstimatorTest, TheFirstRembIsTakenAsItIs) {
  Report(1, 6e5, 0, 3'000'000);
  EXPECT_EQ(estimator_.target_bps(), 3'000'000);
}

TEST_F(EstimatorTest, ReportsWithoutLossRaiseTheTarget) {
  Report(11, 1e6, 0);
  EXPECT_NEAR(static_cast<double>(estimator_.target_bps()), 6e5 * 2.16, 1.5e5);
  // But not far beyond what is sent.
  Report(60, 1e6, 0);
  EXPECT_LE(estimator_.target_bps(), 1'520'000);
}

// The sender obeys; the path loses 40 % of everything.
TEST_F(EstimatorTest, ReportsOfRandomLossDoNotEndTheCall) {
  int64_t least = 1'000'000;
  for (int n = 0; n < 60; ++n) {
    Report(1, static_cast<double>(estimator_.target_bps()), 0.4);
    if (n > 30) least = std::min(least, estimator_.target_bps());
  }
  EXPECT_GE(least, 500'000);
  EXPECT_NEAR(estimator_.inherent_loss(), 0.4, 0.05);
}

// The path lets 300 kbit/s through.
TEST_F(EstimatorTest, ReportsOfAPolicerAreObeyed) {
  double sum = 0;
  for (int n = 0; n < 60; ++n) {
    const auto sent = static_cast<double>(estimator_.target_bps());
    Report(1, sent, std::max(0.0, 1 - 3e5 / sent));
    if (n >= 20) sum += sent / 40;
  }
  EXPECT_LE(sum, 360e3);
  EXPECT_GE(sum, 200e3);
}

TEST_F(EstimatorTest, BoundsHold) {
  SendBandwidthEstimator small({.start_bps = 100'000, .min_bps = 50'000, .max_bps = 200'000});
  small.SetMaxBitrate(1'000'000);
  small.OnPacketSent(now_, 1000);
  small.OnRemb(now_, 10'000'000);
  EXPECT_EQ(small.target_bps(), 200'000);
  small.SetMaxBitrate(120'000);
  EXPECT_EQ(small.target_bps(), 120'000);
  small.SetMaxBitrate(1);
  EXPECT_EQ(small.target_bps(), 50'000);
  small.SetMaxBitrate(200'000);
  small.OnTimer(now_ + Duration::Seconds(1));
  EXPECT_EQ(small.target_bps(), 200'000);
}

// What is said of packets that nobody sent is not heard.
TEST_F(EstimatorTest, ForeignFeedbackIsNothing) {
  bwe_test::WithFeedback(1, {{1, 0}, {2, 10}}, [&](const TransportFeedback& feedback) {
    estimator_.OnFeedback(now_, feedback);
    EXPECT_EQ(estimator_.state(), BweState::kStarting);
    estimator_.OnPacketSent(now_, 500, 1000);
    estimator_.OnFeedback(now_, feedback);
    EXPECT_EQ(estimator_.state(), BweState::kStarting);
  });
}

}  // namespace
}  // namespace duet
