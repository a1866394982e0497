// A remote for tests: what a browser does towards a Worker, in a few steps and without time of its own. It checks
// connectivity, is the DTLS client, protects and unprotects, and keeps what it received.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/outbox.h"
#include "base/seq.h"
#include "core/dtls/dtls_transport.h"
#include "core/srtp/srtp_receiver.h"
#include "core/srtp/srtp_sender.h"
#include "peer/peer_config.h"
#include "wire/demux.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"
#include "wire/stun.h"

namespace duet {

class TestClient {
 public:
  struct Received {
    bool is_rtcp = false;
    std::vector<std::byte> bytes;
    Bytes view() const { return bytes; }
  };

  TestClient(PacketPool& pool, Endpoint self, Endpoint server)
      : certificate_(std::move(DtlsCertificate::Generate()).value()),
        context_(std::move(DtlsContext::Create(certificate_)).value()),
        out_(pool),
        self_(self),
        server_(server) {}

  const Endpoint& address() const { return self_; }
  void MoveTo(const Endpoint& address) { self_ = address; }
  DtlsFingerprint fingerprint() const { return certificate_.fingerprint(); }
  Outbox& outbox() { return out_; }
  bool connected() const { return dtls_ && dtls_->state() == DtlsTransport::State::kConnected; }
  std::vector<Received>& received() { return received_; }
  int answered_checks() const { return answers_; }
  int replayed_rtcp() const { return replays_; }
  std::vector<RtpPacketView> rtp() const {
    std::vector<RtpPacketView> views;
    for (const Received& packet : received_) {
      if (!packet.is_rtcp) views.push_back(*ParseRtp(packet.view()));
    }
    return views;
  }

  // `server` is the certificate that the answer named.
  void SetRemote(const IceCredentials& local, const IceCredentials& remote, const DtlsFingerprint& server) {
    local_ = local;
    remote_ = remote;
    dtls_.emplace(context_, DtlsRole::kClient, server);
  }

  // A binding request with USE-CANDIDATE, as a controlling full agent sends it.
  void SendCheck(std::string_view password = {}) {
    StunTransactionId id{};
    StoreU32(id.data(), ++transactions_);
    PacketRef packet = out_.pool().Acquire();
    StunWriter writer(packet->buffer(), StunClass::kRequest, kStunBinding, id);
    writer.AddUsername(remote_.ufrag + ":" + local_.ufrag);
    writer.AddPriority(1845501695);
    writer.AddIceControlling(0x1234567890abcdefull);
    writer.AddUseCandidate();
    writer.AddMessageIntegrity(password.empty() ? std::string_view(remote_.password) : password);
    writer.AddFingerprint();
    packet->set_size(writer.size());
    out_.Send(server_, std::move(packet));
  }

  void OnTimer(Time now) {
    if (dtls_) dtls_->OnTimer(now, server_, out_);
  }

  void OnDatagram(Time now, PacketRef packet) {
    switch (Classify(packet->bytes())) {
      case DatagramKind::kStun: {
        const auto message = StunMessage::Parse(packet->bytes());
        ASSERT_TRUE(message.ok());
        if (message->message_class() != StunClass::kSuccess) return;
        EXPECT_EQ(message->XorMappedAddress(), self_);
        ++answers_;
        if (dtls_ && dtls_->state() == DtlsTransport::State::kNew) dtls_->Start(now, server_, out_);
        return;
      }
      case DatagramKind::kDtls:
        dtls_->OnDatagram(now, packet->bytes(), server_, out_);
        if (connected() && !sender_) {
          sender_.emplace(dtls_->keys().local);
          receiver_.emplace(dtls_->keys().remote);
        }
        return;
      case DatagramKind::kRtp: {
        const auto header = ParseRtpHeader(packet->bytes());
        ASSERT_TRUE(header);
        const auto plain = receiver_->UnprotectRtp(packet->mutable_bytes(), header->header_size, header->ssrc,
                                                   header->sequence_number);
        ASSERT_TRUE(plain.ok()) << ToString(plain.error());
        Keep(false, packet->bytes().first(plain->size));
        return;
      }
      case DatagramKind::kRtcp: {
        const auto size = receiver_->UnprotectRtcp(packet->mutable_bytes());
        if (!size.ok() && size.error() == Drop::kReplay) {
          ++replays_;
          return;
        }
        ASSERT_TRUE(size.ok()) << ToString(size.error());
        Keep(true, packet->bytes().first(*size));
        return;
      }
      case DatagramKind::kUnknown: FAIL() << "a datagram that is nothing";
    }
  }

  struct Extension {
    uint8_t id;
    std::vector<std::byte> content;
  };
  void SendRtp(const RtpHeaderFields& fields, Bytes payload, const std::vector<Extension>& extensions = {}) {
    PacketRef packet = out_.pool().Acquire();
    RtpHeaderWriter writer(packet->buffer());
    writer.Begin(fields);
    for (const Extension& extension : extensions) writer.AddExtension(extension.id, extension.content);
    const size_t header = writer.Finish();
    const size_t size =
        sender_->ProtectRtp(fields.ssrc, Index(fields.ssrc, fields.sequence_number), header, payload, packet->buffer());
    ASSERT_GT(size, 0u);
    packet->set_size(size);
    out_.Send(server_, std::move(packet));
  }

  // `write` adds to an RtcpWriter.
  template <typename F>
  void SendRtcp(F&& write) {
    PacketRef packet = out_.pool().Acquire();
    RtcpWriter writer(packet->buffer().first(1200));
    write(writer);
    ASSERT_TRUE(writer.ok());
    packet->set_size(sender_->ProtectRtcp(packet->buffer(), writer.size()));
    out_.Send(server_, std::move(packet));
  }

 private:
  // The 48-bit index: how often the numbers of this SSRC have wrapped, and the number.
  uint64_t Index(Ssrc ssrc, uint16_t seq) { return static_cast<uint64_t>(indices_[ssrc].Unwrap(seq) - 65536); }
  void Keep(bool is_rtcp, Bytes bytes) { received_.push_back({is_rtcp, {bytes.begin(), bytes.end()}}); }

  DtlsCertificate certificate_;
  DtlsContext context_;
  Outbox out_;
  Endpoint self_;
  Endpoint server_;
  IceCredentials local_;
  IceCredentials remote_;
  std::optional<DtlsTransport> dtls_;
  std::optional<SrtpSender> sender_;
  std::optional<SrtpReceiver> receiver_;
  std::vector<Received> received_;
  std::map<Ssrc, Unwrapper<uint16_t>> indices_;
  uint32_t transactions_ = 0;
  int answers_ = 0;
  int replays_ = 0;
};

}  // namespace duet
