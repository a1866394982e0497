#include "peer/layer_choice.h"

#include <gtest/gtest.h>

namespace duet {
namespace {

class LayerChoiceTest : public testing::Test {
 protected:
  LayerChoiceTest() { choice_.Reset(3); }
  // All layers of `mask` come for so long, at 1, 3 and 9 packets of 500 bytes every 40 ms.
  void Come(unsigned mask, Duration time) {
    for (const Time until = now_ + time; now_ < until; now_ = now_ + Duration::Millis(40)) {
      for (int layer = 0, packets = 1; layer < 3; ++layer, packets *= 3) {
        if ((mask >> layer & 1) != 0) choice_.OnPacket(now_, layer, {}, static_cast<size_t>(packets) * 500);
      }
      choice_.Measure(now_);
    }
  }
  Time now_ = Time::FromMillis(1'000'000);
  LayerChoice choice_;
};

TEST_F(LayerChoiceTest, TheTargetIsTheDesiredLayerWhenItComes) {
  Come(0b111, Duration::Seconds(1));
  EXPECT_TRUE(choice_.Desire(now_, 2));
  EXPECT_EQ(choice_.target(), 2);
  EXPECT_FALSE(choice_.Desire(now_, 2)) << "nothing new";
}

TEST_F(LayerChoiceTest, WhileItDoesNotComeTheBestBelowItIs) {
  Come(0b011, Duration::Seconds(1));
  choice_.Desire(now_, 2);
  EXPECT_EQ(choice_.desired(), 2);
  EXPECT_EQ(choice_.target(), 1);
  Come(0b111, Duration::Millis(80));
  choice_.Desire(now_, 2);
  EXPECT_EQ(choice_.target(), 2);
}

TEST_F(LayerChoiceTest, WithNothingBelowTheNextAboveIsBetterThanNothing) {
  Come(0b100, Duration::Seconds(1));
  choice_.Desire(now_, 0);
  EXPECT_EQ(choice_.target(), 2);
}

TEST_F(LayerChoiceTest, ALayerThatStopsIsLeft) {
  Come(0b111, Duration::Seconds(1));
  choice_.Desire(now_, 2);
  choice_.SwitchToTarget();
  Come(0b011, LayerChoice::kSilence + Duration::Millis(40));
  EXPECT_TRUE(choice_.Desire(now_, 2));
  EXPECT_EQ(choice_.target(), 1);
  EXPECT_EQ(choice_.current(), 2) << "until the keyframe of the other";
}

TEST_F(LayerChoiceTest, WhatALayerTakesIsMeasuredAndRemembered) {
  Come(0b111, Duration::Seconds(3));
  EXPECT_NEAR(static_cast<double>(choice_.ExpectedBps(0)), 100'000, 10'000);
  EXPECT_NEAR(static_cast<double>(choice_.ExpectedBps(2)), 900'000, 90'000);
  Come(0b001, Duration::Seconds(5));
  EXPECT_NEAR(static_cast<double>(choice_.ExpectedBps(2)), 900'000, 120'000) << "it was switched off, not made smaller";
}

TEST_F(LayerChoiceTest, OfALayerThatNeverCameTheOthersGiveAnIdea) {
  EXPECT_EQ(choice_.ExpectedBps(1), 500'000) << "what cameras usually take";
  Come(0b010, Duration::Seconds(2));
  EXPECT_NEAR(static_cast<double>(choice_.ExpectedBps(2)), 900'000, 90'000);
  EXPECT_NEAR(static_cast<double>(choice_.ExpectedBps(0)), 100'000, 10'000);
}

TEST_F(LayerChoiceTest, AKeyframeOfAStreamThatGoesIsAskedForAgainUntilItWasOfUse) {
  choice_.Reset(1);
  const auto come = [&] {
    for (uint8_t spatial = 0; spatial < 3; ++spatial)
      choice_.OnPacket(now_, 0, {.spatial = spatial, .spatial_count = 3}, 500);
  };
  come();
  choice_.Desire(now_, 0);
  choice_.SwitchToTarget();
  EXPECT_FALSE(choice_.TakeKeyframeWanted(now_, choice_.Desire(now_, 0)));
  EXPECT_TRUE(choice_.TakeKeyframeWanted(now_, choice_.Desire(now_, 2)));
  now_ = now_ + LayerChoice::kAskAgain - Duration::Millis(1);
  come();
  EXPECT_FALSE(choice_.TakeKeyframeWanted(now_, choice_.Desire(now_, 2))) << "it may be on its way";
  now_ = now_ + Duration::Millis(1);
  EXPECT_TRUE(choice_.TakeKeyframeWanted(now_, choice_.Desire(now_, 2)));
  EXPECT_FALSE(choice_.TakeKeyframeWanted(now_, choice_.Desire(now_, 2)));
  choice_.SwitchToTarget();
  now_ = now_ + LayerChoice::kAskAgain;
  come();
  EXPECT_FALSE(choice_.TakeKeyframeWanted(now_, choice_.Desire(now_, 2)));
}

TEST_F(LayerChoiceTest, ALayerThatIsNotThereChangesNothing) {
  choice_.OnPacket(now_, 7, {}, 1000);
  choice_.OnPacket(now_, -1, {}, 1000);
  choice_.Desire(now_, 9);
  EXPECT_EQ(choice_.desired(), 2);
}

}  // namespace
}  // namespace duet
