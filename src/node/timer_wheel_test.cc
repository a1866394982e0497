#include "node/timer_wheel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.h"

namespace duet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Time At(int64_t ms) { return Time::FromMillis(10'000'000 + ms); }

class TimerWheelTest : public testing::Test {
 protected:
  std::vector<uint64_t> Advance(int64_t ms) {
    std::vector<uint64_t> fired;
    wheel_.Advance(At(ms), [&](PeerId id) { fired.push_back(id.value()); });
    return fired;
  }
  TimerWheel<PeerId> wheel_;
};

TEST_F(TimerWheelTest, FiresWhenDueAndOnce) {
  wheel_.Arm(At(0), PeerId(1), At(100));
  EXPECT_EQ(wheel_.Next(), At(100));
  EXPECT_THAT(Advance(99), IsEmpty());
  EXPECT_THAT(Advance(100), ElementsAre(1));
  EXPECT_THAT(Advance(5000), IsEmpty());
  EXPECT_TRUE(wheel_.Next().is_never());
}

TEST_F(TimerWheelTest, ADeadlineMovesOnlyEarlier) {
  wheel_.Arm(At(0), PeerId(1), At(100));
  wheel_.Arm(At(0), PeerId(1), At(200));
  wheel_.Arm(At(0), PeerId(1), At(50));
  EXPECT_THAT(Advance(50), ElementsAre(1));
  EXPECT_THAT(Advance(300), IsEmpty());
}

TEST_F(TimerWheelTest, WhatIsDisarmedDoesNotFire) {
  wheel_.Arm(At(0), PeerId(1), At(20));
  wheel_.Arm(At(0), PeerId(2), At(20));
  wheel_.Disarm(PeerId(1));
  EXPECT_THAT(Advance(20), ElementsAre(2));
}

TEST_F(TimerWheelTest, ADeadlineBeyondTheRoundFiresEarlyAndNeverLate) {
  wheel_.Arm(At(0), PeerId(1), At(60'000));
  EXPECT_THAT(Advance(2500), IsEmpty());
  EXPECT_THAT(Advance(2600), ElementsAre(1)) << "to be asked again when it wants to be called";
}

TEST_F(TimerWheelTest, FiringMayArmAgain) {
  wheel_.Arm(At(0), PeerId(1), At(10));
  int fired = 0;
  for (int64_t ms = 0; ms <= 1000; ++ms) {
    wheel_.Advance(At(ms), [&](PeerId id) {
      ++fired;
      wheel_.Arm(At(ms), id, At(ms + 10));
    });
  }
  EXPECT_EQ(fired, 100);
}

TEST_F(TimerWheelTest, ALongSleepDoesNotLoseDeadlines) {
  wheel_.Arm(At(0), PeerId(1), At(10));
  wheel_.Arm(At(0), PeerId(2), At(900));
  EXPECT_THAT(Advance(100'000), testing::UnorderedElementsAre(1, 2));
}

}  // namespace
}  // namespace duet
