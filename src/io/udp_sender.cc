#include "io/udp_sender.h"

#include <netinet/udp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>

namespace duet {
namespace {

constexpr size_t kMinSegmentBytes = 256;  // refused below this, segmentation is not worth having
constexpr size_t kTableSlots = 2 * UdpSender::kMaxBatch;

// Packets to one destination, chained through Batch::next.
struct Group {
  uint16_t first = 0;
  uint16_t last = 0;
};
constexpr uint16_t kEnd = 0xffff;
static_assert(UdpSender::kMaxBatch < kEnd);

}  // namespace

struct UdpSender::Batch {
  // Open addressing: destination -> group. A slot counts only when it carries the current epoch, so nothing is cleared.
  struct Slot {
    uint32_t epoch = 0;
    uint16_t group = 0;
  };
  std::array<Slot, kTableSlots> table;
  uint32_t epoch = 0;
  std::array<Group, kMaxBatch> groups;
  std::array<uint16_t, kMaxBatch> next;
  size_t group_count = 0;

  // The packets in sending order.
  std::array<uint16_t, kMaxBatch> order;
  std::array<iovec, kMaxBatch> iov;
  size_t packet_count = 0;

  // Messages; message m sends the packets first[m] .. first[m] + its iovec count.
  std::array<mmsghdr, kMaxBatch> messages;
  std::array<uint16_t, kMaxBatch> first;
  std::array<sockaddr_storage, kMaxBatch> addresses;
  struct alignas(cmsghdr) Control {
    std::byte bytes[CMSG_SPACE(sizeof(uint16_t))];
  };
  std::array<Control, kMaxBatch> controls;
  size_t message_count = 0;

  // The group of this destination, made when it is new.
  uint16_t GroupOf(std::span<const Transmit> batch, size_t packet);
};

uint16_t UdpSender::Batch::GroupOf(std::span<const Transmit> batch, size_t packet) {
  const Endpoint& to = batch[packet].to;
  size_t i = std::hash<Endpoint>{}(to) % kTableSlots;
  for (; table[i].epoch == epoch; i = (i + 1) % kTableSlots)
    if (batch[groups[table[i].group].first].to == to) return table[i].group;
  const auto group = static_cast<uint16_t>(group_count++);
  table[i] = {epoch, group};
  groups[group] = {kEnd, kEnd};
  return group;
}

UdpSender::UdpSender(const UdpSocket& socket, SendCall send)
    : socket_(socket),
      send_(send),
      batch_(std::make_unique<Batch>()),
      max_segment_bytes_(socket.has_segmentation() ? Packet::kHeadroom + Packet::kPacketBytes : 0) {
  backlog_.reserve(kMaxBacklog);
  retry_.reserve(kMaxBacklog);
}

UdpSender::~UdpSender() = default;

void UdpSender::Send(std::span<const Transmit> batch) {
  if (blocked()) return Keep(batch, 0);
  while (!batch.empty()) {
    const size_t n = std::min(batch.size(), kMaxBatch);
    SendNow(batch.first(n));
    batch = batch.subspan(n);
  }
}

void UdpSender::OnWritable() {
  retry_.swap(backlog_);
  SendNow(retry_);
  retry_.clear();
}

// Fills order and iov: group by group, each in the order of the batch.
void UdpSender::Order(std::span<const Transmit> batch) {
  Batch& b = *batch_;
  b.group_count = 0;
  b.packet_count = 0;
  if (++b.epoch == 0) {  // after four thousand million batches
    b.table.fill({});
    b.epoch = 1;
  }
  uint16_t group = 0;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].to.port == 0) {  // the kernel refuses it, with the same error as a segment that is too large
      ++counters_.dropped_error;
      continue;
    }
    const bool same_as_before = i > 0 && b.group_count > 0 && batch[i].to == batch[i - 1].to;
    if (!same_as_before) group = b.GroupOf(batch, i);
    Group& g = b.groups[group];
    const auto index = static_cast<uint16_t>(i);
    (g.first == kEnd ? g.first : b.next[g.last]) = index;
    g.last = index;
    b.next[index] = kEnd;
  }
  for (size_t g = 0; g < b.group_count; ++g) {
    for (uint16_t i = b.groups[g].first; i != kEnd; i = b.next[i]) {
      const Bytes bytes = batch[i].packet->bytes();
      b.order[b.packet_count] = i;
      b.iov[b.packet_count++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
    }
  }
}

// How many packets from `from` on make one message.
size_t UdpSender::RunLength(std::span<const Transmit> batch, size_t from) const {
  const Batch& b = *batch_;
  const size_t segment = b.iov[from].iov_len;
  if (segment == 0 || segment > max_segment_bytes_) return 1;
  const Endpoint& to = batch[b.order[from]].to;
  const size_t limit = std::min(kMaxSegments, kMaxRunBytes / segment);
  size_t n = 1;
  while (n < limit && from + n < b.packet_count) {
    const size_t size = b.iov[from + n].iov_len;
    if (size == 0 || size > segment || batch[b.order[from + n]].to != to) break;
    ++n;
    if (size < segment) break;  // a shorter one ends the run
  }
  return n;
}

// Makes the messages for the ordered packets from `from` on.
void UdpSender::Frame(std::span<const Transmit> batch, size_t from) {
  Batch& b = *batch_;
  b.message_count = 0;
  while (from < b.packet_count) {
    const size_t n = RunLength(batch, from);
    const size_t m = b.message_count;
    socklen_t address_length = 0;
    if (!ToSockaddr(batch[b.order[from]].to, socket_.is_v6(), b.addresses[m], address_length)) {
      counters_.dropped_error += n;
      from += n;
      continue;
    }
    ++b.message_count;
    b.first[m] = static_cast<uint16_t>(from);
    msghdr& header = b.messages[m].msg_hdr;
    header = {};
    header.msg_name = &b.addresses[m];
    header.msg_namelen = address_length;
    header.msg_iov = &b.iov[from];
    header.msg_iovlen = n;
    if (n > 1) {
      header.msg_control = &b.controls[m];
      header.msg_controllen = sizeof(b.controls[m].bytes);
      cmsghdr* control = CMSG_FIRSTHDR(&header);
      control->cmsg_level = SOL_UDP;
      control->cmsg_type = UDP_SEGMENT;
      control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
      const auto segment = static_cast<uint16_t>(b.iov[from].iov_len);
      std::memcpy(CMSG_DATA(control), &segment, sizeof(segment));
    }
    from += n;
  }
}

void UdpSender::CountSent(size_t first_message, size_t count) {
  Batch& b = *batch_;
  for (size_t m = first_message; m < first_message + count; ++m) {
    const size_t packets = b.messages[m].msg_hdr.msg_iovlen;
    counters_.packets += packets;
    if (packets > 1) counters_.segmented_packets += packets;
    for (size_t i = b.first[m]; i < b.first[m] + packets; ++i) counters_.bytes += b.iov[i].iov_len;
  }
}

// True when the message failed because it was segmented, and will not be again.
bool UdpSender::LimitSegments(size_t message, int error) {
  if (batch_->messages[message].msg_hdr.msg_iovlen < 2) return false;
  if (error != EIO && error != EINVAL && error != EMSGSIZE) return false;
  // EIO: the device cannot compute checksums, so it never will. The others: a segment is larger than the path's MTU.
  const size_t segment = batch_->iov[batch_->first[message]].iov_len;
  max_segment_bytes_ = error == EIO || segment <= kMinSegmentBytes ? 0 : std::min(max_segment_bytes_, segment - 1);
  return true;
}

void UdpSender::Keep(std::span<const Transmit> batch, size_t from) {
  for (size_t i = from; i < batch.size(); ++i) {
    if (backlog_.size() == kMaxBacklog) MakeRoom();
    backlog_.push_back(batch[i]);
  }
}

// Drops the oldest large packets, or the oldest of all where there are none.
void UdpSender::MakeRoom() {
  size_t dropped = 0;
  const auto drop = [&](const Transmit& t) {
    const bool goes = dropped < kRoomMade && t.packet->size() >= kLargePacket;
    dropped += goes ? 1 : 0;
    return goes;
  };
  // In order, each once: erase_if asks so of a vector.
  std::erase_if(backlog_, drop);
  if (dropped == 0) {
    dropped = kRoomMade;
    backlog_.erase(backlog_.begin(), backlog_.begin() + kRoomMade);
  }
  counters_.dropped_backlog += dropped;
}

void UdpSender::SendNow(std::span<const Transmit> batch) {
  Batch& b = *batch_;
  Order(batch);
  Frame(batch, 0);
  size_t at = 0;
  while (at < b.message_count) {
    const auto count = static_cast<unsigned>(std::min(b.message_count - at, kMaxCallMessages));
    const int sent = send_(socket_.fd(), &b.messages[at], count, 0);
    ++counters_.calls;
    if (sent > 0) {
      CountSent(at, static_cast<size_t>(sent));
      at += static_cast<size_t>(sent);
      continue;
    }
    const int error = errno;
    if (error == EINTR) continue;
    if (error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS) {
      ++counters_.blocked;
      for (size_t i = b.first[at]; i < b.packet_count; ++i) Keep(batch.subspan(b.order[i], 1), 0);
      return;
    }
    if (LimitSegments(at, error)) {
      Frame(batch, b.first[at]);
      at = 0;
      continue;
    }
    counters_.dropped_error += b.messages[at].msg_hdr.msg_iovlen;
    ++at;
  }
}

}  // namespace duet
