// AckedBitrateEstimator, AimdRateControl, AlrDetector.
#include <gtest/gtest.h>

#include "core/bwe/acked_bitrate_estimator.h"
#include "core/bwe/aimd_rate_control.h"
#include "core/bwe/alr_detector.h"

namespace duet {
namespace {

constexpr Time kStart = Time::FromMillis(1'700'000'000'000);
Time At(int64_t ms) { return kStart + Duration::Millis(ms); }

// ---- what arrives

// 1000-byte packets at `bps` for a time from `ms` on.
int64_t Arrive(AckedBitrateEstimator& acked, int64_t ms, int64_t for_ms, double bps) {
  const auto step_us = static_cast<int64_t>(8000 / bps * 1e6);
  for (int64_t us = 0; us < for_ms * 1000; us += step_us) acked.OnPacket(At(ms) + Duration::Micros(us), 1000);
  return ms + for_ms;
}

TEST(AckedBitrate, IsUnknownAtFirstAndThenRight) {
  AckedBitrateEstimator acked;
  int64_t ms = Arrive(acked, 0, 490, 1e6);
  EXPECT_FALSE(acked.bps());
  Arrive(acked, ms, 2000, 1e6);
  EXPECT_NEAR(*acked.bps(), 1e6, 5e4);
}

TEST(AckedBitrate, FollowsAStep) {
  for (const double to : {3e5, 4e6}) {
    AckedBitrateEstimator acked;
    const int64_t ms = Arrive(acked, 0, 5000, 1.5e6);
    Arrive(acked, ms, 1500, to);
    EXPECT_NEAR(*acked.bps(), to, 0.25 * to);
  }
}

TEST(AckedBitrate, AnExpectedChangeIsFollowedAtOnce) {
  AckedBitrateEstimator acked;
  const int64_t ms = Arrive(acked, 0, 5000, 3e5);
  acked.ExpectChange();
  Arrive(acked, ms, 650, 2e6);
  EXPECT_GT(*acked.bps(), 1.6e6);
}

TEST(AckedBitrate, ASingleBurstHardlyCounts) {
  AckedBitrateEstimator acked;
  int64_t ms = Arrive(acked, 0, 5000, 5e5);
  ms = Arrive(acked, ms, 150, 5e6);
  Arrive(acked, ms, 300, 5e5);
  EXPECT_LT(*acked.bps(), 8e5);
}

TEST(AckedBitrate, APauseIsNoRate) {
  AckedBitrateEstimator acked;
  Arrive(acked, 0, 5000, 1e6);
  Arrive(acked, 60'000, 1000, 1e6);
  EXPECT_NEAR(*acked.bps(), 1e6, 1e5);
}

// Half of the feedback lost: half of the packets are never told of, and the rate is the same.
TEST(AckedBitrate, HolesCountForNothing) {
  AckedBitrateEstimator acked;
  for (int64_t ms = 0; ms < 10'000; ms += 8) {
    if (ms / 80 % 2 == 0) acked.OnPacket(At(ms), 1000, ms % 80 == 0 && ms > 0);
  }
  EXPECT_NEAR(*acked.bps(), 1e6, 1.5e5);
}

TEST(AckedBitrate, AClockSetBackDoesNotStopIt) {
  AckedBitrateEstimator acked;
  Arrive(acked, 1'000'000, 5000, 1e6);
  Arrive(acked, 0, 3000, 3e5);
  EXPECT_NEAR(*acked.bps(), 3e5, 6e4);
}

// ---- the rate

constexpr auto kNormal = BandwidthUsage::kNormal;
constexpr auto kOver = BandwidthUsage::kOverusing;

TEST(Aimd, DecreasesToAShareOfWhatArrives) {
  AimdRateControl aimd(1e6, 3e4, 1e7);
  aimd.Update(At(0), kOver, 8e5);
  EXPECT_NEAR(aimd.estimate_bps(), 0.85 * 8e5, 1);
  EXPECT_TRUE(aimd.decreasing());
  // Never up, never below the least.
  aimd.Update(At(1000), kOver, 2e6);
  EXPECT_LE(aimd.estimate_bps(), 0.85 * 8e5);
  for (int n = 2; n < 100; ++n) aimd.Update(At(n * 1000), kOver, aimd.estimate_bps());
  EXPECT_EQ(aimd.estimate_bps(), 3e4);
}

TEST(Aimd, HalvesWhileNothingIsKnown) {
  AimdRateControl aimd(1e6, 3e4, 1e7);
  aimd.Update(At(0), kOver, std::nullopt);
  EXPECT_EQ(aimd.estimate_bps(), 5e5);
}

TEST(Aimd, ADecreaseIsGivenARoundTripToWork) {
  AimdRateControl aimd(1e6, 3e4, 1e7);
  aimd.SetRtt(Duration::Millis(100));
  aimd.Update(At(0), kOver, 1e6);
  aimd.Update(At(50), kOver, 8e5);
  EXPECT_NEAR(aimd.estimate_bps(), 8.5e5, 1);
  aimd.Update(At(100), kOver, 8e5);
  EXPECT_NEAR(aimd.estimate_bps(), 6.8e5, 1);
  // Far too high: at once.
  aimd.Update(At(110), kOver, 1e5);
  EXPECT_NEAR(aimd.estimate_bps(), 8.5e4, 1);
}

TEST(Aimd, GrowsByEightPercentASecondWhenTheLinkIsUnknown) {
  AimdRateControl aimd(1e6, 3e4, 1e7);
  for (int ms = 0; ms <= 10'000; ms += 50) aimd.Update(At(ms), kNormal, 5e6);
  EXPECT_NEAR(aimd.estimate_bps(), 1e6 * std::pow(1.08, 10), 2e4);
}

TEST(Aimd, CreepsNearTheCapacityThatItKnowsUntilMoreArrives) {
  AimdRateControl aimd(1e6, 3e4, 1e7);
  aimd.SetRtt(Duration::Millis(100));
  aimd.Update(At(0), kOver, 1e6);
  for (int ms = 100; ms <= 2100; ms += 50) aimd.Update(At(ms), kNormal, 9e5);
  // A packet of 8.5 kbit in each 400 ms.
  EXPECT_NEAR(aimd.estimate_bps() - 8.5e5, 2 * 21e3, 8e3);
  const double before = aimd.estimate_bps();
  EXPECT_TRUE(aimd.link().known());
  for (int ms = 2150; ms <= 3150; ms += 50) aimd.Update(At(ms), kNormal, 1.2e6);
  EXPECT_FALSE(aimd.link().known());
  EXPECT_NEAR(aimd.estimate_bps() / before, 1.08, 0.01);
}

TEST(Aimd, NeverLeadsWhatArrivesByMoreThanHalf) {
  AimdRateControl aimd(1e6, 3e4, 1e7);
  for (int ms = 0; ms <= 60'000; ms += 50) aimd.Update(At(ms), kNormal, 1e6);
  EXPECT_NEAR(aimd.estimate_bps(), 1.51e6, 1e3);
  // What is above already stays.
  for (int ms = 60'050; ms <= 70'000; ms += 50) aimd.Update(At(ms), kNormal, 1e5);
  EXPECT_NEAR(aimd.estimate_bps(), 1.51e6, 1e3);
}

TEST(Aimd, HoldsWhileTheQueueDrains) {
  AimdRateControl aimd(1e6, 3e4, 1e7);
  for (int ms = 0; ms <= 5000; ms += 50) aimd.Update(At(ms), BandwidthUsage::kUnderusing, 1e6);
  EXPECT_EQ(aimd.estimate_bps(), 1e6);
  EXPECT_FALSE(aimd.increasing());
}

TEST(Aimd, TakesAProbeWithinItsBounds) {
  AimdRateControl aimd(1e6, 3e4, 1e7);
  aimd.SetEstimate(At(0), 4e6);
  EXPECT_EQ(aimd.estimate_bps(), 4e6);
  aimd.SetEstimate(At(0), 4e9);
  EXPECT_EQ(aimd.estimate_bps(), 1e7);
}

// ---- the application's limit

TEST(Alr, KnowsWhoIsTheLimit) {
  AlrDetector alr;
  const auto run = [&](int64_t from_ms, double bps) {
    for (int64_t ms = from_ms; ms < from_ms + 3000; ms += 10) {
      alr.OnPacketSent(At(ms), static_cast<size_t>(bps / 800), 1e6);
    }
  };
  run(0, 9e5);
  EXPECT_FALSE(alr.limited());
  run(3000, 3e5);
  EXPECT_TRUE(alr.limited());
  run(6000, 9e5);
  EXPECT_FALSE(alr.limited());
  EXPECT_TRUE(alr.LimitedWithin(At(9000), Duration::Seconds(3)));
  EXPECT_FALSE(alr.LimitedWithin(At(20'000), Duration::Seconds(3)));
  alr.OnTimer(At(15'000), 1e6);
  EXPECT_TRUE(alr.limited());
}

}  // namespace
}  // namespace duet
