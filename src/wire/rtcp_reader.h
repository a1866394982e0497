// Reading RTCP: one pass over a compound or reduced-size packet (RFC 3550 section 6.1, RFC 5506) that calls a visitor
// with each message it knows. Nothing is copied or allocated.
#pragma once

#include <optional>
#include <type_traits>

#include "wire/rtcp_messages.h"
#include "wire/transport_feedback.h"

namespace duet {
namespace rtcp {

// One packet of a compound.
struct Packet {
  uint8_t type = 0;
  uint8_t count = 0;  // or the feedback format
  Bytes body;         // behind the 4-byte header, without padding
};

// Takes the first packet off `rest`. Nothing when it is not version 2, reaches past the end, or is wrongly padded.
// Padding is allowed on the last packet only.
std::optional<Packet> TakePacket(Bytes& rest);
// True when the whole of `compound` is packets, at least one.
bool IsCompound(Bytes compound);

std::optional<SenderReport> ReadSenderReport(const Packet& packet);
std::optional<ReceiverReport> ReadReceiverReport(const Packet& packet);
std::optional<Bye> ReadBye(const Packet& packet);
std::optional<Nack> ReadNack(const Packet& packet);
std::optional<Pli> ReadPli(const Packet& packet);
std::optional<Fir> ReadFir(const Packet& packet);
std::optional<Remb> ReadRemb(const Packet& packet);
// True when it is application layer feedback of the kind REMB.
bool IsRemb(const Packet& packet);

// Takes SDES chunks off one by one. `rest` starts as the body of the packet.
class SdesReader {
 public:
  explicit SdesReader(const Packet& packet) : rest_(packet.body), chunks_(packet.count) {}
  // The next chunk that has a CNAME; nothing at the end or when malformed, then ok() tells which.
  std::optional<SdesCname> Next();
  bool ok() const { return ok_; }

 private:
  Bytes rest_;
  uint8_t chunks_;
  bool ok_ = true;
};

template <typename Visitor, typename Message>
bool Visit(Visitor& visitor, const std::optional<Message>& message) {
  if (!message) return false;
  if constexpr (std::is_invocable_v<Visitor&, const Message&>) visitor(*message);
  return true;
}

template <typename Visitor>
bool VisitPacket(const Packet& packet, Visitor& visitor) {
  switch (packet.type) {
    case kSenderReport: return Visit(visitor, ReadSenderReport(packet));
    case kReceiverReport: return Visit(visitor, ReadReceiverReport(packet));
    case kBye: return Visit(visitor, ReadBye(packet));
    case kSourceDescription: {
      SdesReader reader(packet);
      while (const auto cname = reader.Next()) Visit(visitor, cname);
      return reader.ok();
    }
    case kTransportFeedback:
      if (packet.count == kFormatNack) return Visit(visitor, ReadNack(packet));
      if (packet.count == kFormatTransportCc) return Visit(visitor, TransportFeedback::Parse(packet.body));
      return true;
    case kPayloadFeedback:
      if (packet.count == kFormatPli) return Visit(visitor, ReadPli(packet));
      if (packet.count == kFormatFir) return Visit(visitor, ReadFir(packet));
      if (packet.count == kFormatApplicationLayer && IsRemb(packet)) return Visit(visitor, ReadRemb(packet));
      return true;
    default: return true;  // extended reports, application-defined and what is yet to come
  }
}

}  // namespace rtcp

// Calls visitor(const SenderReport&), (const ReceiverReport&), (const SdesCname&), (const Bye&), (const Nack&),
// (const Pli&), (const Fir&), (const Remb&), (const TransportFeedback&) for each message of a packet in clear; a
// visitor without an overload for a type does not get it. Packets of unknown types are skipped.
//
// False when malformed: nothing was visited when the frame of packets is broken, else all before the bad message.
template <typename Visitor>
bool VisitRtcp(Bytes compound, Visitor&& visitor) {
  if (!rtcp::IsCompound(compound)) return false;
  while (!compound.empty()) {
    const auto packet = rtcp::TakePacket(compound);
    if (!packet || !rtcp::VisitPacket(*packet, visitor)) return false;
  }
  return true;
}

}  // namespace duet
