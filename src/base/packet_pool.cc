#include "base/packet_pool.h"

namespace duet {

PacketPool::PacketPool(size_t slots) : slab_(new Packet[slots]), capacity_(slots) {
  for (size_t i = slots; i-- > 0;) {
    slab_[i].pool_ = this;
    slab_[i].next_free_ = free_;
    free_ = &slab_[i];
  }
}

PacketPool::~PacketPool() { DUET_CHECK(in_use_ == 0); }

PacketRef PacketPool::Copy(Bytes bytes) {
  if (bytes.size() > Packet::kPacketBytes) return PacketRef();
  PacketRef packet = Acquire();
  if (!packet) return packet;
  packet->set_size(bytes.size());
  if (!bytes.empty()) std::memcpy(packet->mutable_bytes().data(), bytes.data(), bytes.size());
  return packet;
}

}  // namespace duet
