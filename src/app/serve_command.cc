// duet serve
#include <CLI/CLI.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "app/cli.h"
#include "app/serve.h"
#include "app/settings.h"

namespace duet {
namespace {

struct ServeFlags {
  std::string config;
  std::string ready_file;
  bool qr = false;
  std::vector<std::pair<const Setting*, const CLI::Option*>> settings;
};

constexpr const char* kExamples =
    "Every setting can also stand in DATA/duet.toml (https_port = 8443) or in the environment (DUET_HTTPS_PORT=8443).\n"
    "A flag counts more than the environment, the environment more than the file.\n"
    "\n"
    "Examples:\n"
    "  duet serve                                   no configuration needed: open http://localhost:8080/\n"
    "  duet serve --data /var/lib/duet --https-port 443 --tls-cert chain.pem --tls-key key.pem\n"
    "  duet serve --public-address 203.0.113.7      behind NAT: where clients send media to\n";

int Run(const ServeFlags& flags, CliContext& context) {
  ConfigSources sources{.environment = context.environment};
  if (!flags.config.empty()) sources.file = flags.config;
  for (const auto& [setting, option] : flags.settings)
    for (const std::string& value : option->results()) sources.flags.push_back({std::string(setting->name), value});
  auto config = LoadServeConfig(sources);
  if (!config.ok()) return Complain(context, config.error().message, kExitUsage);
  return Serve({std::move(config).value(), flags.ready_file, flags.qr}, context);
}

// The settings are shown by SettingsHelp; an option of an empty group is left out of CLI11's own list.
const CLI::Option* AddSetting(CLI::App& serve, const Setting& setting) {
  const std::string flag = FlagOf(setting);
  if (setting.kind == Setting::Kind::kSwitch) {
    return serve.add_flag(flag + ",!--no-" + flag.substr(2))
        ->group("")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  CLI::Option* option = serve.add_option(flag)->group("")->type_name(std::string(setting.metavar));
  return setting.kind == Setting::Kind::kList ? option->expected(1, -1)->take_all() : option->take_last();
}

}  // namespace

void AddServeCommand(CLI::App& root, CliContext& context, int& status) {
  auto* serve = root.add_subcommand("serve", "Serve calls: pages, signalling and media, in the foreground");
  const auto flags = std::make_shared<ServeFlags>();
  serve->add_option("--config", flags->config, "TOML file with settings (default DUET_CONFIG, then DATA/duet.toml)")
      ->type_name("FILE");
  serve->add_option("--ready-file", flags->ready_file, "Write a JSON with the actual ports there once it serves")
      ->type_name("FILE");
  serve->add_flag("--qr", flags->qr, "Print the QR code also when the output is no terminal");
  for (const Setting& setting : Settings()) flags->settings.emplace_back(&setting, AddSetting(*serve, setting));
  serve->footer(std::string());  // not the program's
  serve->footer([] { return SettingsHelp() + "\n" + kExamples; });
  serve->callback([flags, &context, &status] { status = Run(*flags, context); });
}

}  // namespace duet
