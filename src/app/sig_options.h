// What the three `duet sig` commands share: which app they speak of, where the secret key comes from, and rooms as
// people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "app/cli.h"
#include "auth/usersig.h"
#include "base/result.h"

namespace duet {

struct SigOptions {
  // Which app
  uint32_t app = 0;
  std::string key;
  std::string key_file;
  std::string environment;
  std::string data;
  // What
  std::string user;
  std::string room;  // as written; empty = none
  std::string token;
  uint32_t expire = 86'400;
  uint32_t rights = kAllPrivileges;
  int64_t at = -1;  // -1 = now
  bool json = false;
};

// The secret key of --key (or its standard input, when it is "-"), --key-file, or DUET_SECRET_KEY, in this order;
// nullopt when none of them is given.
Result<std::optional<std::string>> GivenKey(const SigOptions& options, const CliContext& context);

// The apps that the data directory of the options holds.
Result<AppRegistry> StoredApps(const SigOptions& options, const CliContext& context);

// The app that a command is about: --app with a given key, otherwise out of the data directory, by --app, by --env, or
// because it is the only one.
struct ChosenApp {
  AppRegistry apps;  // all that are known, so that a mixed-up key can be named
  uint32_t sdk_app_id = 0;
  const App& app() const { return *apps.Find(sdk_app_id); }
};
Result<ChosenApp> ChooseApp(const SigOptions& options, const CliContext& context);

// "1234" is a numeric room, "lobby" and "\"1234\"" (with the quotation marks) are string rooms.
using OwnedRoom = std::variant<uint32_t, std::string>;
Result<OwnedRoom> ParseRoom(const std::string& text);
RoomRef RefOf(const OwnedRoom& room);

// The token of the command line; "-" reads it from the standard input.
Result<std::string> GivenToken(const SigOptions& options, const CliContext& context);

}  // namespace duet
