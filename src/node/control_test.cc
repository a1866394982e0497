#include "node/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/usersig.h"
#include "node/control_test_fixture.h"
#include "node/quality.h"

namespace duet {
namespace {

using signal::MediaKind;
using signal::SignalErrorKind;
using signal::StreamType;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(ControlTest, TwoMembersAreConnectedWithOneRequestEach) {
  const SessionId alice = Open();
  const SessionId bob = Open();
  const auto first = Enter(alice, EnterRequest("alice"));
  EXPECT_THAT(first.members, IsEmpty());
  EXPECT_EQ(first.room.capacity, 2u);
  const auto second = Enter(bob, EnterRequest("bob"));
  ASSERT_THAT(second.members, SizeIs(1));
  EXPECT_EQ(second.members[0].user_id, "alice");
  EXPECT_THAT(second.slots, SizeIs(2));
  EXPECT_THAT(Told<signal::MemberJoined>(alice), SizeIs(1));
  ASSERT_THAT(Told<signal::Slots>(alice), SizeIs(1));
  EXPECT_THAT(Told<signal::Slots>(alice)[0].slots, SizeIs(2));
  EXPECT_EQ(Commands<AddPeer>(), 2u);
  EXPECT_EQ(Commands<ConnectSlot>(), 4u);
  EXPECT_EQ(Commands<SetPublished>(), 4u);
}

TEST_F(ControlTest, AThirdPersonDoesNotFitIntoA1v1Room) {
  Enter(Open(), EnterRequest("alice"));
  Enter(Open(), EnterRequest("bob"));
  EXPECT_EQ(ErrorOf(Ask(Open(), EnterRequest("carol"))), "room_full");
  EXPECT_EQ(control_->counts().members, 2u);
}

TEST_F(ControlTest, EachWrongSignatureHasItsName) {
  const SessionId session = Open();
  auto other_user = EnterRequest("alice");
  other_user.user_sig = CreateUserSig(*apps_.Find(kAppId), "bob", kUnixNow, 3600);
  EXPECT_EQ(ErrorOf(Ask(session, other_user)), "sig_wrong_user");
  auto expired = EnterRequest("alice");
  expired.user_sig = CreateUserSig(*apps_.Find(kAppId), "alice", kUnixNow - 7200, 3600);
  EXPECT_EQ(ErrorOf(Ask(session, expired)), "sig_expired");
  auto foreign = EnterRequest("alice");
  foreign.user_sig = CreateUserSig({.sdk_app_id = kAppId, .secret_key = std::string(64, 'b')}, "alice", kUnixNow, 3600);
  EXPECT_EQ(ErrorOf(Ask(session, foreign)), "sig_bad_signature");
  auto garbage = EnterRequest("alice");
  garbage.user_sig = "garbage";
  EXPECT_EQ(ErrorOf(Ask(session, garbage)), "sig_malformed");
  auto unknown = EnterRequest("alice");
  unknown.sdk_app_id = 5;
  EXPECT_EQ(ErrorOf(Ask(session, unknown)), "app_unknown");
  EXPECT_EQ(control_->counts().rooms, 0u);
}

TEST_F(ControlTest, EveryAuthFailureHasAnEntryInTheProtocolsTable) {
  for (int i = 0; i <= static_cast<int>(SigError::kMapKeyRequired); ++i) {
    EXPECT_NE(signal::FindErrorByName(NameOf(static_cast<SigError>(i))), nullptr) << NameOf(static_cast<SigError>(i));
  }
}

TEST_F(ControlTest, AMapKeyLimitsWhatAMemberMayDo) {
  auto enter = EnterRequest("alice");
  enter.private_map_key = CreatePrivateMapKey(*apps_.Find(kAppId), "alice", uint32_t{1234},
                                              kMayCreateRoom | kMayEnter | kMayReceiveAudio, kUnixNow, 600);
  const SessionId alice = Open();
  Enter(alice, enter);
  EXPECT_EQ(Commands<SetPublished>(), 0u);
  EXPECT_EQ(ErrorOf(Ask(alice, signal::Publish{StreamType::kMain, true, std::nullopt})), "not_allowed");
  auto elsewhere = EnterRequest("bob");
  elsewhere.private_map_key =
      CreatePrivateMapKey(*apps_.Find(kAppId), "bob", uint32_t{99}, kAllPrivileges, kUnixNow, 600);
  EXPECT_EQ(ErrorOf(Ask(Open(), elsewhere)), "map_key_wrong_room");
  auto guest = EnterRequest("bob");
  guest.room.value = uint32_t{77};
  guest.private_map_key = CreatePrivateMapKey(*apps_.Find(kAppId), "bob", uint32_t{77}, kMayEnter, kUnixNow, 600);
  EXPECT_EQ(ErrorOf(Ask(Open(), guest)), "map_key_privilege");
}

TEST_F(ControlTest, ABrokenOfferIsRefusedAndLeavesNothing) {
  auto enter = EnterRequest("alice");
  enter.offer = "v=0";
  EXPECT_EQ(ErrorOf(Ask(Open(), enter)), "sdp_invalid");
  EXPECT_EQ(control_->counts().rooms, 0u);
  EXPECT_THAT(commands_, IsEmpty());
}

TEST_F(ControlTest, RequestsBeforeEnterAndASecondEnterAreRefused) {
  const SessionId session = Open();
  EXPECT_EQ(ErrorOf(Ask(session, signal::Exit{})), "not_entered");
  EXPECT_EQ(ErrorOf(Ask(session, signal::Ping{})), "ok");
  Enter(session, EnterRequest("alice"));
  EXPECT_EQ(ErrorOf(Ask(session, EnterRequest("alice"))), "already_entered");
  auto other_room = EnterRequest("alice");
  other_room.room.value = std::string("other");
  EXPECT_EQ(ErrorOf(Ask(session, other_room)), "already_entered");
  EXPECT_EQ(control_->counts().rooms, 1u) << "the refused one made no room";
}

TEST_F(ControlTest, ExitEndsMemberPeerAndRoom) {
  const SessionId session = Open();
  Enter(session, EnterRequest("alice"));
  EXPECT_EQ(ErrorOf(Ask(session, signal::Exit{})), "ok");
  EXPECT_EQ(Commands<RemovePeer>(), 1u);
  EXPECT_EQ(control_->counts().rooms, 0u);
  EXPECT_EQ(control_->counts().members, 0u);
  Enter(session, EnterRequest("alice"));
  EXPECT_EQ(control_->counts().members, 1u);
}

TEST_F(ControlTest, TheSameUserElsewhereReplacesTheOlderOne) {
  const SessionId bob = Open();
  Enter(bob, EnterRequest("bob"));
  const SessionId older = Open();
  Enter(older, EnterRequest("alice"));
  Enter(Open(), EnterRequest("alice"));
  EXPECT_THAT(Told<signal::Kicked>(older), ElementsAre(signal::Kicked{signal::KickReason::kReplaced}));
  EXPECT_THAT(Closed(older), ElementsAre(CloseCode::kKicked));
  EXPECT_THAT(Told<signal::MemberLeft>(bob), ElementsAre(signal::MemberLeft{"alice", signal::LeaveReason::kReplaced}));
  EXPECT_EQ(control_->counts().members, 2u);
  CloseSocket(older);
  EXPECT_EQ(control_->counts().members, 2u) << "the end of the replaced socket takes nobody out";
}

TEST_F(ControlTest, ALostSocketKeepsTheSeatAndResumeTakesItBack) {
  const SessionId bob = Open();
  Enter(bob, EnterRequest("bob"));
  const SessionId lost = Open();
  const auto first = Enter(lost, EnterRequest("alice"));
  CloseSocket(lost);
  EXPECT_THAT(Told<signal::MemberPaused>(bob), SizeIs(1));
  EXPECT_EQ(control_->counts().paused_members, 1u);
  now_ = now_ + Duration::Seconds(30);
  auto again = EnterRequest("alice");
  again.resume = first.resume;
  const auto second = Enter(Open(), again);
  EXPECT_TRUE(second.resumed);
  EXPECT_NE(second.resume, first.resume);
  EXPECT_THAT(second.slots, SizeIs(2));
  EXPECT_THAT(Told<signal::MemberResumed>(bob), SizeIs(1));
  EXPECT_THAT(Told<signal::MemberLeft>(bob), IsEmpty());
  EXPECT_EQ(Commands<RemovePeer>(), 1u);
  now_ = now_ + Duration::Seconds(100);
  control_->OnTimer(now_);
  EXPECT_EQ(control_->counts().members, 2u) << "the old deadline is void";
}

std::string IceUfrag(const std::string& sdp) {
  const size_t at = sdp.find("a=ice-ufrag:");
  return sdp.substr(at, sdp.find('\r', at) - at);
}

TEST_F(ControlTest, MediaGoOnWhereOnlyTheSocketWasLost) {
  const SessionId bob = Open();
  Enter(bob, EnterRequest("bob"));
  const auto request = EnterRequest("alice");
  const SessionId lost = Open();
  const auto first = Enter(lost, request);
  const size_t peers = Commands<AddPeer>();
  const auto alice = std::find_if(commands_.rbegin(), commands_.rend(),
                                  [](const auto& c) { return std::holds_alternative<AddPeer>(c); });
  const PeerConfig peer = std::get<AddPeer>(*alice).config;
  control_->OnWorkerEvent(now_, 0, UptrackLimit{peer.id, peer.uptracks[1].id, 300'000});
  Collect();
  auto again = request;
  again.resume = first.resume;
  again.tracks[1].on = false;  // switched off meanwhile
  const SessionId back = Open();
  const auto second = Enter(back, again);
  EXPECT_TRUE(second.resumed);
  EXPECT_THAT(Told<signal::BitrateLimit>(back), ElementsAre(signal::BitrateLimit{signal::StreamType::kMain, 300}))
      << "it may have been missed";
  EXPECT_THAT(Closed(lost), ElementsAre(CloseCode::kKicked)) << "it had not been noticed here";
  EXPECT_EQ(second.slots, first.slots) << "bob's sound and picture are where they were";
  EXPECT_EQ(IceUfrag(second.answer), IceUfrag(first.answer));
  EXPECT_EQ(Commands<AddPeer>(), peers);
  EXPECT_EQ(Commands<RemovePeer>(), 0u);
  ASSERT_FALSE(Told<signal::Streams>(bob).empty());
  const auto streams = Told<signal::Streams>(bob).back().streams;
  ASSERT_THAT(streams, SizeIs(1));
  EXPECT_TRUE(streams[0].audio);
  EXPECT_FALSE(streams[0].video);

  again.resume = second.resume;
  again.offer = EnterRequest("alice").offer;
  const auto third = Enter(Open(), again);
  EXPECT_NE(IceUfrag(third.answer), IceUfrag(first.answer)) << "another connection";
  EXPECT_EQ(Commands<AddPeer>(), peers + 1);
  EXPECT_EQ(Commands<RemovePeer>(), 1u);
}

TEST_F(ControlTest, AnUnknownResumeTokenIsAFirstEntry) {
  auto enter = EnterRequest("alice");
  enter.resume = "0123456789abcdef";
  EXPECT_FALSE(Enter(Open(), enter).resumed);
}

TEST_F(ControlTest, AfterTheSeatTimeTheMemberIsGone) {
  const SessionId bob = Open();
  Enter(bob, EnterRequest("bob"));
  const SessionId lost = Open();
  Enter(lost, EnterRequest("alice"));
  CloseSocket(lost);
  EXPECT_EQ(control_->NextTimer(), now_ + Duration::Seconds(90));
  now_ = control_->NextTimer();
  control_->OnTimer(now_);
  Collect();
  EXPECT_THAT(Told<signal::MemberLeft>(bob), ElementsAre(signal::MemberLeft{"alice", signal::LeaveReason::kTimeout}));
  EXPECT_EQ(control_->counts().members, 1u);
  EXPECT_TRUE(control_->NextTimer().is_never());
}

TEST_F(ControlTest, LostMediaPausesTheMemberAndEndsItWhenItDoesNotComeBack) {
  const SessionId alice = Open();
  const SessionId bob = Open();
  Enter(bob, EnterRequest("bob"));
  Enter(alice, EnterRequest("alice"));
  const PeerId peer = std::get<AddPeer>(*std::find_if(commands_.rbegin(), commands_.rend(), [](const auto& c) {
                        return std::holds_alternative<AddPeer>(c);
                      })).config.id;
  control_->OnWorkerEvent(now_, 0, PeerLost{peer, PeerLossReason::kConsentExpired, "gone"});
  Collect();
  EXPECT_THAT(Told<signal::MemberPaused>(bob), SizeIs(1));
  now_ = control_->NextTimer();
  control_->OnTimer(now_);
  Collect();
  EXPECT_THAT(Told<signal::Kicked>(alice), ElementsAre(signal::Kicked{signal::KickReason::kMediaTimeout}));
  EXPECT_THAT(Closed(alice), ElementsAre(CloseCode::kKicked));
  EXPECT_EQ(control_->counts().members, 1u);
}

// What a WHIP or WHEP door brings in.
TEST_F(ControlTest, ASilentSessionIsAMemberThatHearsNothing) {
  const SessionId alice = Open();
  Enter(alice, EnterRequest("alice"));
  const SessionId whip = Open(true);
  EXPECT_THAT(Enter(whip, EnterRequest("bob")).members, IsEmpty());
  EXPECT_THAT(Told<signal::MemberJoined>(alice), SizeIs(1));
  Ask(alice, signal::Publish{StreamType::kMain, false, false});
  Ask(alice, signal::Exit{});
  EXPECT_THAT(Told<signal::Streams>(whip), IsEmpty());
  EXPECT_THAT(Told<signal::MemberLeft>(whip), IsEmpty());
  EXPECT_THAT(Told<signal::Slots>(whip), IsEmpty());
  CloseSocket(whip);
  EXPECT_EQ(control_->counts().members, 0u) << "no seat is kept";
}

TEST_F(ControlTest, ASilentSessionEndsWithItsMedia) {
  for (const auto& [reason, leave] : {std::pair(PeerLossReason::kConsentExpired, signal::LeaveReason::kTimeout),
                                      std::pair(PeerLossReason::kDtlsClosed, signal::LeaveReason::kExit)}) {
    outputs_.clear();
    commands_.clear();
    const SessionId alice = Open();
    Enter(alice, EnterRequest("alice"));
    commands_.clear();
    const SessionId whip = Open(true);
    Enter(whip, EnterRequest("bob"));
    const auto added = std::find_if(commands_.begin(), commands_.end(),
                                    [](const auto& c) { return std::holds_alternative<AddPeer>(c); });
    ASSERT_NE(added, commands_.end());
    control_->OnWorkerEvent(now_, 0, PeerLost{std::get<AddPeer>(*added).config.id, reason, "gone"});
    Collect();
    EXPECT_THAT(Closed(whip), ElementsAre(CloseCode::kKicked));
    const auto left = Told<signal::MemberLeft>(alice);
    ASSERT_THAT(left, SizeIs(1));
    EXPECT_EQ(left[0].reason, leave);
    EXPECT_EQ(control_->counts().members, 1u);
    Ask(alice, signal::Exit{});
  }
}

TEST_F(ControlTest, RestartsIceWithoutAnOffer) {
  const SessionId whip = Open(true);
  const std::string answer = Enter(whip, EnterRequest("bob")).answer;
  commands_.clear();
  outputs_.clear();
  control_->OnInput(now_, kUnixNow, {whip, RestartIce{{"newufrag", "newpassword0123456789ab"}}});
  Collect();
  ASSERT_THAT(outputs_, SizeIs(1));
  const auto& restarted = std::get<IceRestarted>(outputs_[0].what);
  ASSERT_TRUE(restarted.fragment);
  EXPECT_EQ(restarted.mid, "0");
  EXPECT_EQ(answer.find(restarted.fragment->ice->ufrag), std::string::npos) << "new credentials";
  ASSERT_THAT(restarted.fragment->candidates, SizeIs(1));
  EXPECT_NE(answer.find(WriteSdpCandidate(restarted.fragment->candidates[0])), std::string::npos) << "the same place";
  ASSERT_THAT(commands_, SizeIs(1));
  const PeerConfig& config = std::get<UpdatePeer>(commands_[0]).config;
  EXPECT_EQ(config.remote_ice.ufrag, "newufrag");
  EXPECT_EQ(config.local_ice.ufrag, restarted.fragment->ice->ufrag);

  outputs_.clear();
  const SessionId outside = Open(true);
  control_->OnInput(now_, kUnixNow, {outside, RestartIce{{"newufrag", "newpassword0123456789ab"}}});
  Collect();
  EXPECT_FALSE(std::get<IceRestarted>(outputs_[0].what).fragment);
}

TEST_F(ControlTest, MessagesReachTheOthersOrTheOneNamed) {
  const SessionId alice = Open();
  const SessionId bob = Open();
  Enter(alice, EnterRequest("alice"));
  Enter(bob, EnterRequest("bob"));
  const std::vector<std::byte> data(3, std::byte{7});
  EXPECT_EQ(ErrorOf(Ask(alice, signal::Message{std::nullopt, 2, data})), "ok");
  EXPECT_THAT(Told<signal::MessageEvent>(bob), ElementsAre(signal::MessageEvent{"alice", 2, 1, data}));
  EXPECT_THAT(Told<signal::MessageEvent>(alice), IsEmpty());
  EXPECT_EQ(ErrorOf(Ask(alice, signal::Message{"carol", 2, data})), "member_not_found");
  for (int i = 0; i < 40; ++i) Ask(alice, signal::Message{"bob", 1, data});
  EXPECT_EQ(ErrorOf(Ask(alice, signal::Message{"bob", 1, data})), "rate_limited");
}

TEST_F(ControlTest, DrainingTellsEverybodyAndLetsNobodyIn) {
  const SessionId alice = Open();
  Enter(alice, EnterRequest("alice"));
  control_->Drain(now_);
  Collect();
  EXPECT_THAT(Told<signal::Draining>(alice), SizeIs(1));
  EXPECT_THAT(Closed(alice), ElementsAre(CloseCode::kDraining));
  const SessionId late = Open();
  Collect();
  EXPECT_THAT(Closed(late), ElementsAre(CloseCode::kDraining));
}

TEST_F(ControlTest, LimitsOfTheServerAreKept) {
  Restart({.max_rooms = 1});
  Enter(Open(), EnterRequest("alice"));
  auto other = EnterRequest("bob");
  other.room.value = uint32_t{2};
  EXPECT_EQ(ErrorOf(Ask(Open(), other)), "server_busy");
  Restart({.max_members = 1});
  Enter(Open(), EnterRequest("alice"));
  EXPECT_EQ(ErrorOf(Ask(Open(), EnterRequest("bob"))), "server_busy");
}

TEST_F(ControlTest, NegotiateKeepsThePeerAndAddsASection) {
  const SessionId alice = Open();
  const auto entered = Enter(alice, EnterRequest("alice"));
  const auto response = Ask(alice, signal::Negotiate{SdkOffer(), EnterRequest("alice").tracks});
  ASSERT_TRUE(std::holds_alternative<signal::NegotiateResult>(response.body)) << ErrorOf(response);
  EXPECT_EQ(Commands<UpdatePeer>(), 1u);
  EXPECT_EQ(Commands<AddPeer>(), 1u);
}

TEST(QualityTest, GradesFollowTheWorseOfLossAndDelay) {
  struct Row {
    double loss;
    int64_t rtt_us;
    int grade;
  };
  const Row rows[] = {{-1, -1, 0},  {0, -1, 1},  {0, 10'000, 1}, {0.02, 10'000, 2}, {0, 200'000, 2},
                      {0.05, 0, 3}, {0.1, 0, 4}, {0.5, 0, 5},    {0, 900'000, 5},   {-1, 600'000, 4}};
  for (const Row& row : rows) EXPECT_EQ(QualityGrade(row.loss, row.rtt_us), row.grade) << row.loss << " " << row.rtt_us;
}

}  // namespace
}  // namespace duet
