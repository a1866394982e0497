#include "core/red/red_depth.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/red/red_encoder.h"

namespace duet {
namespace {

Time At(int64_t seconds) { return Time::FromMillis(1'000'000 + seconds * 1000); }

TEST(RedDepth, FollowsTheLoss) {
  const struct {
    double loss;
    int depth;
  } cases[] = {{0, 0},   {0.02, 0}, {0.05, 1}, {0.1, 1},  {0.15, 2}, {0.25, 2},
               {0.3, 3}, {0.5, 5},  {0.6, 7},  {0.7, 10}, {0.9, 10}, {1, 10}};
  for (const auto& c : cases) EXPECT_EQ(RedDepthForLoss(c.loss), c.depth) << c.loss;
}

TEST(RedDepth, IsTheLeastThatKeepsMissingPacketsBelowTwoPercent) {
  for (double loss = 0.01; loss < 0.7; loss += 0.003) {
    const int depth = RedDepthForLoss(loss);
    EXPECT_LE(std::pow(loss, depth + 1), 0.0201) << loss;
    EXPECT_TRUE(depth == 0 || std::pow(loss, depth) > 0.02) << loss;
  }
}

TEST(RedDepth, UpAtOnceDownStepByStep) {
  RedDepth depth;
  EXPECT_EQ(depth.Update(At(0), 0, 10), 0);
  EXPECT_EQ(depth.Update(At(1), 0.3, 10), 3);
  EXPECT_EQ(depth.Update(At(2), 0, 10), 3);
  EXPECT_EQ(depth.Update(At(6), 0, 10), 3);
  EXPECT_EQ(depth.Update(At(7), 0, 10), 2) << "5 s after the loss has ended";
  EXPECT_EQ(depth.Update(At(11), 0, 10), 2);
  EXPECT_EQ(depth.Update(At(12), 0, 10), 1);
  EXPECT_EQ(depth.Update(At(17), 0, 10), 0);
  EXPECT_EQ(depth.Update(At(100), 0, 10), 0);
}

TEST(RedDepth, DoesNotFlapAtABorder) {
  // The border between 1 and 2 lies at 14.1 %.
  RedDepth depth;
  depth.Update(At(0), 0.15, 10);
  for (int s = 1; s < 60; ++s) EXPECT_EQ(depth.Update(At(s), s % 2 == 0 ? 0.15 : 0.13, 10), 2);
  for (int s = 60; s < 120; ++s) EXPECT_EQ(depth.Update(At(s), 0.12, 10), 2) << "too near to the border";
  depth.Update(At(120), 0.1, 10);
  depth.Update(At(124), 0.14, 10);
  EXPECT_EQ(depth.Update(At(126), 0.1, 10), 2) << "4 s of quiet began anew";
  EXPECT_EQ(depth.Update(At(131), 0.1, 10), 1);
}

TEST(RedDepth, StaysWithinWhatIsAllowed) {
  RedDepth depth;
  EXPECT_EQ(depth.Update(At(0), 0.7, 4), 4);
  EXPECT_EQ(depth.Update(At(1), 0.7, 0), 0);
  EXPECT_EQ(depth.Update(At(2), 0.7, -1), 0);
  EXPECT_EQ(depth.Update(At(3), 0.7, 10), 10) << "at once when there is room again";
}

}  // namespace
}  // namespace duet
