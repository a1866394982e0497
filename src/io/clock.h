// OsClock: the only maker of Time in the server. Wall clock at construction plus the monotonic clock since, so it never
// goes back and never jumps. One for the process; const and thread-safe.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace duet {

class OsClock {
 public:
  Time Now() const {
    const auto elapsed = std::chrono::steady_clock::now() - started_;
    return Time::FromMicros(epoch_us_ + std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count());
  }

  // The wall clock as the machine has it now, which signatures and certificates are checked against. May jump.
  static int64_t UnixSeconds() {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  int64_t epoch_us_ =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
};

}  // namespace duet
