#include "node/worker.h"

#include <algorithm>
#include <map>

#include "node/worker_test_fixture.h"

namespace duet {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

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
  Wait(kMs(20));  // the pacer may hold it for a moment
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

TEST_F(WorkerTest, AnOutageOfTheSubscriberIsAnsweredWithAKeyframeInPlaceOfAllThatItMissed) {
  Connect();
  SendVideo(10, 0, kKeyframe);
  Carry();
  Wait(kMs(2000));
  for (uint16_t i = 1; i <= 2 * NackGenerator::kOutagePackets; ++i) {
    SendVideo(static_cast<uint16_t>(10 + i), i * 3000u, kDelta);
    Carry();
    Wait(kMs(33));
  }
  const int before = Plis();
  std::vector<uint16_t> missed;
  for (const RtpPacketView& packet : Got(kVideoOut)) missed.push_back(packet.sequence_number);
  const auto repairs = [&] {
    const auto sent = Got(kVideoOutRtx);  // padding that probes the path among them
    return std::count_if(sent.begin(), sent.end(), [](const RtpPacketView& packet) { return packet.payload_size > 0; });
  };
  const auto asks = [&](size_t first, size_t last) {
    const std::vector<uint16_t> asked(missed.begin() + static_cast<std::ptrdiff_t>(first),
                                      missed.begin() + static_cast<std::ptrdiff_t>(last));
    bob_.SendRtcp([&](RtcpWriter& writer) { writer.AddNack(Ssrc(1), kVideoOut, asked); });
    Carry();
    Wait(kMs(40));
  };
  asks(20, 33);
  EXPECT_EQ(repairs(), 13) << "the latest half second is repeated as ever";
  EXPECT_EQ(Plis(), before);
  asks(1, 20);
  EXPECT_EQ(repairs(), 13);
  EXPECT_EQ(Plis(), before + 1);
  asks(1, 20);
  EXPECT_EQ(repairs(), 13) << "nor is it when it is asked for once more";
  SendVideo(43, 99'000, kKeyframe);
  SendVideo(44, 102'000, kDelta);
  Carry();
  Wait(kMs(20));
  missed = {Got(kVideoOut).back().sequence_number};
  asks(0, 1);
  EXPECT_EQ(repairs(), 14);
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
  more.uptracks.push_back({.id = UptrackId(3),
                           .kind = MediaKind::kVideo,
                           .mid = "4",
                           .codec = H264(102, 103),
                           .layers = {{.ssrc = Ssrc(3001)}}});
  Do(UpdatePeer{more});
  SendVideo(2, 3000, kDelta);
  Carry();
  EXPECT_THAT(Got(kVideoOut), SizeIs(2));
}

TEST_F(WorkerTest, OfSeveralSizesOneIsPassedOnAndTheOthersAreCountedAndNamed) {
  Connect();
  PeerConfig more = Publisher();
  // Rids are learned from the packets.
  more.uptracks[1].layers = {{.rid = "q"}, {.rid = "f"}};
  more.uptracks[1].id = UptrackId(9);
  more.uptracks[1].extensions.mid = 3;
  more.uptracks[1].extensions.rid = 4;
  Do(UpdatePeer{more});
  Do(SetPublished{PeerId(1), UptrackId(9), true});
  Do(ConnectSlot{PeerId(2), kVideoDown, UptrackId(9), signal::Quality::kSmall});
  const auto text = [](std::string_view t) { return std::vector<std::byte>(AsBytes(t).begin(), AsBytes(t).end()); };
  const auto send = [&](Ssrc ssrc, const char* rid, uint16_t seq) {
    alice_.SendRtp({.payload_type = PayloadType(102), .sequence_number = seq, .timestamp = seq * 3000u, .ssrc = ssrc},
                   seq % 50 == 1 ? kKeyframe : kDelta, {{3, text("1")}, {4, text(rid)}});
  };
  for (uint16_t seq = 1; seq <= 100; ++seq) {
    send(Ssrc(71), "q", seq);
    send(Ssrc(72), "f", seq);
    Wait(kMs(40));
  }
  EXPECT_THAT(Got(kVideoOut), SizeIs(100)) << "all of the small one, none of the large one";
  const auto wanted = Events<UptrackLayersWanted>();
  ASSERT_THAT(wanted, SizeIs(1));
  EXPECT_EQ(wanted[0].uptrack, UptrackId(9));
  EXPECT_EQ(wanted[0].mask, 0b01);
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
