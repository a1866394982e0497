#include "core/bwe/uplink_queue.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace duet {
namespace {

// A sender of packets of 1000 bytes that knows no limit but REMB, on the way to us a bottleneck with an endless queue.
class UplinkQueueTest : public testing::Test {
 protected:
  void Run(Duration time) {
    const Time until = now_ + time;
    while (now_ < until) {
      const double bps = std::min(wants_bps_, static_cast<double>(limit_bps_));
      now_ = now_ + Duration::Micros(static_cast<int64_t>(8e9 / bps));
      free_at_ = std::max(free_at_, now_) + Duration::Micros(static_cast<int64_t>(8e9 / link_bps_));
      const Duration jitter = jitter_ * (++packets_ % 7) / 6;
      const Time arrival = free_at_ + way_ + jitter;
      queue_.OnPacket(arrival, AbsSendTime::FromTime(now_), 1000);
      if (const auto remb = queue_.TakeRemb(arrival)) {
        ++told_;
        limit_bps_ = *remb;
        least_told_ = std::min(least_told_, *remb);
      }
    }
  }
  Duration waiting() const { return std::max(free_at_ - now_, Duration::Zero()); }

  UplinkQueue queue_;
  Time now_ = Time::FromMillis(1'800'000'000'000);
  Time free_at_ = Time::LongAgo();
  double wants_bps_ = 900'000;
  double link_bps_ = 2e6;
  Duration way_ = Duration::Millis(20);
  Duration jitter_;
  int64_t packets_ = 0;
  int64_t limit_bps_ = UplinkQueue::kUnlimitedBps;
  int64_t least_told_ = UplinkQueue::kUnlimitedBps;
  int told_ = 0;
};

TEST_F(UplinkQueueTest, ALongQueueIsDrainedAndThenTheSenderIsFree) {
  Run(Duration::Seconds(10));
  EXPECT_EQ(told_, 0);
  link_bps_ = 300'000;
  Run(Duration::Millis(700));
  EXPECT_TRUE(queue_.draining());
  EXPECT_LT(limit_bps_, 0.5 * link_bps_);
  wants_bps_ = 255'000;  // what it finds out by itself
  Run(Duration::Seconds(3));
  EXPECT_FALSE(queue_.draining());
  EXPECT_LT(waiting(), Duration::Millis(100));
  EXPECT_EQ(limit_bps_, UplinkQueue::kUnlimitedBps);
  Run(Duration::Seconds(8));
  EXPECT_TRUE(queue_.NextTimer().is_never());
}

TEST_F(UplinkQueueTest, JitterIsNoQueue) {
  jitter_ = Duration::Millis(400);
  Run(Duration::Seconds(20));
  EXPECT_EQ(told_, 0);
}

TEST_F(UplinkQueueTest, ALongerWayIsGivenUpSoon) {
  Run(Duration::Seconds(5));
  way_ = Duration::Millis(500);
  Run(Duration::Seconds(15));
  EXPECT_LT(least_told_, 500'000) << "it looks like a queue";
  EXPECT_EQ(limit_bps_, UplinkQueue::kUnlimitedBps);
  const int told = told_;
  Run(Duration::Seconds(60));
  EXPECT_EQ(told_, told);
}

TEST_F(UplinkQueueTest, ASilenceLongerThanTheTimesWrapIsNoQueue) {
  Run(Duration::Seconds(5));
  now_ = now_ + Duration::Seconds(45);
  Run(Duration::Seconds(5));
  EXPECT_EQ(told_, 0);
}

TEST_F(UplinkQueueTest, LiftsWhatAnotherHadTold) {
  const auto queue = UplinkQueue::AfterRemb();
  EXPECT_EQ(queue->TakeRemb(now_), UplinkQueue::kUnlimitedBps);
  EXPECT_FALSE(queue->TakeRemb(now_));
  EXPECT_LE(queue->NextTimer(), now_ + UplinkQueue::kRepeat) << "the path may lose it";
}

TEST_F(UplinkQueueTest, NeverLessThanSound) {
  Run(Duration::Seconds(5));
  link_bps_ = 60'000;
  Run(Duration::Seconds(2));
  EXPECT_EQ(least_told_, UplinkQueue::kMinBps);
}

TEST_F(UplinkQueueTest, EndsWhenNothingIsSentAnyMore) {
  Run(Duration::Seconds(5));
  link_bps_ = 300'000;
  while (told_ == 0) Run(Duration::Millis(100));
  std::optional<int64_t> last;
  for (const Time end = now_ + Duration::Seconds(30); now_ < end; now_ = now_ + Duration::Millis(50)) {
    if (const auto remb = queue_.TakeRemb(now_)) last = remb;
  }
  EXPECT_EQ(last, UplinkQueue::kUnlimitedBps);
  EXPECT_TRUE(queue_.NextTimer().is_never());
}

}  // namespace
}  // namespace duet
