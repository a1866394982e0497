#include "core/bwe/loss_based_control.h"

#include <gtest/gtest.h>

#include <cmath>

namespace duet {
namespace {

constexpr Time kStart = Time::FromMillis(1'700'000'000'000);
constexpr double kTarget = 1e6;

// A path that loses a share of everything, and what exceeds its capacity; the sender obeys. Windows of 400 ms.
class LossTest : public testing::Test {
 protected:
  void Run(int windows) {
    for (int n = 0; n < windows; ++n) {
      now_ = now_ + Duration::Millis(400);
      const double target = std::min(want_bps_, loss_.limit_bps());
      const double arrived = std::min(sent_bps_, capacity_bps_) * (1 - random_);
      const auto packets = std::max<int64_t>(40, static_cast<int64_t>(sent_bps_ * 0.4 / 9600));
      const auto lost = static_cast<int64_t>(std::lround(static_cast<double>(packets) * (1 - arrived / sent_bps_)));
      loss_.OnWindow(now_, {.told = packets, .lost = lost, .sent_bps = sent_bps_, .queued = queued_}, target);
      least_bps_ = std::min(least_bps_, loss_.limit_bps());
      sent_bps_ = std::max(std::min(want_bps_, loss_.limit_bps()), least_sent_bps_);
      if (sent_bps_ > 1.5 * least_sent_bps_) ++high_windows_;
    }
  }
  LossBasedControl loss_;
  Time now_ = kStart;
  double want_bps_ = kTarget;
  double least_sent_bps_ = 0;  // sound
  double sent_bps_ = kTarget;
  double capacity_bps_ = 1e9;
  double random_ = 0;
  bool queued_ = false;
  double least_bps_ = 1e12;
  int high_windows_ = 0;
};

TEST_F(LossTest, LittleLossIsNoReason) {
  random_ = 0.08;
  Run(50);
  EXPECT_FALSE(loss_.limited());
  EXPECT_EQ(least_bps_, 1e12);
}

TEST_F(LossTest, RandomLossIsTestedAndThenBorne) {
  for (const double share : {0.15, 0.3, 0.5, 0.7}) {
    loss_ = LossBasedControl();
    sent_bps_ = kTarget;
    least_bps_ = 1e12;
    random_ = share;
    Run(1);
    EXPECT_TRUE(loss_.testing()) << share;
    EXPECT_NEAR(loss_.limit_bps(), kTarget * (1 - 0.5 * share), 0.02 * kTarget) << share;
    Run(9);
    EXPECT_FALSE(loss_.testing()) << share;
    EXPECT_FALSE(loss_.limited()) << share;
    EXPECT_NEAR(loss_.inherent_loss(), share, 0.03);
    // Not below 0.9 of what arrived.
    EXPECT_GE(least_bps_, 0.87 * (1 - share) * kTarget) << share;
    Run(50);
    EXPECT_FALSE(loss_.limited()) << share;
  }
}

TEST_F(LossTest, APolicerIsObeyedAndNotTakenForInherent) {
  for (const double capacity : {7e5, 5e5, 2e5}) {
    loss_ = LossBasedControl();
    now_ = kStart;
    sent_bps_ = kTarget;
    capacity_bps_ = capacity;
    Run(10);
    EXPECT_LE(sent_bps_, 1.1 * capacity);
    double sum = 0;
    for (int n = 0; n < 100; ++n) {
      Run(1);
      sum += sent_bps_ / 100;
    }
    EXPECT_LE(sum, 1.15 * capacity);
    EXPECT_GE(sum, 0.75 * capacity);
    EXPECT_LT(loss_.inherent_loss(), 0.1);
  }
}

TEST_F(LossTest, AboveTheInherentLossAPolicerIsStillSeen) {
  random_ = 0.3;
  Run(20);
  EXPECT_FALSE(loss_.limited());
  capacity_bps_ = 5e5;
  Run(20);
  EXPECT_LE(sent_bps_, 6e5);
  EXPECT_NEAR(loss_.inherent_loss(), 0.3, 0.1);
}

TEST_F(LossTest, WhatCannotBeLoweredIsRaised) {
  want_bps_ = 3e5;
  sent_bps_ = least_sent_bps_ = 1e5;
  random_ = 0.5;
  Run(25);
  EXPECT_FALSE(loss_.testing());
  EXPECT_FALSE(loss_.limited()) << "more was sent, and the same share of it lost";
  EXPECT_NEAR(loss_.inherent_loss(), 0.5, 0.05);
}

TEST_F(LossTest, APathForLessThanTheLeastIsRarelyDisturbed) {
  want_bps_ = 3e5;
  sent_bps_ = least_sent_bps_ = 1e5;
  capacity_bps_ = 5e4;
  Run(250);  // 100 s
  EXPECT_LT(loss_.inherent_loss(), 0.1);
  EXPECT_GE(high_windows_, 3) << "it was tried";
  EXPECT_LE(high_windows_, 20) << "seldom";
}

TEST_F(LossTest, BesideAQueueItWaitsForTheDrain) {
  random_ = 0.4;
  queued_ = true;
  Run(1);
  // At once to what arrives.
  EXPECT_NEAR(loss_.limit_bps(), 0.54 * kTarget, 0.02 * kTarget);
  Run(6);
  EXPECT_TRUE(loss_.testing());
  EXPECT_TRUE(loss_.limited());
  EXPECT_EQ(loss_.inherent_loss(), 0);
  // The queue is still there 3 s after: it is not ours.
  Run(10);
  EXPECT_FALSE(loss_.testing());
  EXPECT_NEAR(loss_.inherent_loss(), 0.4, 0.05);
}

TEST_F(LossTest, WhatIsOverIsWonBackInSeconds) {
  capacity_bps_ = 4e5;
  Run(8);
  EXPECT_TRUE(loss_.limited());
  EXPECT_LT(sent_bps_, 5e5);
  capacity_bps_ = 1e9;
  Run(20);  // 8 s
  EXPECT_GT(sent_bps_, 0.9 * kTarget);
}

TEST_F(LossTest, ABetterPathForgetsTheInherentLoss) {
  random_ = 0.5;
  Run(20);
  EXPECT_NEAR(loss_.inherent_loss(), 0.5, 0.03);
  random_ = 0;
  Run(2);
  EXPECT_LT(loss_.inherent_loss(), 0.01);
  EXPECT_LT(loss_.loss(), 0.3);
}

TEST_F(LossTest, ARateThatCannotBeLoweredEndsTheTest) {
  random_ = 0.3;
  for (int n = 0; n < 40; ++n) {
    Run(1);
    sent_bps_ = kTarget;  // the application does not obey
    EXPECT_GE(loss_.limit_bps(), 0.85 * 0.7 * kTarget);
  }
}

TEST_F(LossTest, FewPacketsProveNothing) {
  for (int n = 0; n < 100; ++n) {
    now_ = now_ + Duration::Seconds(2);
    loss_.OnWindow(now_, {.told = 5, .lost = n % 3 == 0 ? 2 : 0, .sent_bps = 2e4}, 3e4);
  }
  EXPECT_FALSE(loss_.limited());
}

}  // namespace
}  // namespace duet
