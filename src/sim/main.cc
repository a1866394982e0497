// duet-sim: runs seeds of the simulation and says which fail.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "sim/scenario.h"
#include "sim/swarm.h"

namespace duet::sim {
namespace {

struct Options {
  uint64_t seeds = 100;
  uint64_t from = 1;
  std::optional<uint64_t> seed;
  std::string scenario;
  std::string regressions;
  bool trace = false;
  bool twice = false;
};

using Runner = std::function<RunResult(uint64_t seed, std::vector<std::string>* trace)>;

struct Tally {
  uint64_t passed = 0;
  uint64_t failed = 0;
  Duration virtual_time;
};

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return text.str();
}

Runner MakeRunner(const std::string& scenario) {
  if (scenario.empty()) return RunSwarm;
  auto steps = ParseScenario(ReadFile(scenario));
  if (!steps.ok()) throw std::runtime_error(scenario + ": " + steps.error().message);
  return [steps = std::move(*steps)](uint64_t seed, std::vector<std::string>* trace) {
    return RunScenario(steps, seed, trace);
  };
}

void RunSeed(const Runner& run, const std::string& name, uint64_t seed, bool twice, Tally& tally) {
  RunResult result = run(seed, nullptr);
  if (twice && run(seed, nullptr).trace_hash != result.trace_hash)
    result.failures.push_back("two runs of one seed differ: something is not deterministic");
  for (const std::string& failure : result.failures) std::cout << name << " seed " << seed << ": " << failure << "\n";
  ++(result.failures.empty() ? tally.passed : tally.failed);
  tally.virtual_time = tally.virtual_time + result.virtual_time;
}

int Explain(const Options& options) {
  std::vector<std::string> lines;
  const RunResult result = MakeRunner(options.scenario)(*options.seed, options.trace ? &lines : nullptr);
  for (const std::string& line : lines) std::cout << line << "\n";
  std::cout << result.state;
  for (const std::string& failure : result.failures) std::cout << failure << "\n";
  std::cout << "seed " << *options.seed << (result.failures.empty() ? " passed" : " failed") << ", "
            << result.virtual_time.ms() / 1000 << " s of virtual time, trace " << std::hex << result.trace_hash << "\n";
  return result.failures.empty() ? 0 : 1;
}

// Each file: a line "swarm SEED" or "SCENARIO SEED", the scenario beside the folder of regressions.
void RunRegressions(const Options& options, Tally& tally) {
  for (const auto& entry : std::filesystem::directory_iterator(options.regressions)) {
    std::istringstream line(ReadFile(entry.path()));
    std::string what;
    uint64_t seed = 0;
    if (!(line >> what >> seed)) throw std::runtime_error(entry.path().string() + ": expected \"swarm SEED\"");
    const auto scenario = entry.path().parent_path().parent_path() / "scenarios" / what;
    RunSeed(MakeRunner(what == "swarm" ? "" : scenario.string()), entry.path().filename().string(), seed, options.twice,
            tally);
  }
}

// Every scenario of a folder, or the one file.
void RunMany(const Options& options, Tally& tally) {
  std::vector<std::string> files;
  if (std::filesystem::is_directory(options.scenario)) {
    for (const auto& entry : std::filesystem::directory_iterator(options.scenario))
      files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(options.scenario);
  }
  using Clock = std::chrono::steady_clock;
  auto told = Clock::now();
  for (const std::string& file : files) {
    const Runner run = MakeRunner(file);
    const std::string name = file.empty() ? "swarm" : std::filesystem::path(file).filename().string();
    for (uint64_t seed = options.from; seed < options.from + options.seeds; ++seed) {
      RunSeed(run, name, seed, options.twice, tally);
      if (Clock::now() - told < std::chrono::seconds(10)) continue;
      told = Clock::now();
      std::cerr << name << ": " << seed - options.from + 1 << " of " << options.seeds << " seeds, " << tally.failed
                << " failed\n";
    }
  }
}

int RunAll(const Options& options) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  Tally tally;
  if (!options.regressions.empty()) {
    RunRegressions(options, tally);
  } else {
    RunMany(options, tally);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%lld virtual seconds in %.1f s, %.0f times as fast as the world\n",
              static_cast<long long>(tally.virtual_time.ms() / 1000), seconds, tally.virtual_time.seconds() / seconds);
  std::cout << tally.passed << " passed, " << tally.failed << " failed" << std::endl;
  return tally.failed == 0 ? 0 : 1;
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
  app.add_option("--scenario", options.scenario, "A scenario file, or a folder of them, instead of the swarm");
  app.add_option("--regressions", options.regressions, "Run the seeds that the files of this folder name")
      ->check(CLI::ExistingDirectory);
  app.add_flag("--trace", options.trace, "With --seed: print every event");
  app.add_flag("--twice", options.twice, "Run each seed twice and compare the traces");
  CLI11_PARSE(app, argc, argv);
  try {
    return options.seed ? duet::sim::Explain(options) : duet::sim::RunAll(options);
  } catch (const std::exception& error) {
    std::cerr << "duet-sim: " << error.what() << "\n";
    return 2;
  }
}
