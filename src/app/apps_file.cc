#include "app/apps_file.h"

#include <sys/stat.h>

#include <charconv>

#include "app/files.h"
#include "app/toml_file.h"

namespace duet {
namespace {

constexpr uint32_t kFirstAppId = 1'400'000'001;
constexpr size_t kSecretKeyBytes = 32;
constexpr std::string_view kHeader =
    "# The apps of this Duet server. Your back end signs with these keys: keep the file to yourself.\n"
    "# `duet app create` adds one; changes made here count when the server is started again.\n";

Error Complaint(std::string_view file, unsigned line, std::string message) {
  return {ErrorCode::kMalformed, std::string(file) + ", line " + std::to_string(line) + ": " + std::move(message)};
}

// True or false into `out`; false when it is neither.
bool ParseFlag(const std::string& text, bool& out) {
  out = text == "true";
  return out || text == "false";
}

bool ParseId(const std::string& text, uint32_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// What is wrong with the entry, empty when nothing is.
std::string Apply(const TomlEntry& entry, App& app) {
  if (entry.is_list) return entry.key + " takes one value.";
  const std::string& value = entry.values.front();
  if (entry.key == "sdk_app_id") return ParseId(value, app.sdk_app_id) ? "" : "sdk_app_id is not a number.";
  if (entry.key == "secret_key") return app.secret_key = value, "";
  if (entry.key == "environment") return app.environment = value, "";
  if (entry.key == "require_private_map_key" || entry.key == "development") {
    bool& flag = entry.key == "development" ? app.development : app.require_private_map_key;
    return ParseFlag(value, flag) ? "" : entry.key + " is neither true nor false.";
  }
  return "an app has no " + entry.key +
         "; it has sdk_app_id, secret_key, environment, require_private_map_key and development.";
}

// Runs `change(apps)` on what is in the file, alone, and writes the result.
template <typename Change>
Result<App> ChangeApps(const std::filesystem::path& data_dir, Change change) {
  if (const Status made = MakeDataDirectory(data_dir); !made.ok()) return made.error();
  const auto lock = DirectoryLock::Take(data_dir);
  if (!lock.ok()) return lock.error();
  auto apps = LoadApps(data_dir);
  if (!apps.ok()) return apps.error();
  Result<App> app = change(*apps);
  if (!app.ok()) return app;
  const Status written = WriteFileAtomically(AppsFile(data_dir), PrintApps(*apps), S_IRUSR | S_IWUSR);
  if (!written.ok()) return written.error();
  return app;
}

Result<App> AddNew(AppRegistry& apps, const NewApp& wanted, Rng& rng) {
  App app{.sdk_app_id = kFirstAppId,
          .secret_key = rng.Hex(kSecretKeyBytes),
          .environment = wanted.environment,
          .require_private_map_key = wanted.require_private_map_key,
          .development = wanted.development};
  while (apps.Find(app.sdk_app_id) != nullptr) ++app.sdk_app_id;
  if (const Status added = apps.Add(app); !added.ok()) return added.error();
  return app;
}

}  // namespace

std::filesystem::path AppsFile(const std::filesystem::path& data_dir) { return data_dir / "apps.toml"; }

Result<AppRegistry> ParseApps(std::string_view text, std::string_view file) {
  const auto tables = ParseToml(text, file);
  if (!tables.ok()) return tables.error();
  AppRegistry apps;
  for (const TomlTable& table : *tables) {
    if (table.name.empty()) {
      if (!table.entries.empty()) {
        const TomlEntry& stray = table.entries.front();
        return Complaint(file, stray.line, stray.key + " stands outside of an [[app]].");
      }
      continue;
    }
    if (table.name != "app") return Complaint(file, table.line, "there is no [[" + table.name + "]], only [[app]].");
    App app;
    for (const TomlEntry& entry : table.entries) {
      if (std::string wrong = Apply(entry, app); !wrong.empty()) return Complaint(file, entry.line, std::move(wrong));
    }
    if (const Status added = apps.Add(std::move(app)); !added.ok())
      return Complaint(file, table.line, added.error().message);
  }
  return apps;
}

std::string PrintApps(const AppRegistry& apps) {
  std::string out(kHeader);
  for (const App& app : apps.apps()) {
    out += "\n[[app]]\n";
    out += "sdk_app_id = " + std::to_string(app.sdk_app_id) + "\n";
    out += "secret_key = " + TomlQuoted(app.secret_key) + "\n";
    out += "environment = " + TomlQuoted(app.environment) + "\n";
    if (app.require_private_map_key) out += "require_private_map_key = true\n";
    if (app.development) out += "development = true\n";
  }
  return out;
}

Result<AppRegistry> LoadApps(const std::filesystem::path& data_dir) {
  const auto path = AppsFile(data_dir);
  const auto text = ReadTextFile(path);
  if (!text.ok() && text.error().code == ErrorCode::kNotFound) return AppRegistry();
  if (!text.ok()) return text.error();
  return ParseApps(*text, path.string());
}

Result<App> CreateApp(const std::filesystem::path& data_dir, const NewApp& wanted, Rng& rng) {
  return ChangeApps(data_dir, [&](AppRegistry& apps) { return AddNew(apps, wanted, rng); });
}

Result<App> FindOrCreateDevelopmentApp(const std::filesystem::path& data_dir, Rng& rng) {
  // The usual case changes nothing and must work in a directory that is read-only.
  const auto apps = LoadApps(data_dir);
  if (!apps.ok()) return apps.error();
  if (const App* app = apps->FindDevelopment()) return *app;
  return ChangeApps(data_dir, [&](AppRegistry& current) -> Result<App> {
    if (const App* app = current.FindDevelopment()) return *app;
    return AddNew(current, {.environment = "DEV", .development = true}, rng);
  });
}

}  // namespace duet
