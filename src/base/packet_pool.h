// PacketPool: every datagram of a worker lives in one of its slots, from the socket to the socket.
//
// A slot is a header (reference count, offset, size) and kHeadroom + kPacketBytes bytes; the slab is allocated once.
// PacketRef counts references without atomics: a pool and its packets belong to one thread. Acquire on an empty pool
// returns a null reference and counts it; it never allocates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace duet {

class PacketPool;

// One slot. Reached through PacketRef only.
class Packet {
 public:
  static constexpr size_t kHeadroom = 64;       // space to grow a header towards the front
  static constexpr size_t kPacketBytes = 1600;  // more than any datagram that fits an Ethernet frame

  Bytes bytes() const { return {storage_ + offset_, size_}; }
  MutableBytes mutable_bytes() { return {storage_ + offset_, size_}; }
  size_t size() const { return size_; }
  // Everything from the current start to the slot's end, for writing; call set_size afterwards.
  MutableBytes buffer() { return {storage_ + offset_, kHeadroom + kPacketBytes - offset_}; }
  void set_size(size_t size) {
    DUET_DCHECK(size <= kHeadroom + kPacketBytes - offset_);
    size_ = static_cast<uint32_t>(size);
  }
  bool unique() const { return refs_ == 1; }
  PacketPool& pool() const { return *pool_; }

 private:
  friend class PacketPool;
  friend class PacketRef;
  PacketPool* pool_ = nullptr;
  Packet* next_free_ = nullptr;
  uint32_t refs_ = 0;
  uint32_t offset_ = kHeadroom;
  uint32_t size_ = 0;
  alignas(16) std::byte storage_[kHeadroom + kPacketBytes];
};

// A counted reference to a packet, or null.
class PacketRef {
 public:
  PacketRef() = default;
  PacketRef(const PacketRef& o) : packet_(o.packet_) {
    if (packet_) ++packet_->refs_;
  }
  PacketRef(PacketRef&& o) noexcept : packet_(std::exchange(o.packet_, nullptr)) {}
  PacketRef& operator=(PacketRef o) noexcept {
    std::swap(packet_, o.packet_);
    return *this;
  }
  ~PacketRef() { Release(); }

  explicit operator bool() const { return packet_ != nullptr; }
  Packet& operator*() const { return *packet_; }
  Packet* operator->() const { return packet_; }
  void reset() {
    Release();
    packet_ = nullptr;
  }

 private:
  friend class PacketPool;
  explicit PacketRef(Packet* packet) : packet_(packet) {}
  inline void Release();
  Packet* packet_ = nullptr;
};

class PacketPool {
 public:
  explicit PacketPool(size_t slots);
  // Every reference must be gone: CHECKed.
  ~PacketPool();
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  // An empty packet, or null when all slots are taken (counted in exhausted()).
  PacketRef Acquire() {
    if (free_ == nullptr) {
      ++exhausted_;
      return PacketRef();
    }
    Packet* packet = free_;
    free_ = packet->next_free_;
    packet->refs_ = 1;
    packet->offset_ = Packet::kHeadroom;
    packet->size_ = 0;
    ++in_use_;
    return PacketRef(packet);
  }
  // A packet with these bytes; null when the pool is empty or they do not fit.
  PacketRef Copy(Bytes bytes);

  size_t capacity() const { return capacity_; }
  size_t in_use() const { return in_use_; }
  uint64_t exhausted() const { return exhausted_; }

 private:
  friend class PacketRef;
  void Return(Packet* packet) {
    packet->next_free_ = free_;
    free_ = packet;
    --in_use_;
  }

  struct SlabDeleter {
    void operator()(Packet* slab) const;
  };
  std::unique_ptr<Packet[], SlabDeleter> slab_;
  size_t capacity_;
  Packet* free_ = nullptr;
  size_t in_use_ = 0;
  uint64_t exhausted_ = 0;
};

inline void PacketRef::Release() {
  if (packet_ != nullptr && --packet_->refs_ == 0) packet_->pool_->Return(packet_);
}

}  // namespace duet
