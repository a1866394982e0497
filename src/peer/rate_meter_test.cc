#include "peer/rate_meter.h"

#include <gtest/gtest.h>

namespace duet {
namespace {

Time At(int64_t ms) { return Time::FromMillis(1'000'000 + ms); }

TEST(RateMeter, MeasuresASteadyStream) {
  RateMeter meter;
  for (int ms = 0; ms < 2000; ms += 10) meter.Add(At(ms), 125);  // 100 kbit/s
  EXPECT_NEAR(static_cast<double>(meter.bps(At(1999))), 100'000, 10'000);
}

TEST(RateMeter, ForgetsWithinHalfASecond) {
  RateMeter meter;
  meter.Add(At(0), 10'000);
  EXPECT_EQ(meter.bps(At(10)), 160'000);
  EXPECT_EQ(meter.bps(At(440)), 160'000);
  EXPECT_EQ(meter.bps(At(560)), 0);
  EXPECT_EQ(meter.bps(At(1'000'000)), 0);
}

}  // namespace
}  // namespace duet
