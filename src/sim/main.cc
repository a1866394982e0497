// duet-sim: runs seeds of the simulation and says which fail.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>

#include "sim/swarm.h"

namespace duet::sim {
namespace {

struct Options {
  uint64_t seeds = 100;
  uint64_t from = 1;
  std::optional<uint64_t> seed;
  bool trace = false;
  bool twice = false;
};

RunResult RunSeed(uint64_t seed, bool twice) {
  RunResult result = RunSwarm(seed);
  if (twice && RunSwarm(seed).trace_hash != result.trace_hash)
    result.failures.push_back("two runs of one seed differ: something is not deterministic");
  return result;
}

void Explain(uint64_t seed, const RunResult& result) {
  for (const std::string& failure : result.failures) std::cout << "seed " << seed << ": " << failure << "\n";
}

int RunOne(const Options& options) {
  std::vector<std::string> lines;
  const RunResult result = RunSwarm(*options.seed, options.trace ? &lines : nullptr);
  for (const std::string& line : lines) std::cout << line << "\n";
  std::cout << result.state;
  Explain(*options.seed, result);
  std::cout << "seed " << *options.seed << (result.failures.empty() ? " passed" : " failed") << ", "
            << result.virtual_time.ms() / 1000 << " s of virtual time, trace " << std::hex << result.trace_hash << "\n";
  return result.failures.empty() ? 0 : 1;
}

int RunMany(const Options& options) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  auto told = start;
  uint64_t passed = 0;
  uint64_t failed = 0;
  Duration virtual_time;
  for (uint64_t seed = options.from; seed < options.from + options.seeds; ++seed) {
    const RunResult result = RunSeed(seed, options.twice);
    virtual_time = virtual_time + result.virtual_time;
    ++(result.failures.empty() ? passed : failed);
    Explain(seed, result);
    if (Clock::now() - told > std::chrono::seconds(10)) {
      told = Clock::now();
      std::cerr << seed - options.from + 1 << " of " << options.seeds << " seeds, " << failed << " failed\n";
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%lld virtual seconds in %.1f s, %.0f times as fast as the world\n",
              static_cast<long long>(virtual_time.ms() / 1000), seconds, virtual_time.seconds() / seconds);
  std::cout << passed << " passed, " << failed << " failed" << std::endl;
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace duet::sim

int main(int argc, char** argv) {
  duet::sim::Options options;
  CLI::App app(
      "Runs the media engine, Control and simulated clients through bad networks in virtual time.\n"
      "Each seed is one run; a failing seed fails again: duet-sim --seed N --trace");
  app.add_option("--seeds", options.seeds, "How many seeds to run")->capture_default_str();
  app.add_option("--from", options.from, "The first seed")->capture_default_str();
  app.add_option("--seed", options.seed, "Run this one and explain it");
  app.add_flag("--trace", options.trace, "With --seed: print every event");
  app.add_flag("--twice", options.twice, "Run each seed twice and compare the traces");
  CLI11_PARSE(app, argc, argv);
  return options.seed ? RunOne(options) : RunMany(options);
}
