// The configuration of `duet serve`: what it holds, and how it comes together from the defaults, a TOML file, the
// environment and flags, each over the one before. settings.h names every part once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "io/spdlog_sink.h"

namespace duet {

struct ServeConfig {
  std::filesystem::path data;

  bool https = true;
  IpAddress https_address;  // unspecified = every address
  uint16_t https_port = 8443;
  bool http = true;
  IpAddress http_address = IpAddress::V4(127, 0, 0, 1);
  uint16_t http_port = 8080;
  bool rtmp = true;
  IpAddress rtmp_address;  // of RTMPS, too
  uint16_t rtmp_port = 1935;
  bool rtmps = true;
  uint16_t rtmps_port = 1936;
  std::string public_host;         // empty = the host of the client's own request
  std::filesystem::path tls_cert;  // both or none; none = self-signed in DATA/tls
  std::filesystem::path tls_key;
  std::filesystem::path pages;  // empty = found beside the program

  IpAddress media_address;
  uint16_t media_port = 40'000;
  bool media_tcp = true;
  uint16_t media_tcp_port = 0;  // 0 = the number of media_port
  size_t workers = 1;           // 0 = one for each core
  std::vector<IpAddress> public_address;
  size_t transcode_threads = 2;
  size_t packets_per_worker = 16'384;
  Duration busy_poll;  // zero = sleeps at once
  Duration media_timeout = Duration::Seconds(30);

  Duration seat = Duration::Seconds(90);
  size_t max_rooms = 10'000;
  size_t max_members = 20'000;
  size_t max_room_members = 300;
  size_t max_connections = 4096;
  size_t max_connections_per_address = 256;

  std::optional<bool> dev;  // absent = when no other app was made
  bool debug_endpoints = false;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;

  bool operator==(const ServeConfig&) const = default;
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// A setting as it was given on the command line; a list setting may come several times.
struct GivenFlag {
  std::string name;   // of the setting: "https_port"
  std::string value;  // on/off settings: "true" or "false"
};

struct ConfigSources {
  std::vector<GivenFlag> flags;
  std::optional<std::filesystem::path> file;  // --config; must exist. Absent: DUET_CONFIG, then DATA/duet.toml if there
  Environment environment;
};

// Every error is a sentence that names where the wrong value came from: the file and its line, the variable or the
// flag.
Result<ServeConfig> LoadServeConfig(const ConfigSources& sources);

// Where the data directory is without any flag: DUET_DATA, or .duet in the home directory.
Result<std::filesystem::path> DefaultDataDirectory(const Environment& environment);

// The directory of the built call page for a program in `program_dir`: the checkout's that it was built in, or the
// installed one. Empty when neither is there.
std::filesystem::path FindPages(const std::filesystem::path& program_dir);

}  // namespace duet
