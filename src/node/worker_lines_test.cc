// Sources and taps of a worker: packets in clear that come from another thread and go to another thread.
#include "node/worker_test_fixture.h"

namespace duet {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr PeerId kSource(7);
constexpr UptrackId kSourceVideo(71);
constexpr TapId kTap(1);

struct Read {
  LineItem::Kind kind{};
  int layer = 0;
  bool starts_keyframe = false;
  UptrackId uptrack;
  int64_t seq = 0;
  Time captured;
  uint32_t timestamp = 0;
  bool marker = false;
  uint16_t header_seq = 0;
  std::vector<std::byte> payload;
};

class WorkerLinesTest : public WorkerTest {
 protected:
  struct CountingWaker : Waker {
    int count = 0;
    void Wake() override { ++count; }
  };

  static std::vector<Read> ReadAll(MediaLine& line) {
    std::vector<Read> all;
    for (; const LineItem* item = line.Front(); line.Pop()) {
      Read read{.kind = item->kind,
                .layer = item->layer,
                .starts_keyframe = item->starts_keyframe,
                .uptrack = item->uptrack,
                .seq = item->seq,
                .captured = item->captured,
                .timestamp = item->rtp_timestamp};
      if (item->kind == LineItem::Kind::kPacket) {
        const auto view = ParseRtp(item->packet());
        EXPECT_TRUE(view);
        read.timestamp = view->timestamp;
        read.marker = view->marker;
        read.header_seq = view->sequence_number;
        read.payload.assign(view->payload().begin(), view->payload().end());
      }
      all.push_back(std::move(read));
    }
    return all;
  }
  std::vector<Read> Packets() const {
    std::vector<Read> all = ReadAll(*line_);
    std::erase_if(all, [](const Read& read) { return read.kind != LineItem::Kind::kPacket; });
    return all;
  }
  void Tap(UptrackId source, AddTap::What what = AddTap::What::kBridge) {
    Do(AddTap{kTap, RoomKey(1), source, line_, what});
  }

  // ---- a source
  static UptrackConfig SourceTrack(size_t layers = 1) {
    return {.id = kSourceVideo,
            .kind = MediaKind::kVideo,
            .mid = "v",
            .codec = H264(102, 103),
            .layers = std::vector<LayerConfig>(layers)};
  }
  void AddSourceOf(std::vector<UptrackConfig> tracks) {
    Do(AddSource{RoomKey(1), kSource, tracks, line_});
    for (const UptrackConfig& track : tracks) Do(SetPublished{kSource, track.id, true});
  }
  void ConnectBob(UptrackId source, DowntrackId slot) {
    Do(AddPeer{RoomKey(1), Subscriber()});
    Do(ConnectSlot{PeerId(2), slot, source});
    bob_.SendCheck();
    Carry();
    ASSERT_TRUE(bob_.connected());
  }
  bool Push(UptrackId uptrack, int64_t seq, uint32_t timestamp, const std::vector<std::byte>& payload,
            uint8_t layer = 0) {
    LineItem* item = line_->BeginPush();
    if (item == nullptr) return false;
    item->kind = LineItem::Kind::kPacket;
    item->layer = layer;
    item->uptrack = uptrack;
    item->seq = seq;
    RtpHeaderWriter writer(item->bytes);
    writer.Begin({.marker = true,
                  .payload_type = PayloadType(102),
                  .sequence_number = static_cast<uint16_t>(seq),
                  .timestamp = timestamp,
                  .ssrc = Ssrc(9)});
    const size_t header = writer.Finish();
    std::copy(payload.begin(), payload.end(), item->bytes + header);
    item->size = static_cast<uint16_t>(header + payload.size());
    line_->EndPush();
    return true;
  }
  void PushReference(UptrackId uptrack, Time captured, uint32_t timestamp) {
    LineItem* item = line_->BeginPush();
    item->kind = LineItem::Kind::kReference;
    item->layer = 0;
    item->uptrack = uptrack;
    item->captured = captured;
    item->rtp_timestamp = timestamp;
    line_->EndPush();
  }
  void Lines() {
    worker_->OnLines(now_, out_);
    Carry();
  }
  void ExpectNothingLeft() {
    out_.Clear();
    EXPECT_EQ(pool_.in_use(), 0u);
    Wait(kMs(200));
    const auto counts = Events<WorkerCounts>();
    ASSERT_FALSE(counts.empty());
    EXPECT_EQ(counts.back().rooms, 0u);
    EXPECT_EQ(counts.back().uptracks, 0u);
    EXPECT_EQ(counts.back().sources, 0u);
    EXPECT_EQ(counts.back().taps, 0u);
    EXPECT_TRUE(worker_->NextTimer().is_never());
    EXPECT_EQ(line_.use_count(), 1) << "the worker has let go of the line";
  }

  CountingWaker waker_;
  MediaLineRef line_ = std::make_shared<MediaLine>(&waker_, 64);
};

// ---- taps

TEST_F(WorkerLinesTest, ATapGetsSoundInClearWithOneWakeForABatch) {
  Connect();
  Tap(kAudioUp);
  for (uint16_t i = 0; i < 3; ++i) {
    PacketRef packet;
    SendAudio(static_cast<uint16_t>(100 + i), 960u * i);
    packet = pool_.Copy(alice_.outbox().queued().back().packet->bytes());
    alice_.outbox().Clear();
    worker_->OnDatagramOfBatch(now_, alice_.address(), std::move(packet), out_);
  }
  EXPECT_EQ(waker_.count, 0);
  worker_->OnBatchEnd(now_, out_);
  Carry();
  EXPECT_EQ(waker_.count, 1);
  const auto packets = Packets();
  ASSERT_THAT(packets, SizeIs(3));
  EXPECT_EQ(packets[0].uptrack, kAudioUp);
  EXPECT_EQ(packets[0].payload, std::vector<std::byte>(80, std::byte{0x78}));
  EXPECT_TRUE(packets[0].starts_keyframe);
  EXPECT_EQ(packets[2].seq - packets[0].seq, 2);
  EXPECT_EQ(packets[2].timestamp - packets[0].timestamp, 1920u);
  EXPECT_THAT(Got(kAudioOut), SizeIs(3)) << "others get it as before";
}

TEST_F(WorkerLinesTest, ATapOfVideoStartsAtTheRememberedKeyframeOrAsksForOne) {
  Connect();
  SendVideo(500, 9000, kKeyframe);
  SendVideo(501, 12000, kDelta);
  Carry();
  Tap(kVideoUp);
  auto packets = Packets();
  ASSERT_THAT(packets, SizeIs(2));
  EXPECT_TRUE(packets[0].starts_keyframe);
  EXPECT_TRUE(packets[0].marker);
  EXPECT_EQ(packets[1].payload, kDelta);
  Do(RemoveTap{kTap});
  Wait(kMs(2000));
  const int before = Plis();
  Tap(kVideoUp);
  Wait(kMs(50));
  EXPECT_EQ(Plis(), before + 1);
  SendVideo(502, 15000, kDelta);
  Carry();
  EXPECT_THAT(Packets(), IsEmpty());
  SendVideo(503, 18000, kKeyframe);
  Carry();
  EXPECT_THAT(Packets(), SizeIs(1));
}

TEST_F(WorkerLinesTest, WhatIsSwitchedOffReachesNoTap) {
  Connect();
  Tap(kAudioUp);
  Do(SetPublished{PeerId(1), kAudioUp, false});
  SendAudio(1, 960);
  Carry();
  EXPECT_THAT(Packets(), IsEmpty());
}

TEST_F(WorkerLinesTest, ABridgeNumbersWithoutTheHolesOfPadding) {
  Connect();
  Tap(kVideoUp);
  SendVideo(500, 9000, kKeyframe);
  SendVideo(501, 9000, {});
  SendVideo(502, 12000, kDelta);
  Carry();
  const auto packets = Packets();
  ASSERT_THAT(packets, SizeIs(2));
  EXPECT_EQ(packets[1].seq, packets[0].seq + 1);
  EXPECT_EQ(packets[1].header_seq, static_cast<uint16_t>(packets[1].seq));
}

TEST_F(WorkerLinesTest, SenderReportsBecomeReferences) {
  Connect();
  Tap(kAudioUp);
  SendAudio(1, 48000);
  alice_.SendRtcp([&](RtcpWriter& writer) {
    writer.AddSenderReport({.sender_ssrc = kAudioSsrc, .ntp = now_.ntp(), .rtp_timestamp = 48000});
  });
  Carry();
  const auto all = ReadAll(*line_);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[1].kind, LineItem::Kind::kReference);
  EXPECT_EQ(all[1].timestamp, 48000u);
  EXPECT_NEAR(static_cast<double>((all[1].captured - now_).us()), 0, 2);
}

TEST_F(WorkerLinesTest, ALineThatNobodyReadsLosesPacketsThatAreCountedAndHoldsUpNobody) {
  Connect();
  Tap(kAudioUp);
  for (uint16_t i = 0; i < 100; ++i) SendAudio(i, 960u * i);
  Carry();
  EXPECT_EQ(line_->refused(), 36u);
  EXPECT_THAT(Got(kAudioOut), SizeIs(100));
  EXPECT_THAT(Packets(), SizeIs(64));
  Wait(kMs(1100));
  EXPECT_EQ(Events<WorkerCounts>().back().drops[Drop::kQueueFull], 36u);
}

TEST_F(WorkerLinesTest, ABridgeDoesNotReadVp8) {
  Connect();
  PeerConfig config = Publisher();
  config.uptracks[1].id = UptrackId(9);
  config.uptracks[1].codec = Vp8(102);
  Do(UpdatePeer{config});
  Do(SetPublished{PeerId(1), UptrackId(9), true});
  Tap(UptrackId(9));
  SendVideo(1, 0, {std::byte{0x10}, std::byte{0}, std::byte{0}, std::byte{0}});
  Carry();
  EXPECT_THAT(Packets(), IsEmpty());
}

TEST_F(WorkerLinesTest, ATapGoesWithItsTrack) {
  Connect();
  Tap(kVideoUp);
  PeerConfig config = Publisher();
  config.uptracks.pop_back();
  Do(UpdatePeer{config});
  EXPECT_EQ(line_.use_count(), 1);
  Do(RemoveTap{kTap});  // of no consequence any more
  Do(RequestKeyframe{kVideoUp});
  Do(RemovePeer{PeerId(2)});
  Do(RemovePeer{PeerId(1)});
  ExpectNothingLeft();
}

TEST_F(WorkerLinesTest, AKeyframeThatTheReaderNeedsIsAskedOfThePublisher) {
  Connect();
  Tap(kVideoUp);
  SendVideo(1, 0, kKeyframe);
  Carry();
  Wait(kMs(2000));
  const int before = Plis();
  Do(RequestKeyframe{kVideoUp});
  Do(RequestKeyframe{kVideoUp});
  Wait(kMs(50));
  EXPECT_EQ(Plis(), before + 1);
}

// ---- several sizes

class SizesTest : public WorkerLinesTest {
 protected:
  static constexpr UptrackId kSizes{9};
  void ConnectSizes() {
    Connect();
    PeerConfig config = Publisher();
    config.uptracks[1].id = kSizes;
    config.uptracks[1].layers = {{.ssrc = Ssrc(81)}, {.ssrc = Ssrc(82)}};
    Do(UpdatePeer{config});
    Do(SetPublished{PeerId(1), kSizes, true});
  }
  void SendLayer(int layer, bool keyframe) {
    const uint16_t seq = seq_[layer]++;
    alice_.SendRtp(
        {.marker = true,
         .payload_type = PayloadType(102),
         .sequence_number = seq,
         .timestamp = 1000u * static_cast<uint32_t>(layer) + 90 * static_cast<uint32_t>((now_ - begun_).ms()),
         .ssrc = Ssrc(static_cast<uint32_t>(81 + layer))},
        keyframe ? kKeyframe : kDelta);
    Carry();
  }
  int PlisOf(int layer) {
    return CountRtcp<Pli>(alice_,
                          [&](const Pli& pli) { return pli.media_ssrc.value() == static_cast<uint32_t>(81 + layer); });
  }
  std::array<uint16_t, 2> seq_ = {100, 3000};
  std::array<int, 2> asked_{};  // PLIs that were answered
  Time begun_ = now_;
};

TEST_F(SizesTest, ABridgeShowsTheLargestThatComesWithoutAJump) {
  ConnectSizes();
  Tap(kSizes);
  std::vector<Read> got;
  const auto frames = [&](int count, bool small, bool large) {
    for (int i = 0; i < count; ++i) {
      const bool asked_small = PlisOf(0) != asked_[0];
      const bool asked_large = PlisOf(1) != asked_[1];
      asked_ = {PlisOf(0), PlisOf(1)};
      if (small) SendLayer(0, asked_small);
      if (large) SendLayer(1, asked_large);
      for (Read& read : Packets()) got.push_back(std::move(read));
      Wait(kMs(40));
    }
  };
  SendLayer(0, true);
  for (Read& read : Packets()) got.push_back(std::move(read));
  ASSERT_THAT(got, SizeIs(1));
  Wait(kMs(40));
  frames(25, true, false);
  EXPECT_EQ(got.back().layer, 0);
  frames(50, true, true);
  EXPECT_EQ(got.back().layer, 1) << "the larger one came and was asked for a keyframe";
  frames(75, true, false);
  EXPECT_EQ(got.back().layer, 0) << "it stopped";
  for (size_t i = 1; i < got.size(); ++i) {
    EXPECT_EQ(got[i].seq, got[i - 1].seq + 1) << i;
    EXPECT_EQ(got[i].header_seq, static_cast<uint16_t>(got[i].seq));
    const auto step = static_cast<int32_t>(got[i].timestamp - got[i - 1].timestamp);
    EXPECT_GT(step, 0) << i;
    EXPECT_LT(step, 90 * 2500) << i;
    EXPECT_TRUE(got[i].layer == got[i - 1].layer || got[i].starts_keyframe) << i;
  }
  EXPECT_GT(got.size(), 100u);
}

TEST_F(SizesTest, ARelayGetsEveryPacketOfEverySizeAsItIs) {
  ConnectSizes();
  Tap(kSizes, AddTap::What::kRelay);
  for (int i = 0; i < 10; ++i) {
    SendLayer(0, false);
    SendLayer(1, i == 0);
  }
  const auto got = Packets();
  ASSERT_THAT(got, SizeIs(20));
  EXPECT_EQ(got[0].header_seq, 100);
  EXPECT_EQ(got[1].header_seq, 3000);
  EXPECT_EQ(got[1].layer, 1);
  EXPECT_TRUE(got[1].starts_keyframe);
}

TEST_F(SizesTest, AReaderOfARelayIsASubscriberOfTheSizesThatItWants) {
  ConnectSizes();
  Tap(kSizes, AddTap::What::kRelay);
  Do(SetTapWants{kTap, 0b10, 0});
  Wait(kMs(2500));
  auto wanted = Events<UptrackLayersWanted>();
  ASSERT_FALSE(wanted.empty());
  EXPECT_EQ(wanted.back().mask, 0b10);
  Do(SetTapWants{kTap, 0b01, 300'000});
  Wait(kMs(2500));
  EXPECT_EQ(Events<UptrackLayersWanted>().back().mask, 0b01);
  ASSERT_FALSE(Events<UptrackLimit>().empty());
  EXPECT_EQ(Events<UptrackLimit>().back().max_bps, 300'000);
}

// ---- sources

TEST_F(WorkerLinesTest, WhatASourceBringsReachesSubscribers) {
  AddSourceOf({SourceTrack()});
  ConnectBob(kSourceVideo, kVideoDown);
  Push(kSourceVideo, 65'534, 9000, kKeyframe);
  for (int i = 1; i < 10; ++i) Push(kSourceVideo, 65'534 + i, 9000 + 3000u * static_cast<uint32_t>(i), kDelta);
  Lines();
  const auto video = Got(kVideoOut);
  ASSERT_THAT(video, SizeIs(10));
  EXPECT_TRUE(std::equal(video[0].payload().begin(), video[0].payload().end(), kKeyframe.begin(), kKeyframe.end()));
  EXPECT_TRUE(video[0].marker);
  EXPECT_EQ(video[0].payload_type, PayloadType(39));
  for (size_t i = 1; i < video.size(); ++i)
    EXPECT_EQ(video[i].sequence_number, static_cast<uint16_t>(video[i - 1].sequence_number + 1));
  EXPECT_EQ(video[9].timestamp - video[0].timestamp, 27'000u);
  const uint16_t lost[] = {video[3].sequence_number};
  bob_.SendRtcp([&](RtcpWriter& writer) { writer.AddNack(Ssrc(1), kVideoOut, lost); });
  Carry();
  EXPECT_THAT(Got(kVideoOutRtx), SizeIs(1)) << "repairs come from this worker's own memory";
}

TEST_F(WorkerLinesTest, AKeyframeIsAskedForThroughControlAndNotTooOften) {
  AddSourceOf({SourceTrack()});
  ConnectBob(kSourceVideo, kVideoDown);
  Push(kSourceVideo, 10, 0, kDelta);
  Lines();
  EXPECT_THAT(Got(kVideoOut), IsEmpty());
  Wait(kMs(50));
  ASSERT_THAT(Events<SourceKeyframeWanted>(), SizeIs(1));
  EXPECT_EQ(Events<SourceKeyframeWanted>()[0].peer, kSource);
  EXPECT_EQ(Events<SourceKeyframeWanted>()[0].uptrack, kSourceVideo);
  Wait(kMs(2000));
  const auto asked = Events<SourceKeyframeWanted>().size();
  EXPECT_GE(asked, 3u) << "repeated while it does not come";
  EXPECT_LE(asked, 8u);
  Push(kSourceVideo, 11, 3000, kKeyframe);
  Lines();
  EXPECT_THAT(Got(kVideoOut), SizeIs(1));
  Wait(kMs(1000));
  const auto before = Events<SourceKeyframeWanted>().size();
  for (int i = 0; i < 5; ++i) {
    bob_.SendRtcp([&](RtcpWriter& writer) { writer.AddPli(Ssrc(1), kVideoOut); });
    Carry();
    Wait(kMs(20));
  }
  EXPECT_EQ(Events<SourceKeyframeWanted>().size(), before + 1);
}

TEST_F(WorkerLinesTest, ASourceThatIsNotPublishedGivesNothingAndAsksForNothing) {
  Do(AddSource{RoomKey(1), kSource, {SourceTrack()}, line_});
  ConnectBob(kSourceVideo, kVideoDown);
  Push(kSourceVideo, 10, 0, kKeyframe);
  Lines();
  Wait(kMs(500));
  EXPECT_THAT(Got(kVideoOut), IsEmpty());
  EXPECT_THAT(Events<SourceKeyframeWanted>(), IsEmpty());
}

TEST_F(WorkerLinesTest, TheReferencesOfASourceStandInReports) {
  AddSourceOf({SourceTrack()});
  ConnectBob(kSourceVideo, kVideoDown);
  const Time captured = now_ - kMs(300);
  PushReference(kSourceVideo, captured, 90'000);
  Push(kSourceVideo, 10, 90'000, kKeyframe);
  Lines();
  Wait(kMs(1100));
  ASSERT_THAT(Got(kVideoOut), SizeIs(1));
  const uint32_t first = Got(kVideoOut)[0].timestamp;
  double distance = 1e9;
  CountRtcp<SenderReport>(bob_, [&](const SenderReport& report) {
    const double since = static_cast<double>(static_cast<int64_t>(report.ntp - captured.ntp())) / 4294967296.0;
    if (report.sender_ssrc == kVideoOut)
      distance = static_cast<int32_t>(report.rtp_timestamp - first) / 90'000.0 - since;
    return true;
  });
  EXPECT_NEAR(distance, 0, 0.001);
}

TEST_F(WorkerLinesTest, MoreThanARoundsShareIsTakenInTheNextRound) {
  auto long_line = std::make_shared<MediaLine>(nullptr, 512);
  line_ = long_line;
  AddSourceOf({SourceTrack()});
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(Push(kSourceVideo, i, 0, i == 0 ? kKeyframe : kDelta));
  Lines();
  EXPECT_NE(line_->Front(), nullptr);
  EXPECT_LE(worker_->NextTimer(), now_);
  worker_->OnTimer(now_, out_);
  EXPECT_EQ(line_->Front(), nullptr);
}

TEST_F(WorkerLinesTest, WhatIsNoPacketIsCountedAndDropped) {
  AddSourceOf({SourceTrack()});
  Push(UptrackId(1234), 1, 0, kKeyframe);
  Push(kSourceVideo, 1, 0, kKeyframe, 3);
  LineItem* item = line_->BeginPush();
  item->kind = LineItem::Kind::kPacket;
  item->layer = 0;
  item->uptrack = kSourceVideo;
  item->size = 5;
  line_->EndPush();
  Lines();
  Wait(kMs(1100));
  EXPECT_EQ(Events<WorkerCounts>().back().drops[Drop::kUnknownSsrc], 2u);
  EXPECT_EQ(Events<WorkerCounts>().back().drops[Drop::kMalformed], 1u);
}

TEST_F(WorkerLinesTest, ASourceIsTappedLikeOthersInARoomWithoutAnyPeer) {
  auto out = std::make_shared<MediaLine>(nullptr, 64);
  AddSourceOf({SourceTrack()});
  Do(AddTap{kTap, RoomKey(1), kSourceVideo, out, AddTap::What::kBridge});
  Push(kSourceVideo, 10, 0, kKeyframe);
  PushReference(kSourceVideo, now_, 0);
  Lines();
  EXPECT_THAT(ReadAll(*out), SizeIs(2));
  EXPECT_GT(pool_.in_use(), 0u) << "the keyframe is remembered";
  Wait(kMs(1500));
  EXPECT_EQ(pool_.in_use(), 0u);
  Do(RemoveSource{kSource});
  EXPECT_EQ(out.use_count(), 1);
  ExpectNothingLeft();
}

TEST_F(WorkerLinesTest, ASourceThatGoesBeforeItsSubscriberLeavesNothing) {
  AddSourceOf({SourceTrack()});
  ConnectBob(kSourceVideo, kVideoDown);
  Push(kSourceVideo, 10, 0, kKeyframe);
  Lines();
  Push(kSourceVideo, 11, 3000, kDelta);
  Do(RemoveSource{kSource});
  Lines();
  EXPECT_THAT(Got(kVideoOut), SizeIs(1));
  Do(RemoveSource{kSource});
  Do(RemovePeer{PeerId(2)});
  ExpectNothingLeft();
}

TEST_F(WorkerLinesTest, TheNameOfASourceIsTakenOnce) {
  AddSourceOf({SourceTrack()});
  Do(AddSource{RoomKey(2), kSource, {SourceTrack()}, line_});
  EXPECT_THAT(Events<PeerLost>(), SizeIs(1));
  Do(RemoveSource{kSource});
  ExpectNothingLeft();
}

}  // namespace
}  // namespace duet
