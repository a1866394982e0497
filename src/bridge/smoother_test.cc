#include "bridge/smoother.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/rng.h"

namespace duet {
namespace {

constexpr Time kStart = Time::FromMillis(50'000);

TEST(Smoother, AnEvenStreamIsNotDelayed) {
  Smoother smoother;
  for (int i = 0; i < 1000; ++i) {
    const Time arrival = kStart + Duration::Millis(i * 40);
    EXPECT_EQ(smoother.Schedule(arrival, Duration::Millis(9'000'000 + i * 40)), arrival) << i;
  }
}

TEST(Smoother, BurstsLeaveEvenly) {
  // Two frames of 25 ms arrive together, every 50 ms.
  Smoother smoother;
  std::vector<Time> out;
  for (int i = 0; i < 400; ++i) {
    const Time arrival = kStart + Duration::Millis((i / 2 + 1) * 50);
    const Time leaves = smoother.Schedule(arrival, Duration::Millis(i * 25));
    EXPECT_GE(leaves, arrival);
    EXPECT_LE(leaves, arrival + Smoother::kMaxDelay);
    out.push_back(leaves);
  }
  for (size_t i = 3; i < out.size(); ++i) EXPECT_EQ((out[i] - out[i - 1]).ms(), 25) << i;
}

TEST(Smoother, NeverMoreThanItsDelayAndNeverBackwards) {
  SeededRng rng(3);
  Smoother smoother;
  Time last = Time::LongAgo();
  Time arrival = kStart;
  for (int i = 0; i < 5000; ++i) {
    // TCP: what is late holds back what is behind it.
    arrival = std::max(arrival, kStart + Duration::Millis(i * 33 + static_cast<int64_t>(rng.Below(300))));
    const Time leaves = smoother.Schedule(arrival, Duration::Millis(i * 33));
    EXPECT_GE(leaves, arrival);
    EXPECT_LE(leaves, arrival + Smoother::kMaxDelay);
    EXPECT_GE(leaves, last);
    last = leaves;
  }
}

TEST(Smoother, FollowsADriftingClockAndANewBeginning) {
  Smoother smoother;
  // The publisher's clock is slow by 200 ppm: after 100 s it is 20 ms behind. The window forgets that.
  Time arrival = kStart;
  Time leaves;
  for (int64_t i = 0; i < 5000; ++i) {
    arrival = kStart + Duration::Micros(i * 20'004);
    leaves = smoother.Schedule(arrival, Duration::Millis(i * 20));
  }
  EXPECT_LE((leaves - arrival).us(), 2100) << "no more than the drift of two buckets";
  // And a timestamp from somewhere else.
  for (int64_t i = 1; i < 100; ++i) {
    const Time now = arrival + Duration::Millis(i * 20);
    leaves = smoother.Schedule(now, Duration::Millis(i * 20));
    EXPECT_LE(leaves, now + Smoother::kMaxDelay);
  }
  EXPECT_EQ(leaves, arrival + Duration::Millis(99 * 20));
}

}  // namespace
}  // namespace duet
