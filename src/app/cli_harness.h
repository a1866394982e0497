// For tests: runs a command with arguments, an environment and an input of its own, in a directory that goes away.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "app/cli.h"
#include "base/check.h"
#include "base/rng.h"

namespace duet {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "duet-app-XXXXXX").string();
    DUET_CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  // The path of a file of this name with this content.
  std::filesystem::path Write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string ReadFile(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Stops as soon as somebody waits, after `meanwhile`.
class StopAtOnce : public StopSignal {
 public:
  void Arm() override {}
  void Wait() override {
    if (meanwhile) meanwhile();
  }
  std::function<void()> meanwhile;
};

struct CliResult {
  int status = -1;
  std::string out;
  std::string err;
};

class CliHarness {
 public:
  CliHarness() { variables["HOME"] = home.path().string(); }

  CliResult Run(const std::vector<std::string>& args, const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out, err;
    CliContext context{.in = in,
                       .out = out,
                       .err = err,
                       .environment = [this](const std::string& name) -> std::optional<std::string> {
                         const auto it = variables.find(name);
                         return it == variables.end() ? std::nullopt : std::optional(it->second);
                       },
                       .rng = rng,
                       .stop = stop,
                       .now_unix_s = now_unix_s};
    const int status = RunCli(args, context);
    return {status, out.str(), err.str()};
  }

  TemporaryDirectory home;
  std::map<std::string, std::string> variables;
  SeededRng rng{7};
  StopAtOnce stop;
  int64_t now_unix_s = 1'700'000'000;
};

}  // namespace duet
