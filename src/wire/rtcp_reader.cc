#include "wire/rtcp_reader.h"

namespace duet {

ReportBlock ReportBlock::Read(Bytes bytes) {
  ByteReader reader(bytes);
  ReportBlock block{.ssrc = Ssrc(reader.U32()), .fraction_lost = reader.U8()};
  const uint32_t lost = reader.U24();
  block.cumulative_lost = static_cast<int32_t>(lost << 8) >> 8;  // sign-extends the 24 bits
  block.highest_sequence = reader.U32();
  block.jitter = reader.U32();
  block.last_sr = reader.U32();
  block.delay_since_last_sr = reader.U32();
  return block;
}

namespace rtcp {

std::optional<Packet> TakePacket(Bytes& rest) {
  ByteReader reader(rest);
  const uint8_t first = reader.U8();
  Packet packet{.type = reader.U8(), .count = static_cast<uint8_t>(first & 0x1f)};
  const size_t size = size_t{4} * reader.U16();
  packet.body = reader.Read(size);
  if (!reader.ok() || first >> 6 != 2) return std::nullopt;
  rest = reader.rest();
  if ((first & 0x20) != 0) {
    // Browsers pad their transport-wide feedback to 32 bits with one to three bytes and set the bit, on any packet of
    // a compound, where RFC 3550 section 6.4.1 wants multiples of four behind the last one.
    if (packet.body.empty()) return std::nullopt;
    const size_t padding = LoadU8(&packet.body.back());
    if (padding == 0 || padding > packet.body.size()) return std::nullopt;
    packet.body = packet.body.first(packet.body.size() - padding);
  }
  return packet;
}

bool IsCompound(Bytes compound) {
  if (compound.empty()) return false;
  while (!compound.empty()) {
    if (!TakePacket(compound)) return false;
  }
  return true;
}

// What is behind the report blocks are profile-specific extensions (section 6.4.3): ignored.
std::optional<SenderReport> ReadSenderReport(const Packet& packet) {
  ByteReader reader(packet.body);
  SenderReport report{.sender_ssrc = Ssrc(reader.U32()), .ntp = reader.U64()};
  report.rtp_timestamp = reader.U32();
  report.packets = reader.U32();
  report.octets = reader.U32();
  report.blocks = reader.Read(packet.count * kReportBlockBytes);
  if (!reader.ok()) return std::nullopt;
  return report;
}

std::optional<ReceiverReport> ReadReceiverReport(const Packet& packet) {
  ByteReader reader(packet.body);
  ReceiverReport report{.sender_ssrc = Ssrc(reader.U32())};
  report.blocks = reader.Read(packet.count * kReportBlockBytes);
  if (!reader.ok()) return std::nullopt;
  return report;
}

std::optional<Bye> ReadBye(const Packet& packet) {
  ByteReader reader(packet.body);
  Bye bye{.ssrcs = reader.Read(size_t{4} * packet.count)};
  if (reader.remaining() > 0) bye.reason = AsText(reader.Read(reader.U8()));
  if (!reader.ok()) return std::nullopt;
  return bye;
}

namespace {

// A feedback message whose control information is items of `item_bytes` each, at least one.
template <typename Message>
std::optional<Message> ReadItems(const Packet& packet, size_t item_bytes, Message message, Bytes Message::*items) {
  ByteReader reader(packet.body);
  reader.Skip(8);
  message.*items = reader.rest();
  if (!reader.ok() || reader.remaining() == 0 || reader.remaining() % item_bytes != 0) return std::nullopt;
  return message;
}

Ssrc SsrcAt(const Packet& packet, size_t offset) {
  return packet.body.size() >= offset + 4 ? Ssrc(LoadU32(&packet.body[offset])) : Ssrc();
}

}  // namespace

std::optional<Nack> ReadNack(const Packet& packet) {
  return ReadItems(packet, 4, Nack{.sender_ssrc = SsrcAt(packet, 0), .media_ssrc = SsrcAt(packet, 4)}, &Nack::items);
}

std::optional<Pli> ReadPli(const Packet& packet) {
  if (packet.body.size() < 8) return std::nullopt;
  return Pli{SsrcAt(packet, 0), SsrcAt(packet, 4)};
}

std::optional<Fir> ReadFir(const Packet& packet) {
  return ReadItems(packet, 8, Fir{.sender_ssrc = SsrcAt(packet, 0)}, &Fir::entries);
}

bool IsRemb(const Packet& packet) { return packet.body.size() >= 12 && LoadU32(&packet.body[8]) == kRembIdentifier; }

std::optional<Remb> ReadRemb(const Packet& packet) {
  ByteReader reader(packet.body);
  Remb remb{.sender_ssrc = Ssrc(reader.U32())};
  reader.Skip(8);  // media SSRC, always 0, and the identifier
  const size_t count = reader.U8();
  const uint32_t rate = reader.U24();
  const uint32_t exponent = rate >> 18;
  const uint64_t mantissa = rate & 0x3FFFF;
  remb.bitrate_bps = mantissa << exponent;
  remb.ssrcs = reader.Read(4 * count);
  const bool overflow = remb.bitrate_bps >> exponent != mantissa;
  if (!reader.ok() || overflow) return std::nullopt;
  return remb;
}

// A chunk: SSRC, items of type (8), length (8), text; a type of 0 ends it and is padded to 32 bits.
std::optional<SdesCname> SdesReader::Next() {
  while (ok_ && chunks_ > 0) {
    --chunks_;
    ByteReader reader(rest_);
    const Ssrc ssrc(reader.U32());
    std::optional<SdesCname> cname;
    for (uint8_t type = reader.U8(); type != 0; type = reader.U8()) {
      const Bytes text = reader.Read(reader.U8());
      if (type == kCname && !cname) cname = SdesCname{ssrc, AsText(text)};
    }
    reader.Skip((4 - reader.position() % 4) % 4);
    ok_ = reader.ok();
    rest_ = reader.rest();
    if (ok_ && cname) return cname;
  }
  return std::nullopt;
}

}  // namespace rtcp
}  // namespace duet
