#include "app/sig_options.h"

#include <algorithm>
#include <charconv>
#include <istream>

#include "app/apps_file.h"
#include "app/files.h"

namespace duet {
namespace {

Error Usage(std::string message) { return {ErrorCode::kMalformed, std::move(message)}; }

std::string FirstLine(std::string text) {
  text.erase(std::find_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }), text.end());
  return text;
}

std::string ReadLine(std::istream& in) {
  std::string line;
  std::getline(in, line);
  return FirstLine(std::move(line));
}

std::string Names(const AppRegistry& apps) {
  std::string out;
  for (const App& app : apps.apps()) {
    out += (out.empty() ? "" : ", ") + std::to_string(app.sdk_app_id) + " (" + app.environment + ")";
  }
  return out;
}

}  // namespace

Result<std::optional<std::string>> GivenKey(const SigOptions& options, const CliContext& context) {
  if (!options.key.empty() && !options.key_file.empty()) return Usage("Give either --key or --key-file.");
  std::string key = options.key;
  if (options.key == "-") {
    if (options.token == "-") return Usage("The key and the token cannot both come from the standard input.");
    key = ReadLine(context.in);
    if (key.empty()) return Usage("There is no key on the standard input.");
  } else if (!options.key_file.empty()) {
    const auto text = ReadTextFile(options.key_file);
    if (!text.ok()) return text.error();
    key = FirstLine(*text);
    if (key.empty()) return Usage(options.key_file + " holds no key in its first line.");
  } else if (key.empty()) {
    key = context.environment("DUET_SECRET_KEY").value_or("");
  }
  if (key.empty()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(key));
}

Result<AppRegistry> StoredApps(const SigOptions& options, const CliContext& context) {
  std::filesystem::path data = options.data;
  if (data.empty()) {
    auto found = DefaultDataDirectory(context.environment);
    if (!found.ok()) return found.error();
    data = *found;
  }
  return LoadApps(data);
}

Result<ChosenApp> ChooseApp(const SigOptions& options, const CliContext& context) {
  const auto key = GivenKey(options, context);
  if (!key.ok()) return key.error();
  if (*key) {
    if (options.app == 0) return Usage("A key needs the sdkAppID that it belongs to: --app ID.");
    ChosenApp chosen{.sdk_app_id = options.app};
    const Status added = chosen.apps.Add({.sdk_app_id = options.app, .secret_key = **key});
    if (!added.ok()) return added.error();
    return chosen;
  }
  auto apps = StoredApps(options, context);
  if (!apps.ok()) return apps.error();
  if (apps->empty()) {
    return Usage("There is no app in the data directory. Make one with `duet app create`, or give --app and --key.");
  }
  const App* app = nullptr;
  if (options.app != 0) {
    app = apps->Find(options.app);
    if (app == nullptr) {
      return Usage("The data directory has no app " + std::to_string(options.app) + ", only " + Names(*apps) +
                   ". Give its --key.");
    }
  } else if (!options.environment.empty()) {
    app = apps->FindByEnvironment(options.environment);
    if (app == nullptr)
      return Usage("The data directory has no app of the environment " + options.environment + ", only " +
                   Names(*apps) + ".");
  } else if (apps->apps().size() == 1) {
    app = &apps->apps().front();
  } else {
    return Usage("There are several apps: " + Names(*apps) + ". Choose one with --app or --env.");
  }
  const uint32_t id = app->sdk_app_id;
  return ChosenApp{std::move(apps).value(), id};
}

Result<OwnedRoom> ParseRoom(const std::string& text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    std::string name = text.substr(1, text.size() - 2);
    if (name.empty() || name.size() > kMaxRoomNameBytes) return Usage("A string room is 1 to 64 bytes long.");
    return OwnedRoom(std::move(name));
  }
  const bool digits =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits) {
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number == 0) {
      return Usage(
          "A numeric room is a number from 1 to 4294967295. For the string room write it in quotation marks: "
          "'\"" +
          text + "\"'.");
    }
    return OwnedRoom(number);
  }
  if (text.empty() || text.size() > kMaxRoomNameBytes) return Usage("A string room is 1 to 64 bytes long.");
  return OwnedRoom(text);
}

RoomRef RefOf(const OwnedRoom& room) {
  if (const auto* name = std::get_if<std::string>(&room)) return RoomRef(std::string_view(*name));
  return RoomRef(*std::get_if<uint32_t>(&room));
}

Result<std::string> GivenToken(const SigOptions& options, const CliContext& context) {
  if (options.token != "-") return options.token;
  std::string token = ReadLine(context.in);
  if (token.empty()) return Usage("There is no token on the standard input.");
  return token;
}

}  // namespace duet
