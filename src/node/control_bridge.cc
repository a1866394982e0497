// RTMP and FLV: pushes, plays, and members whose media they are (docs/protocol.md section 4, messages.h).
#include <algorithm>

#include "auth/usersig.h"
#include "node/control_state.h"

namespace duet {

using signal::MakeError;
using signal::MediaKind;
using signal::SignalError;
using signal::SignalErrorKind;
using signal::StreamType;

namespace {

// Of our own: nothing negotiates them.
constexpr PayloadType kPushAudioType(111);
constexpr PayloadType kPushVideoType(102);
// Who goes and comes again within this time changes nobody's codec.
constexpr Duration kCodecLinger = Duration::Seconds(2);

// Opus, and constrained baseline of level 3.1 as every receiver has it, in pieces (RFC 6184 section 6.3).
std::vector<UptrackConfig> PushTracks(TrackIdSource& ids) {
  constexpr uint32_t kConstrainedBaseline = 0x42e01f;
  std::vector<UptrackConfig> tracks(2);
  tracks[0].kind = MediaKind::kAudio;
  tracks[0].codec = {.kind = CodecKind::kOpus, .payload_type = kPushAudioType, .clock_rate = 48'000};
  tracks[1].kind = MediaKind::kVideo;
  tracks[1].codec = {.kind = CodecKind::kH264,
                     .payload_type = kPushVideoType,
                     .clock_rate = 90'000,
                     .profile_level_id = kConstrainedBaseline,
                     .packetization_mode = 1};
  for (UptrackConfig& track : tracks) {
    track.id = UptrackId(ids.next++);
    track.mid = std::string(ToString(track.kind));
  }
  return tracks;
}

// The member's publications are what this source brings; without one they are nothing for the time being.
void Attach(MemberTransport& transport, const PeerConfig& source) {
  transport.peer = source.id;
  for (Publication& publication : transport.publications) {
    publication.uptrack = UptrackId();
    publication.carried = false;  // until the push says so
    for (const UptrackConfig& track : source.uptracks) {
      if (track.kind == publication.kind) publication.uptrack = track.id;
    }
  }
}

SignalError ServerDraining() {
  return MakeError(SignalErrorKind::kServerDraining, "The server is stopping. Try again in a moment.");
}

SignalError NoMoreLines() {
  return MakeError(SignalErrorKind::kServerBusy, "The server carries as many RTMP streams as it may. Try again later.");
}

SignalError SessionInUse() {
  return MakeError(SignalErrorKind::kAlreadyEntered, "This session publishes or plays already.");
}

SignalError MemberGone() {
  return MakeError(SignalErrorKind::kTicketInvalid,
                   "The member that this address was made for is not in the room any more. Enter again.");
}

}  // namespace

// ---- pushes
// -------------------------------------------------------------------------------------------------------------------------------

void Control::State::OnOpenPush(ControlSession& session, const OpenPush& open) {
  const size_t before = outputs.size();
  auto opened = open.target.ticket.empty() ? PushAsMember(session, open) : PushForMember(session, open.target);
  ControlOutput answer{session.id, {}};
  if (opened.ok()) {
    session.log.With("remark", open.target.remark).Info("pushes");
    answer.what = std::move(*opened);
  } else {
    session.log.Info("push refused: " + std::string(opened.error().name) + ": " + opened.error().message);
    answer.what = BridgeRefused{opened.error()};
  }
  // Before the notifications that it caused, as with requests.
  outputs.insert(outputs.begin() + static_cast<std::ptrdiff_t>(before), std::move(answer));
}

Result<PushOpened, SignalError> Control::State::PushAsMember(ControlSession& session, const OpenPush& open) {
  const RtmpPush& target = open.target;
  if (!IsValidUserId(target.user_id))
    return MakeError(SignalErrorKind::kUserIdInvalid, "userid must have 1 to 128 bytes of UTF-8.");
  const signal::Enter enter{.sdk_app_id = target.sdk_app_id,
                            .user_id = target.user_id,
                            .user_sig = target.user_sig,
                            .room = target.room,
                            .private_map_key = target.private_map_key,
                            .recv_mode = 4,
                            .client = {"rtmp", "-"}};
  const auto rights = Authenticate(apps, enter, unix_now_s, open.trusted);
  if (!rights.ok()) return rights.error();
  if (!rights->MaySend(MediaKind::kAudio, StreamType::kMain) && !rights->MaySend(MediaKind::kVideo, StreamType::kMain))
    return MakeError(SignalErrorKind::kMapKeyPrivilege, "Your privateMapKey does not allow to publish.");
  if (session.push.value() != 0 || session.play) return SessionInUse();
  if (lines >= config.max_lines) return NoMoreLines();
  const auto place = Admit(session, enter, *rights);
  if (!place.ok()) return place.error();
  PushOpened opened = MakeSource(session, *place->room, place->worker, target.user_id);
  MemberTransport transport = PushedTransport({}, enter.role, *rights);
  Attach(transport, peers.at(session.push).config);
  TakeSeat(session, *place, enter, *rights, std::move(transport));
  return opened;
}

Result<PushOpened, SignalError> Control::State::PushForMember(ControlSession& session, const RtmpPush& target) {
  if (draining) return ServerDraining();
  if (session.push.value() != 0 || session.play || session.room != nullptr) return SessionInUse();
  const auto found = rooms.find(RoomId(target.sdk_app_id, target.room));
  if (found == rooms.end()) return MemberGone();
  RoomState& room = *found->second;
  const auto holder =
      tickets.Check(now, {.purpose = Tickets::Subject::Purpose::kPush, .room = room.options().key}, target.ticket);
  if (!holder.ok()) return holder.error();
  if (!target.user_id.empty() && target.user_id != *holder)
    return MakeError(SignalErrorKind::kTicketInvalid, "The ticket of this address was made for another user.");
  Member* member = room.Find(*holder);
  if (member == nullptr || !member->virtual_slots) return MemberGone();
  if (!member->MayPublish(MediaKind::kAudio, StreamType::kMain) &&
      !member->MayPublish(MediaKind::kVideo, StreamType::kMain))
    return MakeError(SignalErrorKind::kNotAllowed, "Your role or your privateMapKey does not allow to publish.");
  if (lines >= config.max_lines) return NoMoreLines();

  const PeerId older = member->transport.peer;
  PushOpened opened = MakeSource(session, room, member->worker, *holder);
  session.log = session.connection_log.With("room", room.options().name.ToString()).With("user", *holder);
  MemberTransport transport = member->transport;
  Attach(transport, peers.at(session.push).config);
  RoomEffects fx;
  room.SetTransport(*member, std::move(transport), fx);
  Apply(room, std::move(fx));
  DropPeer(older, "The same member has begun another push.");
  return opened;
}

PushOpened Control::State::MakeSource(ControlSession& session, RoomState& room, size_t worker,
                                      const std::string& user_id) {
  const PeerId peer(next_peer++);
  PeerConfig source{.id = peer, .uptracks = PushTracks(track_ids)};
  PushOpened opened{.line = std::make_shared<MediaLine>(config.workers[worker].waker),
                    .audio = source.uptracks[0].id,
                    .video = source.uptracks[1].id,
                    .audio_payload_type = kPushAudioType,
                    .video_payload_type = kPushVideoType};
  Command(worker, AddSource{room.options().key, peer, source.uptracks, opened.line});
  relays.SetPeer(room.options().key, worker, source, commands);
  peers.emplace(peer, ControlPeer{&room, user_id, worker, std::move(source), session.id, {}, {}});
  session.push = peer;
  ++lines;
  return opened;
}

void Control::State::OnPushCarries(const ControlSession& session, const PushCarries& carries) {
  const auto it = peers.find(session.push);
  if (it == peers.end()) return;
  RoomState& room = *it->second.room;
  Member* member = room.Find(it->second.user_id);
  if (member == nullptr || member->transport.peer != it->first) return;
  RoomEffects fx;
  room.SetCarried(*member, carries.audio, carries.video, fx);
  Apply(room, std::move(fx));
}

void Control::State::EndPush(ControlSession& session) {
  const PeerId peer = std::exchange(session.push, PeerId());
  const auto it = peers.find(peer);
  if (it == peers.end()) return;
  RoomState& room = *it->second.room;
  Member* member = room.Find(it->second.user_id);
  if (member == nullptr || member->transport.peer != peer) return DropPeer(peer);
  if (member->session == session.id) return;  // its seat goes with it: OnSessionClosed
  session.log.Info("push ended");
  DetachPush(room, *member);
  DropPeer(peer);
}

void Control::State::DetachPush(RoomState& room, Member& member) {
  MemberTransport transport = member.transport;
  Attach(transport, {});
  RoomEffects fx;
  room.SetTransport(member, std::move(transport), fx);
  Apply(room, std::move(fx));
}

// ---- plays
// --------------------------------------------------------------------------------------------------------------------------------

void Control::State::OnOpenPlay(ControlSession& session, const OpenPlay& open) {
  const size_t before = outputs.size();
  auto opened = Play(session, open);
  ControlOutput answer{session.id, {}};
  if (opened.ok()) {
    answer.what = std::move(*opened);
  } else {
    session.log.Info("play refused: " + std::string(opened.error().name) + ": " + opened.error().message);
    answer.what = BridgeRefused{opened.error()};
  }
  outputs.insert(outputs.begin() + static_cast<std::ptrdiff_t>(before), std::move(answer));
}

Result<PlayOpened, SignalError> Control::State::Play(ControlSession& session, const OpenPlay& open) {
  const RtmpPlay& target = open.target;
  if (draining) return ServerDraining();
  if (session.push.value() != 0 || session.play || session.room != nullptr) return SessionInUse();
  const auto found = rooms.find(RoomId(target.sdk_app_id, target.room));
  RoomState* room = found != rooms.end() ? found->second.get() : nullptr;
  std::string viewer;
  const auto rights = RightsOfViewer(room, open, viewer);
  if (!rights.ok()) return rights.error();
  PlayOpened opened{.line = nullptr,
                    .audio = rights->MayReceive(MediaKind::kAudio, target.stream),
                    .video = rights->MayReceive(MediaKind::kVideo, target.stream)};
  if (!opened.audio && !opened.video)
    return MakeError(SignalErrorKind::kNotAllowed, "Your privateMapKey does not allow to receive this stream.");
  if (room == nullptr || room->Find(target.publisher) == nullptr) {
    return MakeError(SignalErrorKind::kStreamNotFound,
                     "The publisher of this stream is not in the room, so there is nothing to play.");
  }
  if (open.tap) {
    if (lines >= config.max_lines) return NoMoreLines();
    ++lines;
    opened.line = std::make_shared<MediaLine>(open.taker);
    viewer.clear();  // the line is nobody's
  }
  session.log = session.connection_log.With("room", room->options().name.ToString()).With("plays", target.publisher);
  session.log.Info(open.tap ? "line opened" : "plays");
  session.play = ControlPlay{.room = room->options().key,
                             .publisher = target.publisher,
                             .stream = target.stream,
                             .viewer = std::move(viewer),
                             .line = opened.line,
                             .taps = {}};
  bridges[room->options().key].plays.insert(session.id);
  FollowRoom(*room);
  return opened;
}

Result<Rights, SignalError> Control::State::RightsOfViewer(RoomState* room, const OpenPlay& open,
                                                           std::string& viewer) const {
  const RtmpPlay& target = open.target;
  if (target.ticket.empty()) {
    const signal::Enter enter{.sdk_app_id = target.sdk_app_id,
                              .user_id = target.user_id,
                              .user_sig = target.user_sig,
                              .room = target.room,
                              .private_map_key = target.private_map_key};
    return Authenticate(apps, enter, unix_now_s, open.trusted);
  }
  if (room == nullptr) return MemberGone();
  const auto holder = tickets.Check(now,
                                    {.purpose = Tickets::Subject::Purpose::kPlay,
                                     .room = room->options().key,
                                     .publisher = target.publisher,
                                     .stream = target.stream},
                                    target.ticket);
  if (!holder.ok()) return holder.error();
  const Member* member = room->Find(*holder);
  if (member == nullptr || !member->virtual_slots) return MemberGone();
  viewer = *holder;
  return member->rights;
}

void Control::State::EndPlay(ControlSession& session, const std::string& why) {
  const ControlPlay play = *std::exchange(session.play, std::nullopt);
  for (const ControlPlay::Tap& tap : play.taps) {
    if (tap.uptrack.value() != 0) Command(tap.worker, RemoveTap{tap.id});
  }
  if (play.line != nullptr) --lines;
  session.log.Info("play ended" + (why.empty() ? "" : ": " + why));
  if (!why.empty()) Close(session.id, CloseCode::kKicked, why);
  const auto bridge = bridges.find(play.room);
  if (bridge == bridges.end()) return;
  bridge->second.plays.erase(session.id);
}

void Control::State::EndPlaysOf(const RoomState& room, std::string_view viewer, const std::string& why) {
  const auto bridge = bridges.find(room.options().key);
  if (bridge == bridges.end()) return;
  for (const SessionId id : std::set(bridge->second.plays)) {
    ControlSession& session = sessions.at(id);
    if (session.play->viewer == viewer) EndPlay(session, why);
  }
}

void Control::State::OnWantKeyframe(const ControlSession& session) {
  if (!session.play) return;
  const ControlPlay::Tap& video = session.play->taps[static_cast<size_t>(MediaKind::kVideo)];
  if (video.uptrack.value() != 0) Command(video.worker, RequestKeyframe{video.uptrack});
}

// ---- following the room
// -------------------------------------------------------------------------------------------------------------------

void Control::State::FollowRoom(RoomState& room) {
  const auto bridge = bridges.find(room.options().key);
  if (bridge == bridges.end()) return;
  for (const SessionId id : std::set(bridge->second.plays)) FollowPublisher(room, sessions.at(id));
  FollowCodecNeeds(room, bridge->second);
  if (bridge->second.plays.empty() && !bridge->second.h264) bridges.erase(bridge);
}

void Control::State::FollowPublisher(const RoomState& room, ControlSession& session) {
  ControlPlay& play = *session.play;
  const Member* publisher = room.Find(play.publisher);
  if (publisher == nullptr) return EndPlay(session, "\"" + play.publisher + "\" has left the room.");
  if (play.line == nullptr) return;
  for (const MediaKind kind : {MediaKind::kAudio, MediaKind::kVideo}) {
    ControlPlay::Tap& tap = play.taps[static_cast<size_t>(kind)];
    const UptrackId wanted = Tappable(*publisher, play.stream, kind);
    if (tap.uptrack == wanted) continue;
    if (tap.uptrack.value() != 0) Command(tap.worker, RemoveTap{tap.id});
    tap = {};
    if (wanted.value() == 0) continue;
    tap = {TapId(next_tap++), wanted, relays.WorkerOf(wanted).value_or(room.options().worker)};
    Command(tap.worker, AddTap{tap.id, room.options().key, wanted, play.line, AddTap::What::kBridge});
    if (kind == MediaKind::kVideo) Command(tap.worker, RequestKeyframe{wanted});
  }
}

UptrackId Control::State::Tappable(const Member& publisher, StreamType stream, MediaKind kind) const {
  const auto peer = peers.find(publisher.transport.peer);
  if (peer == peers.end()) return UptrackId();
  for (const Publication& publication : publisher.transport.publications) {
    if (publication.stream != stream || publication.kind != kind) continue;
    for (const UptrackConfig& track : peer->second.config.uptracks) {
      const bool readable = kind == MediaKind::kAudio || track.codec.kind == CodecKind::kH264;
      if (track.id == publication.uptrack && readable) return track.id;
    }
  }
  return UptrackId();
}

void Control::State::FollowCodecNeeds(const RoomState& room, RoomBridge& bridge) {
  const bool needed =
      std::any_of(room.members().begin(), room.members().end(), [](const auto& m) { return m->virtual_slots; }) ||
      std::any_of(bridge.plays.begin(), bridge.plays.end(),
                  [&](SessionId id) { return sessions.at(id).play->line != nullptr; });
  if (needed) {
    bridge.h264 = true;
    bridge.back_at = Time::Never();
  } else if (bridge.h264 && bridge.back_at.is_never()) {
    bridge.back_at = now + kCodecLinger;
  }
  if (!bridge.h264) return;
  std::set<SessionId> told;
  for (const auto& member : room.members()) {
    if (member->silent || member->virtual_slots || member->session.value() == 0) continue;
    if (!bridge.told.contains(member->session))
      Notify(member->session, signal::VideoCodec{signal::VideoCodecName::kH264});
    told.insert(member->session);
  }
  bridge.told = std::move(told);
}

void Control::State::TellCodecBack(RoomKey key) {
  const auto bridge = bridges.find(key);
  for (const SessionId session : bridge->second.told) Notify(session, signal::VideoCodec{});
  bridge->second.told.clear();
  bridge->second.h264 = false;
  bridge->second.back_at = Time::Never();
  if (bridge->second.plays.empty()) bridges.erase(bridge);
}

// ---- addresses
// ----------------------------------------------------------------------------------------------------------------------------

signal::MediaUrls Control::State::UrlsFor(const ControlSession& session, const RoomState& room, const Member& member) {
  const ControlConfig::Doors& doors = config.doors;
  std::string host = doors.public_host.empty() ? session.host : doors.public_host;
  if (host.find(':') != std::string::npos && !host.starts_with('[')) host = "[" + host + "]";
  const auto base = [&](std::string_view scheme, uint16_t port) {
    return std::string(scheme) + "://" + host + ":" + std::to_string(port) + "/";
  };
  std::optional<std::string> rtmp;
  if (doors.rtmps != 0) rtmp = base("rtmps", doors.rtmps);
  if (doors.rtmp != 0) rtmp = base("rtmp", doors.rtmp);
  std::optional<std::string> flv;
  const bool tls = session.secure ? doors.https != 0 : doors.http == 0;
  if (const uint16_t port = tls ? doors.https : doors.http; port != 0) flv = base(tls ? "https" : "http", port);

  const RoomState::Options& options = room.options();
  signal::MediaUrls urls{.url_seconds = Tickets::kLife.ms() / 1000};
  if (rtmp && (member.MayPublish(MediaKind::kAudio, StreamType::kMain) ||
               member.MayPublish(MediaKind::kVideo, StreamType::kMain))) {
    urls.push_rtmp =
        *rtmp +
        RtmpPushAddress({.sdk_app_id = options.sdk_app_id,
                         .room = options.name,
                         .user_id = member.user_id,
                         .ticket = tickets.Make(now, {.purpose = Tickets::Subject::Purpose::kPush, .room = options.key},
                                                member.user_id)});
  }
  for (const signal::PlayedStream& stream : member.played) {
    const RtmpPlay play{.sdk_app_id = options.sdk_app_id,
                        .room = options.name,
                        .publisher = stream.user_id,
                        .stream = stream.stream,
                        .ticket = tickets.Make(now,
                                               {.purpose = Tickets::Subject::Purpose::kPlay,
                                                .room = options.key,
                                                .publisher = stream.user_id,
                                                .stream = stream.stream},
                                               member.user_id)};
    signal::PlayInfo info{.stream = stream};
    if (flv) info.flv = *flv + FlvPlayAddress(play);
    if (rtmp) info.rtmp = *rtmp + RtmpPlayAddress(play);
    urls.play.push_back(std::move(info));
  }
  return urls;
}

}  // namespace duet
