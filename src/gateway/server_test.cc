// The whole server on free loopback ports.
#include "gateway/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <fstream>
#include <set>

#include "auth/usersig.h"
#include "gateway/test_doors.h"

namespace duet {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

const IpAddress kLoopback = IpAddress::V4(127, 0, 0, 1);

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "duet-server-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    options_.version = "1.2.3";
    options_.https = {true, kLoopback, 0};
    options_.http = {true, kLoopback, 0};
    options_.media_address = kLoopback;
    options_.rtmp = {true, kLoopback, 0};
    options_.rtmps = options_.rtmp;
    options_.media_port = 0;
    options_.packets_per_worker = 1024;
    options_.certificate_dir = directory_ / "tls";
    options_.debug = true;
  }
  void TearDown() override {
    server_.reset();
    fs::remove_all(directory_);
  }
  Result<std::unique_ptr<Server>> Start() {
    AppRegistry apps;
    App app{1400000001, std::string(64, 'a'), "DEV"};
    app.development = true;
    EXPECT_TRUE(apps.Add(app).ok());
    return Server::Start(options_, std::move(apps), Log(&log_));
  }
  void MustStart() {
    auto started = Start();
    ASSERT_TRUE(started.ok()) << started.error().message;
    server_ = std::move(*started);
  }
  std::string WhyNot() {
    auto started = Start();
    return started.ok() ? "it started" : started.error().message;
  }
  // A count of /v1/debug/counts, asked for until it is as wanted or the patience is over.
  bool WaitForCount(std::string_view name, int64_t wanted) {
    TestClient client(server_->info().http_port);
    const auto until = std::chrono::steady_clock::now() + kTestPatience;
    while (std::chrono::steady_clock::now() < until) {
      const auto counts = boost::json::parse(client.Get("/v1/debug/counts").body()).as_object();
      if (counts.at(name).to_number<int64_t>() == wanted) return true;
    }
    return false;
  }

  fs::path directory_;
  ServerOptions options_;
  MemoryLog log_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, StartsOnFreePortsAndSaysWhich) {
  MustStart();
  const ServerInfo& info = server_->info();
  EXPECT_GT(info.https_port, 0);
  EXPECT_GT(info.http_port, 0);
  ASSERT_EQ(info.media_ports.size(), 1u);
  EXPECT_GT(info.media_ports[0], 0);
  EXPECT_EQ(info.media_tcp_ports, info.media_ports) << "TCP has the same number";
  EXPECT_EQ(info.media_addresses, (std::vector<IpAddress>{kLoopback}));
  EXPECT_EQ(info.local_url, "https://localhost:" + std::to_string(info.https_port) + "/");
  EXPECT_TRUE(info.lan_urls.empty());
  EXPECT_TRUE(info.self_signed);
  EXPECT_FALSE(info.pages_built);
  EXPECT_TRUE(fs::exists(directory_ / "tls/tls-key.pem"));
  EXPECT_THAT(log_.text(), HasSubstr("development app 1400000001 is in use: POST /v1/dev/usersig signs for anybody"));

  TestClient client(info.http_port);
  EXPECT_EQ(client.Get("/readyz").body(), "ok\n");
  EXPECT_THAT(client.Get("/v1/config").body(), HasSubstr(R"("sdkAppId":1400000001)"));
}

TEST_F(ServerTest, TakesAnAddressOfEveryInterface) {
  options_.https.address = IpAddress{};
  options_.media_address = IpAddress{};
  MustStart();
  EXPECT_EQ(server_->info().lan_urls.size(), server_->info().lan_addresses.size());
  EXPECT_FALSE(server_->info().media_addresses.empty());
  for (const IpAddress& ip : server_->info().media_addresses) EXPECT_FALSE(ip.is_unspecified());
}

TEST_F(ServerTest, SignalsThroughControl) {
  MustStart();
  TestWebSocket socket(server_->info().http_port);
  ASSERT_TRUE(socket.connected());
  socket.Send(R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{}})");
  EXPECT_THAT(socket.Read(), HasSubstr(R"("id":1,"result":{"time":)"));
  socket.Send(R"({"jsonrpc":"2.0","id":2,"method":"publish","params":{"stream":"main","audio":true}})");
  EXPECT_THAT(socket.Read(), HasSubstr("not_entered"));
  socket.Send(
      R"({"jsonrpc":"2.0","id":3,"method":"enter","params":{"protocol":1,"sdkAppId":1400000001,"userId":"alice",)"
      R"("userSig":"TOPSECRET","room":1234,"offer":"v=0","tracks":[]}})");
  EXPECT_THAT(socket.Read(), HasSubstr("sig_malformed"));
  EXPECT_THAT(log_.text(), Not(HasSubstr("TOPSECRET")));
  EXPECT_TRUE(WaitForCount("sessions", 1));
  socket.Close();
  EXPECT_TRUE(WaitForCount("sessions", 0));
}

TEST_F(ServerTest, StopTellsTheClientsAndJoins) {
  MustStart();
  TestWebSocket socket(server_->info().http_port);
  TestClient idle(server_->info().http_port);
  TestClient silent(server_->info().https_port);
  EXPECT_EQ(idle.Get("/healthz").result_int(), 200u);
  ASSERT_TRUE(socket.connected());
  std::thread reader([&] {
    EXPECT_THAT(socket.Read(), HasSubstr(R"("method":"draining")"));
    EXPECT_EQ(socket.CloseCode(), 4003);
  });
  server_->Stop(Duration::Seconds(10));
  reader.join();
  EXPECT_TRUE(idle.WaitForClose());
  EXPECT_TRUE(silent.WaitForClose());
  EXPECT_THAT(log_.text(), Not(HasSubstr("cut off")));
  server_->Stop(Duration::Seconds(10));  // does nothing
}

TEST_F(ServerTest, StopDoesNotWaitLongerThanTheGrace) {
  MustStart();
  TestWebSocket deaf(server_->info().http_port);  // never reads, so never answers the close frame
  ASSERT_TRUE(deaf.connected());
  const auto before = std::chrono::steady_clock::now();
  server_->Stop(Duration::Millis(50));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(4));
  EXPECT_THAT(log_.text(), HasSubstr("cut off"));
}

TEST_F(ServerTest, BusyPortsAreSaidInWords) {
  MustStart();
  const ServerInfo& info = server_->info();
  options_.http.port = info.http_port;
  EXPECT_EQ(WhyNot(), "HTTP port " + std::to_string(info.http_port) +
                          " is already in use by another program; choose another one with --http-port");
  options_.http.port = 0;
  options_.https.port = info.https_port;
  EXPECT_THAT(WhyNot(), HasSubstr("; choose another one with --https-port"));
  options_.https.port = 0;
  options_.rtmp.port = info.rtmp_port;
  EXPECT_EQ(WhyNot(), "RTMP port " + std::to_string(info.rtmp_port) +
                          " is already in use by another program; choose another one with --rtmp-port, or --no-rtmp");
  options_.rtmp.port = 0;
  options_.media_port = info.media_ports[0];
  EXPECT_EQ(WhyNot(), "UDP 127.0.0.1:" + std::to_string(info.media_ports[0]) +
                          " is already in use; choose another one with --media-port");
  options_.media_port = 0;
  options_.media_tcp_port = info.media_tcp_ports[0];
  EXPECT_EQ(WhyNot(), "TCP 127.0.0.1:" + std::to_string(info.media_tcp_ports[0]) +
                          " is already in use; choose another one with --media-tcp-port, or --no-media-tcp");
}

TEST_F(ServerTest, OtherMistakesAreSaidInWords) {
  options_.certificate_file = directory_ / "cert.pem";
  EXPECT_THAT(WhyNot(), HasSubstr("give both --tls-cert and --tls-key"));
  options_.key_file = directory_ / "key.pem";
  EXPECT_THAT(WhyNot(), HasSubstr("cannot read " + (directory_ / "cert.pem").string()));
  options_.certificate_file.clear();
  options_.key_file.clear();
  options_.workers = 65;
  EXPECT_THAT(WhyNot(), HasSubstr("between 1 and 64"));
  options_.workers = 1;
  options_.http.address = IpAddress::V4(198, 51, 100, 77);
  EXPECT_THAT(WhyNot(), HasSubstr("does not have the address 198.51.100.77"));
}

TEST_F(ServerTest, MediaOverTcpCanBeSwitchedOff) {
  options_.media_tcp = false;
  MustStart();
  EXPECT_TRUE(server_->info().media_tcp_ports.empty());
}

TEST_F(ServerTest, ManyWorkersHaveAPortEach) {
  options_.workers = 3;
  MustStart();
  const auto& ports = server_->info().media_ports;
  EXPECT_EQ(std::set<uint16_t>(ports.begin(), ports.end()).size(), 3u);
}

TEST_F(ServerTest, ServesTheBuiltPages) {
  fs::create_directories(directory_ / "dist");
  std::ofstream(directory_ / "dist/index.html") << "the call page";
  options_.pages_dir = directory_ / "dist";
  MustStart();
  EXPECT_TRUE(server_->info().pages_built);
  TestClient client(server_->info().http_port);
  EXPECT_EQ(client.Get("/?roomID=1234").body(), "the call page");
}

}  // namespace
}  // namespace duet
