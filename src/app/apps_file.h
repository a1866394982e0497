// DATA/apps.toml: the apps of a server with their keys. Mode 0600; written whole or not at all.
//
//   [[app]]
//   sdk_app_id = 1400000001
//   secret_key = "5bd2850f..."
//   environment = "PRO"                # optional, PRO
//   require_private_map_key = false    # optional, false
//   development = false                # optional, false
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "auth/app_registry.h"
#include "base/result.h"
#include "base/rng.h"

namespace duet {

std::filesystem::path AppsFile(const std::filesystem::path& data_dir);

// The text of the file. Every error names `file` and the line; unknown keys are errors.
Result<AppRegistry> ParseApps(std::string_view text, std::string_view file);
std::string PrintApps(const AppRegistry& apps);

// The apps of a data directory; none when the directory or the file is missing.
Result<AppRegistry> LoadApps(const std::filesystem::path& data_dir);

struct NewApp {
  std::string environment = "PRO";
  bool require_private_map_key = false;
  bool development = false;
};

// Adds an app with a key of 256 random bits and the lowest free sdkAppID from 1400000001 on. Makes the data directory.
// Two processes that do so at once both succeed.
Result<App> CreateApp(const std::filesystem::path& data_dir, const NewApp& wanted, Rng& rng);

// The development app, made when there is none; its environment is DEV.
Result<App> FindOrCreateDevelopmentApp(const std::filesystem::path& data_dir, Rng& rng);

}  // namespace duet
