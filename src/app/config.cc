#include "app/config.h"

#include <iterator>
#include <map>

#include "app/files.h"
#include "app/settings.h"
#include "app/toml_file.h"

namespace duet {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> out;
  for (size_t start = 0; start <= text.size();) {
    size_t end = text.find(',', start);
    if (end == text.npos) end = text.size();
    std::string part = text.substr(start, end - start);
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    if (!part.empty()) out.push_back(std::move(part));
    start = end + 1;
  }
  return out;
}

class ConfigLoader {
 public:
  explicit ConfigLoader(const ConfigSources& sources) : sources_(sources) {}

  Result<ServeConfig> Load() {
    // The data directory first: the file may be in it.
    auto data = DataDirectory();
    if (!data.ok()) return data.error();
    config_.data = *data;
    for (const auto step : {&ConfigLoader::ApplyFile, &ConfigLoader::ApplyEnvironment, &ConfigLoader::ApplyFlags,
                            &ConfigLoader::CheckTogether}) {
      if (const Status status = (this->*step)(); !status.ok()) return status.error();
    }
    return std::move(config_);
  }

 private:
  Result<fs::path> DataDirectory() const {
    for (auto flag = sources_.flags.rbegin(); flag != sources_.flags.rend(); ++flag)
      if (flag->name == "data") return fs::path(flag->value);
    return DefaultDataDirectory(sources_.environment);
  }

  // `where` begins the sentence of an error.
  Status Apply(const Setting& setting, std::vector<std::string> values, const std::string& where) {
    if (setting.kind == Setting::Kind::kList) {
      std::vector<std::string> parts;
      for (const std::string& value : values)
        for (std::string& part : SplitAtCommas(value)) parts.push_back(std::move(part));
      values = std::move(parts);
    }
    const Status status = setting.apply(config_, values);
    if (status.ok()) return status;
    std::string given;
    for (const std::string& value : values) given += (given.empty() ? "" : ", ") + value;
    return Error{ErrorCode::kMalformed, where + ": \"" + given + "\" " + status.error().message + "."};
  }

  Status ApplyFile() {
    auto path = sources_.file;
    if (!path) {
      if (auto named = sources_.environment("DUET_CONFIG"); named && !named->empty()) path = *named;
    }
    const auto text = ReadTextFile(path.value_or(config_.data / "duet.toml"));
    if (!path && !text.ok() && text.error().code == ErrorCode::kNotFound) return Ok{};
    if (!path) path = config_.data / "duet.toml";
    if (!text.ok()) return text.error();
    const auto tables = ParseToml(*text, path->string());
    if (!tables.ok()) return tables.error();
    for (const TomlTable& table : *tables) {
      if (!table.name.empty()) {
        return Error{ErrorCode::kMalformed, path->string() + ", line " + std::to_string(table.line) +
                                                ": there is no [[" + table.name + "]] in it."};
      }
      for (const TomlEntry& entry : table.entries)
        if (const Status status = ApplyEntry(*path, entry); !status.ok()) return status;
    }
    return Ok{};
  }

  Status ApplyEntry(const fs::path& file, const TomlEntry& entry) {
    const std::string where = file.string() + ", line " + std::to_string(entry.line) + ": ";
    const Setting* setting = FindSetting(entry.key);
    if (setting == nullptr)
      return Error{ErrorCode::kMalformed,
                   where + "there is no setting " + entry.key + ". `duet serve --help` names them all."};
    if (setting->name == "data") {
      return Error{ErrorCode::kMalformed,
                   where + "data cannot stand in the file, which is looked for in it. Use --data or DUET_DATA."};
    }
    if (entry.is_list && setting->kind != Setting::Kind::kList)
      return Error{ErrorCode::kMalformed, where + entry.key + " takes one value."};
    std::vector<std::string> values = entry.values;
    if (setting->kind == Setting::Kind::kPath) values[0] = FromFile(file, values[0]);
    return Apply(*setting, std::move(values), where + entry.key);
  }

  // A path of the file: ~ is the home directory, relative is relative to the file.
  std::string FromFile(const fs::path& file, const std::string& text) const {
    if (text.starts_with("~/")) {
      if (const auto home = sources_.environment("HOME")) return (fs::path(*home) / text.substr(2)).string();
    }
    return (file.parent_path() / text).string();
  }

  Status ApplyEnvironment() {
    for (const Setting& setting : Settings()) {
      if (setting.name == "data") continue;  // done
      const auto value = sources_.environment(VariableOf(setting));
      if (!value || value->empty()) continue;
      const Status status = Apply(setting, {*value}, "The environment variable " + VariableOf(setting));
      if (!status.ok()) return status;
    }
    return Ok{};
  }

  Status ApplyFlags() {
    std::map<std::string, std::vector<std::string>> given;
    for (const GivenFlag& flag : sources_.flags) given[flag.name].push_back(flag.value);
    for (auto& [name, values] : given) {
      const Setting* setting = FindSetting(name);
      DUET_CHECK(setting != nullptr);
      if (setting->kind != Setting::Kind::kList) values = {values.back()};
      const Status status = Apply(*setting, std::move(values), FlagOf(*setting));
      if (!status.ok()) return status;
    }
    return Ok{};
  }

  Status CheckRtmpPorts() const {
    const struct {
      const char* name;
      bool on;
      uint16_t port;
    } doors[] = {{"https_port", config_.https, config_.https_port},
                 {"http_port", config_.http, config_.http_port},
                 {"rtmp_port", config_.rtmp, config_.rtmp_port},
                 {"rtmps_port", config_.rtmps, config_.rtmps_port}};
    for (size_t i = 2; i < std::size(doors); ++i) {
      for (size_t other = 0; other < i; ++other) {
        if (!doors[i].on || !doors[other].on || doors[i].port == 0 || doors[i].port != doors[other].port) continue;
        return Error{ErrorCode::kMalformed, std::string(doors[other].name) + " and " + doors[i].name + " are both " +
                                                std::to_string(doors[i].port) + ". Change one of them."};
      }
    }
    return Ok{};
  }

  // What no setting can see alone.
  Status CheckTogether() {
    const auto fail = [](std::string message) { return Error{ErrorCode::kMalformed, std::move(message)}; };
    if (config_.tls_cert.empty() != config_.tls_key.empty()) {
      return fail(config_.tls_cert.empty() ? "tls_key needs tls_cert: the certificate that the key belongs to."
                                           : "tls_cert needs tls_key: the private key of the certificate.");
    }
    if (!config_.https && !config_.http) return fail("Both doors are off. Leave https or http on.");
    const std::pair<const char*, uint16_t> ports[] = {{"media_port", config_.media_port},
                                                      {"media_tcp_port", config_.media_tcp_port}};
    for (const auto& [name, port] : ports) {
      if (port == 0 || port + config_.workers <= size_t{UINT16_MAX} + 1) continue;
      return fail("There are not " + std::to_string(config_.workers) + " ports from " + name + " " +
                  std::to_string(port) + " on, one for each worker.");
    }
    if (config_.https && config_.http && config_.https_port != 0 && config_.https_port == config_.http_port)
      return fail("https_port and http_port are both " + std::to_string(config_.https_port) + ". Change one of them.");
    if (const Status status = CheckRtmpPorts(); !status.ok()) return status;
    const uint16_t media_tcp = config_.media_tcp_port != 0 ? config_.media_tcp_port : config_.media_port;
    const bool same_address = config_.media_address.is_unspecified() || config_.https_address.is_unspecified() ||
                              config_.media_address == config_.https_address;
    if (config_.https && config_.media_tcp && media_tcp != 0 && same_address && media_tcp == config_.https_port)
      return fail("https_port is " + std::to_string(media_tcp) +
                  ", and media over TCP has it too. Change one of them.");
    if (config_.max_connections_per_address > config_.max_connections)
      config_.max_connections_per_address = config_.max_connections;
    return Ok{};
  }

  const ConfigSources& sources_;
  ServeConfig config_;
};

}  // namespace

Result<ServeConfig> LoadServeConfig(const ConfigSources& sources) { return ConfigLoader(sources).Load(); }

Result<fs::path> DefaultDataDirectory(const Environment& environment) {
  if (const auto data = environment("DUET_DATA"); data && !data->empty()) return fs::path(*data);
  if (const auto home = environment("HOME"); home && !home->empty()) return fs::path(*home) / ".duet";
  return Error{ErrorCode::kNotFound, "There is no home directory. Say with --data where Duet may keep its files."};
}

fs::path FindPages(const fs::path& program_dir) {
  for (const fs::path& candidate : {program_dir / "../../../web/call/dist", fs::path("/usr/share/duet/call")}) {
    std::error_code error;
    if (fs::is_regular_file(candidate / "index.html", error)) return fs::weakly_canonical(candidate, error);
  }
  return {};
}

}  // namespace duet
