// duet app create | list
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <memory>

#include "app/apps_file.h"
#include "app/cli.h"
#include "app/files.h"

namespace duet {
namespace {

namespace json = boost::json;

struct AppOptions {
  std::string data;
  std::string environment = "PRO";
  bool require_private_map_key = false;
  bool json = false;
  bool show_keys = false;
};

Result<std::filesystem::path> DataDirectory(const AppOptions& options, const CliContext& context) {
  if (!options.data.empty()) return std::filesystem::path(options.data);
  return DefaultDataDirectory(context.environment);
}

json::object Describe(const App& app, bool with_key) {
  json::object out{{"sdkAppId", app.sdk_app_id},
                   {"environment", app.environment},
                   {"development", app.development},
                   {"requirePrivateMapKey", app.require_private_map_key}};
  if (with_key) out["secretKey"] = app.secret_key;
  return out;
}

int Create(const AppOptions& options, CliContext& context) {
  const auto data = DataDirectory(options, context);
  if (!data.ok()) return Complain(context, data.error().message);
  const auto app =
      CreateApp(*data, {.environment = options.environment, .require_private_map_key = options.require_private_map_key},
                context.rng);
  if (!app.ok()) return Complain(context, app.error().message);
  if (options.json) {
    context.out << json::serialize(Describe(*app, true)) << "\n";
    return kExitOk;
  }
  context.out << "sdkAppID   " << app->sdk_app_id << "\n"
              << "secretKey  " << app->secret_key << "\n\n"
              << "Kept in " << AppsFile(*data).string() << " for the environment " << app->environment
              << ". Give both to the back end that signs for your users, and never to a page or an app.\n"
              << "A server that is running learns of it when it is started again.\n";
  return kExitOk;
}

void ListAsText(const AppRegistry& apps, bool show_keys, std::ostream& out) {
  out << "sdkAppID    environment   secretKey" << (show_keys ? std::string(57, ' ') : "    ") << "notes\n";
  for (const App& app : apps.apps()) {
    std::string id = std::to_string(app.sdk_app_id), environment = app.environment;
    id.resize(std::max<size_t>(id.size(), 10) + 2, ' ');
    environment.resize(std::max<size_t>(environment.size(), 12) + 2, ' ');
    std::string key = show_keys ? app.secret_key : "(hidden)";
    key.resize(std::max<size_t>(key.size(), show_keys ? 64 : 11) + 2, ' ');
    std::string notes = app.development ? "development" : "";
    if (app.require_private_map_key) notes += notes.empty() ? "needs a privateMapKey" : ", needs a privateMapKey";
    std::string line = id + environment + key + notes;
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << "\n";
  }
}

int List(const AppOptions& options, CliContext& context) {
  const auto data = DataDirectory(options, context);
  if (!data.ok()) return Complain(context, data.error().message);
  const auto apps = LoadApps(*data);
  if (!apps.ok()) return Complain(context, apps.error().message);
  if (OthersMayRead(AppsFile(*data))) {
    context.err << "duet: Others can read the keys in " << AppsFile(*data).string() << ". Run: chmod 600 "
                << AppsFile(*data).string() << "\n";
  }
  if (options.json) {
    json::array list;
    for (const App& app : apps->apps()) list.push_back(Describe(app, options.show_keys));
    context.out << json::serialize(list) << "\n";
  } else if (apps->empty()) {
    context.out << "No app yet. `duet app create` makes one; `duet serve` makes one for development by itself.\n";
  } else {
    ListAsText(*apps, options.show_keys, context.out);
  }
  return kExitOk;
}

}  // namespace

void AddAppCommand(CLI::App& root, CliContext& context, int& status) {
  auto* app = root.add_subcommand("app", "Make and list apps: an sdkAppID and the secret key that signs for its users");
  app->require_subcommand(1);
  app->footer("An app is what your back end signs for. Its users meet only users of the same app.");
  const auto options = std::make_shared<AppOptions>();

  auto* create = app->add_subcommand("create", "Make an app and print its sdkAppID and secret key");
  create->add_option(
      "--env", options->environment,
      "Environment that the app stands for, as pages name it in cloudenv: PRO, DEV, UAT, ... (default PRO)");
  create->add_flag("--require-map-key", options->require_private_map_key,
                   "Users need a privateMapKey, which says what they may do in which room, to enter");
  create->add_option("--data", options->data, "Data directory (default DUET_DATA, then ~/.duet)");
  create->add_flag("--json", options->json, "Print one JSON object");
  create->footer(
      "Examples:\n"
      "  duet app create\n"
      "  duet app create --env UAT --data /var/lib/duet\n");
  create->callback([options, &context, &status] { status = Create(*options, context); });

  auto* list = app->add_subcommand("list", "Show the apps of this server");
  list->add_option("--data", options->data, "Data directory (default DUET_DATA, then ~/.duet)");
  list->add_flag("--json", options->json, "Print one JSON array");
  list->add_flag("--show-keys", options->show_keys, "Show the secret keys too");
  list->footer(
      "Examples:\n"
      "  duet app list\n"
      "  duet app list --show-keys --json\n");
  list->callback([options, &context, &status] { status = List(*options, context); });
}

}  // namespace duet
