// FixedVector, SeqRing, Counters and the strong ids.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "base/drop.h"
#include "base/fixed_vector.h"
#include "base/ids.h"
#include "base/ring.h"

namespace duet {
namespace {

using testing::ElementsAre;

TEST(FixedVector, RefusesWhatIsTooMuch) {
  FixedVector<int, 3> vector;
  EXPECT_TRUE(vector.empty());
  EXPECT_TRUE(vector.push_back(1));
  EXPECT_TRUE(vector.push_back(2));
  EXPECT_TRUE(vector.push_back(3));
  EXPECT_TRUE(vector.full());
  EXPECT_FALSE(vector.push_back(4));
  EXPECT_THAT(vector, ElementsAre(1, 2, 3));
  EXPECT_EQ(vector.back(), 3);
  EXPECT_EQ(std::span<const int>(vector).size(), 3u);
}

TEST(FixedVector, EraseTakesTheLastIntoThePlace) {
  FixedVector<int, 4> vector;
  for (int i = 1; i <= 4; ++i) vector.push_back(i);
  vector.erase_unordered(0);
  EXPECT_THAT(vector, ElementsAre(4, 2, 3));
  vector.erase_unordered(2);
  EXPECT_THAT(vector, ElementsAre(4, 2));
  vector.clear();
  EXPECT_TRUE(vector.empty());
}

TEST(FixedVector, LetsGoOfWhatItNoLongerHolds) {
  const auto shared = std::make_shared<int>(1);
  FixedVector<std::shared_ptr<int>, 4> vector;
  for (int i = 0; i < 3; ++i) vector.push_back(shared);
  vector.pop_back();
  EXPECT_EQ(shared.use_count(), 3);
  vector.erase_unordered(0);
  EXPECT_EQ(shared.use_count(), 2);
  vector.erase_unordered(0);
  EXPECT_EQ(shared.use_count(), 1) << "also when the erased one is the last";
}

TEST(SeqRing, OldOnesFallOut) {
  SeqRing<int> ring(8);
  EXPECT_EQ(ring.capacity(), 8u);
  for (int64_t seq = 0; seq < 100; ++seq) {
    ring.Put(seq, static_cast<int>(seq));
    for (int64_t other = 0; other < 110; ++other) {
      const bool there = other <= seq && other > seq - 8;
      ASSERT_EQ(ring.Find(other) != nullptr, there) << seq << " " << other;
      if (there) {
        ASSERT_EQ(*ring.Find(other), other);
      }
    }
  }
}

TEST(SeqRing, GapsAndErasing) {
  SeqRing<int> ring(4);
  ring.Put(int64_t{1} << 40, 7);
  ring.Put((int64_t{1} << 40) + 3, 8);
  EXPECT_EQ(ring.Find((int64_t{1} << 40) + 1), nullptr);
  ring.Erase((int64_t{1} << 40) + 4);  // same slot as the first, another number
  EXPECT_NE(ring.Find(int64_t{1} << 40), nullptr);
  ring.Erase(int64_t{1} << 40);
  EXPECT_EQ(ring.Find(int64_t{1} << 40), nullptr);
  ring.Clear();
  EXPECT_EQ(ring.Find((int64_t{1} << 40) + 3), nullptr);
}

TEST(SeqRingDeathTest, TheCapacityIsAPowerOfTwo) {
  EXPECT_DEATH(SeqRing<int>(12), "CHECK failed");
  EXPECT_DEATH(SeqRing<int>(0), "CHECK failed");
}

TEST(Counters, CountAndMerge) {
  DropCounters a;
  a.Add(Drop::kReplay);
  a.Add(Drop::kReplay, 2);
  DropCounters b;
  b.Add(Drop::kDisabled, 5);
  a.Merge(b);
  EXPECT_EQ(a[Drop::kReplay], 3u);
  EXPECT_EQ(a[Drop::kDisabled], 5u);
  EXPECT_EQ(a[Drop::kMalformed], 0u);
  EXPECT_EQ(a.total(), 8u);
}

TEST(Drop, EveryReasonHasItsName) {
  std::set<std::string> names;
  for (int i = 0; i < static_cast<int>(Drop::kCount); ++i) names.insert(ToString(static_cast<Drop>(i)));
  EXPECT_EQ(names.size(), static_cast<size_t>(Drop::kCount));
  EXPECT_EQ(names.count("unknown"), 0u);
}

TEST(StrongId, ComparesAndHashes) {
  EXPECT_LT(Ssrc(1), Ssrc(2));
  EXPECT_EQ(Ssrc(), Ssrc(0));
  static_assert(!std::is_convertible_v<Ssrc, PayloadType>);
  static_assert(!std::is_constructible_v<PeerId, SessionId>);
  std::set<size_t> low_bits;
  for (uint64_t i = 0; i < 64; ++i) low_bits.insert(std::hash<PeerId>{}(PeerId(i)) & 127);
  EXPECT_GT(low_bits.size(), 32u) << "numbers that count up spread over a table";
}

}  // namespace
}  // namespace duet
