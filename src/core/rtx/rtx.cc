#include "core/rtx/rtx.h"

#include <cstring>

#include "base/check.h"

namespace duet {

bool RestoreRtx(Packet& packet, const RtpPacketView& view, Ssrc primary_ssrc, PayloadType primary_payload_type) {
  constexpr uint8_t kPaddingBit = 0x20;
  constexpr uint8_t kMarkerBit = 0x80;
  DUET_DCHECK(packet.unique());
  DUET_DCHECK(view.packet.data() == packet.bytes().data());
  const size_t header_size = view.header_size;
  const size_t payload_size = view.payload_size;
  if (payload_size < kRtxOverhead || header_size + payload_size > packet.size()) return false;
  std::byte* const start = packet.mutable_bytes().data();
  std::byte* const payload = start + header_size;
  const uint16_t original_seq = LoadU16(payload);
  std::memmove(payload, payload + kRtxOverhead, payload_size - kRtxOverhead);
  StoreU8(start, LoadU8(start) & static_cast<uint8_t>(~kPaddingBit));
  StoreU8(start + 1, static_cast<uint8_t>((LoadU8(start + 1) & kMarkerBit) | primary_payload_type.value()));
  StoreU16(start + 2, original_seq);
  StoreU32(start + 8, primary_ssrc.value());
  packet.set_size(header_size + payload_size - kRtxOverhead);
  return true;
}

size_t WriteRtxPayload(uint16_t original_seq, Bytes payload, MutableBytes out) {
  ByteWriter writer(out);
  writer.U16(original_seq);
  writer.Write(payload);
  return writer.ok() ? writer.size() : 0;
}

}  // namespace duet
