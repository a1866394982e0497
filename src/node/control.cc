#include "node/control.h"

#include "node/control_state.h"
#include "node/quality.h"

namespace duet {
namespace {

std::string Percent(double share) { return std::to_string(static_cast<int>(share * 100)) + " %"; }

}  // namespace

Control::Control(ControlConfig config, const AppRegistry& apps, Rng& rng, Log log)
    : state_(std::make_unique<State>(std::move(config), apps, rng, std::move(log))) {
  DUET_CHECK(!state_->config.workers.empty());
  state_->worker_load.resize(state_->config.workers.size());
  state_->worker_counts.resize(state_->config.workers.size());
}

Control::~Control() = default;

void Control::OnInput(Time now, int64_t unix_now_s, ControlInput&& input) {
  State& s = *state_;
  s.now = now;
  s.unix_now_s = unix_now_s;
  if (auto* opened = std::get_if<SessionOpened>(&input.what)) {
    s.sessions.insert_or_assign(input.session, ControlSession{.id = input.session,
                                                              .connection_log = opened->log,
                                                              .log = opened->log,
                                                              .silent = opened->silent,
                                                              .host = std::move(opened->host),
                                                              .secure = opened->secure});
    if (s.draining) {
      s.Notify(input.session, signal::Draining{});
      s.Close(input.session, CloseCode::kDraining, "the server is stopping");
    }
    return;
  }
  const auto it = s.sessions.find(input.session);
  if (it == s.sessions.end()) return;  // closed in the meantime
  ControlSession& session = it->second;
  if (auto* request = std::get_if<signal::Request>(&input.what)) {
    const size_t before = s.outputs.size();
    auto reply = s.Dispatch(session, std::move(request->body));
    signal::Response response{.id = std::move(request->id)};
    if (reply.ok()) {
      response.body = std::move(reply).value();
    } else {
      session.log.Info("refused: " + std::string(reply.error().name) + ": " + reply.error().message);
      response.body = reply.error();
    }
    // The answer goes out before the notifications that the same request caused.
    s.outputs.insert(s.outputs.begin() + static_cast<std::ptrdiff_t>(before), {input.session, std::move(response)});
    return;
  }
  if (const auto* restart = std::get_if<RestartIce>(&input.what)) {
    s.outputs.push_back({input.session, s.OnRestartIce(session, restart->remote)});
    return;
  }
  if (const auto* push = std::get_if<OpenPush>(&input.what)) return s.OnOpenPush(session, *push);
  if (const auto* carries = std::get_if<PushCarries>(&input.what)) return s.OnPushCarries(session, *carries);
  if (const auto* play = std::get_if<OpenPlay>(&input.what)) return s.OnOpenPlay(session, *play);
  if (std::holds_alternative<WantKeyframe>(input.what)) return s.OnWantKeyframe(session);
  s.OnSessionClosed(session);
  s.sessions.erase(it);
}

void Control::State::OnSessionClosed(ControlSession& session) {
  if (session.play) {
    const auto room = rooms_by_key.find(session.play->room);
    EndPlay(session, "");
    if (room != rooms_by_key.end()) FollowRoom(*room->second);
  }
  if (session.push.value() != 0) EndPush(session);
  if (Member* member = MemberOf(session); member != nullptr && session.silent) {
    session.log.Info("left");
    RemoveMember(*session.room, std::string(member->user_id), signal::LeaveReason::kExit);
  } else if (member != nullptr) {
    session.log.Info("connection lost, seat kept for " + std::to_string(config.seat_time.ms() / 1000) + " s");
    RoomState& room = *session.room;
    member->session = SessionId();
    KeepSeat(room, *member);
  }
}

void Control::OnWorkerEvent(Time now, size_t worker, WorkerEvent&& event) {
  State& s = *state_;
  s.now = now;
  if (s.relays.OnEvent(event, s.commands)) return;
  if (const auto* lost = std::get_if<PeerLost>(&event)) {
    s.OnPeerLost(*lost);
  } else if (const auto* quality = std::get_if<PeerQuality>(&event)) {
    s.OnPeerQuality(*quality);
  } else if (const auto* limit = std::get_if<UptrackLimit>(&event)) {
    s.OnUptrackLimit(*limit);
  } else if (const auto* layers = std::get_if<UptrackLayersWanted>(&event)) {
    s.OnLayersWanted(*layers);
  } else if (const auto* speakers = std::get_if<RoomSpeakers>(&event)) {
    s.OnRoomSpeakers(worker, *speakers);
  } else if (const auto* wanted = std::get_if<SourceKeyframeWanted>(&event)) {
    if (const auto it = s.peers.find(wanted->peer); it != s.peers.end() && it->second.is_source())
      s.outputs.push_back({it->second.push, PushKeyframeWanted{}});
  } else if (const auto* counts = std::get_if<WorkerCounts>(&event)) {
    s.worker_counts[worker] = *counts;
  } else if (const auto* connected = std::get_if<PeerConnected>(&event)) {
    const auto it = s.peers.find(connected->peer);
    if (it == s.peers.end()) return;
    const Member* member = it->second.room->Find(it->second.user_id);
    const auto session = member != nullptr ? s.sessions.find(member->session) : s.sessions.end();
    if (session != s.sessions.end())
      session->second.log.Info(std::string("media connected, ") + ToString(connected->profile));
  }
}

void Control::OnTimer(Time now) {
  State& s = *state_;
  s.now = now;
  while (!s.seats.empty() && s.seats.begin()->first <= now) {
    const auto [key, user_id] = s.seats.begin()->second;
    s.seats.erase(s.seats.begin());
    const auto room = s.rooms_by_key.find(key);
    if (room == s.rooms_by_key.end()) continue;
    Member* member = room->second->Find(user_id);
    if (member == nullptr || !member->paused() || member->seat_until > now) continue;
    s.KickSession(*member, signal::KickReason::kMediaTimeout);
    s.RemoveMember(*room->second, user_id, signal::LeaveReason::kTimeout);
  }
  for (auto it = s.bridges.begin(); it != s.bridges.end();) {
    const RoomKey key = (it++)->first;
    if (s.bridges.at(key).back_at <= now) s.TellCodecBack(key);
  }
  s.relays.OnTimer(now, s.commands);
}

Time Control::NextTimer() const {
  Time next = state_->seats.empty() ? Time::Never() : state_->seats.begin()->first;
  for (const auto& [key, bridge] : state_->bridges) next = std::min(next, bridge.back_at);
  return std::min(next, state_->relays.NextTimer());
}

void Control::Drain(Time now) {
  State& s = *state_;
  s.now = now;
  s.draining = true;
  for (auto& [id, session] : s.sessions) {
    s.Notify(id, signal::Draining{});
    s.Close(id, CloseCode::kDraining, "the server is stopping");
  }
}

ControlCounts Control::counts() const {
  const State& s = *state_;
  ControlCounts counts{.sessions = s.sessions.size(), .rooms = s.rooms.size(), .members = s.member_count};
  for (const auto& [id, room] : s.rooms) {
    for (const auto& member : room->members()) counts.paused_members += member->paused() ? 1 : 0;
  }
  for (const WorkerCounts& worker : s.worker_counts) {
    counts.workers.rooms += worker.rooms;
    counts.workers.peers += worker.peers;
    counts.workers.uptracks += worker.uptracks;
    counts.workers.downtracks += worker.downtracks;
    counts.workers.sources += worker.sources;
    counts.workers.taps += worker.taps;
    counts.workers.addresses += worker.addresses;
    counts.workers.packets_in_use += worker.packets_in_use;
    counts.workers.tcp_connections += worker.tcp_connections;
    counts.workers.packets_received += worker.packets_received;
    counts.workers.packets_forwarded += worker.packets_forwarded;
    counts.workers.drops.Merge(worker.drops);
  }
  return counts;
}

std::vector<ControlOutput> Control::TakeOutputs() { return std::exchange(state_->outputs, {}); }

std::vector<std::pair<size_t, WorkerCommand>> Control::TakeCommands() { return std::exchange(state_->commands, {}); }

// ---- effects
// ------------------------------------------------------------------------------------------------------------------------------

void Control::State::Apply(RoomState& room, RoomEffects&& fx) {
  for (const auto& change : fx.switches) {
    if (const auto* connect = std::get_if<ConnectSlot>(&change)) Flip(connect->subscriber, *connect);
    if (const auto* published = std::get_if<SetPublished>(&change)) Flip(published->peer, *published);
  }
  for (auto& [session, notification] : fx.notifications) Notify(session, std::move(notification));
  for (const std::string& user_id : fx.played) {
    const Member* member = room.Find(user_id);
    const auto session = member != nullptr ? sessions.find(member->session) : sessions.end();
    if (session != sessions.end()) Notify(session->first, signal::Play{UrlsFor(session->second, room, *member).play});
  }
  FollowRoom(room);
}

void Control::State::Notify(SessionId session, signal::Notification notification) {
  if (session.value() != 0) outputs.push_back({session, std::move(notification)});
}

void Control::State::Close(SessionId session, CloseCode code, std::string reason) {
  if (session.value() != 0) outputs.push_back({session, CloseSession{code, std::move(reason)}});
}

void Control::State::KickSession(const Member& member, signal::KickReason reason) {
  const auto it = sessions.find(member.session);
  if (it == sessions.end()) return;
  it->second.room = nullptr;
  it->second.log.Info("kicked: " + std::string(ToString(reason)));
  if (!member.silent) Notify(member.session, signal::Kicked{reason});
  if (std::exchange(it->second.push, PeerId()).value() != 0) {
    Close(member.session, CloseCode::kKicked,
          SentenceFor(reason == signal::KickReason::kReplaced  ? signal::LeaveReason::kReplaced
                      : reason == signal::KickReason::kRemoved ? signal::LeaveReason::kKicked
                                                               : signal::LeaveReason::kTimeout));
    return;
  }
  Close(member.session, CloseCode::kKicked, std::string(ToString(reason)));
}

void Control::State::DropPeer(PeerId peer, const std::string& why) {
  const auto it = peers.find(peer);
  if (it == peers.end()) return;
  if (it->second.is_source()) {
    Command(it->second.worker, RemoveSource{peer});
    --lines;
    const auto session = sessions.find(it->second.push);
    if (session != sessions.end() && session->second.push == peer) {
      session->second.push = PeerId();
      if (!why.empty()) Close(session->first, CloseCode::kKicked, why);
    }
  } else {
    Command(it->second.worker, RemovePeer{peer});
  }
  relays.DropPeer(peer, commands);
  peers.erase(it);
}

void Control::State::Depart(RoomState& room, const Member& member, signal::LeaveReason reason, RoomEffects& fx) {
  const std::string user_id = member.user_id;
  const std::string why = SentenceFor(reason);
  const size_t worker = member.worker;
  DropPeer(member.transport.peer, why);
  if (member.virtual_slots) EndPlaysOf(room, user_id, why);
  room.Leave(user_id, reason, fx);
  --member_count;
  --worker_load[worker];
}

std::string Control::State::SentenceFor(signal::LeaveReason reason) {
  switch (reason) {
    case signal::LeaveReason::kReplaced: return "The same user has entered the room from elsewhere.";
    case signal::LeaveReason::kKicked: return "You were removed from the room.";
    case signal::LeaveReason::kTimeout: return "The connection of this member was lost for too long.";
    case signal::LeaveReason::kExit:
    case signal::LeaveReason::kRole: break;
  }
  return "This member has left the room.";
}

void Control::State::RemoveMember(RoomState& room, std::string_view user_id, signal::LeaveReason reason) {
  Member* member = room.Find(user_id);
  if (member == nullptr) return;
  if (const auto session = sessions.find(member->session); session != sessions.end()) session->second.room = nullptr;
  RoomEffects fx;
  Depart(room, *member, reason, fx);
  Apply(room, std::move(fx));
  EndIfEmpty(room);
}

void Control::State::KeepSeat(RoomState& room, Member& member) {
  if (config.seat_time <= Duration::Zero()) {
    RemoveMember(room, member.user_id, signal::LeaveReason::kTimeout);
    return;
  }
  const Time until = now + config.seat_time;
  RoomEffects fx;
  room.Pause(member, until, fx);
  seats.emplace(until, std::pair(room.options().key, member.user_id));
  Apply(room, std::move(fx));
}

void Control::State::EndIfEmpty(RoomState& room) {
  if (!room.empty()) return;
  log.With("room", room.options().name.ToString()).Info("room ended");
  bridges.erase(room.options().key);
  speaker_merges.erase(room.options().key);
  rooms_by_key.erase(room.options().key);
  rooms.erase(RoomId(room.options().sdk_app_id, room.options().name));
}

// ---- what workers report
// --------------------------------------------------------------------------------------------------------------------

void Control::State::OnPeerLost(const PeerLost& lost) {
  const auto it = peers.find(lost.peer);
  if (it == peers.end()) return;
  RoomState& room = *it->second.room;
  Member* member = room.Find(it->second.user_id);
  const bool is_source = it->second.is_source();
  DropPeer(lost.peer, is_source ? "The server holds as many streams as it may. Try again later." : "");
  if (member == nullptr || member->transport.peer != lost.peer) return;
  if (is_source && !member->silent) return DetachPush(room, *member);
  if (const auto session = sessions.find(member->session); session != sessions.end())
    session->second.log.Warn("media lost: " + lost.message);
  if (member->silent) {
    const bool said_so = lost.reason == PeerLossReason::kDtlsClosed;
    const std::string user_id = member->user_id;
    KickSession(*member, signal::KickReason::kMediaTimeout);
    RemoveMember(room, user_id, said_so ? signal::LeaveReason::kExit : signal::LeaveReason::kTimeout);
    return;
  }
  KeepSeat(room, *member);
}

std::pair<const Member*, const Publication*> Control::State::FindUptrack(PeerId peer, UptrackId uptrack) const {
  const auto it = peers.find(peer);
  const Member* member = it != peers.end() ? it->second.room->Find(it->second.user_id) : nullptr;
  if (member == nullptr || member->transport.peer != peer) return {};
  for (const Publication& publication : member->transport.publications) {
    if (publication.uptrack == uptrack) return {member, &publication};
  }
  return {};
}

void Control::State::OnRoomSpeakers(size_t worker, const RoomSpeakers& event) {
  const auto it = rooms_by_key.find(event.room);
  if (it == rooms_by_key.end()) return;
  MediaRoom::SpeakingList heard = event.speaking;
  if (config.workers.size() > 1) {
    MediaRoom::SpeakingList own;
    for (const MediaRoom::Speaking& speaking : event.speaking) {
      if (relays.WorkerOf(speaking.uptrack) == worker) own.push_back(speaking);
    }
    const auto all = speaker_merges[event.room].OnReport(now, worker, own);
    if (!all) return;
    heard = *all;
  }
  signal::Speakers speakers;
  for (const MediaRoom::Speaking& speaking : heard) {
    for (const auto& member : it->second->members()) {
      const auto& publications = member->transport.publications;
      if (std::any_of(publications.begin(), publications.end(),
                      [&](const Publication& p) { return p.uptrack == speaking.uptrack; }))
        speakers.speakers.push_back({member->user_id, speaking.level});
    }
  }
  for (const auto& member : it->second->members()) {
    if (!member->silent) Notify(member->session, speakers);
  }
}

void Control::State::OnUptrackLimit(const UptrackLimit& limit) {
  if (const auto it = peers.find(limit.peer); it != peers.end()) it->second.limits[limit.uptrack] = limit;
  TellLimit(limit);
}

void Control::State::TellLimit(const UptrackLimit& limit) {
  const auto [member, publication] = FindUptrack(limit.peer, limit.uptrack);
  if (publication == nullptr) return;
  if (!member->silent)
    Notify(member->session, signal::BitrateLimit{publication->stream, static_cast<uint32_t>(limit.max_bps / 1000)});
}

void Control::State::OnLayersWanted(const UptrackLayersWanted& wanted) {
  if (const auto it = peers.find(wanted.peer); it != peers.end()) it->second.layers[wanted.uptrack] = wanted;
  TellLayers(wanted);
}

void Control::State::TellLayers(const UptrackLayersWanted& wanted) {
  const auto [member, publication] = FindUptrack(wanted.peer, wanted.uptrack);
  if (publication == nullptr) return;
  signal::Layers layers{publication->stream, {}};
  for (size_t i = 0; i < publication->rids.size(); ++i) {
    if ((wanted.mask >> i & 1) != 0) layers.active.push_back(publication->rids[i]);
  }
  if (!member->silent) Notify(member->session, std::move(layers));
}

void Control::State::OnPeerQuality(const PeerQuality& quality) {
  const auto it = peers.find(quality.peer);
  if (it == peers.end()) return;
  RoomState& room = *it->second.room;
  Member* member = room.Find(it->second.user_id);
  if (member == nullptr) return;
  if (const auto session = sessions.find(member->session);
      session != sessions.end() && session->second.log.debug_enabled() && quality.path.target_bps > 0) {
    session->second.log.Debug(
        "path carries " + std::to_string(quality.path.target_bps / 1000) + " kbit/s, " +
        std::to_string(quality.path.acknowledged_bps / 1000) + " arrive, " + Percent(quality.path.loss) +
        " lost, queue " + std::to_string(quality.path.queue_delay.ms()) + " ms, " +
        Percent(quality.path.inherent_loss) + " whatever is sent, " + ToString(quality.path.state) +
        (quality.path.application_limited ? ", limited by what there is to send" : "") + "; towards us " +
        Percent(std::max(quality.uplink_loss, 0.0)) + " lost");
  }
  member->uplink_quality = quality.received_packets > 0 ? QualityGrade(quality.uplink_loss, quality.rtt_us)
                                                        : QualityGrade(-1, quality.rtt_us);
  member->downlink_quality = QualityGrade(quality.downlink_loss, quality.rtt_us);
  if (member->silent) return;
  // In a large room nobody can look at everybody's bars, and the notifications would grow with the square.
  constexpr size_t kMostListed = 16;
  signal::QualityReport report{.uplink = member->uplink_quality, .downlink = member->downlink_quality};
  for (const auto& other : room.members()) {
    if (other.get() == member || report.members.size() == kMostListed) continue;
    constexpr int kDown = 6;
    report.members.push_back({other->user_id, other->paused() ? kDown : other->uplink_quality,
                              other->paused() ? kDown : other->downlink_quality});
  }
  Notify(member->session, std::move(report));
}

}  // namespace duet
