#include "io/task_pool.h"

#include <chrono>
#include <exception>
#include <string>

#include "base/check.h"

namespace duet {

TaskPool::TaskPool(size_t threads, const OsClock& clock, Log log) : clock_(clock), log_(std::move(log)) {
  DUET_CHECK(threads > 0);
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { RunThread(); });
}

TaskPool::~TaskPool() { Stop(); }

void TaskPool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

TaskPool::Slot& TaskPool::Reserve() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    slots_.push_back(std::unique_ptr<Slot>(new Slot(*this)));
    return *slots_.back();
  }
  Slot& slot = *free_.back();
  free_.pop_back();
  return slot;
}

void TaskPool::Start(Slot& slot, std::shared_ptr<PoolTask> task) {
  const std::lock_guard lock(mutex_);
  DUET_CHECK(slot.task_ == nullptr && task != nullptr);
  slot.task_ = std::move(task);
  if (!slot.running_) PutInLine(slot);
}

void TaskPool::Release(Slot& slot) {
  std::shared_ptr<PoolTask> task;  // goes without the mutex
  const std::lock_guard lock(mutex_);
  task = std::move(slot.task_);
  slot.task_ = nullptr;
  SetDue(slot, Time::Never());
  free_.push_back(&slot);
}

void TaskPool::Slot::Wake() {
  // Whoever finds it set knows that a run is still to begin, which sees all that was done before this call.
  if (woken_.exchange(true, std::memory_order_acq_rel)) return;
  const std::lock_guard lock(pool_.mutex_);
  if (task_ != nullptr && !running_) pool_.PutInLine(*this);
}

void TaskPool::PutInLine(Slot& slot) {
  if (slot.in_line_) return;
  slot.in_line_ = true;
  line_.push_back(&slot);
  changed_.notify_one();
}

void TaskPool::SetDue(Slot& slot, Time due) {
  if (!slot.due_.is_never()) timers_.erase({slot.due_, &slot});
  slot.due_ = due;
  if (!due.is_never()) timers_.insert({due, &slot});
}

TaskPool::Slot* TaskPool::TakeReady(Time now) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Slot& slot = *timers_.begin()->second;
    SetDue(slot, Time::Never());
    PutInLine(slot);
  }
  while (!line_.empty()) {
    Slot& slot = *line_.front();
    line_.pop_front();
    slot.in_line_ = false;
    // Released meanwhile; or released and started anew while the run of its last task is not over.
    if (slot.task_ != nullptr && !slot.running_) return &slot;
    if (slot.task_ == nullptr) slot.woken_.store(false, std::memory_order_release);
  }
  return nullptr;
}

Time TaskPool::Run(PoolTask& task, Time now) const {
  try {
    return task.Run(now);
  } catch (const std::exception& error) {
    log_.Error("a task failed: " + std::string(error.what()));
  }
  return Time::Never();
}

void TaskPool::RunThread() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const Time now = clock_.Now();
    Slot* slot = TakeReady(now);
    if (slot == nullptr) {
      if (timers_.empty()) {
        changed_.wait(lock);
      } else {
        changed_.wait_for(lock, std::chrono::microseconds((timers_.begin()->first - now).us()));
      }
      continue;
    }
    SetDue(*slot, Time::Never());
    slot->running_ = true;
    slot->woken_.exchange(false, std::memory_order_acq_rel);
    std::shared_ptr<PoolTask> task = slot->task_;
    lock.unlock();
    const Time next = Run(*task, now);
    lock.lock();
    slot->running_ = false;
    if (slot->task_ == nullptr) {
      slot->woken_.store(false, std::memory_order_release);
    } else if (slot->task_ != task || slot->woken_.load(std::memory_order_acquire) || next <= now) {
      PutInLine(*slot);
    } else {
      SetDue(*slot, next);
      // A thread may sleep longer than that.
      if (!timers_.empty() && timers_.begin()->second == slot) changed_.notify_one();
    }
    lock.unlock();
    task.reset();
    lock.lock();
  }
}

}  // namespace duet
