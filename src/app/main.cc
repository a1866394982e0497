#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "app/cli.h"
#include "app/stop_signal.h"
#include "io/clock.h"
#include "io/os_rng.h"

namespace {

std::optional<std::string> EnvironmentVariable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

std::filesystem::path ProgramDirectory() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

}  // namespace

int main(int argc, char** argv) {
  duet::OsRng rng;
  duet::OsStopSignal stop;
  duet::CliContext context{.in = std::cin,
                           .out = std::cout,
                           .err = std::cerr,
                           .environment = EnvironmentVariable,
                           .rng = rng,
                           .stop = stop,
                           .now_unix_s = duet::OsClock::UnixSeconds(),
                           .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                           .program_dir = ProgramDirectory()};
  return duet::RunCli({argv + 1, argv + argc}, context);
}
