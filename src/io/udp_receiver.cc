#include "io/udp_receiver.h"

namespace duet {

UdpReceiver::UdpReceiver(const UdpSocket& socket, PacketPool& pool) : socket_(socket), pool_(pool) {}

// Points every message at a free slot, or at the waste when the pool has no more; the number of messages with a slot.
size_t UdpReceiver::Prepare() {
  size_t with_slot = kBatch;
  // What was not used is ready still: a call that brings one datagram does not cost the preparation of 64.
  const size_t stale = wasting_ ? kBatch : used_;
  for (size_t i = 0; i < stale; ++i) {
    if (!slots_[i] && i < with_slot) {
      slots_[i] = pool_.Acquire();
      if (!slots_[i]) with_slot = i;
    }
    if (i < with_slot) {
      const MutableBytes buffer = slots_[i]->buffer();
      iov_[i] = {buffer.data(), buffer.size()};
    } else {
      iov_[i] = {waste_.data(), waste_.size()};
    }
    messages_[i].msg_hdr = {};
    messages_[i].msg_hdr.msg_name = &addresses_[i];
    messages_[i].msg_hdr.msg_namelen = sizeof(addresses_[i]);
    messages_[i].msg_hdr.msg_iov = &iov_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
  wasting_ = with_slot < kBatch;
  used_ = 0;
  return with_slot;
}

size_t UdpReceiver::Receive() {
  const size_t with_slot = Prepare();
  // Without a free slot the socket is emptied all the same, or it would fill up with what is too old to use.
  const size_t wanted = with_slot == 0 ? kBatch : with_slot;
  const int received = recvmmsg(socket_.fd(), messages_.data(), static_cast<unsigned>(wanted), MSG_DONTWAIT, nullptr);
  ++counters_.calls;
  if (received <= 0) return 0;  // EAGAIN, EINTR, or an ICMP error of an earlier send: the next call tells more
  const auto n = static_cast<size_t>(received);
  used_ = n;
  if (with_slot == 0) {
    counters_.dropped_pool_empty += n;
    return n;
  }
  for (size_t i = 0; i < n; ++i) {
    if ((messages_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
      ++counters_.dropped_truncated;
      slots_[i].reset();
      continue;
    }
    slots_[i]->set_size(messages_[i].msg_len);
    ++counters_.packets;
    counters_.bytes += messages_[i].msg_len;
  }
  return n;
}

}  // namespace duet
