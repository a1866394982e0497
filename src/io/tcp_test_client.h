// The other end of media over TCP, for tests.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <string>
#include <string_view>
#include <vector>

#include "io/bound_socket.h"
#include "wire/stream_framing.h"

namespace duet::tcp_test {

inline const IpAddress kLoopback = IpAddress::V4(127, 0, 0, 1);

inline std::string Frame(std::string_view payload) {
  std::string frame{static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size() & 0xff)};
  return frame += payload;
}
// What is taken for STUN, and what for media, by their first bytes.
inline std::string Stun(std::string_view text) {
  return std::string(1, '\0') + std::string(text) + std::string(20, ' ');
}
inline std::string Media(size_t size) { return std::string(1, '\x80') + std::string(size - 1, 'm'); }

inline bool Readable(int fd, int ms = 10'000) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, ms) == 1;
}

// The other end of a connection.
class Client {
 public:
  explicit Client(const Endpoint& server, int receive_buffer = 0) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer != 0) setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    sockaddr_storage address{};
    socklen_t length = 0;
    ToSockaddr({kLoopback, server.port}, false, address, length);
    DUET_CHECK(connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
    length = sizeof(address);
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    self_ = FromSockaddr(address);
    self_.transport = Transport::kTcp;
  }
  const Endpoint& self() const { return self_; }
  void Write(std::string_view bytes) {
    ASSERT_EQ(send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // The next `count` frames, fewer when the stream ends.
  std::vector<std::string> Read(size_t count) {
    std::vector<std::string> frames;
    while (frames.size() < count && Fill()) {
      while (const auto frame = reader_.Next(unread_)) frames.emplace_back(AsText(*frame));
    }
    return frames;
  }
  // The server has closed it, with what came before thrown away.
  bool Ended() {
    while (Fill()) unread_ = {};
    return ended_;
  }
  void Close() { fd_.reset(); }

 private:
  bool Fill() {
    if (!unread_.empty()) return true;
    if (!Readable(fd_.get())) return false;
    const ssize_t n = recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
    ended_ = n <= 0;
    if (n > 0) unread_ = Bytes(buffer_).first(static_cast<size_t>(n));
    return n > 0;
  }
  OwnedFd fd_;
  Endpoint self_;
  FrameReader reader_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(65536);
  Bytes unread_;
  bool ended_ = false;
};

}  // namespace duet::tcp_test
