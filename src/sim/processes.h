// Runs of the simulation side by side. A run is one thread and has its own OpenSSL (deterministic_openssl.h), so they
// share nothing but a pipe on which they say how they ended.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"

namespace duet::sim {

struct SeedResult {
  Duration virtual_time;
  std::vector<std::string> failures;  // empty = passed
};

// Runs tasks 0..count-1 in `jobs` processes and hands each result over as it comes, in no order. A process that dies
// tells nothing of what it had not finished: count what was told. Throws std::system_error.
void RunInProcesses(size_t count, unsigned jobs, const std::function<SeedResult(size_t)>& run,
                    const std::function<void(const SeedResult&)>& tell);

}  // namespace duet::sim
