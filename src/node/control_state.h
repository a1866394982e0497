// The inside of Control, shared by its .cc files. Not for other folders.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "base/token_bucket.h"
#include "node/control.h"
#include "node/relays.h"
#include "node/speaker_merge.h"
#include "node/tickets.h"
#include "peer/answerer.h"
#include "room/room_state.h"

namespace duet {

// What a session of the RTMP and FLV doors plays (OpenPlay): a viewer, or the line that the viewers of a stream share.
struct ControlPlay {
  RoomKey room;
  std::string publisher;
  signal::StreamType stream{};
  std::string viewer;  // a viewer's: the member with whose ticket it came; empty = without
  MediaLineRef line;   // null for a viewer
  struct Tap {
    TapId id;
    UptrackId uptrack;  // 0 = nothing is tapped
    size_t worker = 0;
  };
  std::array<Tap, 2> taps;  // of a line, by MediaKind
};

// What RTMP and FLV have to do with a room: there as long as somebody plays in it or is in it without SDP.
struct RoomBridge {
  std::set<SessionId> plays;
  bool h264 = false;             // members were asked for H.264
  std::set<SessionId> told;      // whom
  Time back_at = Time::Never();  // nobody needs it any more: when they are told
};

// One signalling connection, or one push or play of the other doors.
struct ControlSession {
  SessionId id;
  Log connection_log;         // carries the session
  Log log;                    // and, once entered, room and user
  RoomState* room = nullptr;  // null until entered
  std::string user_id;
  // See SessionOpened.
  bool silent = false;
  std::string host;
  bool secure = false;
  PeerId push;  // the source that this session feeds; 0 = none
  std::optional<ControlPlay> play;
  // docs/protocol.md: 30 messages and 8 KiB per second and sender.
  TokenBucket messages{30, 30};
  TokenBucket message_bytes{8192, 8192};
};

// One transport or source that a worker holds for us.
struct ControlPeer {
  RoomState* room = nullptr;
  std::string user_id;
  size_t worker = 0;
  PeerConfig config;  // for `negotiate`; a source has but uptracks
  SessionId push;     // of a source: which session feeds it; 0 = a transport
  // The last of each picture, told again to a member whose socket was lost and not its media.
  std::map<UptrackId, UptrackLimit> limits;
  std::map<UptrackId, UptrackLayersWanted> layers;
  bool is_source() const { return push.value() != 0; }
};

inline std::vector<Waker*> WakersOf(const ControlConfig& config) {
  std::vector<Waker*> wakers;
  for (const ControlConfig::Worker& worker : config.workers) wakers.push_back(worker.waker);
  return wakers;
}

struct Control::State {
  State(ControlConfig c, const AppRegistry& a, Rng& r, Log l)
      : config(std::move(c)), apps(a), rng(r), log(std::move(l)), relays(WakersOf(config)), tickets(r) {}

  using Reply = Result<decltype(signal::Response::body), signal::SignalError>;
  using RoomId = std::pair<uint32_t, signal::RoomName>;

  // Where somebody who may enter goes. `existing` is its older self, `resumed` whether it takes that one's seat.
  struct Place {
    RoomState* room = nullptr;
    Member* existing = nullptr;
    bool resumed = false;
    size_t worker = 0;  // that is to hold its media
  };

  // control_enter.cc
  Reply OnEnter(ControlSession& session, signal::Enter&& enter);
  Reply OnNegotiate(ControlSession& session, signal::Negotiate&& negotiate);
  IceRestarted OnRestartIce(const ControlSession& session, const IceCredentials& remote);
  Result<Place, signal::SignalError> Admit(const ControlSession& session, const signal::Enter& enter,
                                           const Rights& rights);
  Result<RoomState*, signal::SignalError> RoomFor(const signal::Enter& enter, const Rights& rights);
  Result<MemberTransport, signal::SignalError> MakeTransport(const Answer& answer,
                                                             std::span<const signal::TrackInfo> tracks,
                                                             signal::Role role, const Rights& rights) const;
  // The media of a member with an offer: makes its peer and the answer, or keeps the peer that its seat has, if the
  // offer is of the same connection.
  Result<MemberTransport, signal::SignalError> AnswerOffer(const Place& place, const signal::Enter& enter,
                                                           const Rights& rights, std::string& sdp);
  void TellLimitsAgain(PeerId peer);
  // After a negotiation.
  void UpdateMedia(const RoomState& room, ControlPeer& peer, PeerConfig&& changed);
  // Where the media of somebody new in the room goes.
  size_t WorkerFor(const RoomState& room) const;
  static MemberTransport PushedTransport(const Place& place, signal::Role role, const Rights& rights);
  // Puts the user of an accepted `enter` into the room: on its own seat again, in place of its older self, or as
  // somebody new.
  Member& TakeSeat(ControlSession& session, const Place& place, const signal::Enter& enter, const Rights& rights,
                   MemberTransport transport);
  signal::EnterResult DescribeRoom(const RoomState& room, const Member& member) const;

  // control_requests.cc
  Reply Dispatch(ControlSession& session, signal::RequestBody&& body);
  Reply OnMessage(ControlSession& session, const signal::Message& message);
  Reply OnSubscribe(ControlSession& session, const signal::Subscribe& subscribe);

  // control_bridge.cc
  void OnOpenPush(ControlSession& session, const OpenPush& open);
  void OnPushCarries(const ControlSession& session, const PushCarries& carries);
  // The push is over. The member is gone when the session was all it had, else it stays without media.
  void EndPush(ControlSession& session);
  // The member, whose seat is its own, publishes nothing until the next push.
  void DetachPush(RoomState& room, Member& member);
  Result<PushOpened, signal::SignalError> PushAsMember(ControlSession& session, const OpenPush& open);
  Result<PushOpened, signal::SignalError> PushForMember(ControlSession& session, const RtmpPush& target);
  PushOpened MakeSource(ControlSession& session, RoomState& room, size_t worker, const std::string& user_id);
  void OnOpenPlay(ControlSession& session, const OpenPlay& open);
  Result<PlayOpened, signal::SignalError> Play(ControlSession& session, const OpenPlay& open);
  // What the viewer may receive, and in `viewer` the member whose ticket it has.
  Result<Rights, signal::SignalError> RightsOfViewer(RoomState* room, const OpenPlay& open, std::string& viewer) const;
  // `why` is a sentence for the client; empty when it has gone by itself.
  void EndPlay(ControlSession& session, const std::string& why);
  void EndPlaysOf(const RoomState& room, std::string_view viewer, const std::string& why);
  void OnWantKeyframe(const ControlSession& session);
  // Something has changed in the room: plays follow their publishers, members hear which codec is needed.
  void FollowRoom(RoomState& room);
  void FollowPublisher(const RoomState& room, ControlSession& session);
  void FollowCodecNeeds(const RoomState& room, RoomBridge& bridge);
  void TellCodecBack(RoomKey key);
  // The track of this member that viewers without SDP can get as this kind of this stream; 0 = none.
  UptrackId Tappable(const Member& publisher, signal::StreamType stream, signal::MediaKind kind) const;
  signal::MediaUrls UrlsFor(const ControlSession& session, const RoomState& room, const Member& member);

  // control.cc
  void Apply(RoomState& room, RoomEffects&& fx);
  // A switch in the media path, on the worker of its peer and where its track is relayed to.
  template <typename Switch>
  void Flip(PeerId peer, const Switch& change) {
    const auto it = peers.find(peer);
    if (it == peers.end()) return;
    relays.OnSwitch(now, change, commands);
    Command(it->second.worker, change);
  }
  void Notify(SessionId session, signal::Notification notification);
  void Close(SessionId session, CloseCode code, std::string reason);
  void Command(size_t worker, WorkerCommand command) { commands.emplace_back(worker, std::move(command)); }
  // The member's session gets `kicked` and is closed; it is in no room afterwards.
  void KickSession(const Member& member, signal::KickReason reason);
  // `why`: the sentence with which the push behind a source is closed; empty when it has gone by itself.
  void DropPeer(PeerId peer, const std::string& why = {});
  // Takes the member and all that hangs on it out. The room stays, even when it was the last.
  void Depart(RoomState& room, const Member& member, signal::LeaveReason reason, RoomEffects& fx);
  // For the pushes and plays of a member that has gone like this.
  static std::string SentenceFor(signal::LeaveReason reason);
  // Takes the member out of the room and its peer off the worker; ends the room when it was the last.
  void RemoveMember(RoomState& room, std::string_view user_id, signal::LeaveReason reason);
  void KeepSeat(RoomState& room, Member& member);
  void EndIfEmpty(RoomState& room);
  Member* MemberOf(const ControlSession& session) const {
    return session.room != nullptr ? session.room->Find(session.user_id) : nullptr;
  }
  void OnSessionClosed(ControlSession& session);
  void OnPeerLost(const PeerLost& lost);
  // The member that sends on this transport, and what it publishes as this track; nulls when they are gone.
  std::pair<const Member*, const Publication*> FindUptrack(PeerId peer, UptrackId uptrack) const;
  void OnRoomSpeakers(size_t worker, const RoomSpeakers& event);
  void OnUptrackLimit(const UptrackLimit& limit);
  void OnLayersWanted(const UptrackLayersWanted& wanted);
  void TellLimit(const UptrackLimit& limit);
  void TellLayers(const UptrackLayersWanted& wanted);
  void OnPeerQuality(const PeerQuality& quality);

  ControlConfig config;
  const AppRegistry& apps;
  Rng& rng;
  Log log;

  Time now;
  int64_t unix_now_s = 0;
  bool draining = false;
  uint64_t next_peer = 1;
  uint64_t next_room = 1;
  TrackIdSource track_ids;
  size_t member_count = 0;

  std::unordered_map<SessionId, ControlSession> sessions;
  std::map<RoomId, std::unique_ptr<RoomState>> rooms;
  std::map<RoomKey, RoomState*> rooms_by_key;
  std::unordered_map<PeerId, ControlPeer> peers;
  std::map<RoomKey, RoomBridge> bridges;
  Relays relays;
  std::map<RoomKey, SpeakerMerge> speaker_merges;  // with several workers
  Tickets tickets;
  size_t lines = 0;  // of pushes and plays
  uint64_t next_tap = 1;
  std::vector<size_t> worker_load;  // members per worker
  std::vector<WorkerCounts> worker_counts;
  // Seats that are kept, by when they end. Checked against the member when due, so a seat that was taken again needs no
  // removal.
  std::multimap<Time, std::pair<RoomKey, std::string>> seats;

  std::vector<ControlOutput> outputs;
  std::vector<std::pair<size_t, WorkerCommand>> commands;
};

// Whether the request may enter, with which rights. Checks the app, the UserSig and, when given or demanded, the
// privateMapKey. `trusted`: see OpenPush.
Result<Rights, signal::SignalError> Authenticate(const AppRegistry& apps, const signal::Enter& enter,
                                                 int64_t unix_now_s, bool trusted = false);

}  // namespace duet
