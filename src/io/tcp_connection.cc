#include "io/tcp_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace duet {
namespace {

// What the kernel may hold that is not sent yet: a dozen packets, so that it need not wake us for each.
constexpr int kUnsentInKernel = 16 << 10;
constexpr size_t kMaxWritePackets = 64;

void SetOption(int fd, int option, int value) { setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value)); }

bool TryAgain(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

TcpConnection::TcpConnection(OwnedFd fd, const Endpoint& remote, Duration patience)
    : fd_(std::move(fd)), remote_(remote) {
  SetOption(fd_.get(), TCP_NODELAY, 1);
  SetOption(fd_.get(), TCP_NOTSENT_LOWAT, kUnsentInKernel);
  SetOption(fd_.get(), TCP_USER_TIMEOUT, static_cast<int>(patience.ms()));
}

Bytes TcpConnection::Read(MutableBytes buffer) {
  if (ended()) return {};
  const ssize_t n = recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (n > 0) return buffer.first(static_cast<size_t>(n));
  if (n == 0 || !TryAgain(errno)) End();
  return {};
}

bool TcpConnection::Enqueue(const PacketRef& packet) {
  const size_t size = packet->size();
  if (count_ == kMaxQueuedPackets || queued_bytes_ + size > kMaxQueuedBytes) return false;
  Outgoing& last = Queued(count_++);
  last.packet = packet;
  StoreU16(last.header.data(), static_cast<uint16_t>(size));
  queued_bytes_ += size;
  return true;
}

size_t TcpConnection::Write() {
  size_t finished = 0;
  blocked_ = false;
  while (count_ > 0) {
    std::array<iovec, 2 * kMaxWritePackets> parts;
    const size_t packets = std::min(count_, kMaxWritePackets);
    for (size_t i = 0; i < packets; ++i) {
      Outgoing& outgoing = Queued(i);
      const Bytes bytes = outgoing.packet->bytes();
      parts[2 * i] = {outgoing.header.data(), outgoing.header.size()};
      parts[2 * i + 1] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
    }
    // What of the first packet is on the wire already.
    const size_t of_header = std::min(written_bytes_, kFrameHeaderBytes);
    const size_t of_packet = written_bytes_ - of_header;
    parts[0] = {Queued(0).header.data() + of_header, kFrameHeaderBytes - of_header};
    parts[1] = {static_cast<std::byte*>(parts[1].iov_base) + of_packet, parts[1].iov_len - of_packet};

    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = 2 * packets;
    const ssize_t n = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (!TryAgain(errno) && errno != ENOBUFS) {
        End();
        return finished;
      }
      blocked_ = true;
      return finished;
    }
    finished += Advance(static_cast<size_t>(n));
  }
  return finished;
}

size_t TcpConnection::Advance(size_t bytes) {
  size_t finished = 0;
  written_bytes_ += bytes;
  while (count_ > 0) {
    const size_t size = Queued(0).packet->size();
    if (written_bytes_ < kFrameHeaderBytes + size) break;
    written_bytes_ -= kFrameHeaderBytes + size;
    queued_bytes_ -= size;
    Queued(0).packet.reset();
    first_ = (first_ + 1) % kMaxQueuedPackets;
    --count_;
    ++finished;
  }
  return finished;
}

void TcpConnection::End() {
  fd_.reset();
  while (count_ > 0) Queued(--count_).packet.reset();
  queued_bytes_ = written_bytes_ = 0;
  blocked_ = false;
}

}  // namespace duet
