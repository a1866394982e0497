// A worker with a publisher (alice) and a subscriber (bob) in virtual time, for the tests of this folder.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node/test_client.h"
#include "node/worker.h"

namespace duet {

using signal::MediaKind;

inline constexpr Ssrc kAudioSsrc(1001), kVideoSsrc(2001), kVideoRtxSsrc(2002);
inline constexpr Ssrc kAudioOut(5001), kVideoOut(6001), kVideoOutRtx(6002);
inline constexpr UptrackId kAudioUp(1), kVideoUp(2);
inline constexpr DowntrackId kAudioDown(11), kVideoDown(12);

inline CodecConfig Opus(uint8_t payload_type) {
  return {.kind = CodecKind::kOpus,
          .payload_type = PayloadType(payload_type),
          .clock_rate = 48000,
          .nack = false,
          .transport_cc = false};
}
inline CodecConfig H264(uint8_t payload_type, uint8_t rtx) {
  return {.kind = CodecKind::kH264,
          .payload_type = PayloadType(payload_type),
          .rtx_payload_type = PayloadType(rtx),
          .clock_rate = 90000,
          .nack = true,
          .profile_level_id = 0x42E01F,
          .packetization_mode = 1};
}
inline CodecConfig Vp8(uint8_t payload_type) {
  return {.kind = CodecKind::kVp8, .payload_type = PayloadType(payload_type), .clock_rate = 90000, .nack = true};
}

// An IDR slice (the first of a picture) and a slice of another picture, as single NAL unit packets.
inline const std::vector<std::byte> kKeyframe = {std::byte{0x65}, std::byte{0x88}, std::byte{1}, std::byte{2},
                                                 std::byte{3}};
inline const std::vector<std::byte> kDelta = {std::byte{0x41}, std::byte{0x9a}, std::byte{4}, std::byte{5}};

// A worker with a publisher (alice) and a subscriber (bob), a network that loses what it is told to, and virtual time.
class WorkerTest : public testing::Test {
 protected:
  WorkerTest()
      : pool_(4096),
        client_pool_(1024),
        certificate_(std::move(DtlsCertificate::Generate()).value()),
        dtls_(std::move(DtlsContext::Create(certificate_)).value()),
        worker_(std::make_unique<Worker>(WorkerConfig{.dtls = &dtls_}, rng_, pool_)),
        out_(pool_),
        alice_(client_pool_, {IpAddress::V4(10, 0, 0, 1), 1111}, kServer),
        bob_(client_pool_, {IpAddress::V4(10, 0, 0, 2), 2222}, kServer) {}
  ~WorkerTest() override {
    out_.Clear();
    alice_.outbox().Clear();
    bob_.outbox().Clear();
    worker_.reset();
    EXPECT_EQ(pool_.in_use(), 0u) << "a packet was left behind";
  }

  PeerConfig Config(uint64_t id, TestClient& client) {
    const std::string name = std::to_string(id);
    PeerConfig config{.id = PeerId(id),
                      .local_ice = {"server" + name, "serverpasswordserver" + name},
                      .remote_ice = {"client" + name, "clientpasswordclient" + name}};
    config.remote_fingerprint = client.fingerprint();
    config.cname = "cname" + name;
    client.SetRemote(config.remote_ice, config.local_ice, certificate_.fingerprint());
    return config;
  }
  PeerConfig Publisher() {
    PeerConfig config = Config(1, alice_);
    config.uptracks.push_back({.id = kAudioUp,
                               .kind = MediaKind::kAudio,
                               .mid = "0",
                               .codec = Opus(111),
                               .extensions = {.audio_level = 1},
                               .layers = {{.ssrc = kAudioSsrc}}});
    config.uptracks.push_back({.id = kVideoUp,
                               .kind = MediaKind::kVideo,
                               .mid = "1",
                               .codec = H264(102, 103),
                               .layers = {{.ssrc = kVideoSsrc, .rtx_ssrc = kVideoRtxSsrc}}});
    return config;
  }
  PeerConfig Subscriber() {
    PeerConfig config = Config(2, bob_);
    config.downtracks.push_back({.id = kAudioDown,
                                 .kind = MediaKind::kAudio,
                                 .mid = "2",
                                 .codecs = {Opus(63)},
                                 .extensions = {.audio_level = 9},
                                 .ssrc = kAudioOut});
    config.downtracks.push_back({.id = kVideoDown,
                                 .kind = MediaKind::kVideo,
                                 .mid = "3",
                                 .codecs = {Vp8(96), H264(39, 40)},
                                 .ssrc = kVideoOut,
                                 .rtx_ssrc = kVideoOutRtx});
    return config;
  }
  void Do(WorkerCommand command) {
    worker_->OnCommand(now_, std::move(command), out_);
    Collect();
  }
  void Collect() {
    for (auto& event : worker_->TakeEvents()) events_.push_back(std::move(event));
  }
  // Carries datagrams until nobody has any.
  void Carry() {
    for (bool busy = true; busy;) {
      busy = false;
      for (TestClient* client : {&alice_, &bob_}) {
        std::vector<PacketRef> sent;
        for (const Transmit& transmit : client->outbox().queued()) sent.push_back(pool_.Copy(transmit.packet->bytes()));
        client->outbox().Clear();
        for (PacketRef& packet : sent) {
          busy = true;
          worker_->OnDatagram(now_, client->address(), std::move(packet), out_);
        }
      }
      std::vector<std::pair<Endpoint, PacketRef>> answers;
      for (const Transmit& transmit : out_.queued())
        answers.emplace_back(transmit.to, client_pool_.Copy(transmit.packet->bytes()));
      out_.Clear();
      for (auto& [to, packet] : answers) {
        busy = true;
        for (TestClient* client : {&alice_, &bob_}) {
          if (client->address() == to) client->OnDatagram(now_, std::move(packet));
        }
      }
    }
    Collect();
  }
  void Wait(Duration time) {
    const Time until = now_ + time;
    while (now_ < until) {
      now_ = std::min(until, std::max(now_ + Duration::Micros(1), worker_->NextTimer()));
      worker_->OnTimer(now_, out_);
      Carry();
    }
  }
  void Connect() {
    Do(AddPeer{RoomKey(1), Publisher()});
    Do(AddPeer{RoomKey(1), Subscriber()});
    Do(SetPublished{PeerId(1), kAudioUp, true});
    Do(SetPublished{PeerId(1), kVideoUp, true});
    Do(ConnectSlot{PeerId(2), kAudioDown, kAudioUp});
    Do(ConnectSlot{PeerId(2), kVideoDown, kVideoUp});
    alice_.SendCheck();
    bob_.SendCheck();
    Carry();
    ASSERT_TRUE(alice_.connected());
    ASSERT_TRUE(bob_.connected());
  }
  void SendVideo(uint16_t seq, uint32_t timestamp, const std::vector<std::byte>& payload, bool marker = true) {
    alice_.SendRtp({.marker = marker,
                    .payload_type = PayloadType(102),
                    .sequence_number = seq,
                    .timestamp = timestamp,
                    .ssrc = kVideoSsrc},
                   payload);
  }
  void SendAudio(uint16_t seq, uint32_t timestamp, std::vector<TestClient::Extension> extensions = {}) {
    const std::vector<std::byte> payload(80, std::byte{0x78});
    alice_.SendRtp(
        {.payload_type = PayloadType(111), .sequence_number = seq, .timestamp = timestamp, .ssrc = kAudioSsrc}, payload,
        extensions);
  }
  std::vector<RtpPacketView> Got(Ssrc ssrc) const {
    std::vector<RtpPacketView> packets;
    for (const RtpPacketView& packet : bob_.rtp()) {
      if (packet.ssrc == ssrc) packets.push_back(packet);
    }
    return packets;
  }
  // How often `client` got a message of this type.
  template <typename M, typename F>
  static int CountRtcp(TestClient& client, F&& matches) {
    int count = 0;
    for (const auto& packet : client.received()) {
      if (!packet.is_rtcp) continue;
      EXPECT_TRUE(VisitRtcp(packet.view(), [&](const auto& message) {
        if constexpr (std::is_same_v<std::decay_t<decltype(message)>, M>) count += matches(message) ? 1 : 0;
      }));
    }
    return count;
  }
  int Plis() {
    return CountRtcp<Pli>(alice_, [](const Pli& pli) { return pli.media_ssrc == kVideoSsrc; });
  }
  template <typename E>
  std::vector<E> Events() const {
    std::vector<E> found;
    for (const auto& event : events_) {
      if (const E* match = std::get_if<E>(&event)) found.push_back(*match);
    }
    return found;
  }

  static constexpr auto kMs = [](int64_t n) { return Duration::Millis(n); };
  inline static const Endpoint kServer{IpAddress::V4(192, 0, 2, 1), 40000};
  SeededRng rng_{5};
  Time now_ = Time::FromMillis(1'800'000'000'000);
  PacketPool pool_;
  PacketPool client_pool_;
  DtlsCertificate certificate_;
  DtlsContext dtls_;
  std::unique_ptr<Worker> worker_;
  Outbox out_;
  TestClient alice_;
  TestClient bob_;
  std::vector<WorkerEvent> events_;
};

}  // namespace duet
