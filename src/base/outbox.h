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

class Outbox {
 public:
  // Room for one packet to every receiver of the largest room (2000) and then some; io flushes long before.
  static constexpr size_t kCapacity = 4096;

  explicit Outbox(PacketPool& pool) : pool_(pool) {
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
  std::vector<Transmit> udp_;
  std::vector<Transmit> tcp_;
  uint64_t dropped_ = 0;
};

}  // namespace duet
