// The whole of it - encoder, pacer, estimator, our own feedback - against one bottleneck in virtual time.
#include <gtest/gtest.h>

#include "core/bwe/bwe_test_network.h"

namespace duet::bwe_test {
namespace {

constexpr Duration kBase = Duration::Seconds(30);

// The first sample from `from` on that holds, in seconds after it; 1e9 when none does.
template <typename F>
double SecondsUntil(const std::vector<Sample>& samples, size_t from, F&& holds) {
  for (size_t i = from; i < samples.size(); ++i) {
    if (holds(samples[i])) return static_cast<double>(i - from + 1) * World::kSampleTime.seconds();
  }
  return 1e9;
}

class FixedBottleneck : public testing::TestWithParam<double> {};

TEST_P(FixedBottleneck, IsUsedWithoutAQueue) {
  World world({.rate_bps = GetParam()});
  World::Flow& flow = world.AddFlow();
  world.RunFor(Duration::Seconds(40));
  const double used = Mean(flow.samples, kBase, &Sample::sent_bps) / GetParam();
  const double queue_ms = QueueMs(flow.samples, kBase, 0.5);
  EXPECT_GE(used, 0.7);
  EXPECT_LE(used, 1.0);
  EXPECT_LT(queue_ms, 150);
  EXPECT_LT(QueueMs(flow.samples, kBase, 0.95), 150);
}

INSTANTIATE_TEST_SUITE_P(Rates, FixedBottleneck, testing::Values(300e3, 1e6, 3e6, 10e6));

TEST(BweScenario, WithoutPaddingAndOnALongShakyPath) {
  World world({.rate_bps = 2e6, .delay = Duration::Millis(150), .jitter = Duration::Millis(10)});
  World::Flow& flow = world.AddFlow();
  flow.padding = false;
  world.RunFor(Duration::Seconds(40));
  const double used = Mean(flow.samples, kBase, &Sample::sent_bps) / 2e6;
  EXPECT_GE(used, 0.7);
  EXPECT_LE(used, 1.0);
  EXPECT_LT(QueueMs(flow.samples, kBase, 0.5), 150);
}

TEST(BweScenario, AStepDownIsObeyedAndAStepUpUsed) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    World world({.rate_bps = 2e6}, seed);
    World::Flow& flow = world.AddFlow();
    world.RunFor(Duration::Seconds(15));
    EXPECT_GE(Mean(flow.samples, Duration::Seconds(5), &Sample::sent_bps), 1.4e6);

    world.path.rate_bps = 300e3;
    const size_t down = flow.samples.size();
    world.RunFor(Duration::Seconds(20));
    EXPECT_LT(SecondsUntil(flow.samples, down, [](const Sample& s) { return s.sent_bps <= 330e3; }), 3);
    for (size_t i = down + 12; i < flow.samples.size(); ++i)
      EXPECT_LT(flow.samples[i].queue_delay, Duration::Millis(300));
    EXPECT_GE(Mean(flow.samples, Duration::Seconds(10), &Sample::sent_bps), 0.7 * 300e3);

    world.path.rate_bps = 2e6;
    const size_t up = flow.samples.size();
    world.RunFor(Duration::Seconds(10));
    EXPECT_LT(SecondsUntil(flow.samples, up, [](const Sample& s) { return s.sent_bps >= 1.6e6; }), 10);
  }
}

class RandomLoss : public testing::TestWithParam<double> {};

// Both ways: feedback is lost as well.
TEST_P(RandomLoss, DoesNotEndTheCall) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    World world({.rate_bps = 5e6, .loss = GetParam(), .loss_back = GetParam()}, seed);
    World::Flow& flow = world.AddFlow();
    world.RunFor(Duration::Seconds(45));
    EXPECT_GE(Mean(flow.samples, kBase, &Sample::sent_bps), 500e3) << seed;
    EXPECT_LT(QueueMs(flow.samples, kBase, 0.5), 150) << seed;
    // At 10 % there may have been no test.
    EXPECT_NEAR(flow.estimator.inherent_loss(), GetParam(), 0.11) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Shares, RandomLoss, testing::Values(0.1, 0.3, 0.5));

// What a short queue drops because we send too much is not taken for inherent, though no delay shows it.
TEST(BweScenario, APolicerIsObeyed) {
  World world({.rate_bps = 1e6, .queue = Duration::Millis(10)});
  World::Flow& flow = world.AddFlow();
  world.RunFor(Duration::Seconds(40));
  EXPECT_LE(Mean(flow.samples, kBase, &Sample::sent_bps), 1e6);
  EXPECT_GE(Mean(flow.samples, kBase, &Sample::arrived_bps), 400e3);
  EXPECT_LT(flow.estimator.inherent_loss(), 0.15);
}

// The second one comes when the first has everything. Chance decides much within a minute, so: the median of seven runs
// is fair, and none is starved.
TEST(BweScenario, TwoFlowsShare) {
  for (const double rate : {1e6, 2e6, 5e6}) {
    std::vector<double> shares;
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      World world({.rate_bps = rate}, seed);
      World::Flow& first = world.AddFlow();
      world.RunFor(Duration::Seconds(15));
      World::Flow& second = world.AddFlow();
      world.RunFor(Duration::Seconds(100));
      const double a = Mean(first.samples, Duration::Seconds(60), &Sample::arrived_bps);
      const double b = Mean(second.samples, Duration::Seconds(60), &Sample::arrived_bps);
      shares.push_back(a / (a + b));
      EXPECT_GT(shares.back(), 0.25) << rate << " seed " << seed;
      EXPECT_LT(shares.back(), 0.75) << rate << " seed " << seed;
      EXPECT_GT(a + b, 0.7 * rate);
      EXPECT_LE(a + b, 1.0 * rate);
      EXPECT_LT(QueueMs(first.samples, Duration::Seconds(60), 0.5), 150);
    }
    std::sort(shares.begin(), shares.end());
    EXPECT_GT(shares[2], 0.35) << rate;
    EXPECT_LT(shares[2], 0.65) << rate;
  }
}

TEST(BweScenario, AnApplicationThatWantsMoreGetsIt) {
  World world({.rate_bps = 700e3});
  World::Flow& flow = world.AddFlow();
  flow.Want(500e3);
  world.RunFor(Duration::Seconds(20));
  EXPECT_LT(flow.samples.back().target_bps, 900e3);
  world.path.rate_bps = 5e6;
  world.RunFor(Duration::Seconds(10));
  // Nobody wants more: nobody probes for it.
  EXPECT_LT(flow.samples.back().target_bps, 900e3);
  flow.Want(2e6);
  const size_t from = flow.samples.size();
  world.RunFor(Duration::Seconds(8));
  EXPECT_LT(SecondsUntil(flow.samples, from, [](const Sample& s) { return s.sent_bps >= 1.8e6; }), 5);
}

// As the server sees it while a publisher has no more: what would be wanted is not known, so the path is tried out.
TEST(BweScenario, ALimitedApplicationIsProbedFor) {
  World world({.rate_bps = 400e3});
  World::Flow& flow = world.AddFlow();
  flow.application_bps = 150e3;
  world.RunFor(Duration::Seconds(15));
  world.path.rate_bps = 4e6;
  world.RunFor(Duration::Seconds(10));
  EXPECT_GT(flow.samples.back().target_bps, 1.5e6);
  EXPECT_TRUE(flow.estimator.application_limited());
}

TEST(BweScenario, AnOutageIsForgottenWhenItEnds) {
  World world({.rate_bps = 2e6});
  World::Flow& flow = world.AddFlow();
  world.RunFor(Duration::Seconds(10));
  world.path.loss = 1;
  world.RunFor(Duration::Seconds(8));
  EXPECT_EQ(flow.estimator.state(), BweState::kSilent);
  EXPECT_LT(flow.samples.back().target_bps, 100e3);
  world.path.loss = 0;
  const size_t from = flow.samples.size();
  world.RunFor(Duration::Seconds(6));
  EXPECT_LT(SecondsUntil(flow.samples, from, [](const Sample& s) { return s.sent_bps >= 1.4e6; }), 5);
}

TEST(BweScenario, SameSeedSameRun) {
  const auto run = [] {
    World world({.rate_bps = 1e6, .loss = 0.1, .jitter = Duration::Millis(5)}, 7);
    World::Flow& flow = world.AddFlow();
    world.RunFor(Duration::Seconds(10));
    return flow.samples.back().target_bps;
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace duet::bwe_test
