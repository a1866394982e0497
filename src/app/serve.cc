#include "app/serve.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "app/apps_file.h"
#include "app/banner.h"
#include "app/files.h"
#include "app/stop_signal.h"
#include "base/version.h"
#include "io/spdlog_sink.h"

namespace duet {
namespace {

// The members are told and leave within milliseconds; this is for those that do not answer.
constexpr Duration kDrainTime = Duration::Seconds(2);

// Every connection is a file to the kernel, and the usual soft limit of 1024 is less than max_connections.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

bool HasOwnApp(const AppRegistry& apps) {
  return std::any_of(apps.apps().begin(), apps.apps().end(), [](const App& app) { return !app.development; });
}

// Writes the ready file now and removes it at the end.
class ReadyFile {
 public:
  explicit ReadyFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~ReadyFile() {
    std::error_code ignored;
    if (written_) std::filesystem::remove(path_, ignored);
  }
  Status Write(std::string_view text) {
    if (path_.empty()) return Ok{};
    constexpr mode_t kForAll = 0644;
    Status status = WriteFileAtomically(path_, text, kForAll);
    written_ = status.ok();
    return status;
  }

 private:
  const std::filesystem::path path_;
  bool written_ = false;
};

}  // namespace

std::filesystem::path FindExamples(const std::filesystem::path& program_dir) {
  std::error_code error;
  std::filesystem::path found = std::filesystem::weakly_canonical(program_dir / "../../../web/examples", error);
  return !error && std::filesystem::is_directory(found, error) ? found : std::filesystem::path();
}

ServerOptions MakeServerOptions(const ServeConfig& config, const std::filesystem::path& program_dir) {
  ServerOptions options;
  options.version = kVersion;
  options.https = {config.https, config.https_address, config.https_port};
  options.http = {config.http, config.http_address, config.http_port};
  options.rtmp = {config.rtmp, config.rtmp_address, config.rtmp_port};
  options.rtmps = {config.rtmps, config.rtmp_address, config.rtmps_port};
  options.transcode_threads = config.transcode_threads;
  options.public_host = config.public_host;
  options.media_address = config.media_address;
  options.media_port = config.media_port;
  options.media_tcp = config.media_tcp;
  options.media_tcp_port = config.media_tcp_port;
  options.workers = config.workers;
  options.public_addresses = config.public_address;
  options.packets_per_worker = config.packets_per_worker;
  options.busy_poll = config.busy_poll;
  options.media_timeout = config.media_timeout;
  options.certificate_file = config.tls_cert;
  options.key_file = config.tls_key;
  options.certificate_dir = config.data / "tls";
  options.pages_dir = config.pages.empty() ? FindPages(program_dir) : config.pages;
  options.debug = config.debug_endpoints;
  options.seat_time = config.seat;
  options.limits = {.max_connections = config.max_connections,
                    .max_connections_per_address = config.max_connections_per_address,
                    .max_rooms = config.max_rooms,
                    .max_members = config.max_members,
                    .max_room_members = config.max_room_members};
  return options;
}

Result<AppRegistry> AppsToServe(const ServeConfig& config, Rng& rng) {
  auto stored = LoadApps(config.data);
  if (!stored.ok()) return stored;
  const bool development = config.dev.value_or(!HasOwnApp(*stored));
  if (development) {
    const auto app = FindOrCreateDevelopmentApp(config.data, rng);
    if (!app.ok()) return app.error();
    return LoadApps(config.data);
  }
  AppRegistry apps;
  for (const App& app : stored->apps()) {
    if (app.development) continue;
    if (const Status added = apps.Add(app); !added.ok()) return added.error();
  }
  if (apps.empty()) {
    return Error{ErrorCode::kNotFound,
                 "There is no app to serve: without the development app at least one is needed. Make it with "
                 "`duet app create`, or leave out --no-dev."};
  }
  return apps;
}

int Serve(const ServeRequest& request, CliContext& context) {
  const ServeConfig& config = request.config;
  if (const Status made = MakeDataDirectory(config.data); !made.ok()) return Complain(context, made.error().message);
  auto apps = AppsToServe(config, context.rng);
  if (!apps.ok()) return Complain(context, apps.error().message);

  BannerOptions banner{.data = config.data};
  if (const App* app = apps->FindDevelopment()) banner.development_app = app->sdk_app_id;
  if (context.out_is_terminal) {
    banner.qr = BannerOptions::Qr::kAnsi;
  } else if (request.qr) {
    banner.qr = BannerOptions::Qr::kPlain;
  }

  RaiseFileLimit();
  // Before any thread is made: threads inherit which signals they do not take.
  context.stop.Arm();
  SpdlogSink sink(config.log_level, config.log_format);
  const Log log(&sink);
  if (OthersMayRead(AppsFile(config.data)))
    log.Warn("others can read the keys in " + AppsFile(config.data).string() + "; chmod 600 it");

  ServerOptions options = MakeServerOptions(config, context.program_dir);
  if (banner.development_app) options.examples_dir = FindExamples(context.program_dir);
  auto server = Server::Start(std::move(options), std::move(apps).value(), log);
  if (!server.ok()) return Complain(context, server.error().message);
  ReadyFile ready(request.ready_file);
  const Status written = ready.Write(ReadyJson((*server)->info(), banner, getpid()));
  if (!written.ok()) return Complain(context, written.error().message);
  context.out << Banner((*server)->info(), banner) << std::flush;

  context.stop.Wait();
  context.out << "Stopping; the members are told.\n" << std::flush;
  (*server)->Stop(kDrainTime);
  return kExitOk;
}

}  // namespace duet
