// Coming in: enter, resume, negotiate.
#include <algorithm>

#include "node/control_state.h"

namespace duet {

using signal::MakeError;
using signal::SignalError;
using signal::SignalErrorKind;

namespace {

// Tokens are compared without telling by the time how much of them was right.
bool SameToken(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

// An offer of the connection that `known` is the other end of, not of one that takes its place.
bool IsSameConnection(const PeerConfig& offered, const PeerConfig& known) {
  return offered.remote_fingerprint == known.remote_fingerprint && offered.remote_ice == known.remote_ice;
}

}  // namespace

// The room as it is, or a new one (not yet counted in: the caller ends it again when nobody comes in after all).
Result<RoomState*, SignalError> Control::State::RoomFor(const signal::Enter& enter, const Rights& rights) {
  const RoomId id(enter.sdk_app_id, enter.room);
  if (const auto it = rooms.find(id); it != rooms.end()) return it->second.get();
  if ((rights.bits & kMayCreateRoom) == 0) {
    return MakeError(SignalErrorKind::kMapKeyPrivilege,
                     "The room does not exist yet and your privateMapKey does not allow to create it.");
  }
  if (rooms.size() >= config.max_rooms) {
    return MakeError(SignalErrorKind::kServerBusy, "The server holds as many rooms as it may. Try again later.");
  }
  const auto least = std::min_element(worker_load.begin(), worker_load.end());
  constexpr size_t kPair = 2;
  auto room = std::make_unique<RoomState>(RoomState::Options{
      .key = RoomKey(next_room++),
      .sdk_app_id = enter.sdk_app_id,
      .name = enter.room,
      .room_template = enter.room_template,
      .capacity = enter.room_template == signal::Template::k1v1 ? kPair : config.max_room_members,
      .created_unix_ms = now.ms(),
      .worker = static_cast<size_t>(least - worker_load.begin()),
  });
  RoomState* made = room.get();
  rooms_by_key.emplace(made->options().key, made);
  rooms.emplace(id, std::move(room));
  return made;
}

Result<MemberTransport, SignalError> Control::State::MakeTransport(const Answer& answer,
                                                                   std::span<const signal::TrackInfo> tracks,
                                                                   signal::Role role, const Rights& rights) const {
  MemberTransport transport{.peer = answer.config.id};
  for (const UptrackConfig& track : answer.config.uptracks) {
    const auto info = std::find_if(tracks.begin(), tracks.end(), [&](const auto& t) { return t.mid == track.mid; });
    Publication publication{.mid = track.mid, .kind = track.kind, .uptrack = track.id};
    publication.stream = info != tracks.end() ? info->stream : signal::StreamType::kMain;
    publication.on = (info == tracks.end() || info->on) && role == signal::Role::kAnchor &&
                     rights.MaySend(track.kind, publication.stream);
    if (track.layers.size() > 1) {
      for (const LayerConfig& layer : track.layers) publication.rids.push_back(layer.rid);
    }
    for (const Publication& other : transport.publications) {
      if (other.kind == publication.kind && other.stream == publication.stream) {
        return MakeError(SignalErrorKind::kSdpInvalid,
                         "The sections \"" + other.mid + "\" and \"" + publication.mid +
                             "\" are the same kind of the same stream. Say with `tracks` which is main and which aux.");
      }
    }
    transport.publications.push_back(std::move(publication));
  }
  for (const DowntrackConfig& track : answer.config.downtracks)
    transport.slots.push_back({.mid = track.mid, .kind = track.kind, .downtrack = track.id});
  return transport;
}

signal::EnterResult Control::State::DescribeRoom(const RoomState& room, const Member& member) const {
  signal::EnterResult result;
  result.resume = member.resume_token;
  // Those who are told nothing have no use for the others, of whom there may be thousands.
  for (const auto& other : room.members()) {
    if (!member.silent && other.get() != &member)
      result.members.push_back({other->user_id, other->role, other->paused(), other->streams()});
  }
  result.slots = member.slot_table();
  result.room = {room.options().name, static_cast<uint32_t>(room.options().capacity), room.options().created_unix_ms};
  result.seat_seconds = config.seat_time.ms() / 1000;
  return result;
}

// Whoever is admitted must be seated, or the room be ended again (EndIfEmpty).
Result<Control::State::Place, SignalError> Control::State::Admit(const ControlSession& session,
                                                                 const signal::Enter& enter, const Rights& rights) {
  if (draining) return MakeError(SignalErrorKind::kServerDraining, "The server is stopping. Try again in a moment.");
  const auto found = RoomFor(enter, rights);
  if (!found.ok()) return found.error();
  RoomState& room = **found;

  Member* existing = room.Find(enter.user_id);
  const bool resumed = existing != nullptr && enter.resume && SameToken(*enter.resume, existing->resume_token);
  if (session.room != nullptr && !(resumed && existing->session == session.id)) {
    EndIfEmpty(room);
    return MakeError(SignalErrorKind::kAlreadyEntered, "This connection is in a room already. Send `exit` first.");
  }
  if (!room.HasRoomFor(enter.user_id)) {
    return MakeError(SignalErrorKind::kRoomFull,
                     "The room is full: it takes " + std::to_string(room.options().capacity) + " members.");
  }
  if (existing == nullptr && member_count >= config.max_members) {
    EndIfEmpty(room);
    return MakeError(SignalErrorKind::kServerBusy, "The server holds as many members as it may. Try again later.");
  }
  return Place{&room, existing, resumed, resumed ? existing->worker : WorkerFor(room)};
}

// A room stays on one worker as long as it is small, for what is sent to another one is copied; a large one goes on to
// more of them as they are less busy.
size_t Control::State::WorkerFor(const RoomState& room) const {
  const size_t together = config.members_together;
  const size_t home = room.options().worker;
  if (worker_load.size() == 1 || room.size() < together) return home;
  std::vector<size_t> members(worker_load.size());
  for (const auto& member : room.members()) ++members[member->worker];
  size_t best = home;
  for (size_t i = 0; i < members.size(); ++i) {
    if (members[i] == 0) continue;
    if (members[i] < together) return i;  // it has begun there
    if (worker_load[i] < worker_load[best]) best = i;
  }
  const auto least = std::min_element(worker_load.begin(), worker_load.end());
  return *least + together <= worker_load[best] ? static_cast<size_t>(least - worker_load.begin()) : best;
}

// The tracks of a member without SDP: those of its push, which may be running already when it resumes.
MemberTransport Control::State::PushedTransport(const Place& place, signal::Role role, const Rights& rights) {
  if (place.resumed && place.existing->virtual_slots) return place.existing->transport;
  MemberTransport transport;
  for (const signal::MediaKind kind : {signal::MediaKind::kAudio, signal::MediaKind::kVideo}) {
    transport.publications.push_back(
        {.mid = std::string(ToString(kind)),
         .kind = kind,
         .on = role == signal::Role::kAnchor && rights.MaySend(kind, signal::StreamType::kMain),
         .carried = false});
  }
  return transport;
}

Control::State::Reply Control::State::OnEnter(ControlSession& session, signal::Enter&& enter) {
  const auto rights = Authenticate(apps, enter, unix_now_s);
  if (!rights.ok()) return rights.error();
  const auto place = Admit(session, enter, *rights);
  if (!place.ok()) return place.error();
  RoomState& room = *place->room;
  std::string sdp;
  Result<MemberTransport, SignalError> transport = enter.media == signal::Media::kRtmp
                                                       ? PushedTransport(*place, enter.role, *rights)
                                                       : AnswerOffer(*place, enter, *rights, sdp);
  if (!transport.ok()) {
    EndIfEmpty(room);
    return transport.error();
  }
  Member& member = TakeSeat(session, *place, enter, *rights, std::move(*transport));
  session.log.Info(std::string(place->resumed ? "resumed" : "entered") + ", client " + enter.client.platform + " " +
                   enter.client.version + ", " + std::to_string(room.size()) + " in the room");
  signal::EnterResult result = DescribeRoom(room, member);
  result.session = std::to_string(session.id.value());
  result.resumed = place->resumed;
  if (member.virtual_slots) {
    result.urls = UrlsFor(session, room, member);
  } else {
    result.answer = std::move(sdp);
  }
  return {std::move(result)};
}

Result<MemberTransport, SignalError> Control::State::AnswerOffer(const Place& place, const signal::Enter& enter,
                                                                 const Rights& rights, std::string& sdp) {
  RoomState& room = *place.room;
  const size_t worker = place.worker;
  const LocalTransport local{config.local_fingerprint, config.workers[worker].candidates};
  // Only the socket was lost: media go on.
  if (const auto it = place.resumed ? peers.find(place.existing->transport.peer) : peers.end(); it != peers.end()) {
    auto answer = MakeAnswer(it->first, enter.offer, enter.tracks, &it->second.config, local, rng, track_ids);
    if (answer.ok() && IsSameConnection(answer->config, it->second.config)) {
      auto transport = MakeTransport(*answer, enter.tracks, enter.role, rights);
      if (!transport.ok()) return transport.error();
      sdp = std::move(answer->sdp);
      UpdateMedia(room, it->second, std::move(answer->config));
      return transport;
    }
  }
  const PeerId peer(next_peer++);
  auto answer = MakeAnswer(peer, enter.offer, enter.tracks, nullptr, local, rng, track_ids);
  if (!answer.ok()) return answer.error();
  auto transport = MakeTransport(*answer, enter.tracks, enter.role, rights);
  if (!transport.ok()) return transport.error();
  sdp = std::move(answer->sdp);
  Command(worker, AddPeer{room.options().key, answer->config});
  relays.SetPeer(room.options().key, worker, answer->config, commands);
  peers.emplace(peer, ControlPeer{&room, enter.user_id, worker, std::move(answer->config), {}, {}, {}});
  return transport;
}

void Control::State::TellLimitsAgain(PeerId peer) {
  const auto it = peers.find(peer);
  if (it == peers.end()) return;
  for (const auto& [id, limit] : it->second.limits) TellLimit(limit);
  for (const auto& [id, wanted] : it->second.layers) TellLayers(wanted);
}

void Control::State::UpdateMedia(const RoomState& room, ControlPeer& peer, PeerConfig&& changed) {
  Command(peer.worker, UpdatePeer{changed});
  relays.SetPeer(room.options().key, peer.worker, changed, commands);
  peer.config = std::move(changed);
  // What was told of tracks that are gone is told nobody again.
  const auto gone = [&](const auto& told) {
    return std::none_of(peer.config.uptracks.begin(), peer.config.uptracks.end(),
                        [&](const UptrackConfig& track) { return track.id == told.first; });
  };
  std::erase_if(peer.limits, gone);
  std::erase_if(peer.layers, gone);
}

Member& Control::State::TakeSeat(ControlSession& session, const Place& place, const signal::Enter& enter,
                                 const Rights& rights, MemberTransport transport) {
  RoomState& room = *place.room;
  Member* existing = place.existing;
  session.room = &room;
  session.user_id = enter.user_id;
  session.log = session.connection_log.With("room", room.options().name.ToString()).With("user", enter.user_id);
  const bool virtual_slots = enter.media == signal::Media::kRtmp;
  if (virtual_slots) bridges.try_emplace(room.options().key);
  if (existing != nullptr && existing->session != session.id) KickSession(*existing, signal::KickReason::kReplaced);
  const std::string token = rng.Hex(16);
  RoomEffects fx;
  if (place.resumed) {
    const PeerId old_peer = existing->transport.peer;
    const PeerId new_peer = transport.peer;
    if (existing->virtual_slots && (!virtual_slots || existing->rights.bits != rights.bits))
      EndPlaysOf(room, enter.user_id, "The member receives in another way now.");
    existing->rights = rights;
    existing->role = enter.role;
    existing->recv_mode = enter.recv_mode;
    existing->silent = session.silent;
    existing->virtual_slots = virtual_slots;
    room.Resume(*existing, session.id, token, std::move(transport), fx);
    Apply(room, std::move(fx));
    if (old_peer != new_peer) {
      DropPeer(old_peer, SentenceFor(signal::LeaveReason::kReplaced));
    } else {
      TellLimitsAgain(old_peer);
    }
    return *existing;
  }
  if (existing != nullptr) Depart(room, *existing, signal::LeaveReason::kReplaced, fx);
  Member& member = room.Enter(Member{.user_id = enter.user_id,
                                     .role = enter.role,
                                     .rights = rights,
                                     .recv_mode = enter.recv_mode,
                                     .session = session.id,
                                     .silent = session.silent,
                                     .virtual_slots = virtual_slots,
                                     .resume_token = token,
                                     .worker = place.worker,
                                     .transport = std::move(transport)},
                              fx);
  ++member_count;
  ++worker_load[place.worker];
  Apply(room, std::move(fx));
  return member;
}

IceRestarted Control::State::OnRestartIce(const ControlSession& session, const IceCredentials& remote) {
  const Member* member = MemberOf(session);
  const auto it = member != nullptr ? peers.find(member->transport.peer) : peers.end();
  if (it == peers.end()) return {};
  PeerConfig& peer = it->second.config;
  peer.remote_ice = remote;
  peer.local_ice = DrawIceCredentials(rng);
  Command(it->second.worker, UpdatePeer{peer});
  IceRestarted restarted{SdpFragment{.ice = SdpIce{peer.local_ice.ufrag, peer.local_ice.password},
                                     .candidates = HostCandidates(config.workers[it->second.worker].candidates),
                                     .end_of_candidates = true}};
  if (!peer.downtracks.empty()) restarted.mid = peer.downtracks.front().mid;
  if (!peer.uptracks.empty()) restarted.mid = peer.uptracks.front().mid;
  return restarted;
}

Control::State::Reply Control::State::OnNegotiate(ControlSession& session, signal::Negotiate&& negotiate) {
  RoomState& room = *session.room;
  Member& member = *MemberOf(session);
  const auto it = peers.find(member.transport.peer);
  if (it == peers.end())
    return MakeError(SignalErrorKind::kNotEntered,
                     "The media connection is gone. Send `enter` with your resume token.");
  ControlPeer& peer = it->second;
  const LocalTransport local{config.local_fingerprint, config.workers[peer.worker].candidates};
  auto answer = MakeAnswer(it->first, negotiate.offer, negotiate.tracks, &peer.config, local, rng, track_ids);
  if (!answer.ok()) return answer.error();

  // Sections that the request does not speak of stay what they were.
  std::vector<signal::TrackInfo> tracks = std::move(negotiate.tracks);
  for (const Publication& publication : member.transport.publications) {
    const bool named =
        std::any_of(tracks.begin(), tracks.end(), [&](const auto& t) { return t.mid == publication.mid; });
    if (!named) tracks.push_back({publication.mid, publication.kind, publication.stream, publication.on});
  }
  auto transport = MakeTransport(*answer, tracks, member.role, member.rights);
  if (!transport.ok()) return transport.error();
  UpdateMedia(room, peer, std::move(answer->config));
  RoomEffects fx;
  room.SetTransport(member, std::move(*transport), fx);
  Apply(room, std::move(fx));
  return {signal::NegotiateResult{std::move(answer->sdp), member.slot_table()}};
}

}  // namespace duet
