// The other side of a Peer for fuzz targets: it connects honestly, with a real handshake, and from then on has the keys
// to say whatever the input wants. What comes back to it must be sound: every packet is STUN, DTLS or decrypts to RTP
// or RTCP that can be parsed.
//
// Say reads a datagram from the input:
//
//   kind 1 B   0 bytes as they are | 1 bytes with the right key | 2 an RTP packet | 3 an RTCP compound
//              4 a check that is right | 5 one with USE-CANDIDATE | 6 one with bits turned: bytes
//              7 a NACK for what it has received: SSRC 1 B | how long ago 1 B | bits 2 B
//              8 transport-wide feedback for what it has received: SSRC 1 B | the last how many 1 B | statuses, bytes
//   bytes      = size 1 B | that many, fewer at the end of the input
//   RTP packet = SSRC 1 B (which of those that were negotiated) | marker and payload type 1 B | step of the sequence
//                number 1 B | step of the timestamp 2 B | extension block, bytes | payload, bytes | filling 1 B, times
//                8
//   compound   = { type 1 B | count 1 B | SSRC 1 B, twice | bytes } until the type is not RTCP's, at most 8
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/outbox.h"
#include "base/seq.h"
#include "core/dtls/dtls_transport.h"
#include "core/srtp/srtp_receiver.h"
#include "core/srtp/srtp_sender.h"
#include "peer/fuzz_config.h"
#include "wire/demux.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"
#include "wire/stun.h"

namespace duet {

// Certificates are made once in a process: they are the slowest part of a handshake.
struct FuzzIdentity {
  DtlsCertificate certificate = std::move(DtlsCertificate::Generate()).value();
  DtlsContext context = std::move(DtlsContext::Create(certificate)).value();
};

class FuzzRemote {
 public:
  // `peer` is what the server was told of this remote; `fingerprint` is the server's. `identity` outlives it.
  FuzzRemote(FuzzIdentity& identity, const PeerConfig& peer, const DtlsFingerprint& fingerprint, Endpoint self)
      : dtls_(identity.context, DtlsRole::kClient, fingerprint),
        password_(peer.local_ice.password),
        username_(peer.local_ice.ufrag + ":" + peer.remote_ice.ufrag),
        self_(self) {
    const auto add = [&](Ssrc ssrc) { ssrcs_.push_back(ssrc.value()); };
    for (const UptrackConfig& track : peer.uptracks) {
      for (const LayerConfig& layer : track.layers) {
        add(layer.ssrc);
        add(layer.rtx_ssrc);
      }
    }
    for (const DowntrackConfig& track : peer.downtracks) {
      add(track.ssrc);
      add(track.rtx_ssrc);
    }
    for (const uint32_t stranger : {0u, 1u, 0x12345678u, 0xffffffffu}) ssrcs_.push_back(stranger);
  }

  const Endpoint& self() const { return self_; }
  void MoveTo(const Endpoint& self) { self_ = self; }
  bool connected() const { return dtls_.state() == DtlsTransport::State::kConnected; }
  // New credentials of an ICE restart.
  void Restart(const PeerConfig& peer) {
    password_ = peer.local_ice.password;
    username_ = peer.local_ice.ufrag + ":" + peer.remote_ice.ufrag;
  }

  // A binding request that is right in everything.
  PacketRef Check(PacketPool& pool, bool use_candidate) {
    PacketRef packet = pool.Acquire();
    if (!packet) return packet;
    StunTransactionId id{};
    StoreU32(id.data(), ++transactions_);
    StunWriter writer(packet->buffer(), StunClass::kRequest, kStunBinding, id);
    writer.AddUsername(username_);
    writer.AddPriority(1845501695);
    writer.AddIceControlling(7);
    if (use_candidate) writer.AddUseCandidate();
    writer.AddMessageIntegrity(password_);
    writer.AddFingerprint();
    packet->set_size(writer.size());
    return packet;
  }

  // The next datagram that the input asks for; null when the pool is empty.
  PacketRef Say(ByteReader& input, PacketPool& pool) {
    switch (input.U8() % 9) {
      case 0: return pool.Copy(NextBytes(input));
      case 1: return Protect(pool, NextBytes(input));
      case 2: return Protect(pool, NextRtp(input));
      case 3: return Protect(pool, NextRtcp(input));
      case 4: return Check(pool, false);
      case 5: return Check(pool, true);
      case 6: return Altered(Check(pool, true), NextBytes(input));
      case 7: return Protect(pool, NextNack(input));
      default: return Protect(pool, NextTransportFeedback(input));
    }
  }

  // These bytes as one packet with the right key: as RTP if they have a header, as RTCP if they look like it, else as
  // they are.
  PacketRef Protect(PacketPool& pool, Bytes bytes) {
    constexpr size_t kRoom = Packet::kPacketBytes - 64;
    PacketRef packet = pool.Copy(bytes.first(std::min(bytes.size(), kRoom)));
    if (!packet || !sender_) return packet;
    const DatagramKind kind = Classify(packet->bytes());
    if (kind == DatagramKind::kRtcp) {
      packet->set_size(sender_->ProtectRtcp(packet->buffer(), packet->size()));
    } else if (const auto header = kind == DatagramKind::kRtp ? ParseRtpHeader(packet->bytes()) : std::nullopt) {
      const auto index = static_cast<uint64_t>(indices_[header->ssrc].Unwrap(header->sequence_number) - 65536);
      const Bytes payload = packet->bytes().subspan(header->header_size);
      packet->set_size(sender_->ProtectRtp(header->ssrc, index, header->header_size, payload, packet->buffer()));
    }
    return packet;
  }

  // What the server has sent. Answers of the handshake go to `out`.
  void OnDatagram(Time now, PacketRef packet, Outbox& out) {
    DUET_CHECK(packet->size() > 0 && packet->size() <= Packet::kPacketBytes);
    switch (Classify(packet->bytes())) {
      case DatagramKind::kStun:
        DUET_CHECK(StunMessage::Parse(packet->bytes()).ok());
        if (dtls_.state() == DtlsTransport::State::kNew) dtls_.Start(now, self_, out);
        return;
      case DatagramKind::kDtls:
        dtls_.OnDatagram(now, packet->bytes(), self_, out);
        if (connected() && !sender_) {
          sender_.emplace(dtls_.keys().local);
          receiver_.emplace(dtls_.keys().remote);
        }
        return;
      case DatagramKind::kRtp: return OnRtp(*packet);
      case DatagramKind::kRtcp: return OnRtcp(*packet);
      case DatagramKind::kUnknown: DUET_CHECK(false);
    }
  }

 private:
  static Bytes NextBytes(ByteReader& input) {
    const size_t size = input.U8();
    return input.Read(std::min(size, input.remaining()));
  }
  Bytes NextRtp(ByteReader& input) {
    const uint32_t ssrc = NextSsrc(input);
    const uint8_t payload_type = input.U8();
    Stream& stream = streams_[ssrc];
    stream.seq = static_cast<uint16_t>(stream.seq + static_cast<int8_t>(input.U8()));
    stream.timestamp += input.U16();
    const Bytes extensions = NextBytes(input);
    const Bytes payload = NextBytes(input);
    const size_t filling = 8 * size_t{input.U8()};

    const size_t extension_words = (extensions.size() + 3) / 4;
    scratch_.assign(12 + (extensions.empty() ? 0 : 4 + 4 * extension_words), std::byte{0});
    StoreU8(&scratch_[0], extensions.empty() ? 0x80 : 0x90);
    StoreU8(&scratch_[1], payload_type);
    StoreU16(&scratch_[2], stream.seq);
    StoreU32(&scratch_[4], stream.timestamp);
    StoreU32(&scratch_[8], ssrc);
    if (!extensions.empty()) {
      StoreU16(&scratch_[12], 0xbede);
      StoreU16(&scratch_[14], static_cast<uint16_t>(extension_words));
      std::copy(extensions.begin(), extensions.end(), scratch_.begin() + 16);
    }
    scratch_.insert(scratch_.end(), payload.begin(), payload.end());
    if (scratch_.size() + filling < 1400) scratch_.resize(scratch_.size() + filling);
    return scratch_;
  }
  Bytes NextRtcp(ByteReader& input) {
    scratch_.clear();
    for (int i = 0; i < 8; ++i) {
      const uint8_t type = input.U8();
      if (type < 192 || type > 223) break;
      const uint8_t count = input.U8();
      const uint32_t sender = NextSsrc(input);
      const uint32_t media = NextSsrc(input);
      const Bytes body = NextBytes(input);
      const size_t at = scratch_.size();
      const size_t words = 2 + (body.size() + 3) / 4;
      scratch_.resize(at + 4 * (1 + words));
      StoreU8(&scratch_[at], static_cast<uint8_t>(0x80 | (count & 0x3f)));
      StoreU8(&scratch_[at + 1], type);
      StoreU16(&scratch_[at + 2], static_cast<uint16_t>(words));
      StoreU32(&scratch_[at + 4], sender);
      StoreU32(&scratch_[at + 8], media);
      std::copy(body.begin(), body.end(), scratch_.begin() + static_cast<std::ptrdiff_t>(at + 12));
    }
    return scratch_;
  }
  Bytes Feedback(uint8_t format, uint32_t media, size_t size) {
    scratch_.assign(12 + (size + 3) / 4 * 4, std::byte{0});
    StoreU8(&scratch_[0], 0x80 | format);
    StoreU8(&scratch_[1], 205);
    StoreU16(&scratch_[2], static_cast<uint16_t>(scratch_.size() / 4 - 1));
    StoreU32(&scratch_[8], media);
    return scratch_;
  }
  Bytes NextNack(ByteReader& input) {
    const uint32_t media = NextSsrc(input);
    Feedback(1, media, 4);
    StoreU16(&scratch_[12], static_cast<uint16_t>(received_[media] - input.U8()));
    StoreU16(&scratch_[14], input.U16());
    return scratch_;
  }
  Bytes NextTransportFeedback(ByteReader& input) {
    const uint32_t media = NextSsrc(input);
    const uint16_t count = input.U8();
    const Bytes statuses = NextBytes(input);
    Feedback(15, media, 8 + statuses.size());
    StoreU16(&scratch_[12], static_cast<uint16_t>(transport_received_ - count + 1));
    StoreU16(&scratch_[14], count);
    StoreU32(&scratch_[16], static_cast<uint32_t>(feedbacks_ << 8 | (feedbacks_ & 0xff)));
    ++feedbacks_;
    std::copy(statuses.begin(), statuses.end(), scratch_.begin() + 20);
    return scratch_;
  }
  uint32_t NextSsrc(ByteReader& input) const { return ssrcs_[input.U8() % ssrcs_.size()]; }
  static PacketRef Altered(PacketRef packet, Bytes mask) {
    if (!packet) return packet;
    const MutableBytes bytes = packet->mutable_bytes();
    for (size_t i = 0; i < mask.size() && i < bytes.size(); ++i) bytes[i] ^= mask[i];
    return packet;
  }

  void OnRtp(Packet& packet) {
    if (!receiver_) return;  // sent before our side of the handshake was done
    const auto header = ParseRtpHeader(packet.bytes());
    DUET_CHECK(header);
    const auto plain =
        receiver_->UnprotectRtp(packet.mutable_bytes(), header->header_size, header->ssrc, header->sequence_number);
    // A packet may be repeated as it was where RTX is not negotiated.
    DUET_CHECK(plain.ok() || plain.error() == Drop::kReplay);
    if (!plain.ok()) return;
    const auto view = ParseRtp(packet.bytes().first(plain->size));
    DUET_CHECK(view);
    received_[view->ssrc.value()] = view->sequence_number;
    view->ForEachExtension([&](uint8_t id, Bytes content) {
      if (id == kFuzzTransportCcId && content.size() == 2) transport_received_ = LoadU16(content.data());
    });
  }
  void OnRtcp(Packet& packet) {
    if (!receiver_) return;
    const auto size = receiver_->UnprotectRtcp(packet.mutable_bytes());
    DUET_CHECK(size.ok());
    DUET_CHECK(VisitRtcp(packet.bytes().first(*size), [](const auto&) {}));
  }

  DtlsTransport dtls_;
  std::string password_;
  std::string username_;
  Endpoint self_;
  std::optional<SrtpSender> sender_;
  std::optional<SrtpReceiver> receiver_;
  std::map<Ssrc, Unwrapper<uint16_t>> indices_;
  uint32_t transactions_ = 0;

  struct Stream {
    uint16_t seq = 1000;
    uint32_t timestamp = 0;
  };
  std::vector<uint32_t> ssrcs_;
  std::map<uint32_t, uint16_t> received_;  // the newest sequence number
  uint16_t transport_received_ = 0;
  uint32_t feedbacks_ = 0;
  std::map<uint32_t, Stream> streams_;
  std::vector<std::byte> scratch_;
};

}  // namespace duet
