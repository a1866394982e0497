#include "io/task_pool.h"

#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <new>
#include <utility>

namespace duet {
namespace {

class Task : public PoolTask {
 public:
  explicit Task(std::function<Time(Time)> run) : run_(std::move(run)) {}
  Time Run(Time now) override {
    EXPECT_FALSE(running_.exchange(true)) << "on two threads at once";
    const Time next = run_(now);
    running_ = false;
    return next;
  }

 private:
  std::function<Time(Time)> run_;
  std::atomic<bool> running_ = false;
};

TEST(TaskPool, RunsAtOnceAndWhenWoken) {
  const OsClock clock;
  TaskPool pool(2, clock);
  std::latch twice(2);
  std::latch once(1);
  std::atomic<int> runs = 0;
  TaskPool::Slot& slot = pool.Reserve();
  pool.Start(slot, std::make_shared<Task>([&](Time) {
               if (runs.fetch_add(1) == 0) once.count_down();
               twice.count_down();
               return Time::Never();
             }));
  once.wait();
  slot.Wake();
  twice.wait();
  pool.Release(slot);
  pool.Stop();
  EXPECT_EQ(runs, 2);
}

TEST(TaskPool, ATaskThatThrowsEndsNeitherItsThreadNorTheOthers) {
  const OsClock clock;
  TaskPool pool(1, clock);
  std::latch both(2);
  TaskPool::Slot& bad = pool.Reserve();
  pool.Start(bad, std::make_shared<Task>([&, first = true](Time now) mutable -> Time {
               if (std::exchange(first, false)) return now;  // at once again
               both.count_down();
               throw std::bad_alloc();
             }));
  TaskPool::Slot& good = pool.Reserve();
  pool.Start(good, std::make_shared<Task>([&](Time) {
               both.count_down();
               return Time::Never();
             }));
  both.wait();
  pool.Release(bad);
  pool.Release(good);
}

TEST(TaskPool, RunsWhenItsTimeHasCome) {
  const OsClock clock;
  TaskPool pool(1, clock);
  std::latch done(3);
  Time due = Time::LongAgo();
  TaskPool::Slot& slot = pool.Reserve();
  pool.Start(slot, std::make_shared<Task>([&](Time now) {
               EXPECT_GE(now, due);
               due = now + Duration::Millis(5);
               if (!done.try_wait()) done.count_down();
               return done.try_wait() ? Time::Never() : due;
             }));
  done.wait();
}

// No wake is lost: what was pushed before it is seen by a run that begins after it.
TEST(TaskPool, EveryWakeIsFollowedByARun) {
  const OsClock clock;
  TaskPool pool(2, clock);
  constexpr int kTasks = 4;
  constexpr int kItems = 20'000;
  std::latch all(kTasks);
  struct Counter {
    std::atomic<int> pushed = 0;
    int seen = 0;
  };
  Counter counters[kTasks];
  TaskPool::Slot* slots[kTasks];
  for (int i = 0; i < kTasks; ++i) {
    slots[i] = &pool.Reserve();
    pool.Start(*slots[i], std::make_shared<Task>([&all, &counter = counters[i]](Time) {
      const int now = counter.pushed.load(std::memory_order_acquire);
      if (counter.seen < kItems && now == kItems) all.count_down();
      counter.seen = now;
      return Time::Never();
    }));
  }
  for (int n = 0; n < kItems; ++n) {
    for (int i = 0; i < kTasks; ++i) {
      counters[i].pushed.fetch_add(1, std::memory_order_release);
      slots[i]->Wake();
    }
  }
  all.wait();  // would hang
}

TEST(TaskPool, ASlotIsUsedAgainWhileTheOldTaskStillRuns) {
  const OsClock clock;
  TaskPool pool(2, clock);
  std::latch begun(1);
  std::latch go_on(1);
  std::latch second(1);
  TaskPool::Slot& slot = pool.Reserve();
  pool.Start(slot, std::make_shared<Task>([&](Time) {
               begun.count_down();
               go_on.wait();
               return Time::Never();
             }));
  begun.wait();
  pool.Release(slot);
  TaskPool::Slot& again = pool.Reserve();
  EXPECT_EQ(&again, &slot);
  pool.Start(again, std::make_shared<Task>([&](Time) {
               second.count_down();
               return Time::Never();
             }));
  go_on.count_down();
  second.wait();
}

TEST(TaskPool, OneThatIsAlwaysReadyHoldsUpNobody) {
  const OsClock clock;
  TaskPool pool(1, clock);
  std::atomic<bool> stop = false;
  pool.Start(pool.Reserve(), std::make_shared<Task>([&](Time now) { return stop ? Time::Never() : now; }));
  std::latch other(1);
  pool.Start(pool.Reserve(), std::make_shared<Task>([&](Time) {
               other.count_down();
               return Time::Never();
             }));
  other.wait();
  stop = true;
}

TEST(TaskPool, AReleasedTaskGoes) {
  const OsClock clock;
  TaskPool pool(1, clock);
  TaskPool::Slot& slot = pool.Reserve();
  auto task = std::make_shared<Task>([](Time) { return Time::Never(); });
  const std::weak_ptr<Task> watched = task;
  pool.Start(slot, std::move(task));
  pool.Release(slot);
  slot.Wake();  // late, and harmless
  pool.Stop();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace duet
