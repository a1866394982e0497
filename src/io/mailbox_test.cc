#include "io/mailbox.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <thread>

namespace duet {
namespace {

bool Readable(int fd, int timeout_ms = 0) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, timeout_ms) == 1;
}

TEST(Mailbox, KeepsTheOrder) {
  Mailbox<int> box(8);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(box.Push(int{i}));
  std::vector<int> out = {99};
  box.Take(out);
  EXPECT_EQ(out, (std::vector<int>{0, 1, 2, 3, 4}));
  box.Take(out);
  EXPECT_TRUE(out.empty());
}

TEST(Mailbox, FullRefusesAndLeavesTheMessage) {
  Mailbox<std::unique_ptr<int>> box(2);
  EXPECT_TRUE(box.Push(std::make_unique<int>(1)));
  EXPECT_TRUE(box.Push(std::make_unique<int>(2)));
  auto third = std::make_unique<int>(3);
  EXPECT_FALSE(box.Push(std::move(third)));
  ASSERT_NE(third, nullptr);
  std::vector<std::unique_ptr<int>> out;
  box.Take(out);
  EXPECT_TRUE(box.Push(std::move(third)));
}

TEST(Mailbox, WakesWhenItTurnsNotEmpty) {
  Mailbox<int> box(8);
  EXPECT_FALSE(Readable(box.fd()));
  box.Push(1);
  EXPECT_TRUE(Readable(box.fd()));
  std::vector<int> out;
  box.Take(out);
  EXPECT_FALSE(Readable(box.fd()));
  box.Wake();
  EXPECT_TRUE(Readable(box.fd()));
}

TEST(Mailbox, ManyPushersOneTaker) {
  constexpr int kPushers = 4;
  constexpr int kEach = 20'000;
  Mailbox<std::pair<int, int>> box(64);
  std::vector<std::thread> threads;
  for (int who = 0; who < kPushers; ++who) {
    threads.emplace_back([&box, who] {
      for (int i = 0; i < kEach;) {
        if (box.Push({who, i})) {
          ++i;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  std::vector<int> next(kPushers, 0);
  std::vector<std::pair<int, int>> out;
  int taken = 0;
  while (taken < kPushers * kEach) {
    if (!Readable(box.fd(), 10'000)) break;  // a lost wake
    box.Take(out);
    for (const auto& [who, i] : out) {
      EXPECT_EQ(next[who], i);
      next[who] = i + 1;
      ++taken;
    }
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken, kPushers * kEach);
}

}  // namespace
}  // namespace duet
