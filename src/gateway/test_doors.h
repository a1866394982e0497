// For tests of the gateway: doors on free loopback ports, and clients for them that wait.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/write.hpp>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/http_server.h"
#include "gateway/rtmp_door.h"
#include "gateway/test_backend.h"

namespace duet {

struct DoorOptions {
  size_t max_connections = 100;
  size_t max_per_address = 50;
  DoorTimeouts timeouts;
};

// A plain and a TLS door on 127.0.0.1 with their I/O thread.
class TestDoors {
 public:
  TestDoors(Pages pages, AppRegistry apps, const DoorOptions& options = {});
  ~TestDoors() { Stop(); }

  // Ends everything and joins; the connections that were left.
  void Stop();
  // Runs f on the I/O thread, and waits for it.
  template <typename F>
  void OnIoThread(F f) {
    std::promise<void> done;
    asio::post(io_, [&] {
      f();
      done.set_value();
    });
    done.get_future().wait();
  }
  void Deliver(ControlOutput output) {
    OnIoThread([&] {
      std::vector<ControlOutput> outputs;
      outputs.push_back(std::move(output));
      hub.Deliver(std::move(outputs));
    });
  }

  MemoryLog log;
  FakeBackend backend;
  AppRegistry apps;
  OsClock clock;
  ConnectionGuard guard;
  SignalHub hub{backend, clock};
  Site site;
  WhipDoor whip{hub, apps, true, Log(&log)};
  TaskPool pool{2, clock};
  uint16_t http_port = 0;
  uint16_t https_port = 0;
  uint16_t rtmp_port = 0;
  uint16_t rtmps_port = 0;
  std::string certificate_pem;

 private:
  std::unique_ptr<asio::ssl::context> tls_;
  asio::io_context io_{1};
  LiveStreams live_{hub, pool, io_, Log(&log)};
  FlvDoor flv_{hub, live_, true, Duration::Seconds(2)};
  HttpServer server_{io_};
  RtmpDoor rtmp_{io_};
  std::thread thread_;
};

inline TestDoors::TestDoors(Pages pages, AppRegistry apps_in, const DoorOptions& options)
    : apps(std::move(apps_in)),
      guard(options.max_connections, options.max_per_address),
      site({.version = "1.2.3", .lan_urls = {"https://192.168.1.5:8443/"}, .own_addresses = {}, .debug = true}, apps,
           std::move(pages), backend, clock, Log(&log)) {
  const auto certificate = MakeSelfSignedCertificate({"", {}, OsClock::UnixSeconds()});
  certificate_pem = certificate->certificate_pem;
  auto tls = MakeTlsContext(*certificate);
  tls_ = std::move(*tls);
  const IpAddress loopback = IpAddress::V4(127, 0, 0, 1);
  http_port = *server_.Listen({loopback, 0}, nullptr, "HTTP", "--http-port");
  https_port = *server_.Listen({loopback, 0}, tls_.get(), "HTTPS", "--https-port");
  rtmp_port = *rtmp_.Listen({loopback, 0}, nullptr, "RTMP", "--rtmp-port");
  rtmps_port = *rtmp_.Listen({loopback, 0}, tls_.get(), "RTMPS", "--rtmps-port");
  server_.Serve(HttpContext{site, whip, flv_, hub, guard, Log(&log), options.timeouts});
  rtmp_.Serve(std::make_unique<RtmpContext>(
      RtmpContext{.hub = hub, .streams = live_, .pool = pool, .guard = guard, .log = Log(&log), .dev_signing = true}));
  thread_ = std::thread([this] { io_.run(); });
}

inline void TestDoors::Stop() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    server_.Close();
    rtmp_.Close();
    hub.GiveUp();
    whip.GiveUp();
    live_.GiveUp();
    guard.AbortAll();
  });
  thread_.join();
  pool.Stop();
}

// A TCP client that waits for each operation, but not longer than kTestPatience: then it closes and the test fails.
class TestClient {
 public:
  explicit TestClient(uint16_t port) : socket_(io_) {
    Wait([&](auto done) { socket_.async_connect({asio::ip::address_v4::loopback(), port}, done); });
  }

  // Starts an operation with a handler for its end and waits for that.
  template <typename Start>
  boost::system::error_code Wait(Start start) {
    boost::system::error_code result = asio::error::would_block;
    start([&result](const boost::system::error_code& error, auto...) { result = error; });
    io_.restart();
    io_.run_for(kTestPatience);
    if (result == asio::error::would_block) {
      ADD_FAILURE() << "nothing happened for " << kTestPatience.count() << " s";
      socket_.close();
      io_.run();
    }
    return result;
  }

  // Errors do not matter here: the server may close while it is being written to.
  void Write(std::string_view text) {
    Wait([&](auto done) { asio::async_write(socket_, asio::buffer(text), done); });
  }
  // The next response; status 0 when the connection ends instead.
  http::response<http::string_body> Read(bool head = false) {
    http::response_parser<http::string_body> parser;
    parser.body_limit(64 << 20);
    parser.skip(head);
    const auto error = Wait([&](auto done) { http::async_read(socket_, buffer_, parser, done); });
    if (!error) return parser.release();
    http::response<http::string_body> none;
    none.result(0);
    return none;
  }
  http::response<http::string_body> Get(const std::string& target, const std::string& more_headers = "") {
    Write("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more_headers + "\r\n");
    return Read();
  }
  // True when the server closes the connection; what it still says is thrown away.
  bool WaitForClose() {
    boost::system::error_code error;
    std::array<char, 4096> waste;
    while (!error) error = Wait([&](auto done) { socket_.async_read_some(asio::buffer(waste), done); });
    return error == asio::error::eof || error == asio::error::connection_reset;
  }
  tcp::socket& socket() { return socket_; }

 private:
  asio::io_context io_;
  tcp::socket socket_;
  beast::flat_buffer buffer_;
};

// A WebSocket client of the same kind.
class TestWebSocket {
 public:
  explicit TestWebSocket(uint16_t port, const std::string& path = std::string(kSignalPath))
      : tcp_(port), ws_(tcp_.socket()) {
    connected_ = !tcp_.Wait([&](auto done) { ws_.async_handshake("localhost", path, done); });
  }
  bool connected() const { return connected_; }
  void Send(std::string_view text, bool binary = false) {
    ws_.binary(binary);
    tcp_.Wait([&](auto done) { ws_.async_write(asio::buffer(text), done); });
  }
  // The next message, or empty when the connection is over; then CloseCode and CloseReason say how.
  std::string Read() {
    beast::flat_buffer buffer;
    over_ = static_cast<bool>(tcp_.Wait([&](auto done) { ws_.async_read(buffer, done); }));
    return over_ ? "" : beast::buffers_to_string(buffer.data());
  }
  // Reads to the end.
  uint16_t CloseCode() {
    while (!over_) Read();
    return ws_.reason().code;
  }
  std::string CloseReason() const { return std::string(ws_.reason().reason.c_str()); }
  void Close() {
    tcp_.Wait([&](auto done) { ws_.async_close(websocket::close_code::normal, done); });
  }
  // Gone without a word.
  void Drop() { tcp_.socket().close(); }

 private:
  TestClient tcp_;
  websocket::stream<tcp::socket&> ws_;
  bool connected_ = false;
  bool over_ = false;
};

}  // namespace duet
