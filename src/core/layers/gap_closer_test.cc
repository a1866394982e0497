#include "core/layers/gap_closer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/rng.h"

namespace duet {
namespace {

TEST(GapCloser, DroppedNumbersLeaveNoGap) {
  GapCloser<64> closer;
  closer.Start(1000, 7);
  EXPECT_EQ(closer.Pass(1000), 7);
  EXPECT_TRUE(closer.Drop(1001));
  EXPECT_TRUE(closer.Drop(1002));
  EXPECT_EQ(closer.newest_out(), 7);
  EXPECT_EQ(closer.Pass(1003), 8);
  EXPECT_EQ(closer.Pass(1005), 10) << "1004 may still come";
  EXPECT_EQ(closer.Pass(1004), 9);
  EXPECT_EQ(closer.Pass(1000), 7);
  EXPECT_EQ(closer.Pass(1001), std::nullopt);
  EXPECT_TRUE(closer.Drop(1001)) << "again";
}

TEST(GapCloser, WhatIsDroppedLateLeavesItsGap) {
  GapCloser<64> closer;
  closer.Start(1000, 7);
  EXPECT_EQ(closer.Pass(1002), 9);
  EXPECT_FALSE(closer.Drop(1001));
  EXPECT_EQ(closer.Pass(1003), 10);
}

TEST(GapCloser, BeforeTheStartAndTheWindow) {
  GapCloser<64> closer;
  closer.Start(1000, 7);
  EXPECT_EQ(closer.Pass(999), std::nullopt);
  EXPECT_EQ(closer.Pass(1063), 70);
  EXPECT_EQ(closer.Pass(1000), 7);
  EXPECT_EQ(closer.Pass(1064), 71);
  EXPECT_EQ(closer.Pass(1000), std::nullopt);
  EXPECT_EQ(closer.Pass(1'000'000), 7 + 1'000'000 - 1000) << "a jump beyond the window";
  EXPECT_FALSE(closer.Drop(1000));
  closer.Start(50, closer.newest_out() + 1);
  EXPECT_EQ(closer.Pass(50), 7 + 1'000'001 - 1000);
}

// Against the definition: each number's place is the start's plus what lies between them and was not dropped in time.
TEST(GapCloser, PlacesAreUniqueOrderedAndLasting) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SeededRng rng(seed);
    constexpr int64_t kFirst = 100;
    constexpr int64_t kCount = 600;
    const uint64_t drop_one_in = 1 + rng.Below(6);
    std::vector<int64_t> order;
    std::vector<bool> dropped;
    for (int64_t i = 0; i < kCount; ++i) {
      if (i == 0 || rng.Below(10) != 0) order.push_back(kFirst + i);  // the others are lost
      dropped.push_back(i != 0 && rng.Below(drop_one_in) == 0);
    }
    for (size_t i = 1; i + 20 < order.size(); ++i)
      if (rng.Below(5) == 0) std::swap(order[i], order[i + 1 + rng.Below(18)]);

    GapCloser<128> closer;
    closer.Start(kFirst, 5000);
    std::map<int64_t, int64_t> places;
    std::vector<bool> taken_out(kCount);
    int64_t newest = kFirst;
    for (const int64_t in : order) {
      const auto index = static_cast<size_t>(in - kFirst);
      if (dropped[index]) {
        EXPECT_EQ(closer.Drop(in), in > newest);
        taken_out[index] = in > newest;
      } else {
        const auto place = closer.Pass(in);
        ASSERT_TRUE(place);
        places[in] = *place;
      }
      newest = std::max(newest, in);
    }
    int64_t expected = 5000;
    for (int64_t i = 0; i < kCount; ++i) {
      const auto place = places.find(kFirst + i);
      EXPECT_TRUE(place == places.end() || place->second == expected) << seed << " " << i;
      if (!taken_out[static_cast<size_t>(i)]) ++expected;
    }
    for (const auto& [in, place] : places) {
      EXPECT_TRUE(newest - in >= 128 || closer.Pass(in) == place) << "asked again";
    }
  }
}

}  // namespace
}  // namespace duet
