// TaskPool: a few threads for many small machines that compute more than an I/O thread should, like transcoders.
//
// A task runs on one thread at a time: when it is woken, and when the time has come that its last run named. Tasks that
// are ready wait in line, and each run is to be short, so a busy one holds up no other.
//
//   Reserve ──> Slot (a Waker) ──Start(task)──> runs ──Release──> runs no more; the slot is used again
//
// A slot lives as long as the pool. Whoever still has it as a Waker after Release wakes, at worst, a task that has
// nothing to do.
//
// A run that throws (memory that is not there) is logged and ends the task: it runs only when it is woken again.
//
// Thread rule: every function from any thread. Release does not wait: a run that is under way ends by itself, and the
// pool holds the task until then.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "io/clock.h"
#include "node/media_line.h"

namespace duet {

class PoolTask {
 public:
  virtual ~PoolTask() = default;
  // When it wants to run again although nobody woke it; not after `now`: as soon as those before it in line have run.
  virtual Time Run(Time now) = 0;
};

class TaskPool {
 public:
  class Slot final : public Waker {
   public:
    void Wake() override;

   private:
    friend class TaskPool;
    explicit Slot(TaskPool& pool) : pool_(pool) {}

    TaskPool& pool_;
    std::atomic<bool> woken_ = false;  // since its last run began
    // Under the pool's mutex.
    std::shared_ptr<PoolTask> task_;
    bool in_line_ = false;
    bool running_ = false;
    Time due_ = Time::Never();
  };

  // `clock` outlives it.
  TaskPool(size_t threads, const OsClock& clock, Log log = Log());
  // Stops. Nobody may have a slot as a Waker any more.
  ~TaskPool();

  Slot& Reserve();
  // Runs the task for the first time at once. A slot has one task between Reserve and Release.
  void Start(Slot& slot, std::shared_ptr<PoolTask> task);
  void Release(Slot& slot);

  // Joins the threads; nothing runs from now on.
  void Stop();

 private:
  void RunThread();
  Time Run(PoolTask& task, Time now) const;
  // These need the mutex.
  void PutInLine(Slot& slot);
  void SetDue(Slot& slot, Time due);
  Slot* TakeReady(Time now);

  const OsClock& clock_;
  const Log log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::deque<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> free_;
  std::deque<Slot*> line_;
  std::set<std::pair<Time, Slot*>> timers_;
  std::vector<std::thread> threads_;
};

}  // namespace duet
