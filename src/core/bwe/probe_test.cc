// ProbeEstimator and ProbeController.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/bwe/probe_controller.h"
#include "core/bwe/probe_estimator.h"

namespace duet {
namespace {

using testing::IsEmpty;

constexpr Time kStart = Time::FromMillis(1'700'000'000'000);
Time At(double ms) { return kStart + Duration::Micros(static_cast<int64_t>(ms * 1000)); }

// ---- what a cluster measured

class ProbeEstimatorTest : public testing::Test {
 protected:
  // A cluster of ten packets of 500 bytes at `sent_bps`, of which those in `lost` do not arrive.
  std::optional<ProbeEstimator::Result> Measure(double sent_bps, double arrived_bps, const std::vector<int>& lost = {},
                                                double inherent = 0, int told = 10) {
    ++id_;
    estimator_.OnProbe({.id = id_, .rate_bps = static_cast<int64_t>(sent_bps), .min_bytes = 5000, .min_packets = 10});
    for (int n = 0; n < told; ++n) {
      const bool received = std::find(lost.begin(), lost.end(), n) == lost.end();
      estimator_.OnResult({.seq = n,
                           .sent = At(n * 4e6 / sent_bps),
                           .received = received,
                           .arrived = At(500 + n * 4e6 / arrived_bps),
                           .size = 500,
                           .probe = id_});
    }
    return estimator_.Take(inherent);
  }
  ProbeEstimator estimator_;
  ProbeId id_ = 0;
};

TEST_F(ProbeEstimatorTest, APathThatCarriesItGivesItsRate) {
  const auto result = Measure(2e6, 2e6);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->id, 1);
  EXPECT_NEAR(result->bps, 2e6, 2e4);
  EXPECT_FALSE(result->full);
  // Once.
  EXPECT_FALSE(estimator_.Take(0));
  // A little faster at arrival: no more than was sent.
  EXPECT_NEAR(Measure(2e6, 2.5e6)->bps, 2e6, 2e4);
}

TEST_F(ProbeEstimatorTest, AFullPathGivesALittleLessThanWhatArrives) {
  const auto result = Measure(2e6, 1e6);
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->bps, 0.95e6, 2e4);
  EXPECT_TRUE(result->full);
}

TEST_F(ProbeEstimatorTest, ABurstAtArrivalIsNoMeasurement) { EXPECT_FALSE(Measure(1e6, 5e6)); }

TEST_F(ProbeEstimatorTest, FourFifthsAreEnough) {
  EXPECT_FALSE(Measure(2e6, 2e6, {}, 0, 7));
  EXPECT_TRUE(Measure(2e6, 2e6, {}, 0, 8));
}

TEST_F(ProbeEstimatorTest, LossesCountAsSentWithinLimits) {
  EXPECT_NEAR(Measure(2e6, 2e6, {3, 4})->bps, 2e6, 2e4);
  EXPECT_NEAR(Measure(2e6, 2e6, {0, 9})->bps, 2e6, 2e4);
  EXPECT_FALSE(Measure(2e6, 2e6, {1, 3, 5}));
  EXPECT_NEAR(Measure(2e6, 2e6, {1, 3, 5, 6, 7}, 0.5)->bps, 2e6, 2e4);
  EXPECT_FALSE(Measure(2e6, 2e6, {0, 1, 2, 3, 4, 5, 6, 7, 8}, 0.9));
}

TEST_F(ProbeEstimatorTest, UnknownClustersAndLateArrivalsAreNothing) {
  estimator_.OnResult({.sent = At(0), .received = true, .arrived = At(1), .size = 500, .probe = 9});
  estimator_.OnResult({.sent = At(0), .received = true, .arrived = At(1), .size = 500});
  EXPECT_FALSE(estimator_.Take(0));
}

// ---- when to probe

class ProbeControllerTest : public testing::Test {
 protected:
  // Rates of the clusters that are asked for at this time.
  std::vector<int64_t> Take(double ms) {
    std::vector<int64_t> rates;
    while (const auto cluster = probes_.Take(At(ms), situation_)) {
      EXPECT_NE(cluster->id, 0);
      EXPECT_EQ(cluster->min_packets, ProbeController::kClusterPackets);
      EXPECT_EQ(cluster->min_bytes, cluster->rate_bps * 15 / 8000);
      rates.push_back(cluster->rate_bps);
      last_ = cluster->id;
    }
    return rates;
  }
  std::vector<int64_t> Tick(double ms) {
    probes_.OnTimer(At(ms), situation_);
    return Take(ms);
  }
  void Measured(double ms, double bps, bool taken = true) {
    if (taken) situation_.target_bps = std::max(situation_.target_bps, bps);
    probes_.OnMeasured(At(ms), last_, bps, situation_);
  }
  void Start() {
    probes_.Start(At(0), situation_);
    Take(0);
    Measured(100, 1e6);
  }
  ProbeController probes_;
  ProbeController::Situation situation_{.target_bps = 6e5, .max_bps = 5e7, .calm = true};
  ProbeId last_ = 0;
};

TEST_F(ProbeControllerTest, StartsWithThreeAndSixTimes) {
  EXPECT_THAT(Tick(0), IsEmpty());
  probes_.Start(At(0), situation_);
  EXPECT_EQ(Take(0), (std::vector<int64_t>{1'800'000, 3'600'000}));
  EXPECT_THAT(Take(1), IsEmpty());
}

TEST_F(ProbeControllerTest, GoesOnWhileItSucceeds) {
  probes_.Start(At(0), situation_);
  Take(0);
  Measured(100, 3.5e6);
  EXPECT_EQ(Take(100), std::vector<int64_t>{7'000'000});
  Measured(200, 3.6e6);  // about half of what was tried
  EXPECT_THAT(Take(200), IsEmpty());
}

TEST_F(ProbeControllerTest, TriesTwiceTheTargetEveryFiveSecondsWhileCalm) {
  Start();
  EXPECT_THAT(Tick(5000), IsEmpty());
  EXPECT_EQ(Tick(5100), std::vector<int64_t>{2'000'000});
  Measured(5200, 1e6);
  EXPECT_THAT(Tick(10'100), IsEmpty());
  EXPECT_EQ(Tick(10'200), std::vector<int64_t>{2'000'000});
  // One of which nothing is heard counts as failed.
  EXPECT_THAT(Tick(11'300), IsEmpty());
  EXPECT_THAT(Tick(16'200), IsEmpty());
  EXPECT_EQ(Tick(16'300), std::vector<int64_t>{2'000'000});
}

TEST_F(ProbeControllerTest, WaitsAfterADecreaseUnlessTheApplicationIsTheLimit) {
  Start();
  situation_.last_decrease = At(4000);
  EXPECT_THAT(Tick(6000), IsEmpty());
  situation_.application_limited = true;
  EXPECT_EQ(Tick(6000), std::vector<int64_t>{2'000'000});
}

TEST_F(ProbeControllerTest, NothingWhileTheQueueMoves) {
  Start();
  situation_.calm = false;
  EXPECT_THAT(Tick(8000), IsEmpty());
  situation_.calm = true;
  probes_.OnTimer(At(9000), situation_);
  // Asked for, but then it was no longer calm.
  situation_.calm = false;
  EXPECT_THAT(Take(9000), IsEmpty());
  situation_.calm = true;
  EXPECT_THAT(Take(9001), IsEmpty());
}

TEST_F(ProbeControllerTest, NotBeyondWhatTheApplicationWants) {
  Start();
  probes_.SetApplicationRate(At(200), 9e5, situation_);
  EXPECT_THAT(Take(200), IsEmpty());
  EXPECT_EQ(Tick(6000), std::vector<int64_t>{1'125'000});
  Measured(6100, 1.125e6);
  EXPECT_THAT(Take(6100), IsEmpty());
  EXPECT_THAT(Tick(20'000), IsEmpty());
  // More is wanted: at once, with a quarter more as the limit of the next.
  probes_.SetApplicationRate(At(20'100), 2e6, situation_);
  EXPECT_EQ(Take(20'100), std::vector<int64_t>{2'000'000});
  Measured(20'200, 2e6);
  EXPECT_EQ(Take(20'200), std::vector<int64_t>{2'500'000});
  // Unknown again: no limit but the highest rate.
  probes_.SetApplicationRate(At(20'300), 0, situation_);
  situation_.max_bps = 3e6;
  Measured(20'400, 2.5e6);
  EXPECT_EQ(Take(20'400), std::vector<int64_t>{3'000'000});
}

TEST_F(ProbeControllerTest, TriesTheFormerRateAfterAFall) {
  Start();
  situation_.target_bps = 4e6;
  situation_.last_decrease = At(2000);
  // In two steps, as it happens.
  probes_.OnDecrease(At(1900), 4e6, 3e6);
  probes_.OnDecrease(At(2000), 3e6, 1e6);
  situation_.target_bps = 1e6;
  EXPECT_THAT(Tick(3900), IsEmpty());
  EXPECT_EQ(Tick(4000), std::vector<int64_t>{3'400'000});
  Measured(4100, 1e6);
  EXPECT_THAT(Tick(4200), IsEmpty());
}

TEST_F(ProbeControllerTest, ASmallDecreaseIsNoFall) {
  Start();
  probes_.OnDecrease(At(2000), 1e6, 8.5e5);
  situation_.last_decrease = At(2000);
  EXPECT_THAT(Tick(4500), IsEmpty());
}

TEST_F(ProbeControllerTest, IdsNeverAreZero) {
  Start();
  size_t clusters = 0;
  for (int n = 1; n < 600; ++n) clusters += Tick(n * 5000).size();
  EXPECT_GT(clusters, 256u);
}

}  // namespace
}  // namespace duet
