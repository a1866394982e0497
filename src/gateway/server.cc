#include "gateway/server.h"

#include <algorithm>
#include <exception>
#include <future>
#include <thread>
#include <utility>

#include "core/dtls/dtls_certificate.h"
#include "core/dtls/dtls_context.h"
#include "gateway/connection_guard.h"
#include "gateway/examples.h"
#include "gateway/flv_door.h"
#include "gateway/http_server.h"
#include "gateway/live_stream.h"
#include "gateway/pages.h"
#include "gateway/rtmp_door.h"
#include "gateway/signal_hub.h"
#include "gateway/site.h"
#include "gateway/whip_door.h"
#include "io/clock.h"
#include "io/control_loop.h"
#include "io/network_addresses.h"
#include "io/task_pool.h"
#include "io/tls_certificate.h"
#include "io/worker_thread.h"

namespace duet {
namespace {

constexpr size_t kMaxWorkers = 64;

class ControlBackend final : public SignalBackend {
 public:
  explicit ControlBackend(ControlLoop& control) : control_(control) {}
  bool Submit(ControlInput&& input) override {
    // Moved in and, when there is no room, out again.
    ControlMail mail(std::move(input));
    if (control_.Push(std::move(mail))) return true;
    input = std::move(std::get<ControlInput>(mail));
    return false;
  }
  ControlCounts counts() const override { return control_.counts(); }

 private:
  ControlLoop& control_;
};

// Of worker i, when the first one has `first`; 0 = any.
uint16_t PortOf(uint16_t first, size_t i) { return first == 0 ? uint16_t{0} : static_cast<uint16_t>(first + i); }

std::string Url(std::string_view scheme, const std::string& host, uint16_t port) {
  return std::string(scheme) + "://" + host + ":" + std::to_string(port) + "/";
}

std::string HostOf(const IpAddress& ip) { return ip.is_v4() ? ip.ToString() : "[" + ip.ToString() + "]"; }

}  // namespace

// In the order in which one needs the other.
struct Server::State {
  State(ServerOptions options_in, AppRegistry apps_in, Log log_in)
      : options(std::move(options_in)),
        apps(std::move(apps_in)),
        log(std::move(log_in)),
        guard(options.limits.max_connections, options.limits.max_connections_per_address) {}
  ~State() { Stop(Duration::Zero()); }

  Status OpenMedia();
  void MakeControl();
  Status OpenTls();
  Status OpenDoors();
  Status OpenRtmp();
  Status MakeServices();
  Status OpenDoor(const ListenOptions& door, asio::ssl::context* door_tls, uint16_t& port, std::string_view name,
                  std::string_view option);
  Result<TlsCertificate> FindCertificate() const;
  void FillUrls();
  void LogStart() const;
  void StartThreads();
  void RunIo();
  void Stop(Duration grace);

  ServerOptions options;
  AppRegistry apps;
  Log log;
  OsClock clock;
  ServerInfo info;
  DtlsFingerprint fingerprint;
  std::vector<std::unique_ptr<DtlsContext>> dtls;
  std::unique_ptr<TaskPool> transcoders;  // its slots are wakers for the workers, so it outlives them
  std::vector<std::unique_ptr<WorkerThread>> workers;
  std::unique_ptr<ControlLoop> control;
  std::unique_ptr<ControlBackend> backend;
  std::unique_ptr<asio::ssl::context> tls;
  ConnectionGuard guard;
  std::unique_ptr<SignalHub> hub;
  std::unique_ptr<Site> site;
  std::unique_ptr<WhipDoor> whip;
  asio::io_context io{1};  // its coroutines use all of the above
  std::unique_ptr<LiveStreams> live;
  std::unique_ptr<FlvDoor> flv;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<RtmpDoor> rtmp;
  std::thread io_thread;
  bool stopped = false;
};

Status Server::State::OpenMedia() {
  Result<DtlsCertificate> certificate = DtlsCertificate::Generate();
  if (!certificate) return certificate.error();
  size_t count = options.workers;
  if (count == 0) count = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kMaxWorkers);
  if (count > kMaxWorkers || std::max(options.media_port, options.media_tcp_port) + count - 1 > 65'535) {
    return Error{ErrorCode::kLimit, "between 1 and 64 media workers are possible, with a port up to 65535 each"};
  }
  for (size_t i = 0; i < count; ++i) {
    Result<DtlsContext> context = DtlsContext::Create(*certificate);
    if (!context) return context.error();
    dtls.push_back(std::make_unique<DtlsContext>(std::move(*context)));
    WorkerThreadOptions worker;
    worker.worker.dtls = dtls.back().get();
    worker.packets = options.packets_per_worker;
    worker.busy_poll = options.busy_poll;
    worker.worker.consent_timeout = options.media_timeout;
    worker.socket.bind.ip = options.media_address;
    worker.socket.bind.port = PortOf(options.media_port, i);
    if (options.media_tcp) worker.tcp = Endpoint{options.media_address, PortOf(options.media_tcp_port, i)};
    worker.streams = {.max_connections = options.limits.max_connections,
                      .max_connections_per_address = options.limits.max_connections_per_address,
                      .silence = options.media_timeout};
    Result<std::unique_ptr<WorkerThread>> opened = WorkerThread::Open(worker, clock);
    if (!opened) {
      const Error& error = opened.error();
      const bool other_port = error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kRefused;
      const bool over_tcp = error.message.find("TCP ") != std::string::npos;
      const std::string option = over_tcp ? "--media-tcp-port, or --no-media-tcp" : "--media-port";
      return Error{error.code, error.message + (other_port ? "; choose another one with " + option : "")};
    }
    info.media_ports.push_back((*opened)->socket().local().port);
    if (options.media_tcp) info.media_tcp_ports.push_back((*opened)->tcp_port());
    workers.push_back(std::move(*opened));
  }
  fingerprint = certificate->fingerprint();
  return Ok{};
}

void Server::State::MakeControl() {
  info.media_addresses = options.public_addresses;
  if (info.media_addresses.empty() && !options.media_address.is_unspecified())
    info.media_addresses = {options.media_address};
  if (info.media_addresses.empty()) info.media_addresses = info.lan_addresses;
  // Without any network a call between two pages of this machine still works.
  if (info.media_addresses.empty()) info.media_addresses = {IpAddress::V4(127, 0, 0, 1)};
  if (!workers.front()->socket().is_v6()) std::erase_if(info.media_addresses, [](auto& ip) { return !ip.is_v4(); });

  ControlConfig config;
  config.doors = {.public_host = options.public_host,
                  .rtmp = info.rtmp_port,
                  .rtmps = info.rtmps_port,
                  .https = info.https_port,
                  .http = info.http_port};
  config.local_fingerprint = fingerprint;
  config.seat_time = options.seat_time;
  config.max_rooms = options.limits.max_rooms;
  config.max_members = options.limits.max_members;
  config.max_room_members = options.limits.max_room_members;
  std::vector<Mailbox<WorkerCommand>*> mailboxes;
  for (size_t i = 0; i < workers.size(); ++i) {
    ControlConfig::Worker& worker = config.workers.emplace_back();
    worker.waker = &workers[i]->waker();
    for (const IpAddress& ip : info.media_addresses) worker.candidates.push_back({ip, info.media_ports[i]});
    for (const IpAddress& ip : options.media_tcp ? info.media_addresses : std::vector<IpAddress>())
      worker.candidates.push_back({ip, info.media_tcp_ports[i], Transport::kTcp});
    mailboxes.push_back(&workers[i]->commands());
  }
  control = std::make_unique<ControlLoop>(std::move(config), apps, clock, std::move(mailboxes), log);
  backend = std::make_unique<ControlBackend>(*control);
  hub = std::make_unique<SignalHub>(*backend, clock);
}

Result<TlsCertificate> Server::State::FindCertificate() const {
  const int64_t now = OsClock::UnixSeconds();
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return Error{ErrorCode::kRefused, "a certificate and its key belong together: give both --tls-cert and --tls-key"};
  }
  if (!options.certificate_file.empty()) return LoadTlsCertificate(options.certificate_file, options.key_file, now);
  const SelfSignedOptions names{HostName(), info.lan_addresses, now};
  if (options.certificate_dir.empty()) return MakeSelfSignedCertificate(names);
  return LoadOrMakeSelfSigned(options.certificate_dir, names);
}

Status Server::State::OpenDoor(const ListenOptions& door, asio::ssl::context* door_tls, uint16_t& port,
                               std::string_view name, std::string_view option) {
  if (!door.enabled) return Ok{};
  const Result<uint16_t> opened = http->Listen({door.address, door.port}, door_tls, name, option);
  if (!opened) return opened.error();
  port = *opened;
  return Ok{};
}

Status Server::State::OpenTls() {
  if (!options.https.enabled && options.certificate_file.empty()) return Ok{};
  const Result<TlsCertificate> certificate = FindCertificate();
  if (!certificate) return certificate.error();
  info.self_signed = certificate->self_signed;
  info.certificate_sha256 = certificate->sha256;
  Result<std::unique_ptr<asio::ssl::context>> context = MakeTlsContext(*certificate);
  if (!context) return context.error();
  tls = std::move(*context);
  return Ok{};
}

Status Server::State::OpenRtmp() {
  rtmp = std::make_unique<RtmpDoor>(io);
  if (options.rtmp.enabled) {
    const auto port =
        rtmp->Listen({options.rtmp.address, options.rtmp.port}, nullptr, "RTMP", "--rtmp-port, or --no-rtmp");
    if (!port) return port.error();
    info.rtmp_port = *port;
  }
  if (options.rtmps.enabled && tls != nullptr) {
    const auto port =
        rtmp->Listen({options.rtmps.address, options.rtmps.port}, tls.get(), "RTMPS", "--rtmps-port, or --no-rtmps");
    if (!port) return port.error();
    info.rtmps_port = *port;
  }
  return Ok{};
}

Status Server::State::OpenDoors() {
  if (const Status status = OpenTls(); !status) return status;
  // The answers name the ports, so the doors are opened first; nobody is served before the I/O thread runs.
  http = std::make_unique<HttpServer>(io);
  Status status = OpenDoor(options.https, tls.get(), info.https_port, "HTTPS", "--https-port");
  if (status) status = OpenDoor(options.http, nullptr, info.http_port, "HTTP", "--http-port");
  if (status) status = OpenRtmp();
  if (!status) return status;
  FillUrls();
  return Ok{};
}

Status Server::State::MakeServices() {
  Result<Pages> pages = options.pages_dir.empty() ? Result<Pages>(Pages()) : Pages::Load(options.pages_dir);
  if (!pages) return pages.error();
  info.pages_built = pages->built();
  if (options.examples_dir) {
    if (const Status added = AddExamples(*options.examples_dir, *pages); !added) return added;
  }

  SiteOptions site_options{options.version, info.lan_urls, info.lan_addresses, options.dev_signing, options.debug};
  site = std::make_unique<Site>(std::move(site_options), apps, std::move(*pages), *backend, clock, log);
  whip = std::make_unique<WhipDoor>(*hub, apps, options.dev_signing, log);
  transcoders = std::make_unique<TaskPool>(options.transcode_threads, clock, log);
  live = std::make_unique<LiveStreams>(*hub, *transcoders, io, log);
  flv = std::make_unique<FlvDoor>(*hub, *live, options.dev_signing);
  http->Serve(HttpContext{*site, *whip, *flv, *hub, guard, log, {}});
  rtmp->Serve(std::make_unique<RtmpContext>(RtmpContext{.hub = *hub,
                                                        .streams = *live,
                                                        .pool = *transcoders,
                                                        .guard = guard,
                                                        .log = log,
                                                        .dev_signing = options.dev_signing}));
  return Ok{};
}

void Server::State::FillUrls() {
  const auto reaches_all = [](const ListenOptions& door) { return door.enabled && door.address.is_unspecified(); };
  const auto add_lan = [&](const ListenOptions& door, std::string_view scheme, uint16_t port) {
    if (reaches_all(door)) {
      for (const IpAddress& ip : info.lan_addresses) info.lan_urls.push_back(Url(scheme, HostOf(ip), port));
    } else if (door.enabled && !door.address.is_loopback()) {
      info.lan_urls.push_back(Url(scheme, HostOf(door.address), port));
    }
  };
  add_lan(options.https, "https", info.https_port);
  const bool local_https = reaches_all(options.https) || (options.https.enabled && options.https.address.is_loopback());
  if (local_https) {
    info.local_url = Url("https", "localhost", info.https_port);
  } else if (options.http.enabled) {
    info.local_url = Url("http", "localhost", info.http_port);
  }
}

void Server::State::LogStart() const {
  for (size_t i = 0; i < workers.size(); ++i) {
    const UdpSocket& socket = workers[i]->socket();
    log.Info("media worker " + std::to_string(i) + " on UDP " + socket.local().ToString());
    const UdpSocketOptions wanted;
    const int granted = std::min(socket.receive_buffer_bytes(), socket.send_buffer_bytes());
    if (granted < std::min(wanted.receive_buffer_bytes, wanted.send_buffer_bytes)) {
      log.Info("the kernel grants socket buffers of only " + std::to_string(granted / 1024) +
               " KB; for many members raise net.core.rmem_max and net.core.wmem_max to " +
               std::to_string(wanted.receive_buffer_bytes));
    }
  }
  for (const IpAddress& ip : info.media_addresses) log.Info("media candidate " + ip.ToString());
  if (options.https.enabled) {
    log.Info("HTTPS and WSS on port " + std::to_string(info.https_port) +
             (info.self_signed ? ", self-signed certificate " : ", certificate ") + info.certificate_sha256);
  }
  if (info.rtmp_port != 0) log.Info("RTMP on " + Endpoint{options.rtmp.address, info.rtmp_port}.ToString());
  if (info.rtmps_port != 0) log.Info("RTMPS on " + Endpoint{options.rtmps.address, info.rtmps_port}.ToString());
  if (options.http.enabled) log.Info("HTTP and WS on " + Endpoint{options.http.address, info.http_port}.ToString());
  if (!info.pages_built) log.Warn("the call page is not built; only a page that says so is served");
  if (site->signs()) {
    log.Warn("development app " + std::to_string(apps.FindDevelopment()->sdk_app_id) +
             " is in use: POST /v1/dev/usersig signs for anybody in the local network");
  }
}

void Server::State::StartThreads() {
  for (size_t i = 0; i < workers.size(); ++i)
    workers[i]->Start([this, i](WorkerEvent&& event) {
      ControlMail mail(WorkerMail{i, std::move(event)});
      if (control->Push(std::move(mail))) return true;
      event = std::move(std::get<WorkerMail>(mail).event);
      return false;
    });
  control->Start([this](std::vector<ControlOutput> outputs) {
    asio::post(io, [this, batch = std::move(outputs)]() mutable { hub->Deliver(std::move(batch)); });
  });
  io_thread = std::thread([this] { RunIo(); });
}

void Server::State::RunIo() {
  for (;;) {
    try {
      io.run();
      return;
    } catch (const std::exception& error) {
      // Out of memory for one connection is not the end of the others.
      log.Error(std::string("a connection failed: ") + error.what());
    }
  }
}

void Server::State::Stop(Duration grace) {
  if (stopped) return;
  stopped = true;
  if (!io_thread.joinable()) return;  // never started
  log.Info("stopping");
  std::promise<void> all_gone;
  std::future<void> gone = all_gone.get_future();
  asio::post(io, [&] {
    site->SetDraining();
    http->Close();
    rtmp->Close();
    hub->WhenEmpty([&] { all_gone.set_value(); });
  });
  control->Drain();
  const bool in_time = gone.wait_for(std::chrono::microseconds(grace.us())) == std::future_status::ready;
  if (!in_time && grace > Duration::Zero()) log.Warn("some connections did not close in time and are cut off");
  asio::post(io, [&] {
    hub->GiveUp();
    whip->GiveUp();
    live->GiveUp();
    guard.AbortAll();
  });
  io_thread.join();
  control->Stop();
  for (const auto& worker : workers) worker->Stop();
  transcoders->Stop();
  log.Info("stopped");
}

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, AppRegistry apps, Log log) {
  auto state = std::make_unique<State>(std::move(options), std::move(apps), std::move(log));
  state->info.lan_addresses = FindLanIps();
  Status status = state->OpenMedia();
  if (status) status = state->OpenDoors();
  if (!status) return status.error();
  state->MakeControl();
  status = state->MakeServices();
  if (!status) return status.error();
  state->LogStart();
  state->StartThreads();
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;
const ServerInfo& Server::info() const { return state_->info; }
void Server::Stop(Duration grace) { state_->Stop(grace); }

}  // namespace duet
