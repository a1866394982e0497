// The HTTP doors over real loopback connections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/test_doors.h"

namespace duet {
namespace {

using testing::HasSubstr;
using testing::Not;

class DoorTest : public testing::Test {
 protected:
  void Open(const DoorOptions& options = {}) { doors_ = std::make_unique<TestDoors>(Pages(), AppRegistry(), options); }
  void SetUp() override { Open(); }
  uint16_t http() const { return doors_->http_port; }

  std::unique_ptr<TestDoors> doors_;
};

TEST_F(DoorTest, KeepsAConnectionForManyRequests) {
  TestClient client(http());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.Get("/healthz?secret=1");
    EXPECT_EQ(response.result_int(), 200u);
    EXPECT_EQ(response.body(), "ok\n");
    EXPECT_EQ(response["X-Content-Type-Options"], "nosniff");
    EXPECT_EQ(response["Date"].size(), std::string_view("Sun, 06 Nov 1994 08:49:37 GMT").size());
  }
  EXPECT_EQ(client.Get("/healthz", "Connection: close\r\n").result_int(), 200u);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_THAT(doors_->log.text(), HasSubstr("GET /healthz 200"));
  EXPECT_THAT(doors_->log.text(), Not(HasSubstr("secret")));
}

TEST_F(DoorTest, HeadHasTheLengthAndNoBody) {
  TestClient client(http());
  client.Write("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto response = client.Read(true);
  EXPECT_EQ(response.result_int(), 200u);
  EXPECT_EQ(response["Content-Length"], "3");
  EXPECT_EQ(client.Get("/healthz").body(), "ok\n");  // nothing of a body was in between
}

TEST_F(DoorTest, NotFoundIsAProblem) {
  TestClient client(http());
  const auto response = client.Get("/v1/nothing");
  EXPECT_EQ(response.result_int(), 404u);
  EXPECT_EQ(response["Content-Type"], "application/problem+json");
  EXPECT_THAT(response.body(), HasSubstr(R"("name":"not_found")"));
  EXPECT_EQ(client.Get("/../../etc/passwd").result_int(), 404u);
  EXPECT_EQ(client.Get("/%2e%2e/etc/passwd").result_int(), 404u);
  EXPECT_EQ(client.Get("/%zz").result_int(), 400u);
}

TEST_F(DoorTest, LargeHeaderIsRefused) {
  TestClient good(http());
  EXPECT_EQ(good.Get("/healthz", "X: " + std::string(7000, 'x') + "\r\n").result_int(), 200u);
  TestClient bad(http());
  EXPECT_EQ(bad.Get("/healthz", "X: " + std::string(9000, 'x') + "\r\n").result_int(), 431u);
  EXPECT_TRUE(bad.WaitForClose());
}

TEST_F(DoorTest, LargeBodyIsRefused) {
  const auto post = [&](const std::string& headers, const std::string& body) {
    TestClient client(http());
    client.Write("POST /v1/nothing HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + body);
    return client.Read().result_int();
  };
  EXPECT_EQ(post("Content-Length: 65536\r\n", std::string(65536, 'x')), 404u);
  EXPECT_EQ(post("Content-Length: 65537\r\n", std::string(65537, 'x')), 413u);
  EXPECT_EQ(post("Content-Length: 99999999999\r\n", "x"), 413u);
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "11000\r\n" + std::string(0x11000, 'x') + "\r\n0\r\n\r\n"), 413u);
}

TEST_F(DoorTest, GarbageIsRefused) {
  for (const char* text : {"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x80\x80\x80\x80\r\n\r\n"}) {
    TestClient client(http());
    client.Write(text);
    EXPECT_EQ(client.Read().result_int(), 400u) << text;
    EXPECT_TRUE(client.WaitForClose());
  }
}

TEST_F(DoorTest, SlowRequestsAreCutOff) {
  DoorOptions options;
  options.timeouts.http = Duration::Millis(50);
  Open(options);
  TestClient silent(http());
  TestClient slow(http());
  slow.Write("GET / HTTP/1.1\r\nHost:");
  TestClient idle(http());
  EXPECT_EQ(idle.Get("/healthz").result_int(), 200u);
  TestClient tls(doors_->https_port);
  for (TestClient* client : {&silent, &slow, &idle, &tls}) EXPECT_TRUE(client->WaitForClose());
}

TEST_F(DoorTest, ConnectionsPerAddressAreLimited) {
  DoorOptions options;
  options.max_per_address = 2;
  Open(options);
  auto first = std::make_unique<TestClient>(http());
  TestClient second(http());
  EXPECT_EQ(first->Get("/healthz").result_int(), 200u);
  EXPECT_EQ(second.Get("/healthz").result_int(), 200u);
  TestClient third(http());
  EXPECT_TRUE(third.WaitForClose());
  // A place that is given back is another one's.
  EXPECT_EQ(first->Get("/healthz", "Connection: close\r\n").result_int(), 200u);
  EXPECT_TRUE(first->WaitForClose());
  first.reset();
  size_t open = 2;
  while (open == 2) doors_->OnIoThread([&] { open = doors_->guard.size(); });
  TestClient fourth(http());
  EXPECT_EQ(fourth.Get("/healthz").result_int(), 200u);
}

TEST_F(DoorTest, TlsDoorSpeaksTls) {
  asio::io_context io;
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.add_certificate_authority(asio::buffer(doors_->certificate_pem));
  context.set_verify_mode(asio::ssl::verify_peer);
  asio::ssl::stream<tcp::socket> stream(io, context);
  stream.next_layer().connect({asio::ip::address_v4::loopback(), doors_->https_port});
  const unsigned char kAlpn[] = "\x02h2\x08http/1.1";
  SSL_set_alpn_protos(stream.native_handle(), kAlpn, sizeof(kAlpn) - 1);
  stream.handshake(asio::ssl::stream_base::client);
  const unsigned char* chosen = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(stream.native_handle(), &chosen, &length);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), length), "http/1.1");
  asio::write(stream, asio::buffer(std::string_view("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")));
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(stream, buffer, response);
  EXPECT_EQ(response.body(), "ok\n");
}

TEST_F(DoorTest, TlsDoorSendsPlainHttpOn) {
  TestClient client(doors_->https_port);
  client.Write("GET /?roomID=1 HTTP/1.1\r\nHost: duet.example:8443\r\n\r\n");
  const auto response = client.Read();
  EXPECT_EQ(response.result_int(), 308u);
  EXPECT_EQ(response["Location"], "https://duet.example:8443/?roomID=1");
  EXPECT_TRUE(client.WaitForClose());

  TestClient odd(doors_->https_port);
  odd.Write("GET / HTTP/1.1\r\nHost: a/b\"\r\n\r\n");
  EXPECT_EQ(odd.Read().result_int(), 400u);
}

TEST_F(DoorTest, BusyPortIsSaidInWords) {
  asio::io_context io;
  HttpServer second(io);
  const auto result = second.Listen({IpAddress::V4(127, 0, 0, 1), http()}, nullptr, "HTTP", "--http-port");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(result.error().message, "HTTP port " + std::to_string(http()) +
                                        " is already in use by another program; choose another one with --http-port");
}

TEST_F(DoorTest, StopsWithOpenConnections) {
  TestClient silent(http());
  TestClient tls(doors_->https_port);
  TestClient idle(http());
  EXPECT_EQ(idle.Get("/healthz").result_int(), 200u);
  doors_->Stop();  // joins; would hang if a connection stayed
  EXPECT_EQ(doors_->guard.size(), 0u);
  EXPECT_TRUE(idle.WaitForClose());
}

}  // namespace
}  // namespace duet
