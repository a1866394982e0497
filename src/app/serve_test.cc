// duet serve, for as long as a test needs: real sockets on free ports, a stop that comes at once.
#include "app/serve.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "app/apps_file.h"
#include "app/banner.h"
#include "app/cli_harness.h"
#include "app/qr_code.h"
#include "base/version.h"

namespace duet {
namespace {

namespace json = boost::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A TCP port of 127.0.0.1 that is taken for as long as this lives.
class TakenPort {
 public:
  TakenPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    DUET_CHECK(bind(fd_, generic, length) == 0 && listen(fd_, 1) == 0);
    DUET_CHECK(getsockname(fd_, generic, &length) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~TakenPort() { close(fd_); }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;
  std::string port() const { return std::to_string(port_); }

 private:
  int fd_;
  uint16_t port_;
};

class ServeTest : public ::testing::Test {
 protected:
  // Free ports on loopback, and what the test adds.
  CliResult Serve(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"serve",
                                     "--https-port",
                                     "0",
                                     "--http-port",
                                     "0",
                                     "--rtmp-port",
                                     "0",
                                     "--rtmps-port",
                                     "0",
                                     "--rtmp-address",
                                     "127.0.0.1",
                                     "--media-port",
                                     "0",
                                     "--https-address",
                                     "127.0.0.1",
                                     "--media-address",
                                     "127.0.0.1",
                                     "--log-level",
                                     "error",
                                     "--ready-file",
                                     ready_.string()};
    args.insert(args.end(), more.begin(), more.end());
    return cli_.Run(args);
  }
  // Serves, and gives what the ready file said while it did.
  json::object Ready(std::vector<std::string> more = {}) {
    std::string text;
    cli_.stop.meanwhile = [&] { text = ReadFile(ready_); };
    const CliResult result = Serve(std::move(more));
    EXPECT_EQ(result.status, kExitOk) << result.err;
    output_ = result.out;
    return text.empty() ? json::object() : json::parse(text).as_object();
  }

  CliHarness cli_;
  std::filesystem::path ready_ = cli_.home / "ready.json";
  const std::filesystem::path data_ = cli_.home / ".duet";
  std::string output_;
};

TEST_F(ServeTest, FirstStartNeedsNothing) {
  const json::object ready = Ready();
  EXPECT_EQ(ready.at("pid"), json::value(getpid()));
  for (const char* port : {"https_port", "http_port", "rtmp_port", "rtmps_port", "media_port"})
    EXPECT_GT(ready.at(port).as_int64(), 0) << port;
  EXPECT_EQ(ready.at("development_app"), json::value(1400000001));
  EXPECT_EQ(ready.at("version"), json::value(kVersion));
  EXPECT_THAT(output_, AllOf(HasSubstr("is serving calls."),
                             HasSubstr("http://localhost:" + std::to_string(ready.at("http_port").as_int64()) + "/"),
                             HasSubstr("The certificate is one that Duet made itself"), HasSubstr("Stopping")));
  EXPECT_FALSE(std::filesystem::exists(ready_)) << "a stopped server is not ready";
  EXPECT_TRUE(LoadApps(data_)->FindDevelopment() != nullptr);
  EXPECT_TRUE(std::filesystem::exists(data_ / "tls"));
}

TEST_F(ServeTest, TheSecondStartHasTheSameAppAndCertificate) {
  const json::object first = Ready();
  const std::string apps = ReadFile(AppsFile(data_));
  const json::object second = Ready();
  EXPECT_EQ(ReadFile(AppsFile(data_)), apps);
  EXPECT_EQ(first.at("certificate_sha256"), second.at("certificate_sha256"));
}

TEST_F(ServeTest, AnOwnAppTurnsTheDevelopmentAppOff) {
  Ready();
  ASSERT_EQ(cli_.Run({"app", "create"}).status, kExitOk);
  EXPECT_FALSE(Ready().contains("development_app"));
  EXPECT_EQ(Ready({"--dev"}).at("development_app"), json::value(1400000001));
}

TEST_F(ServeTest, WithoutTheDevelopmentAppAnotherIsNeeded) {
  const CliResult result = Serve({"--no-dev"});
  EXPECT_EQ(result.status, kExitNo);
  EXPECT_THAT(result.err, HasSubstr("duet: There is no app to serve"));
  EXPECT_FALSE(std::filesystem::exists(AppsFile(data_)));
  ASSERT_EQ(cli_.Run({"app", "create"}).status, kExitOk);
  EXPECT_FALSE(Ready({"--no-dev"}).contains("development_app"));
}

TEST_F(ServeTest, BusyPortsAreNamedWithTheirOption) {
  const TakenPort taken;
  const CliResult https = Serve({"--https-port", taken.port()});
  EXPECT_EQ(https.status, kExitNo);
  EXPECT_THAT(https.err, AllOf(HasSubstr(taken.port()), HasSubstr("--https-port")));
  const CliResult http = Serve({"--http-port", taken.port()});
  EXPECT_EQ(http.status, kExitNo);
  EXPECT_THAT(http.err, AllOf(HasSubstr(taken.port()), HasSubstr("--http-port")));
  const CliResult rtmp = Serve({"--rtmp-port", taken.port()});
  EXPECT_EQ(rtmp.status, kExitNo);
  EXPECT_THAT(rtmp.err, AllOf(HasSubstr(taken.port()), HasSubstr("--rtmp-port, or --no-rtmp")));
  EXPECT_FALSE(std::filesystem::exists(ready_));
}

TEST_F(ServeTest, ABusyMediaPortIsNamedWithItsOption) {
  std::string second_error;
  cli_.stop.meanwhile = [&] {
    const json::object first = json::parse(ReadFile(ready_)).as_object();
    CliHarness other;
    const CliResult result = other.Run({"serve", "--https-port", "0", "--http-port", "0", "--no-rtmp", "--no-rtmps",
                                        "--media-address", "127.0.0.1", "--log-level", "error", "--media-port",
                                        std::to_string(first.at("media_port").as_int64())});
    EXPECT_EQ(result.status, kExitNo);
    second_error = result.err;
  };
  EXPECT_EQ(Serve().status, kExitOk);
  EXPECT_THAT(second_error, AllOf(HasSubstr("UDP"), HasSubstr("--media-port")));
}

TEST_F(ServeTest, AnUnusableDataDirectory) {
  const auto file = cli_.home.Write("file", "x");
  const CliResult result = Serve({"--data", file.string()});
  EXPECT_EQ(result.status, kExitNo);
  EXPECT_EQ(result.err, "duet: " + file.string() + " is not a directory. Choose another one with --data.\n");
}

TEST_F(ServeTest, AnUnwritableDataDirectory) {
  if (geteuid() == 0) GTEST_SKIP() << "the superuser may write everywhere";
  std::filesystem::create_directories(data_);
  std::filesystem::permissions(data_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const CliResult result = Serve();
  EXPECT_EQ(result.status, kExitNo);
  EXPECT_THAT(result.err, AllOf(HasSubstr(data_.string()), HasSubstr("Permission denied"), HasSubstr("--data")));
}

TEST_F(ServeTest, ACertificateThatIsNotThere) {
  const CliResult result = Serve({"--tls-cert", "/no/cert.pem", "--tls-key", "/no/key.pem"});
  EXPECT_EQ(result.status, kExitNo);
  EXPECT_THAT(result.err, HasSubstr("/no/"));
}

TEST_F(ServeTest, AReadyFileThatCannotBeWritten) {
  ready_ = "/no/such/ready.json";
  const CliResult result = Serve();
  EXPECT_EQ(result.status, kExitNo);
  EXPECT_THAT(result.err, HasSubstr("Cannot write into /no/such"));
}

TEST_F(ServeTest, WrongSettingsAreUsage) {
  const CliResult result = Serve({"--workers", "many"});
  EXPECT_EQ(result.status, kExitUsage);
  EXPECT_EQ(result.err, "duet: --workers: \"many\" is not a number from 0 to 64.\n");
  EXPECT_EQ(Serve({"--https-prot", "1"}).status, kExitUsage);
}

TEST_F(ServeTest, FlagsOfEveryKindReachTheConfiguration) {
  const json::object ready = Ready({"--no-https", "--public-address", "203.0.113.7", "--public-address=203.0.113.8",
                                    "--workers", "2", "--debug-endpoints"});
  EXPECT_EQ(ready.at("https_port"), json::value(0));
  EXPECT_EQ(ready.at("rtmps_port"), json::value(0));  // no TLS, no RTMPS
  EXPECT_EQ(ready.at("media_ports").as_array().size(), 2u);
  EXPECT_EQ(ready.at("media_tcp_ports"), ready.at("media_ports"));
}

TEST_F(ServeTest, TheFileCounts) {
  std::filesystem::create_directories(data_);
  cli_.home.Write(".duet/duet.toml", "workers = 3\n");
  EXPECT_EQ(Ready().at("media_ports").as_array().size(), 3u);
}

TEST(ServerOptionsTest, EverythingIsPassedOn) {
  ServeConfig config;
  config.data = "/d";
  config.https_port = 1;
  config.http = false;
  config.http_port = 2;
  config.rtmp = false;
  config.rtmp_port = 11;
  config.rtmps_port = 12;
  config.rtmp_address = IpAddress::V4(127, 0, 0, 3);
  config.transcode_threads = 13;
  config.public_host = "call.example.com";
  config.media_port = 3;
  config.media_tcp = false;
  config.media_tcp_port = 12;
  config.workers = 4;
  config.public_address = {IpAddress::V4(1, 2, 3, 4)};
  config.packets_per_worker = 9000;
  config.busy_poll = Duration::Millis(14);
  config.media_timeout = Duration::Seconds(11);
  config.tls_cert = "c";
  config.tls_key = "k";
  config.pages = "/pages";
  config.seat = Duration::Seconds(5);
  config.max_rooms = 6;
  config.max_members = 7;
  config.max_room_members = 8;
  config.max_connections = 9;
  config.max_connections_per_address = 10;
  config.debug_endpoints = true;
  const ServerOptions options = MakeServerOptions(config, "/bin");
  EXPECT_TRUE(options.https.enabled);
  EXPECT_EQ(options.https.port, 1);
  EXPECT_FALSE(options.http.enabled);
  EXPECT_EQ(options.http.port, 2);
  EXPECT_FALSE(options.rtmp.enabled);
  EXPECT_EQ(options.rtmp.port, 11);
  EXPECT_TRUE(options.rtmps.enabled);
  EXPECT_EQ(options.rtmps.port, 12);
  EXPECT_EQ(options.rtmps.address, config.rtmp_address);
  EXPECT_EQ(options.transcode_threads, 13u);
  EXPECT_EQ(options.public_host, "call.example.com");
  EXPECT_EQ(options.media_port, 3);
  EXPECT_FALSE(options.media_tcp);
  EXPECT_EQ(options.media_tcp_port, 12);
  EXPECT_EQ(options.workers, 4u);
  EXPECT_EQ(options.public_addresses, config.public_address);
  EXPECT_EQ(options.packets_per_worker, 9000u);
  EXPECT_EQ(options.busy_poll, Duration::Millis(14));
  EXPECT_EQ(options.media_timeout, Duration::Seconds(11));
  EXPECT_EQ(options.certificate_file, "c");
  EXPECT_EQ(options.key_file, "k");
  EXPECT_EQ(options.certificate_dir, "/d/tls");
  EXPECT_EQ(options.pages_dir, "/pages");
  EXPECT_EQ(options.seat_time, Duration::Seconds(5));
  EXPECT_EQ(options.limits.max_rooms, 6u);
  EXPECT_EQ(options.limits.max_members, 7u);
  EXPECT_EQ(options.limits.max_room_members, 8u);
  EXPECT_EQ(options.limits.max_connections, 9u);
  EXPECT_EQ(options.limits.max_connections_per_address, 10u);
  EXPECT_TRUE(options.debug);
}

// The defaults of the configuration are those of the server.
TEST(ServerOptionsTest, DefaultsAgree) {
  const ServerOptions ours = MakeServerOptions(ServeConfig(), "/bin"), theirs;
  EXPECT_EQ(ours.https.port, theirs.https.port);
  EXPECT_EQ(ours.https.address, theirs.https.address);
  EXPECT_EQ(ours.http.port, theirs.http.port);
  EXPECT_EQ(ours.http.address, theirs.http.address);
  EXPECT_EQ(ours.media_port, theirs.media_port);
  EXPECT_EQ(ours.media_tcp, theirs.media_tcp);
  EXPECT_EQ(ours.media_tcp_port, theirs.media_tcp_port);
  EXPECT_EQ(ours.workers, theirs.workers);
  EXPECT_EQ(ours.packets_per_worker, theirs.packets_per_worker);
  EXPECT_EQ(ours.busy_poll, theirs.busy_poll);
  EXPECT_EQ(ours.media_timeout, theirs.media_timeout);
  EXPECT_EQ(ours.seat_time, theirs.seat_time);
  EXPECT_EQ(ours.limits.max_rooms, theirs.limits.max_rooms);
  EXPECT_EQ(ours.limits.max_members, theirs.limits.max_members);
  EXPECT_EQ(ours.limits.max_room_members, theirs.limits.max_room_members);
  EXPECT_EQ(ours.limits.max_connections, theirs.limits.max_connections);
  EXPECT_EQ(ours.limits.max_connections_per_address, theirs.limits.max_connections_per_address);
}

TEST(BannerTest, AddressesAndWhatToDoNext) {
  ServerInfo info;
  info.https_port = 8443;
  info.http_port = 8080;
  info.local_url = "https://localhost:8443/";
  info.lan_urls = {"https://192.168.1.5:8443/", "https://[2001:db8::5]:8443/"};
  info.self_signed = true;
  info.pages_built = true;
  const std::string text = Banner(info, {.data = "/data", .development_app = 1400000001});
  EXPECT_EQ(
      text,
      "\nDuet " + std::string(kVersion) +
          " is serving calls.\n\n"
          "  on this machine    http://localhost:8080/\n"
          "                     https://localhost:8443/\n"
          "  in your network    https://192.168.1.5:8443/\n"
          "                     https://[2001:db8::5]:8443/\n"
          "\n"
          "Open it in two tabs or on two devices and enter the same room: you see and hear each other.\n"
          "The certificate is one that Duet made itself, so each browser warns once: choose Advanced, then go on.\n"
          "The development app 1400000001 lets everybody in your network enter. Your own: duet app create\n"
          "Apps and keys are kept in /data. Ctrl-C stops the server.\n\n");
  EXPECT_THAT(
      Banner(info, {.qr = BannerOptions::Qr::kPlain}),
      AllOf(HasSubstr("\u2588"), HasSubstr("for the phone: https://192.168.1.5:8443/"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(Banner(info, {.qr = BannerOptions::Qr::kAnsi}), HasSubstr("\x1b[30;107m"));
  info.pages_built = false;
  info.self_signed = false;
  info.lan_urls = {};
  EXPECT_THAT(Banner(info, {.qr = BannerOptions::Qr::kPlain}),
              AllOf(HasSubstr("run scripts/build"), Not(HasSubstr("certificate")), Not(HasSubstr("phone")),
                    Not(HasSubstr("development app"))));
}

TEST(QrCodeTest, IsSquareAndTheTwoColoursAreOpposites) {
  const std::string ansi = QrCodeText("https://192.168.1.5:8443/", QrColors::kAnsi);
  const std::string plain = QrCodeText("https://192.168.1.5:8443/", QrColors::kPlain);
  const auto lines = std::count(plain.begin(), plain.end(), '\n');
  EXPECT_EQ(lines, std::count(ansi.begin(), ansi.end(), '\n'));
  EXPECT_EQ(lines, 15);  // version 2: 25 modules and twice the quiet zone of 2, two modules to a line
  // The first line has the quiet zone and nothing else: white ground there, light blocks here.
  const std::string quiet = plain.substr(2, plain.find('\n') - 2);
  std::string blocks;
  for (int i = 0; i < 29; ++i) blocks += "\u2588";
  EXPECT_EQ(quiet, blocks);
  EXPECT_EQ(ansi.substr(0, ansi.find('\n')), "  \x1b[30;107m" + std::string(29, ' ') + "\x1b[0m");
  EXPECT_EQ(QrCodeText(std::string(8000, 'x'), QrColors::kPlain), "");
}

}  // namespace
}  // namespace duet
