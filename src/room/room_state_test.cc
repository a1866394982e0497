#include "room/room_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace duet {
namespace {

using signal::MediaKind;
using signal::StreamType;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr MediaKind kAudio = MediaKind::kAudio;
constexpr MediaKind kVideo = MediaKind::kVideo;
constexpr StreamType kMain = StreamType::kMain;
constexpr signal::Quality kAuto = signal::Quality::kAuto;
constexpr StreamType kAux = StreamType::kAux;

// A room in which every member has one audio and one video section to send on, and as many slots as asked for.
class RoomStateTest : public testing::Test {
 protected:
  MemberTransport Transport(bool on, size_t audio_slots = 1, size_t video_slots = 1) {
    MemberTransport transport{.peer = PeerId(++ids_)};
    transport.publications.push_back({"0", kAudio, kMain, UptrackId(++ids_), on});
    transport.publications.push_back({"1", kVideo, kMain, UptrackId(++ids_), on});
    int mid = 2;
    for (size_t i = 0; i < audio_slots; ++i)
      transport.slots.push_back({std::to_string(mid++), kAudio, DowntrackId(++ids_), {}, {}});
    for (size_t i = 0; i < video_slots; ++i)
      transport.slots.push_back({std::to_string(mid++), kVideo, DowntrackId(++ids_), {}, {}});
    return transport;
  }
  Member& Enter(const std::string& user, bool on = true, int recv_mode = 1, size_t audio_slots = 1,
                size_t video_slots = 1) {
    Member member{.user_id = user, .recv_mode = recv_mode, .session = SessionId(++ids_)};
    member.transport = Transport(on, audio_slots, video_slots);
    return room_.Enter(std::move(member), fx_);
  }
  // What this member was told since the last call, by type.
  template <typename N>
  std::vector<N> Told(const Member& member) {
    std::vector<N> told;
    for (const auto& [session, notification] : fx_.notifications) {
      if (session != member.session) continue;
      if (const N* match = std::get_if<N>(&notification)) told.push_back(*match);
    }
    return told;
  }
  void Forget() { fx_ = RoomEffects(); }
  // What the switches so far have put on a slot.
  UptrackId Connected(const Member& member, size_t slot) {
    UptrackId source;
    for (const auto& change : fx_.switches) {
      const auto* connect = std::get_if<ConnectSlot>(&change);
      if (connect != nullptr && connect->downtrack == member.transport.slots[slot].downtrack) source = connect->source;
    }
    return source;
  }
  static std::vector<std::string> Table(const Member& member) {
    std::vector<std::string> rows;
    for (const auto& row : member.slot_table()) {
      rows.push_back(row.mid + " " + row.user_id + " " + std::string(ToString(row.stream)) + " " +
                     std::string(ToString(row.kind)));
    }
    return rows;
  }

  uint64_t ids_ = 0;
  RoomEffects fx_;
  RoomState room_{RoomState::Options{.key = RoomKey(1), .capacity = 3}};
};

TEST_F(RoomStateTest, TwoMembersGetEachOtherOnTheirSlots) {
  Member& alice = Enter("alice");
  EXPECT_THAT(Table(alice), IsEmpty());
  Member& bob = Enter("bob");
  EXPECT_THAT(Table(alice), ElementsAre("2 bob main audio", "3 bob main video"));
  EXPECT_THAT(Table(bob), ElementsAre("2 alice main audio", "3 alice main video"));
  EXPECT_EQ(Connected(alice, 1), bob.transport.publications[1].uptrack);
  EXPECT_EQ(Connected(bob, 1), alice.transport.publications[1].uptrack);
}

TEST_F(RoomStateTest, TheOthersLearnWhoCameAndWhatItSends) {
  Member& alice = Enter("alice");
  Enter("bob");
  EXPECT_THAT(Told<signal::MemberJoined>(alice), ElementsAre(signal::MemberJoined{"bob", signal::Role::kAnchor}));
  EXPECT_THAT(Told<signal::Streams>(alice), ElementsAre(signal::Streams{"bob", {{kMain, true, true}}}));
  EXPECT_THAT(Told<signal::Slots>(alice), SizeIs(1));
}

TEST_F(RoomStateTest, WhoSendsNothingTakesNoSlot) {
  Member& alice = Enter("alice");
  Member& bob = Enter("bob", /*on=*/false);
  EXPECT_THAT(Table(alice), IsEmpty());
  EXPECT_THAT(Told<signal::Streams>(alice), IsEmpty());
  Forget();
  EXPECT_TRUE(room_.Publish(bob, kMain, true, std::nullopt, fx_));
  EXPECT_THAT(Table(alice), ElementsAre("2 bob main audio"));
  EXPECT_THAT(fx_.switches, testing::Contains(testing::VariantWith<SetPublished>(
                                SetPublished{bob.transport.peer, bob.transport.publications[0].uptrack, true})));
}

TEST_F(RoomStateTest, MuteKeepsTheSlotAndTellsTheOthers) {
  Member& alice = Enter("alice");
  Member& bob = Enter("bob");
  Forget();
  EXPECT_TRUE(room_.Publish(bob, kMain, false, std::nullopt, fx_));
  EXPECT_THAT(Told<signal::Streams>(alice), ElementsAre(signal::Streams{"bob", {{kMain, false, true}}}));
  EXPECT_THAT(Told<signal::Slots>(alice), IsEmpty());
  EXPECT_THAT(Table(alice), SizeIs(2));
}

TEST_F(RoomStateTest, PublishingTheSameAgainIsSilent) {
  Enter("alice");
  Member& bob = Enter("bob");
  Forget();
  EXPECT_TRUE(room_.Publish(bob, kMain, true, true, fx_));
  EXPECT_THAT(fx_.notifications, IsEmpty());
  EXPECT_THAT(fx_.switches, IsEmpty());
}

TEST_F(RoomStateTest, LeavingEmptiesTheSlots) {
  Member& alice = Enter("alice");
  Enter("bob");
  Forget();
  room_.Leave("bob", signal::LeaveReason::kExit, fx_);
  EXPECT_THAT(Told<signal::MemberLeft>(alice), ElementsAre(signal::MemberLeft{"bob", signal::LeaveReason::kExit}));
  EXPECT_THAT(Table(alice), IsEmpty());
  EXPECT_EQ(Connected(alice, 1), UptrackId());
  EXPECT_EQ(room_.size(), 1u);
}

TEST_F(RoomStateTest, CapacityCountsOtherUsersOnly) {
  Enter("alice");
  Enter("bob");
  Enter("carol");
  EXPECT_FALSE(room_.HasRoomFor("dave"));
  EXPECT_TRUE(room_.HasRoomFor("carol"));
}

TEST_F(RoomStateTest, RecvModeDecidesWhatComesByItself) {
  struct Row {
    int mode;
    std::vector<std::string> table;
  };
  const Row rows[] = {{1, {"2 alice main audio", "3 alice main video"}},
                      {2, {"2 alice main audio"}},
                      {3, {"3 alice main video"}},
                      {4, {}}};
  Enter("alice");
  for (const Row& row : rows) {
    Member& bob = Enter("bob", true, row.mode);
    EXPECT_EQ(Table(bob), row.table) << row.mode;
    room_.Leave("bob", signal::LeaveReason::kExit, fx_);
  }
}

TEST_F(RoomStateTest, SubscribeAndUnsubscribeByHandOverrideTheMode) {
  Enter("alice");
  Member& bob = Enter("bob", true, 4);
  using Outcome = RoomState::SubscribeOutcome;
  const auto outcome = room_.Subscribe(bob, {"alice", kMain, kVideo}, kAuto, fx_);
  EXPECT_EQ(outcome.kind, Outcome::kOnSlot);
  EXPECT_EQ(outcome.mid, "3");
  EXPECT_THAT(Told<signal::Slots>(bob), SizeIs(1));
  room_.Unsubscribe(bob, {"alice", kMain, kVideo}, fx_);
  EXPECT_THAT(Table(bob), IsEmpty());
}

TEST_F(RoomStateTest, AnotherSizeIsASwitchOnTheSameSlotAndNoNewTable) {
  Enter("alice");
  Member& bob = Enter("bob");
  Forget();
  EXPECT_EQ(room_.Subscribe(bob, {"alice", kMain, kVideo}, signal::Quality::kSmall, fx_).mid, "3");
  EXPECT_THAT(Told<signal::Slots>(bob), IsEmpty());
  ASSERT_THAT(fx_.switches, SizeIs(1));
  EXPECT_EQ(std::get<ConnectSlot>(fx_.switches[0]).quality, signal::Quality::kSmall);
  Forget();
  room_.Subscribe(bob, {"alice", kMain, kVideo}, signal::Quality::kSmall, fx_);
  EXPECT_THAT(fx_.switches, IsEmpty()) << "it is what it was";
}

TEST_F(RoomStateTest, ASubscriptionBeforeThePublicationIsRememberedAndFilledLater) {
  Member& bob = Enter("bob", true, 4);
  EXPECT_EQ(room_.Subscribe(bob, {"alice", kMain, kVideo}, kAuto, fx_).kind, RoomState::SubscribeOutcome::kRemembered);
  Enter("alice");
  EXPECT_THAT(Table(bob), ElementsAre("3 alice main video"));
}

TEST_F(RoomStateTest, WithoutAFreeSlotTheSubscriptionSaysSo) {
  Member& bob = Enter("bob");
  Enter("alice");
  Enter("carol");
  EXPECT_EQ(room_.Subscribe(bob, {"carol", kMain, kVideo}, kAuto, fx_).kind, RoomState::SubscribeOutcome::kNoSlot);
}

TEST_F(RoomStateTest, ASwitchedOffSourceGivesItsSlotToOneThatIsOn) {
  Member& bob = Enter("bob");
  Member& alice = Enter("alice");
  Enter("carol");
  EXPECT_TRUE(room_.Publish(alice, kMain, std::nullopt, false, fx_));
  EXPECT_THAT(Table(bob), ElementsAre("2 alice main audio", "3 carol main video"));
}

TEST_F(RoomStateTest, PauseKeepsTheSeatAndResumeTakesItBack) {
  Member& alice = Enter("alice");
  Member& bob = Enter("bob", true, 4);
  room_.Subscribe(bob, {"alice", kMain, kVideo}, kAuto, fx_);
  Forget();
  room_.Pause(bob, Time::FromMillis(90'000), fx_);
  EXPECT_TRUE(bob.paused());
  EXPECT_THAT(Told<signal::MemberPaused>(alice), SizeIs(1));
  Forget();
  const UptrackId old_video = bob.transport.publications[1].uptrack;
  room_.Resume(bob, SessionId(77), "token", Transport(true), fx_);
  EXPECT_FALSE(bob.paused());
  EXPECT_THAT(Told<signal::MemberResumed>(alice), SizeIs(1));
  EXPECT_THAT(Told<signal::MemberLeft>(alice), IsEmpty());
  EXPECT_THAT(Table(bob), ElementsAre("3 alice main video")) << "the subscription by hand is as it was";
  EXPECT_NE(bob.transport.publications[1].uptrack, old_video);
  EXPECT_EQ(Connected(alice, 1), bob.transport.publications[1].uptrack)
      << "alice's slot carries the new transport's track";
}

TEST_F(RoomStateTest, NegotiateKeepsWhatStandsAndWhatIsOn) {
  Enter("alice");
  Member& bob = Enter("bob", /*on=*/false);
  Forget();
  MemberTransport more = bob.transport;
  for (auto& publication : more.publications)
    publication.on = true;  // what an offer says of sections that exist already
  more.publications.push_back({"4", kVideo, kAux, UptrackId(++ids_), true});
  room_.SetTransport(bob, more, fx_);
  EXPECT_THAT(bob.streams(), ElementsAre(signal::StreamState{kAux, false, true}));
  EXPECT_THAT(Table(bob), SizeIs(2));
  for (const auto& change : fx_.switches) {
    const auto* connect = std::get_if<ConnectSlot>(&change);
    EXPECT_TRUE(connect == nullptr || connect->subscriber != bob.transport.peer) << "nothing moved for bob";
  }
}

TEST_F(RoomStateTest, RightsForbidSendingAndReceiving) {
  Enter("alice");
  Member member{.user_id = "bob", .rights = {kMayEnter | kMayReceiveAudio}, .session = SessionId(50)};
  member.transport = Transport(false);
  Member& bob = room_.Enter(std::move(member), fx_);
  EXPECT_THAT(Table(bob), ElementsAre("2 alice main audio"));
  EXPECT_FALSE(room_.Publish(bob, kMain, true, std::nullopt, fx_));
  EXPECT_THAT(bob.streams(), IsEmpty());
  EXPECT_EQ(room_.Subscribe(bob, {"alice", kMain, kVideo}, kAuto, fx_).kind, RoomState::SubscribeOutcome::kNotAllowed);
}

TEST_F(RoomStateTest, TheAudiencePublishesNothing) {
  Member& alice = Enter("alice");
  Member& bob = Enter("bob");
  room_.SwitchRole(bob, signal::Role::kAudience, fx_);
  EXPECT_THAT(bob.streams(), IsEmpty());
  EXPECT_FALSE(room_.Publish(bob, kMain, std::nullopt, true, fx_));
  EXPECT_THAT(Told<signal::Streams>(alice), testing::Contains(signal::Streams{"bob", {}}));
}

TEST_F(RoomStateTest, WishesAreLimited) {
  Member& bob = Enter("bob");
  for (size_t i = 0; i < Member::kMaxSubscriptions; ++i)
    room_.Subscribe(bob, {"user" + std::to_string(i), kMain, kVideo}, kAuto, fx_);
  EXPECT_EQ(room_.Subscribe(bob, {"one more", kMain, kVideo}, kAuto, fx_).kind, RoomState::SubscribeOutcome::kTooMany);
  EXPECT_EQ(room_.Subscribe(bob, {"user7", kMain, kVideo}, kAuto, fx_).kind, RoomState::SubscribeOutcome::kRemembered);
}

// A push has its tracks from the start and says later what comes.
TEST_F(RoomStateTest, WhatAPushDoesNotCarryIsNotPublished) {
  Member& bob = Enter("bob");
  Member push{.user_id = "push", .session = SessionId(++ids_)};
  push.transport = Transport(true, 0, 0);
  for (Publication& publication : push.transport.publications) publication.carried = false;
  Forget();
  Member& member = room_.Enter(std::move(push), fx_);
  EXPECT_THAT(member.streams(), IsEmpty());
  EXPECT_THAT(Told<signal::Streams>(bob), IsEmpty());
  EXPECT_THAT(Table(bob), IsEmpty());
  room_.SetCarried(member, true, false, fx_);
  EXPECT_THAT(Told<signal::Streams>(bob), ElementsAre(signal::Streams{"push", {{kMain, true, false}}}));
  EXPECT_THAT(Table(bob), ElementsAre("2 push main audio"));
  // Switched off beforehand, so its coming changes nothing.
  EXPECT_TRUE(room_.Publish(member, kMain, {}, false, fx_));
  Forget();
  room_.SetCarried(member, true, true, fx_);
  EXPECT_THAT(fx_.switches, IsEmpty());
  EXPECT_TRUE(room_.Publish(member, kMain, {}, true, fx_));
  EXPECT_THAT(Told<signal::Streams>(bob), ElementsAre(signal::Streams{"push", {{kMain, true, true}}}));
  EXPECT_THAT(Table(bob), ElementsAre("2 push main audio", "3 push main video"));
}

TEST_F(RoomStateTest, VirtualSlotsHoldWhateverIsWantedAndPublished) {
  Member& bob = Enter("bob");
  Member& carol = Enter("carol", false);
  Member phone{.user_id = "phone", .recv_mode = 2, .session = SessionId(++ids_), .virtual_slots = true};
  Member& member = room_.Enter(std::move(phone), fx_);
  using Played = signal::PlayedStream;
  EXPECT_THAT(member.played, ElementsAre(Played{"bob", kMain, true, false}));
  Forget();
  EXPECT_EQ(room_.Subscribe(member, {"bob", kMain, kVideo}, kAuto, fx_).kind, RoomState::SubscribeOutcome::kRemembered);
  EXPECT_THAT(member.played, ElementsAre(Played{"bob", kMain, true, true}));
  EXPECT_THAT(fx_.played, ElementsAre("phone"));
  EXPECT_THAT(fx_.switches, IsEmpty());
  EXPECT_TRUE(room_.Publish(carol, kMain, true, true, fx_));
  EXPECT_THAT(member.played, ElementsAre(Played{"bob", kMain, true, true}, Played{"carol", kMain, true, false}));
  room_.Unsubscribe(member, {"carol", kMain, kAudio}, fx_);
  EXPECT_TRUE(room_.Publish(bob, kMain, false, {}, fx_));
  EXPECT_THAT(member.played, ElementsAre(Played{"bob", kMain, false, true}));
  Forget();
  EXPECT_TRUE(room_.Publish(carol, kMain, false, {}, fx_));
  EXPECT_THAT(fx_.played, IsEmpty()) << "nothing that it gets has changed";
}

}  // namespace
}  // namespace duet
