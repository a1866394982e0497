// Swarm: a run in which everything goes wrong that a seed can think of. Members come and go, suspend, vanish, restart,
// change their address; links lose, delay, reorder, choke and break. Which faults, how many and how hard is drawn from
// the seed, some left out, some extreme.
//
// Two phases. With faults on nothing may happen that must never happen. Then all heals, and within kRecovery everybody
// must be in a working call again; after all have left nothing may remain.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace duet::sim {

struct RunResult {
  uint64_t trace_hash = 0;
  Duration virtual_time;
  std::vector<std::string> failures;  // sentences; empty = passed
  std::string state;                  // of the world when all had healed, for people
};

inline constexpr Duration kRecovery = Duration::Seconds(15);

// `trace`: every event as a line, or null.
RunResult RunSwarm(uint64_t seed, std::vector<std::string>* trace = nullptr);

}  // namespace duet::sim
