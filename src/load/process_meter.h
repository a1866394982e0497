// What a process has used so far, from /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace duet::load {

struct ProcessUsage {
  int64_t cpu_ns = 0;  // all threads, user and system, as the scheduler counts
  // The same in clock ticks of 10 ms, by where it was spent. Less exact.
  int64_t user_ticks = 0;
  int64_t system_ticks = 0;
  int64_t switches = 0;   // context switches
  int64_t memory_kb = 0;  // resident
};

ProcessUsage UsageOf(pid_t pid);

// All threads of the process, or of this one with 0, stay on this core. False when the system does not let us.
bool PinTo(pid_t pid, int core);

}  // namespace duet::load
