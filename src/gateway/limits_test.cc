// Who may how often, and how many at once.
#include <gtest/gtest.h>

#include "base/token_bucket.h"
#include "gateway/address_limiter.h"
#include "gateway/connection_guard.h"

namespace duet {
namespace {

Time At(int64_t ms) { return Time::FromMillis(1'000'000 + ms); }

TEST(TokenBucket, BurstThenRate) {
  TokenBucket bucket(50, 100);
  int taken = 0;
  while (bucket.Take(At(0))) ++taken;
  EXPECT_EQ(taken, 100);
  EXPECT_FALSE(bucket.Take(At(19)));
  EXPECT_TRUE(bucket.Take(At(20)));
  EXPECT_FALSE(bucket.Take(At(20)));
  EXPECT_FALSE(bucket.full(At(1000)));
  EXPECT_TRUE(bucket.full(At(2020)));
  taken = 0;
  while (bucket.Take(At(60'000))) ++taken;
  EXPECT_EQ(taken, 100);
}

TEST(TokenBucket, TimeThatStandsStillGivesNothing) {
  TokenBucket bucket(1000, 1);
  EXPECT_TRUE(bucket.Take(At(0)));
  EXPECT_FALSE(bucket.Take(At(0)));
  EXPECT_FALSE(bucket.Take(At(-5)));
}

TEST(AddressLimiter, EachAddressForItself) {
  AddressLimiter limiter(1, 2);
  const IpAddress a = IpAddress::V4(10, 0, 0, 1);
  const IpAddress b = IpAddress::V4(10, 0, 0, 2);
  EXPECT_TRUE(limiter.Take(At(0), a));
  EXPECT_TRUE(limiter.Take(At(0), a));
  EXPECT_FALSE(limiter.Take(At(0), a));
  EXPECT_TRUE(limiter.Take(At(0), b));
  EXPECT_TRUE(limiter.Take(At(1000), a));
}

TEST(AddressLimiter, ForgetsThoseWhoWaitedLongEnough) {
  AddressLimiter limiter(1, 2);
  for (size_t i = 0; i < AddressLimiter::kMaxAddresses; ++i)
    EXPECT_TRUE(limiter.Take(At(0), IpAddress::V4(10, 0, static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i))));
  const IpAddress newcomer = IpAddress::V4(10, 1, 0, 0);
  EXPECT_FALSE(limiter.Take(At(0), newcomer));
  EXPECT_EQ(limiter.size(), AddressLimiter::kMaxAddresses);
  EXPECT_TRUE(limiter.Take(At(1000), newcomer));
  EXPECT_EQ(limiter.size(), 1u);
}

TEST(ConnectionGuard, LimitsInTotalAndPerAddress) {
  ConnectionGuard guard(3, 2);
  const IpAddress a = IpAddress::V4(10, 0, 0, 1);
  const IpAddress b = IpAddress::V4(10, 0, 0, 2);
  auto first = guard.Enter(a);
  auto second = guard.Enter(a);
  EXPECT_TRUE(first && second);
  EXPECT_EQ(guard.Enter(a), nullptr);
  auto third = guard.Enter(b);
  EXPECT_TRUE(third);
  EXPECT_EQ(guard.Enter(IpAddress::V4(10, 0, 0, 3)), nullptr);
  first.reset();
  EXPECT_EQ(guard.size(), 2u);
  EXPECT_NE(guard.Enter(a), nullptr);
}

TEST(ConnectionGuard, AbortsWhatCanBeAborted) {
  ConnectionGuard guard(10, 10);
  auto place = guard.Enter(IpAddress::V4(10, 0, 0, 1));
  auto other = guard.Enter(IpAddress::V4(10, 0, 0, 1));
  int aborted = 0;
  {
    const ConnectionGuard::Abortable over(*other, [&] { aborted += 100; });
  }
  const ConnectionGuard::Abortable abortable(*place, [&] { ++aborted; });
  guard.AbortAll();
  EXPECT_EQ(aborted, 1);
  EXPECT_EQ(guard.Enter(IpAddress::V4(10, 0, 0, 1)), nullptr);
}

}  // namespace
}  // namespace duet
