// What happens between the configuration of `duet serve` and its end.
#pragma once

#include <filesystem>

#include "app/cli.h"
#include "app/config.h"
#include "auth/app_registry.h"
#include "base/result.h"
#include "gateway/server.h"

namespace duet {

struct ServeRequest {
  ServeConfig config;
  std::filesystem::path ready_file;  // written when it serves, removed when it stops; empty = none
  bool qr = false;                   // the QR code also when the output is no terminal
};

ServerOptions MakeServerOptions(const ServeConfig& config, const std::filesystem::path& program_dir);

// The example projects of the checkout that a program in `program_dir` was built in; empty when there are none.
std::filesystem::path FindExamples(const std::filesystem::path& program_dir);

// The apps of the data directory that are to be served: with the development app, made when missing, when it is wanted;
// without it otherwise. An error when none is left.
Result<AppRegistry> AppsToServe(const ServeConfig& config, Rng& rng);

// Serves until context.stop says so; the exit status.
int Serve(const ServeRequest& request, CliContext& context);

}  // namespace duet
