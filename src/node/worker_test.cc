#include "node/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "core/rtx/rtx.h"
#include "node/test_client.h"

namespace duet {
namespace {

using signal::MediaKind;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Ssrc kAudioSsrc(1001), kVideoSsrc(2001), kVideoRtxSsrc(2002);
constexpr Ssrc kAudioOut(5001), kVideoOut(6001), kVideoOutRtx(6002);
const UptrackId kAudioUp(1), kVideoUp(2);
const DowntrackId kAudioDown(11), kVideoDown(12);

CodecConfig Opus(uint8_t payload_type) {
  return {.kind = CodecKind::kOpus,
          .payload_type = PayloadType(payload_type),
          .clock_rate = 48000,
          .nack = false,
          .transport_cc = false};
}
CodecConfig H264(uint8_t payload_type, uint8_t rtx) {
  return {.kind = CodecKind::kH264,
          .payload_type = PayloadType(payload_type),
          .rtx_payload_type = PayloadType(rtx),
          .clock_rate = 90000,
          .nack = true,
          .profile_level_id = 0x42E01F,
          .packetization_mode = 1};
}
CodecConfig Vp8(uint8_t payload_type) {
  return {.kind = CodecKind::kVp8, .payload_type = PayloadType(payload_type), .clock_rate = 90000, .nack = true};
}

// An IDR slice (the first of a picture) and a slice of another picture, as single NAL unit packets.
const std::vector<std::byte> kKeyframe = {std::byte{0x65}, std::byte{0x88}, std::byte{1}, std::byte{2}, std::byte{3}};
const std::vector<std::byte> kDelta = {std::byte{0x41}, std::byte{0x9a}, std::byte{4}, std::byte{5}};

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
                               .ssrc = kAudioSsrc});
    config.uptracks.push_back({.id = kVideoUp,
                               .kind = MediaKind::kVideo,
                               .mid = "1",
                               .codec = H264(102, 103),
                               .ssrc = kVideoSsrc,
                               .rtx_ssrc = kVideoRtxSsrc});
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

TEST_F(WorkerTest, ConnectsWithGcmAndTellsControl) {
  Connect();
  const auto connected = Events<PeerConnected>();
  ASSERT_THAT(connected, SizeIs(2));
  EXPECT_EQ(connected[0].profile, SrtpProfile::kAeadAes128Gcm);
}

TEST_F(WorkerTest, ForwardsWithTheSubscribersNumbers) {
  Connect();
  SendAudio(100, 1000, {{1, {std::byte{0x85}}}});
  SendVideo(500, 9000, kKeyframe);
  Carry();
  const auto audio = Got(kAudioOut);
  ASSERT_THAT(audio, SizeIs(1));
  EXPECT_EQ(audio[0].payload_type, PayloadType(63));
  ASSERT_EQ(audio[0].Extension(9).size(), 1u) << "the audio level goes on under the subscriber's id";
  EXPECT_EQ(audio[0].Extension(9)[0], std::byte{0x85});
  const auto video = Got(kVideoOut);
  ASSERT_THAT(video, SizeIs(1));
  EXPECT_EQ(video[0].payload_type, PayloadType(39));
  EXPECT_TRUE(video[0].marker);
  EXPECT_TRUE(std::equal(video[0].payload().begin(), video[0].payload().end(), kKeyframe.begin(), kKeyframe.end()));
}

TEST_F(WorkerTest, VideoStartsAtAKeyframeThatIsAskedFor) {
  Connect();
  Wait(kMs(50));
  EXPECT_EQ(Plis(), 1);
  SendVideo(500, 9000, kDelta);
  Carry();
  EXPECT_THAT(Got(kVideoOut), IsEmpty());
  SendVideo(501, 12000, kKeyframe);
  SendVideo(502, 15000, kDelta);
  Carry();
  EXPECT_THAT(Got(kVideoOut), SizeIs(2));
  const int before = Plis();
  Wait(kMs(3000));
  EXPECT_EQ(Plis(), before) << "nobody waits for a keyframe any more";
}

TEST_F(WorkerTest, AKeyframeThatDoesNotComeIsAskedForAgain) {
  Connect();
  Wait(kMs(5000));
  EXPECT_GE(Plis(), 3);
  EXPECT_LE(Plis(), 60);
}

TEST_F(WorkerTest, SequenceNumbersAndTimestampsGoOnOverTheWrapAndGapsStay) {
  Connect();
  SendVideo(65533, 0xFFFFF000, kKeyframe);
  SendVideo(65534, 0xFFFFFB00, kDelta);
  SendVideo(0, 0x00000600, kDelta);  // 65535 is lost
  SendVideo(1, 0x00001100, kDelta);
  Carry();
  const auto video = Got(kVideoOut);
  ASSERT_THAT(video, SizeIs(4));
  const uint16_t first = video[0].sequence_number;
  EXPECT_EQ(static_cast<uint16_t>(video[1].sequence_number - first), 1);
  EXPECT_EQ(static_cast<uint16_t>(video[2].sequence_number - first), 3);
  EXPECT_EQ(static_cast<uint16_t>(video[3].sequence_number - first), 4);
  EXPECT_EQ(video[1].timestamp - video[0].timestamp, 0xB00u);
  EXPECT_EQ(video[3].timestamp - video[0].timestamp, 0x2100u);
}

TEST_F(WorkerTest, ALostPacketIsAskedForAndItsRepairTakesItsPlace) {
  Connect();
  SendVideo(10, 0, kKeyframe);
  SendVideo(12, 3000, kDelta);
  SendVideo(13, 6000, kDelta);
  Carry();
  Wait(kMs(100));
  const int nacks = CountRtcp<Nack>(alice_, [](const Nack& nack) {
    std::vector<uint16_t> asked;
    nack.ForEachSequence([&](uint16_t seq) { asked.push_back(seq); });
    return nack.media_ssrc == kVideoSsrc && asked == std::vector<uint16_t>{11};
  });
  EXPECT_GE(nacks, 1);
  std::vector<std::byte> repair = {std::byte{0}, std::byte{11}};
  repair.insert(repair.end(), kDelta.begin(), kDelta.end());
  alice_.SendRtp({.payload_type = PayloadType(103), .sequence_number = 7, .timestamp = 1500, .ssrc = kVideoRtxSsrc},
                 repair);
  Carry();
  const auto video = Got(kVideoOut);
  ASSERT_THAT(video, SizeIs(4));
  EXPECT_EQ(static_cast<uint16_t>(video[3].sequence_number - video[0].sequence_number), 1);
  EXPECT_EQ(video[3].payload_type, PayloadType(39));
}

TEST_F(WorkerTest, ANackOfTheSubscriberIsAnsweredWithRtx) {
  Connect();
  SendVideo(10, 0, kKeyframe);
  SendVideo(11, 3000, kDelta);
  Carry();
  const uint16_t lost = Got(kVideoOut)[1].sequence_number;
  const uint16_t asked[] = {lost};
  bob_.SendRtcp([&](RtcpWriter& writer) { writer.AddNack(Ssrc(1), kVideoOut, asked); });
  Carry();
  const auto repairs = Got(kVideoOutRtx);
  ASSERT_THAT(repairs, SizeIs(1));
  EXPECT_EQ(repairs[0].payload_type, PayloadType(40));
  EXPECT_EQ(LoadU16(repairs[0].payload().data()), lost);
  EXPECT_TRUE(std::equal(repairs[0].payload().begin() + 2, repairs[0].payload().end(), kDelta.begin(), kDelta.end()));
  bob_.SendRtcp([&](RtcpWriter& writer) { writer.AddNack(Ssrc(1), kVideoOut, asked); });
  Carry();
  EXPECT_THAT(Got(kVideoOutRtx), SizeIs(1)) << "again at once: the first repair is still on its way";
}

TEST_F(WorkerTest, APliOfTheSubscriberReachesThePublisher) {
  Connect();
  Wait(kMs(20));
  SendVideo(10, 0, kKeyframe);
  Carry();
  Wait(kMs(2000));
  const int before = Plis();
  bob_.SendRtcp([&](RtcpWriter& writer) { writer.AddPli(Ssrc(1), kVideoOut); });
  Carry();
  Wait(kMs(50));
  EXPECT_EQ(Plis(), before + 1);
}

TEST_F(WorkerTest, WhatIsSwitchedOffReachesNobody) {
  Connect();
  Do(SetPublished{PeerId(1), kAudioUp, false});
  SendAudio(1, 960);
  Carry();
  EXPECT_THAT(Got(kAudioOut), IsEmpty());
  Do(SetPublished{PeerId(1), kAudioUp, true});
  SendAudio(2, 1920);
  Carry();
  EXPECT_THAT(Got(kAudioOut), SizeIs(1));
}

TEST_F(WorkerTest, AnEmptiedSlotIsSilentAndTheNextSourceGoesOnWithoutAJump) {
  Connect();
  SendAudio(1, 960);
  Carry();
  Do(ConnectSlot{PeerId(2), kAudioDown, UptrackId()});
  SendAudio(2, 1920);
  Carry();
  EXPECT_THAT(Got(kAudioOut), SizeIs(1));
  Wait(kMs(1000));
  Do(ConnectSlot{PeerId(2), kAudioDown, kAudioUp});
  SendAudio(3000, 77777777);
  Carry();
  const auto audio = Got(kAudioOut);
  ASSERT_THAT(audio, SizeIs(2));
  EXPECT_EQ(static_cast<uint16_t>(audio[1].sequence_number - audio[0].sequence_number), 1);
  EXPECT_EQ(audio[1].timestamp - audio[0].timestamp, 48000u) << "a second passed";
}

TEST_F(WorkerTest, ReportsTellTheSubscriberWhenThePublisherCaptured) {
  Connect();
  SendAudio(1, 48000);
  SendVideo(1, 90000, kKeyframe);
  alice_.SendRtcp([&](RtcpWriter& writer) {
    writer.AddSenderReport({.sender_ssrc = kAudioSsrc, .ntp = now_.ntp(), .rtp_timestamp = 48000});
    writer.AddSenderReport({.sender_ssrc = kVideoSsrc, .ntp = now_.ntp(), .rtp_timestamp = 90000});
  });
  Carry();
  Wait(kMs(1100));
  const uint32_t audio_out = Got(kAudioOut)[0].timestamp;
  const uint32_t video_out = Got(kVideoOut)[0].timestamp;
  // Both left the publisher at the same instant, so on both streams the report's distance to that packet is the same
  // time.
  std::map<uint32_t, double> seconds;
  CountRtcp<SenderReport>(bob_, [&](const SenderReport& report) {
    if (report.sender_ssrc == kAudioOut)
      seconds[1] = static_cast<int32_t>(report.rtp_timestamp - audio_out) / 48000.0 -
                   static_cast<double>(report.ntp >> 16) / 65536.0;
    if (report.sender_ssrc == kVideoOut)
      seconds[2] = static_cast<int32_t>(report.rtp_timestamp - video_out) / 90000.0 -
                   static_cast<double>(report.ntp >> 16) / 65536.0;
    return true;
  });
  ASSERT_THAT(seconds, SizeIs(2));
  EXPECT_NEAR(seconds[1], seconds[2], 0.001);
  EXPECT_GE(CountRtcp<ReceiverReport>(alice_, [](const ReceiverReport&) { return true; }), 1);
}

TEST_F(WorkerTest, AWrongPasswordReachesNothing) {
  Do(AddPeer{RoomKey(1), Publisher()});
  alice_.SendCheck("wrongpasswordwrongpassword");
  Carry();
  EXPECT_FALSE(alice_.connected());
  EXPECT_THAT(Events<PeerConnected>(), IsEmpty());
}

TEST_F(WorkerTest, AnAddressChangeIsFollowed) {
  Connect();
  bob_.MoveTo({IpAddress::V4(10, 9, 9, 9), 999});
  bob_.SendCheck();
  Carry();
  SendAudio(1, 960);
  Carry();
  EXPECT_THAT(Got(kAudioOut), SizeIs(1));
}

TEST_F(WorkerTest, SilenceEndsAPeer) {
  Connect();
  Wait(Duration::Seconds(31));
  const auto lost = Events<PeerLost>();
  ASSERT_THAT(lost, SizeIs(2));
  EXPECT_EQ(lost[0].reason, PeerLossReason::kConsentExpired);
}

TEST_F(WorkerTest, APeerThatNeverComesIsGivenUpWithWords) {
  Do(AddPeer{RoomKey(1), Publisher()});
  Wait(Duration::Seconds(31));
  const auto lost = Events<PeerLost>();
  ASSERT_THAT(lost, SizeIs(1));
  EXPECT_THAT(lost[0].message, testing::HasSubstr("UDP"));
}

TEST_F(WorkerTest, RemovingEverybodyLeavesNothing) {
  Connect();
  for (uint16_t i = 0; i < 100; ++i) SendVideo(i, i * 3000u, i == 0 ? kKeyframe : kDelta);
  Carry();
  EXPECT_GT(pool_.in_use(), 50u) << "the history holds packets";
  Do(RemovePeer{PeerId(1)});
  Do(RemovePeer{PeerId(2)});
  out_.Clear();
  EXPECT_EQ(pool_.in_use(), 0u);
  Wait(kMs(200));
  const auto counts = Events<WorkerCounts>();
  ASSERT_FALSE(counts.empty());
  EXPECT_EQ(counts.back().peers, 0u);
  EXPECT_EQ(counts.back().rooms, 0u);
  EXPECT_EQ(counts.back().addresses, 0u);
  EXPECT_EQ(counts.back().packets_in_use, 0u);
  EXPECT_TRUE(worker_->NextTimer().is_never());
}

TEST_F(WorkerTest, RemovingThePublisherEmptiesTheSlot) {
  Connect();
  SendVideo(1, 0, kKeyframe);
  Carry();
  Do(RemovePeer{PeerId(1)});
  Wait(kMs(1000));
  EXPECT_THAT(Got(kVideoOut), SizeIs(1));
}

TEST_F(WorkerTest, NegotiatingAgainKeepsTheMediaFlowing) {
  Connect();
  SendVideo(1, 0, kKeyframe);
  Carry();
  PeerConfig more = Publisher();
  // Publisher() made new expectations of alice's DTLS; the connection that exists goes on.
  more.uptracks.push_back(
      {.id = UptrackId(3), .kind = MediaKind::kVideo, .mid = "4", .codec = H264(102, 103), .ssrc = Ssrc(3001)});
  Do(UpdatePeer{more});
  SendVideo(2, 3000, kDelta);
  Carry();
  EXPECT_THAT(Got(kVideoOut), SizeIs(2));
}

TEST_F(WorkerTest, GarbageAndStrangersAreCountedAndDropped) {
  Connect();
  Rng& rng = rng_;
  for (size_t size = 1; size < 200; ++size) {
    PacketRef packet = pool_.Acquire();
    packet->set_size(size);
    rng.Fill(packet->mutable_bytes());
    worker_->OnDatagram(now_, size % 2 == 0 ? alice_.address() : Endpoint{IpAddress::V4(6, 6, 6, 6), 666},
                        std::move(packet), out_);
  }
  Carry();
  SendAudio(1, 960);
  Carry();
  EXPECT_THAT(Got(kAudioOut), SizeIs(1)) << "the call goes on";
  Wait(kMs(1100));
  EXPECT_GT(Events<WorkerCounts>().back().drops.total(), 150u);
}

}  // namespace
}  // namespace duet
