// The command line: `duet COMMAND ...`. Commands are functions of their arguments and of a CliContext, so that tests
// call them without starting programs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/stop_signal.h"
#include "base/rng.h"

namespace CLI {
class App;
}

namespace duet {

// Exit statuses. `sig verify` and `sig explain` use kExitNo for a token that is not valid.
inline constexpr int kExitOk = 0;
inline constexpr int kExitNo = 1;  // also: could not be done; the reason is on the error stream
inline constexpr int kExitUsage = 2;

// The world around a command. Everything outlives RunCli.
struct CliContext {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Environment environment;
  Rng& rng;
  StopSignal& stop;
  int64_t now_unix_s = 0;
  bool out_is_terminal = false;
  std::filesystem::path program_dir;  // where the program's file is
};

// Runs the command that `args` (without the program's name) names. No exception leaves it.
int RunCli(const std::vector<std::string>& args, CliContext& context);

// Each adds its command to the parser and, when that is the one, runs it in the parser's callback and leaves its status
// in `status`.
void AddServeCommand(CLI::App& root, CliContext& context, int& status);
void AddAppCommand(CLI::App& root, CliContext& context, int& status);
void AddSigCommand(CLI::App& root, CliContext& context, int& status);

// "duet: MESSAGE" on the error stream; the status to return.
int Complain(CliContext& context, const std::string& message, int status = kExitNo);

}  // namespace duet
