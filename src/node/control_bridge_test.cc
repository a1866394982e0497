// RTMP and FLV as Control sees them: pushes, plays, members without SDP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/usersig.h"
#include "node/control_test_fixture.h"

namespace duet {
namespace {

using signal::MediaKind;
using signal::StreamType;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr uint32_t kDevAppId = 1400000099;

class ControlBridgeTest : public ControlTest {
 protected:
  ControlBridgeTest() {
    EXPECT_TRUE(apps_.Add({.sdk_app_id = kDevAppId, .secret_key = std::string(64, 'd'), .development = true}).ok());
    Restart(WithDoors());
  }
  static ControlConfig WithDoors() { return {.doors = {.rtmp = 1935, .rtmps = 1936, .https = 8443, .http = 8080}}; }
  void Input(SessionId session, decltype(ControlInput::what) what) {
    control_->OnInput(now_, kUnixNow, {session, std::move(what)});
    Collect();
  }
  // In a room that takes more than two.
  signal::Enter GroupRequest(const std::string& user) {
    signal::Enter enter = EnterRequest(user);
    enter.room_template = signal::Template::kCustom;
    return enter;
  }
  signal::Enter PhoneRequest(const std::string& user) {
    signal::Enter enter = GroupRequest(user);
    enter.media = signal::Media::kRtmp;
    enter.offer.clear();
    enter.tracks.clear();
    return enter;
  }
  RtmpPush PushOf(const std::string& user) {
    return {.sdk_app_id = kAppId,
            .room = signal::RoomName{1234u},
            .user_id = user,
            .user_sig = CreateUserSig(*apps_.Find(kAppId), user, kUnixNow, 3600)};
  }
  RtmpPlay PlayOf(const std::string& publisher, const std::string& viewer = "viewer") {
    return {.sdk_app_id = kAppId,
            .room = signal::RoomName{1234u},
            .publisher = publisher,
            .user_id = viewer,
            .user_sig = CreateUserSig(*apps_.Find(kAppId), viewer, kUnixNow, 3600)};
  }
  // What an address of `urls` asks for.
  static RtmpTarget Read(const std::string& url) {
    const size_t path = url.find('/', url.find("://") + 3) + 1;
    const size_t slash = url.find('/', path);
    const auto target = ParseRtmpTarget(url.substr(path, slash - path), "", url.substr(slash + 1));
    EXPECT_TRUE(target.ok()) << url;
    return target.ok() ? *target : RtmpTarget();
  }
  static RtmpPush ReadPush(const signal::MediaUrls& urls) { return std::get<RtmpPush>(Read(urls.push_rtmp.value())); }
  static RtmpPlay ReadPlay(const signal::PlayInfo& info) { return std::get<RtmpPlay>(Read(info.rtmp.value())); }

  struct Opened {
    SessionId session;
    std::string refused;  // the error's name; empty when it was let in
    PushOpened push;
    PlayOpened play;
  };
  Opened Submit(decltype(ControlInput::what) what) {
    Opened opened{.session = Open(true)};
    const size_t before = outputs_.size();
    Input(opened.session, std::move(what));
    EXPECT_GT(outputs_.size(), before);
    const auto& answer = outputs_[before];
    EXPECT_EQ(answer.session, opened.session) << "the answer comes first";
    if (const auto* refused = std::get_if<BridgeRefused>(&answer.what)) {
      EXPECT_FALSE(refused->error.message.empty());
      opened.refused = refused->error.name;
    } else if (const auto* push = std::get_if<PushOpened>(&answer.what)) {
      opened.push = *push;
    } else {
      opened.play = std::get<PlayOpened>(answer.what);
    }
    return opened;
  }
  Opened Push(RtmpPush target, bool trusted = false) {
    return Submit(OpenPush{.target = std::move(target), .trusted = trusted});
  }
  Opened Play(RtmpPlay target, bool tap = true) { return Submit(OpenPlay{.target = std::move(target), .tap = tap}); }
  void Carries(const Opened& push, bool audio = true, bool video = true) {
    Input(push.session, PushCarries{audio, video});
  }
  // The sentences with which a session was closed.
  std::vector<std::string> Ended(SessionId session) {
    std::vector<std::string> reasons;
    for (const auto& output : outputs_) {
      if (const auto* close = std::get_if<CloseSession>(&output.what); close != nullptr && output.session == session)
        reasons.push_back(close->reason);
    }
    return reasons;
  }
  template <typename C>
  std::vector<C> All() const {
    std::vector<C> found;
    for (const auto& command : commands_) {
      if (const C* match = std::get_if<C>(&command)) found.push_back(*match);
    }
    return found;
  }
  // The tracks that go into this line by what the worker was told so far.
  std::vector<UptrackId> TappedInto(const MediaLineRef& line) const {
    std::map<TapId, UptrackId> taps;
    for (const auto& command : commands_) {
      if (const auto* add = std::get_if<AddTap>(&command); add != nullptr && add->line == line)
        taps.emplace(add->tap, add->source);
      if (const auto* remove = std::get_if<RemoveTap>(&command)) taps.erase(remove->tap);
    }
    std::vector<UptrackId> tracks;
    for (const auto& [tap, track] : taps) tracks.push_back(track);
    return tracks;
  }
  std::vector<UptrackId> TracksOfLastPeer() const {
    const AddPeer peer = All<AddPeer>().back();
    std::vector<UptrackId> tracks;
    for (const UptrackConfig& track : peer.config.uptracks) tracks.push_back(track.id);
    return tracks;
  }
  void Pass(Duration time) {
    const Time end = now_ + time;
    while (control_->NextTimer() <= end) {
      now_ = control_->NextTimer();
      control_->OnTimer(now_);
    }
    now_ = end;
    Collect();
  }
};

// ---- pushes

TEST_F(ControlBridgeTest, APushIsAMemberAsLongAsItRuns) {
  const SessionId alice = Open();
  Enter(alice, EnterRequest("alice"));
  const Opened push = Push(PushOf("film"));
  ASSERT_EQ(push.refused, "");
  EXPECT_THAT(Told<signal::MemberJoined>(alice), ElementsAre(signal::MemberJoined{"film", signal::Role::kAnchor}));
  EXPECT_THAT(Told<signal::Streams>(alice), IsEmpty()) << "nothing has come yet";
  ASSERT_THAT(All<AddSource>(), SizeIs(1));
  const AddSource source = All<AddSource>()[0];
  EXPECT_EQ(source.line, push.push.line);
  ASSERT_THAT(source.uptracks, SizeIs(2));
  EXPECT_EQ(source.uptracks[0].id, push.push.audio);
  EXPECT_EQ(source.uptracks[0].codec.kind, CodecKind::kOpus);
  EXPECT_EQ(source.uptracks[0].codec.payload_type, push.push.audio_payload_type);
  EXPECT_EQ(source.uptracks[1].id, push.push.video);
  EXPECT_EQ(source.uptracks[1].codec.kind, CodecKind::kH264);
  EXPECT_EQ(source.uptracks[1].codec.packetization_mode, 1);
  EXPECT_EQ(source.uptracks[1].codec.payload_type, push.push.video_payload_type);

  Carries(push, true, false);
  Carries(push, true, true);
  EXPECT_THAT(Told<signal::Streams>(alice), ElementsAre(signal::Streams{"film", {{StreamType::kMain, true, false}}},
                                                        signal::Streams{"film", {{StreamType::kMain, true, true}}}));
  EXPECT_THAT(Told<signal::Slots>(alice).back().slots, SizeIs(2));

  CloseSocket(push.session);
  EXPECT_THAT(Told<signal::MemberLeft>(alice), ElementsAre(signal::MemberLeft{"film", signal::LeaveReason::kExit}));
  EXPECT_EQ(Commands<RemoveSource>(), 1u);
  EXPECT_EQ(control_->counts().members, 1u);
  EXPECT_THAT(Ended(push.session), IsEmpty()) << "it went by itself";
}

TEST_F(ControlBridgeTest, APushHearsWhenAKeyframeIsWanted) {
  const Opened push = Push(PushOf("film"));
  outputs_.clear();
  control_->OnWorkerEvent(now_, 0, SourceKeyframeWanted{All<AddSource>()[0].peer, push.push.video, 0});
  control_->OnWorkerEvent(now_, 0, SourceKeyframeWanted{PeerId(4711), push.push.video, 0});
  Collect();
  ASSERT_THAT(outputs_, SizeIs(1));
  EXPECT_EQ(outputs_[0].session, push.session);
  EXPECT_TRUE(std::holds_alternative<PushKeyframeWanted>(outputs_[0].what));
}

TEST_F(ControlBridgeTest, TheSameUserPushingAgainTakesThePlace) {
  const SessionId alice = Open();
  Enter(alice, EnterRequest("alice"));
  const Opened older = Push(PushOf("film"));
  const Opened newer = Push(PushOf("film"));
  EXPECT_EQ(newer.refused, "");
  EXPECT_THAT(Ended(older.session), ElementsAre("The same user has entered the room from elsewhere."));
  EXPECT_EQ(Commands<RemoveSource>(), 1u);
  EXPECT_EQ(control_->counts().members, 2u);
  outputs_.clear();
  Carries(older);
  CloseSocket(older.session);
  EXPECT_THAT(outputs_, IsEmpty()) << "the older one has no say any more";

  Enter(Open(), EnterRequest("film"));
  EXPECT_THAT(Ended(newer.session), SizeIs(1)) << "nor has a push when its user enters with a page";
  EXPECT_EQ(Commands<RemoveSource>(), 2u);
  EXPECT_EQ(control_->counts().members, 2u);
  CloseSocket(newer.session);
  EXPECT_EQ(control_->counts().members, 2u);
}

TEST_F(ControlBridgeTest, APushTakesThePlaceOfAPage) {
  const SessionId page = Open();
  Enter(page, EnterRequest("film"));
  EXPECT_EQ(Push(PushOf("film")).refused, "");
  EXPECT_THAT(Told<signal::Kicked>(page), ElementsAre(signal::Kicked{signal::KickReason::kReplaced}));
  EXPECT_EQ(Commands<RemovePeer>(), 1u);
  EXPECT_EQ(control_->counts().members, 1u);
}

TEST_F(ControlBridgeTest, APushIsRefusedAsAnEntryWouldBe) {
  Enter(Open(), EnterRequest("alice"));
  Enter(Open(), EnterRequest("bob"));
  EXPECT_EQ(Push(PushOf("film")).refused, "room_full") << "a room for two";
  RtmpPush target = PushOf("film");
  target.user_sig = CreateUserSig(*apps_.Find(kAppId), "other", kUnixNow, 3600);
  EXPECT_EQ(Push(target).refused, "sig_wrong_user");
  target.user_sig.clear();
  EXPECT_EQ(Push(target).refused, "sig_malformed");
  EXPECT_EQ(Push(target, true).refused, "sig_malformed") << "only the development app trusts";
  target = PushOf("film");
  target.sdk_app_id = 5;
  EXPECT_EQ(Push(target).refused, "app_unknown");
  EXPECT_EQ(Push(PushOf("")).refused, "user_id_invalid");
  target = PushOf("film");
  target.room.value = uint32_t{77};
  target.private_map_key = CreatePrivateMapKey(*apps_.Find(kAppId), "film", RoomRef(uint32_t{77}),
                                               kMayEnter | kMayCreateRoom | kMayReceiveAudio, kUnixNow, 3600);
  EXPECT_EQ(Push(target).refused, "map_key_privilege");
  EXPECT_EQ(control_->counts().rooms, 1u);
  EXPECT_EQ(Commands<AddSource>(), 0u);
  control_->Drain(now_);
  EXPECT_EQ(control_->counts().members, 2u);
}

TEST_F(ControlBridgeTest, TheRightsOfAPushHold) {
  const SessionId alice = Open();
  Enter(alice, EnterRequest("alice"));
  RtmpPush target = PushOf("film");
  target.private_map_key = CreatePrivateMapKey(*apps_.Find(kAppId), "film", RoomRef(uint32_t{1234}),
                                               kMayEnter | kMaySendAudio, kUnixNow, 3600);
  Carries(Push(target));
  EXPECT_THAT(Told<signal::Streams>(alice), ElementsAre(signal::Streams{"film", {{StreamType::kMain, true, false}}}));
}

TEST_F(ControlBridgeTest, TheDevelopmentAppTrustsCallersOnLoopback) {
  RtmpPush target = PushOf("film");
  target.sdk_app_id = kDevAppId;
  target.user_sig.clear();
  EXPECT_EQ(Push(target).refused, "sig_malformed");
  EXPECT_EQ(Push(target, true).refused, "");
  RtmpPlay play{.sdk_app_id = kDevAppId, .room = signal::RoomName{1234u}, .publisher = "film"};
  EXPECT_EQ(Play(play).refused, "sig_malformed");
  EXPECT_EQ(Submit(OpenPlay{.target = play, .trusted = true}).refused, "");
}

TEST_F(ControlBridgeTest, LinesAreLimited) {
  ControlConfig config = WithDoors();
  config.max_lines = 2;
  Restart(config);
  const Opened push = Push(PushOf("film"));
  const Opened play = Play(PlayOf("film"));
  EXPECT_EQ(play.refused, "");
  EXPECT_EQ(Play(PlayOf("film")).refused, "server_busy");
  EXPECT_EQ(Push(PushOf("second")).refused, "server_busy");
  EXPECT_EQ(Play(PlayOf("film"), false).refused, "") << "a viewer has no line of its own";
  CloseSocket(play.session);
  EXPECT_EQ(Push(PushOf("second")).refused, "");
  CloseSocket(push.session);
  EXPECT_EQ(Push(PushOf("third")).refused, "");
}

TEST_F(ControlBridgeTest, DrainingEndsPushesAndPlaysAndLetsNoneIn) {
  const Opened push = Push(PushOf("film"));
  const Opened play = Play(PlayOf("film"));
  const SessionId late = Open(true);
  control_->Drain(now_);
  Collect();
  EXPECT_THAT(Closed(push.session), ElementsAre(CloseCode::kDraining));
  EXPECT_THAT(Closed(play.session), ElementsAre(CloseCode::kDraining));
  outputs_.clear();
  Input(late, OpenPush{.target = PushOf("other")});
  EXPECT_EQ(std::get<BridgeRefused>(outputs_[0].what).error.name, "server_draining");
  outputs_.clear();
  Input(late, OpenPlay{.target = PlayOf("film")});
  EXPECT_EQ(std::get<BridgeRefused>(outputs_[0].what).error.name, "server_draining");
}

TEST_F(ControlBridgeTest, ASessionIsOnePushOrOnePlay) {
  const Opened push = Push(PushOf("film"));
  const Opened play = Play(PlayOf("film"));
  for (const SessionId session : {push.session, play.session}) {
    outputs_.clear();
    Input(session, OpenPush{.target = PushOf("other")});
    Input(session, OpenPlay{.target = PlayOf("film")});
    ASSERT_THAT(outputs_, SizeIs(2));
    for (const auto& output : outputs_) EXPECT_EQ(std::get<BridgeRefused>(output.what).error.name, "already_entered");
  }
  EXPECT_EQ(control_->counts().members, 1u);
}

// ---- plays

TEST_F(ControlBridgeTest, APlayTapsThePublisherAndNobodyIsTold) {
  const SessionId alice = Open();
  Enter(alice, EnterRequest("alice"));
  outputs_.clear();
  const Opened play = Play(PlayOf("alice"));
  ASSERT_EQ(play.refused, "");
  EXPECT_TRUE(play.play.audio && play.play.video);
  EXPECT_THAT(TappedInto(play.play.line), testing::ElementsAreArray(TracksOfLastPeer()));
  for (const AddTap& tap : All<AddTap>()) EXPECT_EQ(tap.what, AddTap::What::kBridge);
  EXPECT_THAT(Told<signal::MemberJoined>(alice), IsEmpty());
  EXPECT_EQ(control_->counts().members, 1u);

  commands_.clear();
  Input(play.session, WantKeyframe{});
  ASSERT_THAT(All<RequestKeyframe>(), SizeIs(1));
  commands_.clear();
  CloseSocket(play.session);
  EXPECT_EQ(Commands<RemoveTap>(), 2u);
  EXPECT_THAT(Ended(play.session), IsEmpty());
}

TEST_F(ControlBridgeTest, APlayNeedsThePublisherInTheRoom) {
  EXPECT_EQ(Play(PlayOf("alice")).refused, "stream_not_found") << "no such room";
  Enter(Open(), EnterRequest("bob"));
  EXPECT_EQ(Play(PlayOf("alice")).refused, "stream_not_found");
  RtmpPlay wrong = PlayOf("bob");
  wrong.user_sig = "nonsense";
  EXPECT_EQ(Play(wrong).refused, "sig_malformed");
  RtmpPlay deaf = PlayOf("bob");
  deaf.private_map_key = CreatePrivateMapKey(*apps_.Find(kAppId), "viewer", RoomRef(uint32_t{1234}),
                                             kMayEnter | kMaySendAudio, kUnixNow, 3600);
  EXPECT_EQ(Play(deaf).refused, "not_allowed");
  deaf.private_map_key = CreatePrivateMapKey(*apps_.Find(kAppId), "viewer", RoomRef(uint32_t{1234}),
                                             kMayEnter | kMayReceiveAudio, kUnixNow, 3600);
  const Opened listener = Play(deaf, false);
  EXPECT_EQ(listener.refused, "");
  EXPECT_TRUE(listener.play.audio);
  EXPECT_FALSE(listener.play.video);
  EXPECT_EQ(listener.play.line, nullptr);
  EXPECT_EQ(Commands<AddTap>(), 0u);
}

TEST_F(ControlBridgeTest, APlayFollowsItsPublisher) {
  const SessionId alice = Open();
  const auto entered = Enter(alice, EnterRequest("alice"));
  const Opened play = Play(PlayOf("alice"));
  const std::vector<UptrackId> before = TappedInto(play.play.line);
  // Back on another transport.
  CloseSocket(alice);
  auto again = EnterRequest("alice");
  again.resume = entered.resume;
  const SessionId resumed = Open();
  EXPECT_TRUE(Enter(resumed, again).resumed);
  EXPECT_NE(TappedInto(play.play.line), before);
  EXPECT_THAT(TappedInto(play.play.line), testing::ElementsAreArray(TracksOfLastPeer()));
  // As somebody new, from elsewhere.
  const SessionId elsewhere = Open();
  Enter(elsewhere, EnterRequest("alice"));
  EXPECT_THAT(TappedInto(play.play.line), testing::ElementsAreArray(TracksOfLastPeer()));
  EXPECT_THAT(Ended(play.session), IsEmpty());
  // Gone.
  Ask(elsewhere, signal::Exit{});
  EXPECT_THAT(Ended(play.session), ElementsAre("\"alice\" has left the room."));
  EXPECT_THAT(TappedInto(play.play.line), IsEmpty());
  outputs_.clear();
  CloseSocket(play.session);
  EXPECT_THAT(outputs_, IsEmpty());
  EXPECT_EQ(control_->counts().rooms, 0u);
}

TEST_F(ControlBridgeTest, APictureOfAnotherCodecIsTappedOnceItIsH264) {
  const SessionId alice = Open();
  auto vp8 = EnterRequest("alice");
  const std::string h264_first = "SAVPF 108 109 96 97";
  vp8.offer.replace(vp8.offer.find(h264_first), h264_first.size(), "SAVPF 96 97 108 109");
  Enter(alice, vp8);
  ASSERT_EQ(All<AddPeer>()[0].config.uptracks[1].codec.kind, CodecKind::kVp8);
  const Opened play = Play(PlayOf("alice"));
  EXPECT_THAT(TappedInto(play.play.line), SizeIs(1)) << "the sound";
  Ask(alice, signal::Negotiate{SdkOffer(), vp8.tracks});
  EXPECT_THAT(TappedInto(play.play.line), SizeIs(2));
  Ask(alice, signal::Negotiate{vp8.offer, vp8.tracks});
  EXPECT_THAT(TappedInto(play.play.line), SizeIs(1));
}

TEST_F(ControlBridgeTest, AStreamThatDoesNotExistYetIsTappedWhenItComes) {
  const SessionId phone = Open();
  const auto entered = Enter(phone, PhoneRequest("phone"));
  const Opened play = Play(PlayOf("phone"));
  EXPECT_EQ(play.refused, "") << "published or not";
  EXPECT_THAT(TappedInto(play.play.line), IsEmpty());
  const Opened push = Push(ReadPush(*entered.urls));
  EXPECT_THAT(TappedInto(play.play.line), ElementsAre(push.push.audio, push.push.video));
  CloseSocket(push.session);
  EXPECT_THAT(TappedInto(play.play.line), IsEmpty());
  EXPECT_THAT(Ended(play.session), IsEmpty()) << "the member is still there";
}

// ---- members without SDP

TEST_F(ControlBridgeTest, AMemberWithoutSdpGetsAddresses) {
  Enter(Open(), GroupRequest("bob"));
  const SessionId phone = Open();
  const auto entered = Enter(phone, PhoneRequest("al ice"));
  EXPECT_EQ(entered.answer, "");
  EXPECT_THAT(entered.slots, IsEmpty());
  ASSERT_TRUE(entered.urls);
  EXPECT_EQ(entered.urls->url_seconds, 300);
  EXPECT_THAT(*entered.urls->push_rtmp,
              StartsWith("rtmp://calls.example.com:1935/push/1234?sdkappid=1400000001&userid=al%20ice&ticket="));
  ASSERT_THAT(entered.urls->play, SizeIs(1));
  const signal::PlayInfo& play = entered.urls->play[0];
  EXPECT_EQ(play.stream, (signal::PlayedStream{"bob", StreamType::kMain, true, true}));
  EXPECT_THAT(*play.flv, StartsWith("https://calls.example.com:8443/live/1400000001_1234_bob_main.flv?ticket="));
  EXPECT_THAT(*play.rtmp, StartsWith("rtmp://calls.example.com:1935/live/1400000001_1234_bob_main?ticket="));
  EXPECT_EQ(Commands<AddPeer>(), 1u) << "bob's";
}

TEST_F(ControlBridgeTest, AddressesAreThoseOfTheDoors) {
  const auto urls_of = [&](ControlConfig::Doors doors, bool secure) {
    Restart({.doors = std::move(doors)});
    Enter(Open(), GroupRequest("bob"));
    return *Enter(Open(false, secure), PhoneRequest("phone")).urls;
  };
  const auto plain = urls_of({.rtmp = 1935, .https = 8443, .http = 8080}, false);
  EXPECT_THAT(*plain.play[0].flv, StartsWith("http://calls.example.com:8080/live/"));
  const auto only_tls = urls_of({.public_host = "2001:db8::1", .rtmps = 1936, .https = 443}, false);
  EXPECT_THAT(*only_tls.push_rtmp, StartsWith("rtmps://[2001:db8::1]:1936/push/"));
  EXPECT_THAT(*only_tls.play[0].flv, StartsWith("https://[2001:db8::1]:443/live/"));
  const auto no_rtmp = urls_of({.https = 8443}, true);
  EXPECT_FALSE(no_rtmp.push_rtmp);
  EXPECT_FALSE(no_rtmp.play[0].rtmp);
}

TEST_F(ControlBridgeTest, ThePushOfAMemberIsItsSoundAndPicture) {
  const SessionId bob = Open();
  Enter(bob, GroupRequest("bob"));
  const SessionId phone = Open();
  const auto entered = Enter(phone, PhoneRequest("phone"));
  EXPECT_THAT(Told<signal::Streams>(bob), IsEmpty());
  // What is said before the push holds for it.
  EXPECT_EQ(ErrorOf(Ask(phone, signal::Publish{StreamType::kMain, {}, false})), "ok");
  const Opened push = Push(ReadPush(*entered.urls));
  ASSERT_EQ(push.refused, "");
  EXPECT_EQ(control_->counts().members, 2u);
  Carries(push);
  Ask(phone, signal::Publish{StreamType::kMain, {}, true});
  EXPECT_THAT(Told<signal::Streams>(bob), ElementsAre(signal::Streams{"phone", {{StreamType::kMain, true, false}}},
                                                      signal::Streams{"phone", {{StreamType::kMain, true, true}}}));
  // Another push takes the place of the first.
  const Opened second = Push(ReadPush(*entered.urls));
  EXPECT_THAT(Ended(push.session), ElementsAre("The same member has begun another push."));
  EXPECT_EQ(Commands<RemoveSource>(), 1u);
  Carries(second);
  CloseSocket(push.session);
  EXPECT_EQ(Told<signal::Streams>(bob).back().streams,
            (std::vector<signal::StreamState>{{StreamType::kMain, true, true}}));
  // The member stays when it ends.
  CloseSocket(second.session);
  EXPECT_THAT(Told<signal::Streams>(bob).back().streams, IsEmpty());
  EXPECT_THAT(Told<signal::MemberLeft>(bob), IsEmpty());
  EXPECT_EQ(Commands<RemoveSource>(), 2u);
  EXPECT_EQ(Push(ReadPush(*entered.urls)).refused, "");
}

TEST_F(ControlBridgeTest, ThePlayTableIsToldWheneverItChanges) {
  const SessionId phone = Open();
  auto request = PhoneRequest("phone");
  request.recv_mode = 4;
  EXPECT_THAT(Enter(phone, request).urls->play, IsEmpty());
  const SessionId bob = Open();
  Enter(bob, GroupRequest("bob"));
  EXPECT_THAT(Told<signal::Play>(phone), IsEmpty()) << "it has asked for nothing";
  const auto answer = Ask(phone, signal::Subscribe{"bob", StreamType::kMain, MediaKind::kAudio});
  EXPECT_EQ(std::get<signal::SubscribeResult>(answer.body).mid, std::nullopt);
  ASSERT_THAT(Told<signal::Play>(phone), SizeIs(1));
  ASSERT_THAT(Told<signal::Play>(phone)[0].play, SizeIs(1));
  EXPECT_EQ(Told<signal::Play>(phone)[0].play[0].stream, (signal::PlayedStream{"bob", StreamType::kMain, true, false}));
  Ask(bob, signal::Publish{StreamType::kMain, {}, false});
  EXPECT_THAT(Told<signal::Play>(phone), SizeIs(1)) << "of the picture it gets nothing anyway";
  Ask(bob, signal::Publish{StreamType::kMain, false, {}});
  EXPECT_THAT(Told<signal::Play>(phone).back().play, IsEmpty());
  Ask(bob, signal::Publish{StreamType::kMain, true, {}});
  EXPECT_THAT(Told<signal::Play>(phone).back().play, SizeIs(1));
  EXPECT_EQ(ErrorOf(Ask(phone, signal::Unsubscribe{"bob", StreamType::kMain, MediaKind::kAudio})), "ok");
  EXPECT_THAT(Told<signal::Play>(phone).back().play, IsEmpty());
  EXPECT_THAT(Told<signal::Slots>(phone), IsEmpty());
}

TEST_F(ControlBridgeTest, WhatOnlyOneKindOfMemberCanAskFor) {
  const SessionId phone = Open();
  Enter(phone, PhoneRequest("phone"));
  const SessionId bob = Open();
  Enter(bob, GroupRequest("bob"));
  EXPECT_EQ(ErrorOf(Ask(phone, signal::Negotiate{SdkOffer(), {}})), "not_allowed");
  EXPECT_EQ(ErrorOf(Ask(bob, signal::Urls{})), "not_allowed");
  const auto urls = std::get<signal::MediaUrls>(Ask(phone, signal::Urls{}).body);
  EXPECT_TRUE(urls.push_rtmp);
  EXPECT_THAT(urls.play, SizeIs(1));
}

TEST_F(ControlBridgeTest, TicketsAreForOneMemberStreamAndTime) {
  Enter(Open(), GroupRequest("bob"));
  const SessionId phone = Open();
  const auto entered = Enter(phone, PhoneRequest("phone"));
  Enter(Open(), PhoneRequest("other"));
  RtmpPush push = ReadPush(*entered.urls);
  push.user_id = "other";
  EXPECT_EQ(Push(push).refused, "ticket_invalid");
  push = ReadPush(*entered.urls);
  push.room.value = uint32_t{99};
  EXPECT_EQ(Push(push).refused, "ticket_invalid");
  RtmpPlay play = ReadPlay(entered.urls->play[0]);
  EXPECT_EQ(Play(play).refused, "");
  play.publisher = "other";
  EXPECT_EQ(Play(play).refused, "ticket_invalid");
  play.publisher = "bob";
  play.stream = StreamType::kAux;
  EXPECT_EQ(Play(play).refused, "ticket_invalid");
  push = ReadPush(*entered.urls);
  push.ticket = ReadPlay(entered.urls->play[0]).ticket;
  EXPECT_EQ(Push(push).refused, "ticket_invalid");

  Pass(Duration::Seconds(300));
  EXPECT_EQ(Push(ReadPush(*entered.urls)).refused, "ticket_expired");
  EXPECT_EQ(Play(ReadPlay(entered.urls->play[0])).refused, "ticket_expired");
  const auto fresh = std::get<signal::MediaUrls>(Ask(phone, signal::Urls{}).body);
  EXPECT_EQ(Push(ReadPush(fresh)).refused, "");
  EXPECT_EQ(Play(ReadPlay(fresh.play[0])).refused, "");
  Ask(phone, signal::Exit{});
  EXPECT_EQ(Push(ReadPush(fresh)).refused, "ticket_invalid") << "its member is gone";
  EXPECT_EQ(Play(ReadPlay(fresh.play[0])).refused, "ticket_invalid");
}

TEST_F(ControlBridgeTest, AnAudienceHasNothingToPushTo) {
  const SessionId phone = Open();
  auto request = PhoneRequest("phone");
  const auto anchor = Enter(phone, request);
  Ask(phone, signal::SwitchRole{signal::Role::kAudience});
  EXPECT_FALSE(std::get<signal::MediaUrls>(Ask(phone, signal::Urls{}).body).push_rtmp);
  EXPECT_EQ(Push(ReadPush(*anchor.urls)).refused, "not_allowed");
}

TEST_F(ControlBridgeTest, AMemberWithoutSdpIsSuspendedAndResumes) {
  const SessionId bob = Open();
  Enter(bob, GroupRequest("bob"));
  const SessionId phone = Open();
  const auto entered = Enter(phone, PhoneRequest("phone"));
  const Opened push = Push(ReadPush(*entered.urls));
  Carries(push);
  const Opened viewer = Play(ReadPlay(entered.urls->play[0]), false);
  Ask(phone, signal::Publish{StreamType::kMain, {}, false});
  CloseSocket(phone);
  EXPECT_THAT(Told<signal::MemberPaused>(bob), SizeIs(1));
  EXPECT_THAT(Ended(push.session), IsEmpty()) << "a lost socket stops no media";
  commands_.clear();
  Pass(Duration::Seconds(20));

  auto again = PhoneRequest("phone");
  again.resume = entered.resume;
  const SessionId back = Open();
  const auto resumed = Enter(back, again);
  EXPECT_TRUE(resumed.resumed);
  EXPECT_THAT(Told<signal::MemberResumed>(bob), SizeIs(1));
  EXPECT_THAT(Told<signal::MemberLeft>(bob), IsEmpty());
  EXPECT_EQ(Told<signal::Streams>(bob).back().streams,
            (std::vector<signal::StreamState>{{StreamType::kMain, true, false}}));
  EXPECT_EQ(Commands<RemoveSource>(), 0u) << "the push runs on";
  EXPECT_NE(resumed.urls->push_rtmp, entered.urls->push_rtmp) << "fresh";
  EXPECT_THAT(Ended(push.session), IsEmpty());
  EXPECT_THAT(Ended(viewer.session), IsEmpty());

  // The tag was stopped in the meantime, and begins anew.
  CloseSocket(push.session);
  const Opened second = Push(ReadPush(*resumed.urls));
  Carries(second);
  EXPECT_EQ(Told<signal::Streams>(bob).back().streams,
            (std::vector<signal::StreamState>{{StreamType::kMain, true, false}}))
      << "still without its picture";

  // Away for good.
  CloseSocket(back);
  Pass(Duration::Seconds(90));
  EXPECT_THAT(Told<signal::MemberLeft>(bob), ElementsAre(signal::MemberLeft{"phone", signal::LeaveReason::kTimeout}));
  EXPECT_THAT(Ended(second.session), SizeIs(1));
  EXPECT_THAT(Ended(viewer.session), SizeIs(1));
}

TEST_F(ControlBridgeTest, AMemberMayResumeTheOtherWay) {
  const SessionId bob = Open();
  Enter(bob, GroupRequest("bob"));
  const SessionId phone = Open();
  const auto entered = Enter(phone, PhoneRequest("alice"));
  const Opened push = Push(ReadPush(*entered.urls));
  Carries(push);
  const Opened viewer = Play(ReadPlay(entered.urls->play[0]), false);
  auto as_page = GroupRequest("alice");
  as_page.resume = entered.resume;
  const SessionId page = Open();
  const auto second = Enter(page, as_page);
  EXPECT_TRUE(second.resumed);
  EXPECT_NE(second.answer, "");
  EXPECT_THAT(second.slots, SizeIs(2));
  EXPECT_THAT(Ended(push.session), SizeIs(1));
  EXPECT_THAT(Ended(viewer.session), SizeIs(1));
  auto as_phone = PhoneRequest("alice");
  as_phone.resume = second.resume;
  const auto third = Enter(Open(), as_phone);
  EXPECT_TRUE(third.resumed);
  EXPECT_EQ(third.urls->play.size(), 1u);
  EXPECT_EQ(Push(ReadPush(*third.urls)).refused, "");
  EXPECT_EQ(Commands<RemovePeer>(), 1u);
  EXPECT_THAT(Told<signal::MemberLeft>(bob), IsEmpty());
}

TEST_F(ControlBridgeTest, ExitAndKickEndPushAndPlayers) {
  const SessionId bob = Open();
  Enter(bob, GroupRequest("bob"));
  for (const bool kicked : {false, true}) {
    const SessionId phone = Open();
    const auto entered = Enter(phone, PhoneRequest("phone"));
    const Opened push = Push(ReadPush(*entered.urls));
    const Opened viewer = Play(ReadPlay(entered.urls->play[0]), false);
    const Opened line = Play(ReadPlay(entered.urls->play[0]), true);
    commands_.clear();
    if (kicked) {
      Enter(Open(), PhoneRequest("phone"));
      EXPECT_THAT(Told<signal::Kicked>(phone), SizeIs(1));
    } else {
      Ask(phone, signal::Exit{});
    }
    EXPECT_THAT(Ended(push.session), SizeIs(1)) << kicked;
    EXPECT_THAT(Ended(viewer.session), SizeIs(1)) << kicked;
    EXPECT_THAT(Ended(line.session), IsEmpty()) << "others may watch";
    EXPECT_EQ(Commands<RemoveSource>(), 1u);
    outputs_.clear();
    CloseSocket(push.session);
    CloseSocket(viewer.session);
    CloseSocket(line.session);
    EXPECT_THAT(outputs_, IsEmpty());
  }
}

// ---- the codec of the others

TEST_F(ControlBridgeTest, MembersAreAskedForH264AsLongAsSomebodyNeedsIt) {
  using signal::VideoCodec;
  const VideoCodec h264{signal::VideoCodecName::kH264};
  const VideoCodec any{};
  const SessionId bob = Open();
  Enter(bob, GroupRequest("bob"));
  const SessionId whip = Open(true);
  Enter(whip, GroupRequest("whip"));
  EXPECT_THAT(Told<VideoCodec>(bob), IsEmpty());
  const SessionId phone = Open();
  Enter(phone, PhoneRequest("phone"));
  EXPECT_THAT(Told<VideoCodec>(bob), ElementsAre(h264));
  EXPECT_THAT(Told<VideoCodec>(phone), IsEmpty()) << "it sends nothing else";
  const SessionId carol = Open();
  Enter(carol, GroupRequest("carol"));
  EXPECT_THAT(Told<VideoCodec>(carol), ElementsAre(h264)) << "who comes later, after its answer";

  // One goes, another comes within the linger: nobody hears of it.
  Ask(phone, signal::Exit{});
  Pass(Duration::Millis(1999));
  const Opened play = Play(PlayOf("bob"));
  Pass(Duration::Seconds(10));
  EXPECT_THAT(Told<VideoCodec>(bob), ElementsAre(h264));
  CloseSocket(play.session);
  Pass(Duration::Millis(1999));
  EXPECT_THAT(Told<VideoCodec>(bob), ElementsAre(h264));
  Pass(Duration::Millis(1));
  EXPECT_THAT(Told<VideoCodec>(bob), ElementsAre(h264, any));
  EXPECT_THAT(Told<VideoCodec>(carol), ElementsAre(h264, any));
  EXPECT_TRUE(control_->NextTimer().is_never());
  Enter(Open(), GroupRequest("dave"));
  Play(PlayOf("bob"), false);
  EXPECT_THAT(Told<VideoCodec>(bob), SizeIs(2)) << "a viewer without a line needs nothing";
  Play(PlayOf("bob"));
  EXPECT_THAT(Told<VideoCodec>(bob), ElementsAre(h264, any, h264));
  EXPECT_THAT(Told<VideoCodec>(whip), IsEmpty()) << "it hears no notifications";
}

TEST_F(ControlBridgeTest, ALastingNeedIsForgottenWithTheRoom) {
  const SessionId phone = Open();
  Enter(phone, PhoneRequest("phone"));
  Ask(phone, signal::Exit{});
  EXPECT_EQ(control_->counts().rooms, 0u);
  EXPECT_TRUE(control_->NextTimer().is_never());
}

}  // namespace
}  // namespace duet
