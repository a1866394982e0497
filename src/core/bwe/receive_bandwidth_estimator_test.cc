#include "core/bwe/receive_bandwidth_estimator.h"

#include <gtest/gtest.h>

namespace duet {
namespace {

// A sender of packets of 1200 bytes at `bps`, behind a bottleneck with an endless queue.
class RembTest : public testing::Test {
 protected:
  // Obeys REMB when told so. Returns the last one.
  int64_t Run(Duration time, double link_bps, bool obeys = true) {
    const Time until = now_ + time;
    for (; now_ < until; now_ = now_ + Duration::Micros(static_cast<int64_t>(1200 * 8e6 / bps_))) {
      free_at_ = std::max(free_at_, now_) + Duration::Micros(static_cast<int64_t>(1200 * 8e6 / link_bps));
      queue_ = free_at_ - now_;
      const Time arrival = free_at_ + Duration::Millis(30);
      estimator_.OnPacket(arrival, AbsSendTime::FromTime(now_), 1200);
      if (const auto remb = estimator_.TakeRemb(arrival)) {
        ++told_;
        remb_ = *remb;
        if (obeys) bps_ = std::min(static_cast<double>(remb_), 2e6);
      }
    }
    return remb_;
  }
  ReceiveBandwidthEstimator estimator_;
  Time now_ = Time::FromMillis(1'800'000'000'000);
  Time free_at_ = Time::LongAgo();
  Duration queue_;
  double bps_ = 500'000;
  int64_t remb_ = 0;
  int told_ = 0;
};

TEST_F(RembTest, RisesWhileThePathCarriesMoreAndIsToldEverySecond) {
  Run(Duration::Seconds(10), 20e6, false);
  EXPECT_GT(remb_, 700'000);
  EXPECT_NEAR(told_, 9, 2);
}

TEST_F(RembTest, StaysWithinWhatThePathCarries) {
  Run(Duration::Seconds(10), 20e6);
  Run(Duration::Seconds(10), 400'000);
  EXPECT_LT(remb_, 440'000);
  EXPECT_GT(remb_, 200'000);
  EXPECT_LT(queue_, Duration::Millis(400));
}

TEST_F(RembTest, AFallIsToldAtOnce) {
  Run(Duration::Seconds(5), 20e6, false);
  const int before = told_;
  const int64_t former = remb_;
  Run(Duration::Millis(900), 300'000, false);
  EXPECT_GT(told_, before);
  EXPECT_LT(remb_, former);
}

TEST_F(RembTest, SilentWithoutPackets) {
  EXPECT_TRUE(estimator_.NextTimer().is_never());
  EXPECT_FALSE(estimator_.TakeRemb(now_));
}

}  // namespace
}  // namespace duet
