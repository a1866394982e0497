#include "base/flat_map.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "base/endpoint.h"
#include "base/ids.h"
#include "base/rng.h"

namespace duet {
namespace {

// Few home slots, so that entries run into each other and around the end of the table.
struct Clumsy {
  size_t operator()(uint32_t key) const { return key % 5 + 60; }
};

template <typename Map>
void ExpectSame(const Map& map, const std::unordered_map<uint32_t, std::string>& model) {
  ASSERT_EQ(map.size(), model.size());
  ASSERT_EQ(map.empty(), model.empty());
  size_t visited = 0;
  map.ForEach([&](uint32_t key, const std::string& value) {
    ++visited;
    const auto found = model.find(key);
    ASSERT_NE(found, model.end()) << key;
    ASSERT_EQ(value, found->second);
  });
  ASSERT_EQ(visited, model.size());
  for (const auto& [key, value] : model) {
    const std::string* found = map.Find(key);
    ASSERT_NE(found, nullptr) << key;
    ASSERT_EQ(*found, value);
  }
}

template <typename Hash>
void RunRandomly(uint64_t seed, uint32_t keys) {
  SeededRng rng(seed);
  FlatMap<uint32_t, std::string, Hash> map;
  std::unordered_map<uint32_t, std::string> model;
  for (int step = 0; step < 4000; ++step) {
    const auto key = static_cast<uint32_t>(rng.Below(keys));
    switch (rng.Below(8)) {
      case 0:
      case 1:
      case 2: {
        const std::string value = std::to_string(step);
        EXPECT_EQ(map.Insert(key, value), value);
        model[key] = value;
        break;
      }
      case 3:
      case 4:
      case 5: ASSERT_EQ(map.Erase(key), model.erase(key) == 1) << step; break;
      case 6: ASSERT_EQ(map.Contains(key), model.count(key) == 1) << step; break;
      default:
        if (rng.Below(500) == 0) {
          map.Clear();
          model.clear();
        }
    }
    if (step % 16 == 0) ExpectSame(map, model);
  }
  ExpectSame(map, model);
}

TEST(FlatMap, BehavesAsUnorderedMap) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    RunRandomly<std::hash<uint32_t>>(seed, 200);
    RunRandomly<Clumsy>(seed, 40);
  }
}

TEST(FlatMap, EmptyMap) {
  FlatMap<uint32_t, int> map;
  EXPECT_EQ(map.Find(1), nullptr);
  EXPECT_FALSE(map.Erase(1));
  EXPECT_TRUE(map.empty());
  map.ForEach([](uint32_t, int) { FAIL(); });
}

TEST(FlatMap, AReservedMapDoesNotMove) {
  FlatMap<uint32_t, int> map(100);
  const int* first = &map.Insert(0, 0);
  for (uint32_t i = 1; i < 100; ++i) map.Insert(i, static_cast<int>(i));
  EXPECT_EQ(map.Find(0), first) << "it would have moved with the table";
}

TEST(FlatMap, InsertOverwrites) {
  FlatMap<Ssrc, int> map;
  map.Insert(Ssrc(7), 1);
  map.Insert(Ssrc(7), 2);
  EXPECT_EQ(map.size(), 1u);
  EXPECT_EQ(*map.Find(Ssrc(7)), 2);
}

TEST(FlatMap, LetsGoOfWhatItNoLongerHolds) {
  FlatMap<Endpoint, std::shared_ptr<int>> map;
  const auto shared = std::make_shared<int>(1);
  for (uint16_t port = 0; port < 50; ++port) map.Insert(Endpoint{IpAddress::V4(10, 0, 0, 1), port}, shared);
  EXPECT_EQ(shared.use_count(), 51);
  for (uint16_t port = 0; port < 25; ++port) map.Erase(Endpoint{IpAddress::V4(10, 0, 0, 1), port});
  EXPECT_EQ(shared.use_count(), 26) << "erased entries are destroyed at once";
  map.Clear();
  EXPECT_EQ(shared.use_count(), 1);
}

}  // namespace
}  // namespace duet
