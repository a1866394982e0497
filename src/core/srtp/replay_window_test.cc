#include "core/srtp/replay_window.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"

namespace duet {
namespace {

TEST(ReplayWindowTest, TakesEachIndexOnce) {
  ReplayWindow window;
  for (const uint64_t index : {0u, 1u, 5u, 3u, 1023u, 4u}) {
    ASSERT_TRUE(window.Check(index)) << index;
    window.Commit(index);
    EXPECT_FALSE(window.Check(index)) << index;
  }
  EXPECT_EQ(window.highest(), 1023u);
  EXPECT_TRUE(window.Check(2));
}

TEST(ReplayWindowTest, EdgeOfTheWindow) {
  ReplayWindow window;
  window.Commit(5000);
  EXPECT_TRUE(window.Check(5000 - 1023));
  EXPECT_FALSE(window.Check(5000 - 1024));
  EXPECT_FALSE(window.Check(0));
}

TEST(ReplayWindowTest, CheckChangesNothing) {
  ReplayWindow window;
  window.Commit(10);
  EXPECT_TRUE(window.Check(1'000'000));
  EXPECT_EQ(window.highest(), 10u);
  EXPECT_TRUE(window.Check(9));
}

// Against the definition itself, with steps of every kind: forwards by one, within the window, beyond it, backwards.
TEST(ReplayWindowTest, AgreesWithASetOfSeenIndices) {
  SeededRng rng(7);
  ReplayWindow window;
  std::set<uint64_t> seen;
  uint64_t highest = 70'000;
  for (int i = 0; i < 50'000; ++i) {
    uint64_t index = highest;
    switch (rng.Below(5)) {
      case 0: index = highest + 1; break;
      case 1: index = highest + rng.Below(60); break;
      case 2: index = highest + rng.Below(10) * 512; break;
      default: index = highest - rng.Below(1200); break;
    }
    const bool expected = seen.empty() || (index + ReplayWindow::kSize > highest && !seen.contains(index));
    ASSERT_EQ(window.Check(index), expected) << "step " << i << " index " << index << " highest " << highest;
    if (!expected) continue;
    window.Commit(index);
    seen.insert(index);
    if (seen.size() == 1 || index > highest) highest = index;
    ASSERT_EQ(window.highest(), highest);
  }
}

}  // namespace
}  // namespace duet
