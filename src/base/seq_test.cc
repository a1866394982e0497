#include "base/seq.h"

#include <gtest/gtest.h>

#include <limits>

namespace duet {
namespace {

TEST(WrapDistance, Every8BitPair) {
  for (int from = 0; from < 256; ++from) {
    for (int to = 0; to < 256; ++to) {
      // The one number in [-128, 128) that leads from `from` to `to`.
      int expected = to - from;
      if (expected >= 128) expected -= 256;
      if (expected < -128) expected += 256;
      const auto a = static_cast<uint8_t>(from);
      const auto b = static_cast<uint8_t>(to);
      ASSERT_EQ(WrapDistance(a, b), expected) << from << " " << to;
      ASSERT_EQ(IsNewer(b, a), expected > 0) << from << " " << to;
    }
  }
}

TEST(IsNewer, AtMostOneOfTwoIsNewer) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const bool forward = IsNewer(static_cast<uint8_t>(a), static_cast<uint8_t>(b));
      const bool back = IsNewer(static_cast<uint8_t>(b), static_cast<uint8_t>(a));
      ASSERT_FALSE(forward && back);
      // Neither is when they are the same, or half a circle apart.
      ASSERT_EQ(!forward && !back, a == b || (a ^ b) == 128) << a << " " << b;
    }
  }
}

template <typename T>
class Widths : public testing::Test {};
using AllWidths = testing::Types<uint8_t, uint16_t, uint32_t>;
TYPED_TEST_SUITE(Widths, AllWidths);

TYPED_TEST(Widths, DistancesAroundTheWrapAndTheHalf) {
  using T = TypeParam;
  constexpr T kMax = std::numeric_limits<T>::max();
  constexpr T kHalf = static_cast<T>(kMax / 2 + 1);
  EXPECT_EQ(WrapDistance<T>(kMax, 0), 1);
  EXPECT_EQ(WrapDistance<T>(0, kMax), -1);
  EXPECT_TRUE(IsNewer<T>(0, kMax));
  EXPECT_FALSE(IsNewer<T>(kMax, 0));
  EXPECT_TRUE(IsNewer<T>(kHalf - 1, 0));
  EXPECT_FALSE(IsNewer<T>(kHalf, 0)) << "exactly half counts as older";
  EXPECT_FALSE(IsNewer<T>(0, kHalf));
  EXPECT_EQ(WrapDistance<T>(0, kHalf), std::numeric_limits<std::make_signed_t<T>>::min());
  EXPECT_FALSE(IsNewer<T>(5, 5));
}

TYPED_TEST(Widths, UnwrapperFollowsTheTrueNumber) {
  using T = TypeParam;
  constexpr int64_t kCycle = int64_t{1} << (8 * sizeof(T));
  constexpr int64_t kStride = kCycle / 2 - 1;  // the largest step that is still seen as forward
  Unwrapper<T> unwrapper;
  int64_t truth = kCycle + 3;
  EXPECT_FALSE(unwrapper.started());
  for (int i = 0; i < 20; ++i, truth += kStride) {
    ASSERT_EQ(unwrapper.Unwrap(static_cast<T>(truth)), truth);
    ASSERT_EQ(unwrapper.highest(), truth);
    // Late ones, down to half a circle back, get their number and do not move the reference.
    for (const int64_t late : {int64_t{1}, int64_t{2}, kCycle / 4, kCycle / 2}) {
      ASSERT_EQ(unwrapper.Unwrap(static_cast<T>(truth - late)), truth - late);
      ASSERT_EQ(unwrapper.highest(), truth);
    }
  }
}

TYPED_TEST(Widths, UnwrapperKeepsEarlierOnesPositive) {
  using T = TypeParam;
  Unwrapper<T> unwrapper;
  const int64_t first = unwrapper.Unwrap(0);
  EXPECT_GT(first, 0);
  const int64_t before = unwrapper.Unwrap(std::numeric_limits<T>::max());
  EXPECT_EQ(before, first - 1);
  EXPECT_GE(before, 0);
}

TEST(Unwrapper, Every8BitStep) {
  for (int start = 0; start < 256; ++start) {
    for (int step = -128; step < 128; ++step) {
      Unwrapper<uint8_t> unwrapper;
      const int64_t first = unwrapper.Unwrap(static_cast<uint8_t>(start));
      ASSERT_EQ(unwrapper.Peek(static_cast<uint8_t>(start + step)), first + step);
      ASSERT_EQ(unwrapper.highest(), first) << "Peek remembers nothing";
      ASSERT_EQ(unwrapper.Unwrap(static_cast<uint8_t>(start + step)), first + step);
      ASSERT_EQ(unwrapper.highest(), step > 0 ? first + step : first);
    }
  }
}

TEST(Unwrapper, AMillion16BitNumbersInOrder) {
  Unwrapper<uint16_t> unwrapper;
  const int64_t first = unwrapper.Unwrap(65000);
  for (int64_t i = 1; i < 1'000'000; ++i) ASSERT_EQ(unwrapper.Unwrap(static_cast<uint16_t>(65000 + i)), first + i);
}

}  // namespace
}  // namespace duet
