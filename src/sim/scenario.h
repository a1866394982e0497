// Scenario: a run written down as steps, one a line. docs/simulation.md has the language.
//
//   member u1 video 1500          # kbit/s; "audio" alone for sound only
//   pusher u3 video 600           # a publisher over RTMP, sound never
//   push u3                       # or: stop
//   stall u3 10                   # seconds in which its TCP connection carries nothing
//   join u1 u2                    # or: leave, suspend, vanish, wake, restart, rebind
//   link u2 down rate 300 queue 300 loss 10 run 3 delay 50 jitter 20 reorder 5 duplicate 1 corrupt 1
//   link all both heal            # or: cut
//   run 20                        # seconds
//   check calls                   # everybody who is in hears and sees all who publish
//   check rate u2 down 210 300    # kbit/s over the last run
//   check queue u2 down 400       # ms: the longest that a packet waited in the bottleneck in the last run
//   check fps u2 u1 10            # frames of u1 shown to u2 per second of the last run
//   check freeze u2 u1 500        # ms: the longest without a new picture in the last run
//   check delay u2 u1 500         # ms: the age of the last picture of u1 when it was shown to u2
//   check share u2 u3 0.35        # the least part that either has of what both get
//   server restart
//   workers 2                     # the server begins anew with so many workers, members alternate between them
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/swarm.h"

namespace duet::sim {

struct ScenarioStep {
  int line = 0;
  std::vector<std::string> words;
};

// The error names the line. Words are checked when the step runs.
Result<std::vector<ScenarioStep>> ParseScenario(std::string_view text);

RunResult RunScenario(const std::vector<ScenarioStep>& steps, uint64_t seed, std::vector<std::string>* trace = nullptr);

}  // namespace duet::sim
