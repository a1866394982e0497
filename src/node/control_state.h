// The inside of Control, shared by its .cc files. Not for other folders.
#pragma once

#include <map>
#include <set>
#include <unordered_map>

#include "base/token_bucket.h"
#include "node/control.h"
#include "peer/answerer.h"
#include "room/room_state.h"

namespace duet {

// One signalling connection.
struct ControlSession {
  SessionId id;
  Log connection_log;         // carries the session
  Log log;                    // and, once entered, room and user
  RoomState* room = nullptr;  // null until entered
  std::string user_id;
  bool silent = false;  // see SessionOpened
  // docs/protocol.md: 30 messages and 8 KiB per second and sender.
  TokenBucket messages{30, 30};
  TokenBucket message_bytes{8192, 8192};
};

// One transport that a worker holds for us.
struct ControlPeer {
  RoomState* room = nullptr;
  std::string user_id;
  size_t worker = 0;
  PeerConfig config;  // for `negotiate`
};

struct Control::State {
  State(ControlConfig c, const AppRegistry& a, Rng& r, Log l)
      : config(std::move(c)), apps(a), rng(r), log(std::move(l)) {}

  using Reply = Result<decltype(signal::Response::body), signal::SignalError>;
  using RoomId = std::pair<uint32_t, signal::RoomName>;

  // control_enter.cc
  Reply OnEnter(ControlSession& session, signal::Enter&& enter);
  Reply OnNegotiate(ControlSession& session, signal::Negotiate&& negotiate);
  IceRestarted OnRestartIce(const ControlSession& session, const IceCredentials& remote);
  Result<RoomState*, signal::SignalError> RoomFor(const signal::Enter& enter, const Rights& rights);
  Result<MemberTransport, signal::SignalError> MakeTransport(const Answer& answer,
                                                             std::span<const signal::TrackInfo> tracks,
                                                             signal::Role role, const Rights& rights) const;
  // Puts the user of an accepted `enter` into the room: on its own seat again, in place of its older self, or as
  // somebody new.
  Member& TakeSeat(const ControlSession& session, RoomState& room, Member* existing, bool resumed,
                   const signal::Enter& enter, const Rights& rights, MemberTransport transport);
  signal::EnterResult DescribeRoom(const RoomState& room, const Member& member) const;

  // control_requests.cc
  Reply Dispatch(ControlSession& session, signal::RequestBody&& body);
  Reply OnMessage(ControlSession& session, const signal::Message& message);
  Reply OnSubscribe(ControlSession& session, const signal::Subscribe& subscribe);

  // control.cc
  void Apply(RoomState& room, RoomEffects&& fx);
  void Notify(SessionId session, signal::Notification notification);
  void Close(SessionId session, CloseCode code, std::string reason);
  void Command(size_t worker, WorkerCommand command) { commands.emplace_back(worker, std::move(command)); }
  // The member's session gets `kicked` and is closed; it is in no room afterwards.
  void KickSession(const Member& member, signal::KickReason reason);
  void DropPeer(PeerId peer);
  // Takes the member out of the room and its peer off the worker; ends the room when it was the last.
  void RemoveMember(RoomState& room, std::string_view user_id, signal::LeaveReason reason);
  void KeepSeat(RoomState& room, Member& member);
  void EndIfEmpty(RoomState& room);
  Member* MemberOf(const ControlSession& session) const {
    return session.room != nullptr ? session.room->Find(session.user_id) : nullptr;
  }
  void OnPeerLost(const PeerLost& lost);
  // The member that sends on this transport, and what it publishes as this track; nulls when they are gone.
  std::pair<const Member*, const Publication*> FindUptrack(PeerId peer, UptrackId uptrack) const;
  void OnRoomSpeakers(const RoomSpeakers& event);
  void OnUptrackLimit(const UptrackLimit& limit);
  void OnLayersWanted(const UptrackLayersWanted& wanted);
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
  std::vector<size_t> worker_load;  // members per worker
  std::vector<WorkerCounts> worker_counts;
  // Seats that are kept, by when they end. Checked against the member when due, so a seat that was taken again needs no
  // removal.
  std::multimap<Time, std::pair<RoomKey, std::string>> seats;

  std::vector<ControlOutput> outputs;
  std::vector<std::pair<size_t, WorkerCommand>> commands;
};

// Whether the request may enter, with which rights. Checks the app, the UserSig and, when given or demanded, the
// privateMapKey.
Result<Rights, signal::SignalError> Authenticate(const AppRegistry& apps, const signal::Enter& enter,
                                                 int64_t unix_now_s);

}  // namespace duet
