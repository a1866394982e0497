#include "app/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>

#include "base/version.h"

namespace duet {
namespace {

constexpr const char* kExamples =
    "Start with:\n"
    "  duet serve                        serves calls; prints where to point the browser\n"
    "  duet app create --env PRO         an sdkAppID and a secret key for your own back end\n"
    "  duet sig explain TOKEN            why a UserSig is refused\n"
    "\n"
    "`duet COMMAND --help` explains each command.";

}  // namespace

int Complain(CliContext& context, const std::string& message, int status) {
  context.err << "duet: " << message << (message.ends_with('.') ? "\n" : ".\n");
  return status;
}

int RunCli(const std::vector<std::string>& args, CliContext& context) {
  int status = kExitOk;
  try {
    CLI::App root("Duet: real-time audio and video calls on your own server.", "duet");
    root.footer(kExamples);
    root.require_subcommand(1);
    root.add_flag_callback(
        "--version", [&] { throw CLI::CallForVersion("duet " + std::string(kVersion), 0); },
        "Print the version and exit");
    AddServeCommand(root, context, status);
    AddAppCommand(root, context, status);
    AddSigCommand(root, context, status);
    root.add_subcommand("version", "Print the version")->footer("")->callback([&] {
      context.out << "duet " << kVersion << "\n";
    });
    try {
      // CLI11 takes the arguments from the back.
      root.parse(std::vector<std::string>(args.rbegin(), args.rend()));
    } catch (const CLI::ParseError& error) {
      // 0 for --help and --version; whatever kind of mistake it is, it is one of usage.
      return root.exit(error, context.out, context.err) == 0 ? kExitOk : kExitUsage;
    }
  } catch (const std::exception& error) {
    return Complain(context, std::string("This should not have happened: ") + error.what());
  }
  return status;
}

}  // namespace duet
