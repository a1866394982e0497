// Outbox: the datagrams that machines want sent. Append-only and bounded; the caller drains it (io to the sockets, sim
// to its network). What goes over TCP is kept apart, so that a caller without TCP has no more to do than before.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/endpoint.h"
#include "base/packet_pool.h"

namespace duet {

struct Transmit {
  Endpoint to;
  PacketRef packet;
};

class Outbox;

// Takes what is in an outbox to where it goes, and clears it: the sockets of io.
class OutboxDrain {
 public:
  virtual ~OutboxDrain() = default;
  virtual void Drain(Outbox& out) = 0;
};

class Outbox {
 public:
  // Room for one packet to every receiver of the largest room (2000) and then some; io flushes long before.
  static constexpr size_t kCapacity = 4096;

  // So many packets go to the kernel together. 512 cost 0.3 us more each on 100 receivers: they are out of the first
  // cache when the kernel copies them, and the first waits for the last. Fewer make shorter runs for one receiver.
  static constexpr size_t kDrainAt = 96;

  // `drain`, where there is one, outlives it.
  explicit Outbox(PacketPool& pool, OutboxDrain* drain = nullptr) : pool_(pool), drain_(drain) {
    udp_.reserve(kCapacity);
    tcp_.reserve(kCapacity);
  }

  PacketPool& pool() { return pool_; }
  // False (and counted) when full or when the packet is null.
  bool Send(const Endpoint& to, PacketRef packet) {
    if (!packet || size() == kCapacity) {
      ++dropped_;
      return false;
    }
    (to.transport == Transport::kUdp ? udp_ : tcp_).push_back({to, std::move(packet)});
    return true;
  }
  // Copies the bytes into a packet of the pool; false when the pool is empty or the outbox full.
  bool SendCopy(const Endpoint& to, Bytes bytes) { return Send(to, pool_.Copy(bytes)); }

  // Machines that send to many call it now and then, between two receivers.
  void DrainWhenFull() {
    if (drain_ != nullptr && size() >= kDrainAt) drain_->Drain(*this);
  }

  size_t size() const { return udp_.size() + tcp_.size(); }
  bool empty() const { return size() == 0; }
  std::span<const Transmit> queued() const { return udp_; }
  std::span<const Transmit> queued_for_tcp() const { return tcp_; }
  void Clear() {
    udp_.clear();
    tcp_.clear();
  }
  uint64_t dropped() const { return dropped_; }

 private:
  PacketPool& pool_;
  OutboxDrain* const drain_;
  std::vector<Transmit> udp_;
  std::vector<Transmit> tcp_;
  uint64_t dropped_ = 0;
};

}  // namespace duet
