#include "app/settings.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace duet {
namespace {

using Kind = Setting::Kind;
using Values = std::span<const std::string>;

Error Wrong(std::string message) { return {ErrorCode::kMalformed, std::move(message)}; }

template <typename T>
Status SetNumber(T& out, const std::string& text, uint64_t min, uint64_t max) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < min || number > max)
    return Wrong("is not a number from " + std::to_string(min) + " to " + std::to_string(max));
  out = static_cast<T>(number);
  return Ok{};
}

template <auto Member, uint64_t kMin, uint64_t kMax>
Status Number(ServeConfig& config, Values values) {
  return SetNumber(config.*Member, values[0], kMin, kMax);
}

template <auto Member>
Status Port(ServeConfig& config, Values values) {
  return SetNumber(config.*Member, values[0], 0, UINT16_MAX);
}

template <auto Member>
Status Switch(ServeConfig& config, Values values) {
  const std::string& text = values[0];
  const bool on = text == "true" || text == "1" || text == "yes" || text == "on";
  if (!on && text != "false" && text != "0" && text != "no" && text != "off") return Wrong("is neither true nor false");
  config.*Member = on;
  return Ok{};
}

template <auto Member>
Status Path(ServeConfig& config, Values values) {
  config.*Member = values[0];
  return Ok{};
}

Result<IpAddress> ParseAddress(const std::string& text) {
  // As people write it into a URL: [::1].
  const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
  auto address = IpAddress::Parse(bracketed ? std::string_view(text).substr(1, text.size() - 2) : text);
  if (!address.ok()) return Wrong("is not an IP address like 192.0.2.1 or 2001:db8::1");
  return address;
}

template <auto Member>
Status Address(ServeConfig& config, Values values) {
  auto address = ParseAddress(values[0]);
  if (!address.ok()) return address.error();
  // 0.0.0.0 means the same as ::, every address of both families.
  config.*Member = *address == IpAddress::V4(0, 0, 0, 0) ? IpAddress{} : *address;
  return Ok{};
}

Status PublicAddresses(ServeConfig& config, Values values) {
  constexpr size_t kMaxAddresses = 8;
  if (values.size() > kMaxAddresses) return Wrong("has more than 8 addresses");
  config.public_address.clear();
  for (const std::string& text : values) {
    const auto address = ParseAddress(text);
    if (!address.ok()) return address.error();
    if (address->is_unspecified() || *address == IpAddress::V4(0, 0, 0, 0))
      return Wrong("is no address that a client could send to");
    config.public_address.push_back(*address);
  }
  return Ok{};
}

// What stands between "://" and ":PORT" of a URL.
Status PublicHost(ServeConfig& config, Values values) {
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
  constexpr size_t kMaxBytes = 253;
  const std::string& text = values[0];
  const bool v6 = text.size() > 2 && text.front() == '[' && text.back() == ']' && ParseAddress(text).ok();
  const bool name = !text.empty() && text.size() <= kMaxBytes && text.find_first_not_of(kCharacters) == text.npos;
  if (!v6 && !name)
    return Wrong("is no host name, like call.example.com, and no address, like 192.0.2.1 or [2001:db8::1]");
  config.public_host = text;
  return Ok{};
}

// `of`: Duration::Seconds or Duration::Millis.
template <auto of, auto Member, uint64_t kMin, uint64_t kMax>
Status Span(ServeConfig& config, Values values) {
  int64_t count = 0;
  Status status = SetNumber(count, values[0], kMin, kMax);
  if (status.ok()) config.*Member = of(count);
  return status;
}

Status SetLogLevel(ServeConfig& config, Values values) {
  constexpr std::pair<std::string_view, LogLevel> kLevels[] = {
      {"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo}, {"warn", LogLevel::kWarn}, {"error", LogLevel::kError}};
  for (const auto& [word, level] : kLevels) {
    if (word != values[0]) continue;
    config.log_level = level;
    return Ok{};
  }
  return Wrong("is none of debug, info, warn and error");
}

Status SetLogFormat(ServeConfig& config, Values values) {
  if (values[0] != "text" && values[0] != "json") return Wrong("is neither text nor json");
  config.log_format = values[0] == "json" ? LogFormat::kJson : LogFormat::kText;
  return Ok{};
}

constexpr std::string_view kAddress = "IP address";
constexpr std::string_view kPort = "0..65535, 0 = any free one";

using C = ServeConfig;
constexpr Setting kSettings[] = {
    {"Files", "data", Kind::kPath, "DIR", "~/.duet", false, "directory",
     "Where apps, keys and the certificate are kept. Not in the file, which is looked for in it.", Path<&C::data>},
    {"Files", "pages", Kind::kPath, "DIR", "found beside the program", false, "directory",
     "The built call page: web/call/dist of the checkout, or /usr/share/duet/call.", Path<&C::pages>},
    {"Files", "tls_cert", Kind::kPath, "FILE", "self-signed in DATA/tls", false, "PEM file",
     "Certificate chain of the HTTPS door, leaf first. Goes with tls_key.", Path<&C::tls_cert>},
    {"Files", "tls_key", Kind::kPath, "FILE", "self-signed in DATA/tls", false, "PEM file",
     "Private key of the certificate.", Path<&C::tls_key>},

    {"Doors", "https", Kind::kSwitch, "", "true", true, "true, false",
     "The door for everybody: pages and signalling over TLS.", Switch<&C::https>},
    {"Doors", "https_address", Kind::kValue, "ADDRESS", "::", true, kAddress,
     "Where it listens; :: is every address, IPv4 too.", Address<&C::https_address>},
    {"Doors", "https_port", Kind::kValue, "PORT", "8443", true, kPort, "Its TCP port.", Port<&C::https_port>},
    {"Doors", "http", Kind::kSwitch, "", "true", true, "true, false",
     "The door without TLS: for this machine, or behind a proxy.", Switch<&C::http>},
    {"Doors", "http_address", Kind::kValue, "ADDRESS", "127.0.0.1", true, kAddress,
     "Where it listens. Browsers give no camera over plain HTTP except from localhost.", Address<&C::http_address>},
    {"Doors", "http_port", Kind::kValue, "PORT", "8080", true, kPort, "Its TCP port.", Port<&C::http_port>},
    {"Doors", "rtmp", Kind::kSwitch, "", "true", true, "true, false",
     "The door of encoders, players and mini programs that speak RTMP.", Switch<&C::rtmp>},
    {"Doors", "rtmp_address", Kind::kValue, "ADDRESS", "::", true, kAddress, "Where it listens, and RTMPS too.",
     Address<&C::rtmp_address>},
    {"Doors", "rtmp_port", Kind::kValue, "PORT", "1935", true, kPort, "Its TCP port.", Port<&C::rtmp_port>},
    {"Doors", "rtmps", Kind::kSwitch, "", "true", true, "true, false",
     "The same over TLS, where there is a certificate: with https, or tls_cert.", Switch<&C::rtmps>},
    {"Doors", "rtmps_port", Kind::kValue, "PORT", "1936", true, kPort, "Its TCP port.", Port<&C::rtmps_port>},
    {"Doors", "public_host", Kind::kValue, "HOST", "that of the client's own request", false, "name or IP address",
     "The host in the RTMP and FLV addresses that clients without SDP are given.", PublicHost},

    {"Media", "media_address", Kind::kValue, "ADDRESS", "::", true, kAddress, "Where media is received.",
     Address<&C::media_address>},
    {"Media", "media_port", Kind::kValue, "PORT", "40000", true, kPort,
     "UDP port of the first worker; each further worker has the next one.", Port<&C::media_port>},
    {"Media", "media_tcp", Kind::kSwitch, "", "true", true, "true, false",
     "Media is received over TCP, too: for clients on networks without UDP.", Switch<&C::media_tcp>},
    {"Media", "media_tcp_port", Kind::kValue, "PORT", "0", true, "0..65535, 0 = the number of media_port",
     "TCP port of the first worker; each further worker has the next one.", Port<&C::media_tcp_port>},
    {"Media", "public_address", Kind::kList, "ADDRESS", "the addresses of the machine", false, "IP addresses",
     "What clients are told to send media to, when it is not what the machine has: behind NAT, in a cloud.",
     PublicAddresses},
    {"Media", "workers", Kind::kValue, "N", "1", true, "0..64, 0 = one for each core", "Threads that forward media.",
     Number<&C::workers, 0, 64>},
    {"Media", "transcode_threads", Kind::kValue, "N", "2", true, "1..64",
     "Threads that transcode between AAC and Opus for RTMP and FLV; about 1 % of a core per stream.",
     Number<&C::transcode_threads, 1, 64>},
    {"Media", "packets_per_worker", Kind::kValue, "N", "16384", true, "8192..1048576",
     "Packet buffers of each worker, 1.7 KB each: what is in flight and what may be asked for again.",
     Number<&C::packets_per_worker, 8192, 1'048'576>},
    {"Media", "busy_poll_ms", Kind::kValue, "MS", "0", true, "milliseconds, 0..1000",
     "How long a worker looks for more packets before it sleeps. A few, and it takes its core for itself and spares "
     "packets the waking of it, which on virtual machines can take milliseconds.",
     Span<&Duration::Millis, &C::busy_poll, 0, 1000>},
    {"Media", "media_timeout_seconds", Kind::kValue, "SECONDS", "30", true, "seconds, 5..300",
     "A member whose network was silent for so long counts as lost. Shorter outages go by without a new connection.",
     Span<&Duration::Seconds, &C::media_timeout, 5, 300>},

    {"Rooms and limits", "seat_seconds", Kind::kValue, "SECONDS", "90", true, "seconds, 0..3600",
     "How long the seat of a member with a lost connection is kept.", Span<&Duration::Seconds, &C::seat, 0, 3600>},
    {"Rooms and limits", "max_rooms", Kind::kValue, "N", "10000", true, "1..1000000", "Rooms at a time.",
     Number<&C::max_rooms, 1, 1'000'000>},
    {"Rooms and limits", "max_members", Kind::kValue, "N", "20000", true, "1..1000000",
     "Members in all rooms together.", Number<&C::max_members, 1, 1'000'000>},
    {"Rooms and limits", "max_room_members", Kind::kValue, "N", "300", true, "2..2000",
     "Members of one room. A room of the template 1v1 has 2.", Number<&C::max_room_members, 2, 2000>},
    {"Rooms and limits", "max_connections", Kind::kValue, "N", "4096", true, "1..1000000",
     "TCP connections to all doors together, and to the media port of each worker.",
     Number<&C::max_connections, 1, 1'000'000>},
    {"Rooms and limits", "max_connections_per_address", Kind::kValue, "N", "256", true, "1..1000000",
     "Of these, from one IP address.", Number<&C::max_connections_per_address, 1, 1'000'000>},

    {"Development and logs", "dev", Kind::kSwitch, "", "when no other app was made", false, "true, false",
     "A generated app that the server itself signs for, for callers in the LAN: lets the call page work at once.",
     Switch<&C::dev>},
    {"Development and logs", "debug_endpoints", Kind::kSwitch, "", "false", true, "true, false",
     "Serves /v1/debug/counts to this machine.", Switch<&C::debug_endpoints>},
    {"Development and logs", "log_level", Kind::kValue, "LEVEL", "info", true, "debug, info, warn, error",
     "The least that is logged.", SetLogLevel},
    {"Development and logs", "log_format", Kind::kValue, "FORMAT", "text", true, "text, json",
     "Lines for people, or one JSON object each.", SetLogFormat},
};

}  // namespace

std::span<const Setting> Settings() { return kSettings; }

const Setting* FindSetting(std::string_view name) {
  const auto* it =
      std::find_if(std::begin(kSettings), std::end(kSettings), [&](const auto& s) { return s.name == name; });
  return it == std::end(kSettings) ? nullptr : it;
}

std::string FlagOf(const Setting& setting) {
  std::string flag = "--" + std::string(setting.name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string VariableOf(const Setting& setting) {
  std::string variable = "DUET_" + std::string(setting.name);
  std::transform(variable.begin(), variable.end(), variable.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return variable;
}

std::string SettingsHelp() {
  std::string out, group;
  for (const Setting& setting : kSettings) {
    if (setting.group != group) {
      out += (group.empty() ? "" : "\n") + std::string(setting.group) + ":\n";
      group = setting.group;
    }
    std::string left = "  " + FlagOf(setting);
    if (setting.kind == Kind::kSwitch) left += ", --no-" + FlagOf(setting).substr(2);
    if (!setting.metavar.empty()) left += " " + std::string(setting.metavar);
    constexpr size_t kColumn = 42;
    left.resize(std::max(left.size() + 2, kColumn), ' ');
    out += left + "[" + std::string(setting.default_text) + "]\n      " + std::string(setting.help) + "\n";
  }
  return out;
}

std::string SettingsMarkdown() {
  std::string out, group;
  for (const Setting& setting : kSettings) {
    if (setting.group != group) {
      group = setting.group;
      out += "## " + group + "\n| in the file | flag | environment | default | unit or values | meaning |\n";
      out += "|---|---|---|---|---|---|\n";
    }
    const bool in_file = setting.name != "data";
    std::string flag =
        "`" + FlagOf(setting) + (setting.metavar.empty() ? "" : " " + std::string(setting.metavar)) + "`";
    if (setting.kind == Kind::kSwitch) flag += ", `--no-" + FlagOf(setting).substr(2) + "`";
    const std::string quote = setting.default_is_value ? "`" : "";
    out += "| " + (in_file ? "`" + std::string(setting.name) + "`" : "") + " | " + flag + " | `" + VariableOf(setting) +
           "` | " + quote + std::string(setting.default_text) + quote + " | " + std::string(setting.unit) + " | " +
           std::string(setting.help) + " |\n";
    if (&setting + 1 == std::end(kSettings) || (&setting + 1)->group != group) out += "\n";
  }
  return out;
}

}  // namespace duet
