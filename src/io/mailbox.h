// Mailbox: a bounded queue into a thread that sleeps in epoll or poll. Many may push, one takes.
//
// An eventfd becomes readable when the box turns from empty to not empty, so a burst costs one wake. A full box
// refuses; what to do then (retry, count, close) is the pusher's to decide. Messages are handed over under a mutex
// whose holder only swaps pointers or appends one message; this is the way of control messages, never of media packets.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"

namespace duet {

// The wake of a sleeping thread: readable from Notify until Clear.
class WakeEvent {
 public:
  WakeEvent() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { DUET_CHECK(fd_ >= 0); }
  ~WakeEvent() { close(fd_); }
  WakeEvent(const WakeEvent&) = delete;
  WakeEvent& operator=(const WakeEvent&) = delete;

  int fd() const { return fd_; }
  // Any thread.
  void Notify() {
    const uint64_t one = 1;
    // Fails only when the counter is full, and then it is readable anyway.
    [[maybe_unused]] const ssize_t n = write(fd_, &one, sizeof(one));
  }
  void Clear() {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = read(fd_, &count, sizeof(count));
  }

 private:
  int fd_;
};

template <typename T>
class Mailbox {
 public:
  explicit Mailbox(size_t capacity) : capacity_(capacity) { DUET_CHECK(capacity > 0); }

  // Any thread. False when full; `message` is moved from only on success.
  bool Push(T&& message) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      if (messages_.size() >= capacity_) return false;
      was_empty = messages_.empty();
      messages_.push_back(std::move(message));
    }
    if (was_empty) wake_.Notify();
    return true;
  }

  // The taker: everything in the box, in the order of the pushes. `out` is emptied first and its memory used again.
  void Take(std::vector<T>& out) {
    out.clear();
    // Before the swap: a push after it notifies again, so nothing is slept over.
    wake_.Clear();
    const std::lock_guard lock(mutex_);
    messages_.swap(out);
  }

  // To wait on; readable while there may be something to take.
  int fd() const { return wake_.fd(); }
  // Makes the taker look even when nothing was pushed. Any thread.
  void Wake() { wake_.Notify(); }
  size_t capacity() const { return capacity_; }

 private:
  const size_t capacity_;
  WakeEvent wake_;
  std::mutex mutex_;
  std::vector<T> messages_;
};

}  // namespace duet
