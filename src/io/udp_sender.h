// UdpSender: puts the packets of an Outbox on the wire with as few system calls as the kernel allows.
//
// The packets of one call are put in order of their destination (first come, first served; the order of the packets to
// one destination stays). Of these, runs of equal size, of which the last may be shorter, become one message with
// UDP_SEGMENT; everything else is a message by itself; all messages leave through sendmmsg. Why: the system call is the
// bill. Per packet of 1200 bytes a sendto costs about 4 us, sendmmsg 3.5, UDP_SEGMENT of 16 packets 0.8.
//
// What the socket does not take now waits in a bounded backlog until it is writable. When that is full, the oldest
// large packets (pictures: they are of no use when they are late, and the next keyframe replaces them) make room for
// what is new; they are counted. Nothing is allocated after construction.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/outbox.h"
#include "io/udp_socket.h"

namespace duet {

struct UdpSendCounters {
  uint64_t packets = 0;            // given to the kernel
  uint64_t bytes = 0;              // of these
  uint64_t segmented_packets = 0;  // of these, as part of a UDP_SEGMENT message
  uint64_t calls = 0;              // of sendmmsg
  uint64_t blocked = 0;            // times the socket was full
  uint64_t dropped_backlog = 0;    // waited, and made room for newer ones
  uint64_t dropped_error = 0;      // refused by the kernel for good: no route, too large, filtered
};

class UdpSender {
 public:
  static constexpr size_t kMaxBatch = Outbox::kCapacity;
  static constexpr size_t kMaxBacklog = 2048;
  static constexpr size_t kLargePacket = 400;            // sound and RTCP are smaller
  static constexpr size_t kRoomMade = kMaxBacklog / 16;  // packets that go together when the backlog is full
  static constexpr size_t kMaxSegments = 64;             // UDP_MAX_SEGMENTS of the oldest kernels that have it
  static constexpr size_t kMaxRunBytes = 65'000;         // a UDP datagram's 65,507 and a reserve
  static constexpr size_t kMaxCallMessages = 1024;       // UIO_MAXIOV

  // sendmmsg(2), or a stand-in that fails on demand in tests.
  using SendCall = int (*)(int fd, mmsghdr* messages, unsigned count, int flags);

  // `socket` outlives it.
  explicit UdpSender(const UdpSocket& socket, SendCall send = &sendmmsg);
  ~UdpSender();

  void Send(std::span<const Transmit> batch);

  // True while packets wait for the socket; call OnWritable when it is.
  bool blocked() const { return !backlog_.empty(); }
  void OnWritable();

  const UdpSendCounters& counters() const { return counters_; }
  // Largest segment that is still tried; 0 when segmentation is off.
  size_t max_segment_bytes() const { return max_segment_bytes_; }

 private:
  struct Batch;  // the arrays that the kernel reads

  void SendNow(std::span<const Transmit> batch);
  void Order(std::span<const Transmit> batch);
  void Frame(std::span<const Transmit> batch, size_t from);
  size_t RunLength(std::span<const Transmit> batch, size_t from) const;
  void CountSent(size_t first_message, size_t count);
  bool LimitSegments(size_t message, int error);
  void Keep(std::span<const Transmit> batch, size_t from);
  void MakeRoom();

  const UdpSocket& socket_;
  const SendCall send_;
  std::unique_ptr<Batch> batch_;
  std::vector<Transmit> backlog_;
  std::vector<Transmit> retry_;
  size_t max_segment_bytes_;
  UdpSendCounters counters_;
};

}  // namespace duet
