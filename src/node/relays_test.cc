#include "node/relays.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/control_test_fixture.h"
#include "node/speaker_merge.h"

namespace duet {
namespace {

using signal::MediaKind;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr RoomKey kRoom(1);
constexpr PeerId kPublisher(1), kNear(2), kFar(3), kFar2(4);
constexpr UptrackId kPicture(11);

// A publisher and a subscriber on worker 0, two subscribers on worker 1.
class RelaysTest : public testing::Test {
 protected:
  RelaysTest() {
    PeerConfig publisher{.id = kPublisher};
    publisher.uptracks = {{.id = kPicture, .kind = MediaKind::kVideo, .codec = {.kind = CodecKind::kH264}}};
    relays_.SetPeer(kRoom, 0, publisher, out_);
    for (const auto& [peer, worker] : {std::pair(kNear, 0u), std::pair(kFar, 1u), std::pair(kFar2, 1u)}) {
      PeerConfig config{.id = peer};
      config.downtracks = {{.id = SlotOf(peer), .kind = MediaKind::kVideo}};
      relays_.SetPeer(kRoom, worker, config, out_);
    }
    relays_.OnSwitch(now_, SetPublished{kPublisher, kPicture, true}, out_);
  }
  static DowntrackId SlotOf(PeerId peer) { return DowntrackId(100 + peer.value()); }
  void Connect(PeerId peer, UptrackId source) { relays_.OnSwitch(now_, ConnectSlot{peer, SlotOf(peer), source}, out_); }
  // What is said of this kind, and to whom; takes it away.
  template <typename C>
  std::vector<std::pair<size_t, C>> Take() {
    std::vector<std::pair<size_t, C>> taken;
    std::erase_if(out_, [&](auto& item) {
      auto* command = std::get_if<C>(&item.second);
      if (command == nullptr) return false;
      taken.emplace_back(item.first, std::move(*command));
      return true;
    });
    return taken;
  }

  Time now_ = Time::FromMillis(1'000'000);
  Relays relays_{{nullptr, nullptr}};
  Relays::Commands out_;
};

TEST_F(RelaysTest, ATrackIsCopiedOnceToAWorkerThatWantsIt) {
  Connect(kNear, kPicture);
  EXPECT_THAT(out_, IsEmpty());
  Connect(kFar, kPicture);
  Connect(kFar2, kPicture);
  const auto sources = Take<AddSource>();
  const auto taps = Take<AddTap>();
  ASSERT_THAT(sources, SizeIs(1));
  ASSERT_THAT(taps, SizeIs(1));
  EXPECT_EQ(sources[0].first, 1u);
  EXPECT_EQ(taps[0].first, 0u);
  EXPECT_EQ(sources[0].second.line, taps[0].second.line);
  EXPECT_EQ(taps[0].second.what, AddTap::What::kRelay);
  ASSERT_THAT(sources[0].second.uptracks, SizeIs(1));
  EXPECT_EQ(sources[0].second.uptracks[0].id, kPicture) << "slots of both workers name it alike";
  const auto published = Take<SetPublished>();
  ASSERT_THAT(published, SizeIs(1));
  EXPECT_EQ(published[0].first, 1u);
  EXPECT_EQ(published[0].second.peer, sources[0].second.peer);
}

TEST_F(RelaysTest, ItEndsAWhileAfterTheLastSlotThere) {
  Connect(kFar, kPicture);
  Connect(kFar2, kPicture);
  Connect(kFar, UptrackId());
  EXPECT_TRUE(relays_.NextTimer().is_never());
  relays_.DropPeer(kFar2, out_);
  out_.clear();
  Connect(kFar, kPicture);
  relays_.OnTimer(now_, out_);
  EXPECT_THAT(out_, IsEmpty()) << "it was wanted again in time";
  Connect(kFar, UptrackId());
  EXPECT_EQ(relays_.NextTimer(), now_ + Relays::kLinger);
  relays_.OnTimer(now_ + Relays::kLinger - Duration::Millis(1), out_);
  EXPECT_EQ(relays_.size(), 1u);
  relays_.OnTimer(now_ + Relays::kLinger, out_);
  EXPECT_EQ(relays_.size(), 0u);
  EXPECT_THAT(Take<RemoveTap>(), SizeIs(1));
  EXPECT_THAT(Take<RemoveSource>(), SizeIs(1));
  EXPECT_TRUE(relays_.NextTimer().is_never());
}

TEST_F(RelaysTest, ItEndsWithTheTrack) {
  Connect(kFar, kPicture);
  out_.clear();
  relays_.SetPeer(kRoom, 0, PeerConfig{.id = kPublisher}, out_);
  EXPECT_EQ(relays_.size(), 0u);
  EXPECT_THAT(Take<RemoveSource>(), SizeIs(1));
  EXPECT_THAT(Take<RemoveTap>(), SizeIs(1));
  EXPECT_FALSE(relays_.WorkerOf(kPicture));
  Connect(kFar, UptrackId());
  EXPECT_THAT(out_, IsEmpty());
}

TEST_F(RelaysTest, WhatIsSwitchedOffIsSwitchedOffThereToo) {
  Connect(kFar, kPicture);
  out_.clear();
  relays_.OnSwitch(now_, SetPublished{kPublisher, kPicture, false}, out_);
  const auto changes = Take<SetPublished>();
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].first, 1u);
  EXPECT_FALSE(changes[0].second.published);
}

TEST_F(RelaysTest, WhatSubscribersThereNeedReachesTheWorkerThatReceives) {
  Connect(kFar, kPicture);
  const PeerId source = Take<AddSource>()[0].second.peer;
  const TapId tap = Take<AddTap>()[0].second.tap;
  out_.clear();
  EXPECT_TRUE(relays_.OnEvent(SourceKeyframeWanted{source, kPicture, 2}, out_));
  const auto keyframes = Take<RequestKeyframe>();
  ASSERT_THAT(keyframes, SizeIs(1));
  EXPECT_EQ(keyframes[0].first, 0u);
  EXPECT_EQ(keyframes[0].second.layer, 2);
  EXPECT_TRUE(relays_.OnEvent(UptrackLimit{source, kPicture, 300'000}, out_));
  EXPECT_TRUE(relays_.OnEvent(UptrackLayersWanted{source, kPicture, 0b01}, out_));
  const auto wants = Take<SetTapWants>();
  ASSERT_THAT(wants, SizeIs(2));
  EXPECT_EQ(wants[1].second.tap, tap);
  EXPECT_EQ(wants[1].second.layers, 0b01);
  EXPECT_EQ(wants[1].second.max_bps, 300'000);
  EXPECT_FALSE(relays_.OnEvent(UptrackLimit{kPublisher, kPicture, 300'000}, out_)) << "that is the publisher's own";
}

TEST_F(RelaysTest, WhatTheOtherWorkerHadNoRoomForBeginsAnewWhenItIsAskedForAgain) {
  Connect(kFar, kPicture);
  const PeerId source = Take<AddSource>()[0].second.peer;
  EXPECT_TRUE(relays_.OnEvent(PeerLost{source, PeerLossReason::kNeverConnected, "full"}, out_));
  EXPECT_EQ(relays_.size(), 0u);
  out_.clear();
  Connect(kFar2, kPicture);
  EXPECT_THAT(Take<AddSource>(), SizeIs(1));
  Connect(kFar, UptrackId());
  EXPECT_TRUE(relays_.NextTimer().is_never()) << "it had no part in this one";
  Connect(kFar, kPicture);
  Connect(kFar2, UptrackId());
  EXPECT_TRUE(relays_.NextTimer().is_never()) << "it has now";
}

TEST_F(RelaysTest, ATrackThatStaysIsCopiedAsItBegan) {
  PeerConfig again{.id = kPublisher};
  again.uptracks = {
      {.id = kPicture, .kind = MediaKind::kVideo, .codec = {.kind = CodecKind::kH264}, .layers = {{}, {}, {}}}};
  relays_.SetPeer(kRoom, 0, again, out_);
  Connect(kFar, kPicture);
  const auto sources = Take<AddSource>();
  ASSERT_THAT(sources, SizeIs(1));
  EXPECT_THAT(sources[0].second.uptracks[0].layers, SizeIs(1));
  EXPECT_THAT(Take<SetPublished>(), SizeIs(1)) << "and is still published";
}

TEST(SpeakerMergeTest, AWorkerWhoseLastMemberHasLeftIsForgotten) {
  SpeakerMerge merge;
  Time now = Time::FromMillis(1'000'000);
  SpeakerMerge::List a;
  a.push_back({UptrackId(1), 30});
  SpeakerMerge::List b;
  b.push_back({UptrackId(2), 50});
  merge.OnReport(now, 1, b);
  for (int i = 0; i < 4; ++i) {
    now = now + MediaRoom::kSpeakersInterval;
    const auto told = merge.OnReport(now, 0, a);
    ASSERT_TRUE(told);
    EXPECT_THAT(*told, SizeIs(i < 3 ? 2 : 1)) << i;
  }
}

TEST(SpeakerMergeTest, SpeakersOfAllWorkersAreToldTogetherAndNotTwice) {
  SpeakerMerge merge;
  Time now = Time::FromMillis(1'000'000);
  SpeakerMerge::List a;
  a.push_back({UptrackId(1), 30});
  SpeakerMerge::List b;
  b.push_back({UptrackId(2), 50});
  const auto first = merge.OnReport(now, 0, a);
  ASSERT_TRUE(first);
  EXPECT_THAT(*first, SizeIs(1));
  EXPECT_FALSE(merge.OnReport(now + Duration::Millis(100), 1, b));
  const auto second = merge.OnReport(now + Duration::Millis(500), 0, a);
  ASSERT_TRUE(second);
  ASSERT_THAT(*second, SizeIs(2));
  EXPECT_EQ((*second)[0].uptrack, UptrackId(2)) << "the loudest first";
  EXPECT_FALSE(merge.OnReport(now + Duration::Millis(600), 1, {}));
  const auto nobody = merge.OnReport(now + Duration::Millis(700), 0, {});
  ASSERT_TRUE(nobody) << "at once";
  EXPECT_THAT(*nobody, IsEmpty());
  EXPECT_FALSE(merge.OnReport(now + Duration::Millis(1200), 1, {}));
}

// ---- where members go

class PlacementTest : public ControlTest {
 protected:
  void TwoWorkers() {
    ControlConfig config;
    config.workers = {{{Endpoint{IpAddress::V4(127, 0, 0, 1), 40000}}},
                      {{Endpoint{IpAddress::V4(127, 0, 0, 1), 40001}}}};
    Restart(config);
  }
  SessionId EnterAs(const std::string& user, uint32_t room) {
    const SessionId session = Open();
    signal::Enter enter = EnterRequest(user);
    enter.room.value = room;
    enter.room_template = signal::Template::kGrid;
    Enter(session, enter);
    return session;
  }
};

TEST_F(PlacementTest, ASmallRoomStaysTogetherAndALargeOneIsSpread) {
  TwoWorkers();
  for (int i = 0; i < 40; ++i) EnterAs("u" + std::to_string(i), 1);
  const auto workers = WorkersOfPeers();
  ASSERT_THAT(workers, SizeIs(40));
  EXPECT_EQ(std::count(workers.begin(), workers.begin() + 16, workers[0]), 16);
  EXPECT_EQ(std::count(workers.begin(), workers.end(), workers[0]), 20);
  EXPECT_GT(Commands<AddTap>(), 0u) << "they see each other";
}

TEST_F(PlacementTest, SmallRoomsAreSharedOut) {
  TwoWorkers();
  for (int i = 0; i < 8; ++i) EnterAs("u" + std::to_string(i), static_cast<uint32_t>(1 + i / 2));
  const auto workers = WorkersOfPeers();
  EXPECT_THAT(workers, ElementsAre(0, 0, 1, 1, 0, 0, 1, 1));
  EXPECT_EQ(Commands<AddTap>(), 0u);
}

}  // namespace
}  // namespace duet
