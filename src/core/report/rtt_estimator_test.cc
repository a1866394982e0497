#include "core/report/rtt_estimator.h"

#include <gtest/gtest.h>

namespace duet {
namespace {

Time At(int64_t ms) { return Time::FromMillis(1'700'000'000'000 + ms); }
uint32_t Dlsr(int64_t ms) { return static_cast<uint32_t>(ms * 65536 / 1000); }

TEST(RttEstimator, IsWhatIsLeftOfTheTimeSinceTheReport) {
  RttEstimator rtt;
  EXPECT_FALSE(rtt.valid());
  rtt.OnReportBlock(At(1080), At(0).compact_ntp(), Dlsr(1000));
  ASSERT_TRUE(rtt.valid());
  EXPECT_NEAR(static_cast<double>(rtt.rtt().us()), 80'000, 100);
}

// The middle 32 bits wrap every 18 hours, wherever the call happens to be.
TEST(RttEstimator, OverTheWrapOfCompactNtp) {
  int64_t wraps = 0;
  for (int64_t hour = 0; hour < 40; ++hour) {
    for (int64_t ms = hour * 3'600'000; ms < (hour + 1) * 3'600'000; ms += 97'000) {
      RttEstimator rtt;
      rtt.OnReportBlock(At(ms + 100'050), At(ms).compact_ntp(), Dlsr(100'000));
      ASSERT_TRUE(rtt.valid());
      EXPECT_NEAR(static_cast<double>(rtt.rtt().us()), 50'000, 100);
      wraps += At(ms + 100'050).compact_ntp() < At(ms).compact_ntp();
    }
  }
  EXPECT_GT(wraps, 0);
}

TEST(RttEstimator, SmoothsWithAnEighth) {
  RttEstimator rtt;
  rtt.OnReportBlock(At(100), At(0).compact_ntp(), 0);
  rtt.OnReportBlock(At(180), At(0).compact_ntp(), 0);
  EXPECT_NEAR(static_cast<double>(rtt.rtt().us()), 110'000, 100);
  EXPECT_NEAR(static_cast<double>(rtt.latest().us()), 180'000, 100);
}

TEST(RttEstimator, LeavesOutWhatCannotBe) {
  struct Case {
    const char* name;
    uint32_t last_sr;
    uint32_t delay;
    bool valid;
  };
  const Time now = At(100'000);
  const Case cases[] = {{"no report yet", 0, 0, false},
                        {"from the future", At(101'000).compact_ntp(), 0, false},
                        {"delay longer than the time", At(99'000).compact_ntp(), Dlsr(2000), false},
                        {"older than 10 s", At(89'000).compact_ntp(), 0, false},
                        {"rounded below zero", At(99'000).compact_ntp(), Dlsr(1010), true},
                        {"just possible", At(90'100).compact_ntp(), 0, true}};
  for (const Case& c : cases) {
    RttEstimator rtt;
    rtt.OnReportBlock(now, c.last_sr, c.delay);
    EXPECT_EQ(rtt.valid(), c.valid) << c.name;
    if (c.valid) {
      EXPECT_GE(rtt.rtt(), RttEstimator::kMin) << c.name;
    }
  }
}

}  // namespace
}  // namespace duet
