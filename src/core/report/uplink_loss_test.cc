#include "core/report/uplink_loss.h"

#include <gtest/gtest.h>

namespace duet {
namespace {

void Windows(UplinkLoss& loss, int count, double share, int64_t bps, Duration queue = Duration::Zero()) {
  for (int i = 0; i < count; ++i)
    loss.OnWindow({.expected = 100, .lost = static_cast<int64_t>(100 * share), .received_bps = bps, .queue = queue});
}

TEST(UplinkLossTest, WhatIsLostAtALowRateIsInherent) {
  UplinkLoss loss;
  Windows(loss, 20, 0.3, 150'000);
  EXPECT_NEAR(loss.inherent(), 0.3, 0.02);
  EXPECT_EQ(loss.forgiven(), 1);
}

TEST(UplinkLossTest, LossesAtAHighRateOrBesideAQueueSayNothing) {
  UplinkLoss loss;
  Windows(loss, 20, 0.5, 2'000'000);
  EXPECT_EQ(loss.inherent(), 0);
  Windows(loss, 20, 0.5, 150'000, Duration::Millis(200));
  EXPECT_EQ(loss.inherent(), 0);
}

TEST(UplinkLossTest, AboveTheLowRateItFallsButNeverRises) {
  UplinkLoss loss;
  Windows(loss, 20, 0.3, 150'000);
  Windows(loss, 20, 0.6, 2'000'000);
  EXPECT_NEAR(loss.inherent(), 0.3, 0.02) << "what a policer takes is told";
  EXPECT_NEAR(loss.forgiven(), 0.6, 0.03) << "three of six";
  Windows(loss, 100, 0, 2'000'000);
  EXPECT_LT(loss.inherent(), 0.01);
}

TEST(UplinkLossTest, FewPacketsAreNoMeasure) {
  UplinkLoss loss;
  for (int i = 0; i < 20; ++i) loss.OnWindow({.expected = 5, .lost = 3, .received_bps = 10'000});
  EXPECT_EQ(loss.inherent(), 0);
}

TEST(TransitQueueTest, ItIsWhatTheDelayIsAboveItsLeast) {
  TransitQueue transit;
  Time now = Time::FromMillis(1'000'000);
  uint32_t timestamp = 0xffff'0000;
  const auto run = [&](Duration delay, int packets) {
    for (int i = 0; i < packets; ++i) {
      now = now + Duration::Millis(20);
      timestamp += 960;
      transit.OnPacket(now + delay, timestamp, 48000);
    }
  };
  run(Duration::Millis(30), 100);
  EXPECT_EQ(transit.queue(), Duration::Zero());
  run(Duration::Millis(130), 100);
  EXPECT_EQ(transit.queue(), Duration::Millis(100));
  run(Duration::Millis(130), 1500);
  EXPECT_EQ(transit.queue(), Duration::Zero()) << "after half a minute it is the way that became longer";
}

}  // namespace
}  // namespace duet
