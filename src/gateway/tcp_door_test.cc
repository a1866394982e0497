#include "gateway/tcp_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>

#include "gateway/test_backend.h"

namespace duet {
namespace {

asio::awaitable<void> Fail(tcp::socket) {
  throw std::bad_alloc();
  co_return;
}

TEST(TcpDoorTest, AConnectionThatThrowsEndsNeitherTheDoorNorTheServer) {
  asio::io_context io;
  auto door = TcpDoor::Listen(io, {IpAddress::V4(127, 0, 0, 1), 0}, "HTTP", "--http-port");
  ASSERT_TRUE(door.ok());
  MemoryLog log;
  ConnectionGuard guard(10, 10);
  int served = 0;
  (*door)->Start(guard, Log(&log), [&](tcp::socket socket, const IpAddress&, std::unique_ptr<ConnectionGuard::Place>) {
    ++served;
    if (served == 1) throw std::bad_alloc();
    return Fail(std::move(socket));
  });
  asio::io_context own;
  std::vector<tcp::socket> clients;
  for (int i = 1; i <= 3; ++i) {
    clients.emplace_back(own).connect({asio::ip::address_v4::loopback(), (*door)->port()});
    while (served < i) ASSERT_GT(io.run_one_for(kTestPatience), 0u) << i;
  }
  io.poll();
  EXPECT_THAT(log.text(), testing::HasSubstr("cannot serve a connection"));
  EXPECT_THAT(log.text(), testing::HasSubstr("a connection failed"));
  (*door)->Close();
  io.run_for(kTestPatience);
}

}  // namespace
}  // namespace duet
