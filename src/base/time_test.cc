#include "base/time.h"

#include <gtest/gtest.h>

#include "base/token_bucket.h"

namespace duet {
namespace {

TEST(Duration, Units) {
  EXPECT_EQ(Duration::Millis(1500).us(), 1'500'000);
  EXPECT_EQ(Duration::Seconds(-2).ms(), -2000);
  EXPECT_DOUBLE_EQ(Duration::Micros(250).seconds(), 0.00025);
  EXPECT_EQ(Duration::Millis(10) + Duration::Millis(5) - Duration::Millis(1), Duration::Millis(14));
  EXPECT_EQ(Duration::Millis(10) * 3 / 2, Duration::Millis(15));
  EXPECT_LT(Duration::Zero(), Duration::Micros(1));
}

TEST(Time, Arithmetic) {
  const Time t = Time::FromMillis(1000);
  EXPECT_EQ(t + Duration::Millis(5), Time::FromMicros(1'005'000));
  EXPECT_EQ(t - Duration::Millis(5), Time::FromMillis(995));
  EXPECT_EQ((t + Duration::Seconds(1)) - t, Duration::Seconds(1));
  EXPECT_EQ(t.ms(), 1000);
}

TEST(Time, NeverAndLongAgo) {
  const Time t = Time::FromMillis(1'700'000'000'000);
  EXPECT_TRUE(Time::Never().is_never());
  EXPECT_FALSE(t.is_never());
  EXPECT_LT(t, Time::Never());
  EXPECT_LT(Time::LongAgo(), Time());
  EXPECT_TRUE((Time::Never() + Duration::Seconds(1)).is_never()) << "does not overflow";
  EXPECT_TRUE((Time::Never() - Duration::Seconds(1)).is_never());
  EXPECT_GT(t - Time::LongAgo(), Duration::Seconds(1'000'000'000)) << "does not overflow";
}

TEST(Time, Ntp) {
  // The Unix epoch is 2208988800 s after that of NTP.
  EXPECT_EQ(Time().ntp(), uint64_t{0x83AA7E80} << 32);
  EXPECT_EQ(Time::FromMicros(500'000).ntp(), (uint64_t{0x83AA7E80} << 32) | 0x80000000u);
  EXPECT_EQ(Time::FromMicros(1'250'000).ntp(), (uint64_t{0x83AA7E81} << 32) | 0x40000000u);
  EXPECT_EQ(Time::FromMicros(999'999).ntp() & 0xFFFFFFFF, 4294963001u) << "2^32 * 0.999999, cut";
}

TEST(Time, CompactNtpIsTheMiddle) {
  EXPECT_EQ(Time::FromMicros(1'500'000).compact_ntp(), 0x7E818000u);
  // One unit is 1/65536 s, and the number goes over its wrap every 18 hours.
  const Time before = Time::FromMicros((int64_t{0x10000} - 0x7E80) * 1'000'000 - 1'000'000);
  EXPECT_EQ(before.compact_ntp(), 0xFFFF0000u);
  EXPECT_EQ((before + Duration::Seconds(1)).compact_ntp(), 0u);
}

TEST(TokenBucket, StartsFullAndRefills) {
  TokenBucket bucket(10, 3);
  const Time t = Time::FromMillis(5000);
  EXPECT_TRUE(bucket.Take(t));
  EXPECT_TRUE(bucket.Take(t, 2));
  EXPECT_FALSE(bucket.Take(t));
  EXPECT_FALSE(bucket.Take(t + Duration::Millis(50)));
  EXPECT_TRUE(bucket.Take(t + Duration::Millis(100)));
  EXPECT_FALSE(bucket.Take(t + Duration::Millis(100)));
  // No more than the burst is saved up.
  EXPECT_FALSE(bucket.Take(t + Duration::Seconds(100), 4));
  EXPECT_TRUE(bucket.Take(t + Duration::Seconds(100), 3));
  EXPECT_FALSE(bucket.Take(t)) << "an earlier time gives nothing";
}

}  // namespace
}  // namespace duet
