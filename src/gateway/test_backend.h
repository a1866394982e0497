// For tests of the gateway: a log that can be read, and a backend that remembers what it was given. Waits are for
// conditions and end after kTestPatience.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "gateway/signal_backend.h"

namespace duet {

inline constexpr std::chrono::seconds kTestPatience{10};

// Remembers lines with their context.
class MemoryLog : public LogSink {
 public:
  void Write(LogLevel, std::string_view context, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    text_.append(context).append("|").append(message).append("\n");
  }
  bool Enabled(LogLevel) const override { return true; }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

// Control's place, in the hands of the test.
class FakeBackend : public SignalBackend {
 public:
  bool Submit(ControlInput&& input) override {
    const std::lock_guard lock(mutex_);
    ++offered_;
    if (full_) {
      changed_.notify_all();
      return false;
    }
    inputs_.push_back(std::move(input));
    changed_.notify_all();
    return true;
  }
  ControlCounts counts() const override { return counts_; }

  // The next input; a failure and an empty one when none comes.
  ControlInput Next() {
    std::unique_lock lock(mutex_);
    const bool came = changed_.wait_for(lock, kTestPatience, [this] { return !inputs_.empty(); });
    EXPECT_TRUE(came);
    if (!came) return {};
    ControlInput input = std::move(inputs_.front());
    inputs_.pop_front();
    return input;
  }
  template <typename T>
  ControlInput NextOf() {
    ControlInput input = Next();
    EXPECT_TRUE(std::holds_alternative<T>(input.what)) << "is alternative " << input.what.index();
    return input;
  }
  bool idle() const {
    const std::lock_guard lock(mutex_);
    return inputs_.empty();
  }
  void SetFull(bool full) {
    const std::lock_guard lock(mutex_);
    full_ = full;
  }
  // Until something was offered `times` times in all.
  void WaitForOffers(size_t times) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kTestPatience, [&] { return offered_ >= times; }));
  }
  size_t offered() const {
    const std::lock_guard lock(mutex_);
    return offered_;
  }
  void set_counts(const ControlCounts& counts) { counts_ = counts; }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ControlInput> inputs_;
  size_t offered_ = 0;
  bool full_ = false;
  ControlCounts counts_;
};

}  // namespace duet
