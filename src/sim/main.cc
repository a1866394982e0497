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
#include <thread>

#include "sim/processes.h"
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
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
};

using Runner = std::function<RunResult(uint64_t seed, std::vector<std::string>* trace)>;

struct SeedTask {
  Runner run;
  std::string name;
  uint64_t seed = 0;
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

// One line for each failure; what it says goes on.
SeedResult RunSeed(const SeedTask& task, bool twice) {
  RunResult result = task.run(task.seed, nullptr);
  if (twice && task.run(task.seed, nullptr).trace_hash != result.trace_hash)
    result.failures.push_back("two runs of one seed differ: something is not deterministic");
  SeedResult told{.virtual_time = result.virtual_time};
  for (const std::string& failure : result.failures)
    told.failures.push_back(task.name + " seed " + std::to_string(task.seed) + ": " + failure);
  return told;
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
std::vector<SeedTask> Regressions(const Options& options) {
  std::vector<SeedTask> tasks;
  for (const auto& entry : std::filesystem::directory_iterator(options.regressions)) {
    std::istringstream line(ReadFile(entry.path()));
    std::string what;
    uint64_t seed = 0;
    if (!(line >> what >> seed)) throw std::runtime_error(entry.path().string() + ": expected \"swarm SEED\"");
    const auto scenario = entry.path().parent_path().parent_path() / "scenarios" / what;
    tasks.push_back({MakeRunner(what == "swarm" ? "" : scenario.string()), entry.path().filename().string(), seed});
  }
  return tasks;
}

// Every seed of the swarm, or of a scenario, or of every scenario of a folder.
std::vector<SeedTask> Seeds(const Options& options) {
  std::vector<std::string> files;
  if (std::filesystem::is_directory(options.scenario)) {
    for (const auto& entry : std::filesystem::directory_iterator(options.scenario))
      files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(options.scenario);
  }
  std::vector<SeedTask> tasks;
  for (const std::string& file : files) {
    const Runner run = MakeRunner(file);
    const std::string name = file.empty() ? "swarm" : std::filesystem::path(file).filename().string();
    for (uint64_t seed = options.from; seed < options.from + options.seeds; ++seed) tasks.push_back({run, name, seed});
  }
  return tasks;
}

int RunAll(const Options& options) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  auto told = start;
  const std::vector<SeedTask> tasks = options.regressions.empty() ? Seeds(options) : Regressions(options);
  uint64_t passed = 0;
  uint64_t failed = 0;
  Duration virtual_time;
  RunInProcesses(
      tasks.size(), options.jobs, [&](size_t i) { return RunSeed(tasks[i], options.twice); },
      [&](const SeedResult& result) {
        for (const std::string& failure : result.failures) std::cout << failure << std::endl;
        ++(result.failures.empty() ? passed : failed);
        virtual_time = virtual_time + result.virtual_time;
        if (Clock::now() - told < std::chrono::seconds(10)) return;
        told = Clock::now();
        std::cerr << passed + failed << " of " << tasks.size() << " runs, " << failed << " failed\n";
      });
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%lld virtual seconds in %.1f s, %.0f times as fast as the world\n",
              static_cast<long long>(virtual_time.ms() / 1000), seconds, virtual_time.seconds() / seconds);
  std::cout << passed << " passed, " << failed << " failed" << std::endl;
  return failed == 0 && passed == tasks.size() ? 0 : 1;
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
  app.add_option("--jobs", options.jobs, "Processes to run seeds in at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_flag("--twice", options.twice, "Run each seed twice and compare the traces");
  CLI11_PARSE(app, argc, argv);
  try {
    return options.seed ? duet::sim::Explain(options) : duet::sim::RunAll(options);
  } catch (const std::exception& error) {
    std::cerr << "duet-sim: " << error.what() << "\n";
    return 2;
  }
}
