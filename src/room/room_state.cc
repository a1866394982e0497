#include "room/room_state.h"

#include <algorithm>

namespace duet {

using signal::MediaKind;
using signal::StreamType;

bool Rights::MaySend(MediaKind kind, StreamType stream) const {
  if (stream == StreamType::kAux) return (bits & kMaySendAux) != 0;
  return (bits & (kind == MediaKind::kAudio ? kMaySendAudio : kMaySendVideo)) != 0;
}

bool Rights::MayReceive(MediaKind kind, StreamType stream) const {
  if (stream == StreamType::kAux) return (bits & kMayReceiveAux) != 0;
  return (bits & (kind == MediaKind::kAudio ? kMayReceiveAudio : kMayReceiveVideo)) != 0;
}

std::vector<signal::StreamState> Member::streams() const {
  std::vector<signal::StreamState> states;
  for (const StreamType stream : {StreamType::kMain, StreamType::kAux}) {
    signal::StreamState state{.stream = stream};
    for (const Publication& publication : transport.publications) {
      if (publication.stream != stream || !publication.published()) continue;
      (publication.kind == MediaKind::kAudio ? state.audio : state.video) = true;
    }
    if (state.audio || state.video) states.push_back(state);
  }
  return states;
}

std::vector<signal::SlotInfo> Member::slot_table() const {
  std::vector<signal::SlotInfo> table;
  for (const Slot& slot : transport.slots) {
    if (slot.source) table.push_back({slot.mid, slot.source->user_id, slot.source->stream, slot.kind});
  }
  return table;
}

Member* RoomState::Find(std::string_view user_id) {
  const auto it = std::find_if(members_.begin(), members_.end(), [&](const auto& m) { return m->user_id == user_id; });
  return it == members_.end() ? nullptr : it->get();
}

bool RoomState::HasRoomFor(std::string_view user_id) const {
  if (members_.size() < options_.capacity) return true;
  return Find(user_id) != nullptr;
}

template <typename F>
void RoomState::ChangePublications(Member& member, StreamType stream, RoomEffects& fx, F&& change) {
  bool changed = false;
  for (Publication& publication : member.transport.publications) {
    if (publication.stream != stream) continue;
    const bool before = publication.published();
    change(publication);
    if (publication.published() == before) continue;
    changed = true;
    fx.switches.push_back(SetPublished{member.transport.peer, publication.uptrack, publication.published()});
  }
  if (!changed) return;
  NotifyOthers(member, signal::Streams{member.user_id, member.streams()}, fx);
  AssignOthers(member, fx);
}

// ---- coming and going
// -------------------------------------------------------------------------------------------------------------------

Member& RoomState::Enter(Member entering, RoomEffects& fx) {
  DUET_CHECK(Find(entering.user_id) == nullptr);
  Member& member = *members_.emplace_back(std::make_unique<Member>(std::move(entering)));
  NotifyOthers(member, signal::MemberJoined{member.user_id, member.role}, fx);
  AnnouncePublished(member, fx);
  if (!member.streams().empty()) NotifyOthers(member, signal::Streams{member.user_id, member.streams()}, fx);
  // Who publishes nothing, as most of a large audience, is nothing to the others' slots.
  if (!member.transport.publications.empty()) AssignOthers(member, fx);
  AssignSlots(member, fx);
  return member;
}

void RoomState::Resume(Member& member, SessionId session, std::string resume_token, MemberTransport transport,
                       RoomEffects& fx) {
  const bool was_paused = member.paused();
  member.session = session;
  member.resume_token = std::move(resume_token);
  member.seat_until = Time::Never();
  // What was switched on or off meanwhile; SetTransport keeps what was before.
  const std::vector<Publication> wanted = transport.publications;
  SetTransport(member, std::move(transport), fx);
  for (const StreamType stream : {StreamType::kMain, StreamType::kAux}) {
    ChangePublications(member, stream, fx, [&](Publication& p) {
      const auto it = std::find_if(wanted.begin(), wanted.end(), [&](const Publication& w) { return w.mid == p.mid; });
      p.on = (it == wanted.end() ? p.on : it->on) && member.MayPublish(p.kind, p.stream);
    });
  }
  if (was_paused) NotifyOthers(member, signal::MemberResumed{member.user_id}, fx);
}

void RoomState::Pause(Member& member, Time seat_until, RoomEffects& fx) {
  const bool was_paused = member.paused();
  member.seat_until = seat_until;
  if (was_paused) return;
  NotifyOthers(member, signal::MemberPaused{member.user_id}, fx);
}

void RoomState::Leave(std::string_view user_id, signal::LeaveReason reason, RoomEffects& fx) {
  const auto it = std::find_if(members_.begin(), members_.end(), [&](const auto& m) { return m->user_id == user_id; });
  if (it == members_.end()) return;
  const std::unique_ptr<Member> gone = std::move(*it);
  members_.erase(it);
  NotifyOthers(*gone, signal::MemberLeft{gone->user_id, reason}, fx);
  if (!gone->transport.publications.empty()) AssignOthers(*gone, fx);
}

void RoomState::SetTransport(Member& member, MemberTransport transport, RoomEffects& fx) {
  const auto before = member.streams();
  const bool same_peer = member.transport.peer == transport.peer;
  // What goes on keeps its state; the media path of a new peer knows nothing yet.
  if (same_peer) {
    for (Slot& slot : transport.slots) {
      for (const Slot& old : member.transport.slots) {
        if (old.downtrack == slot.downtrack) slot = old;
      }
    }
    for (Publication& publication : transport.publications) {
      for (const Publication& old : member.transport.publications) {
        if (old.uptrack == publication.uptrack && old.kind == publication.kind) publication.on = old.on;
      }
    }
  }
  member.transport = std::move(transport);
  AnnouncePublished(member, fx);
  if (member.streams() != before) NotifyOthers(member, signal::Streams{member.user_id, member.streams()}, fx);
  AssignOthers(member, fx);
  AssignSlots(member, fx);
}

// ---- publishing
// ---------------------------------------------------------------------------------------------------------------------------

bool RoomState::Publish(Member& member, StreamType stream, std::optional<bool> audio, std::optional<bool> video,
                        RoomEffects& fx) {
  const auto wanted = [&](MediaKind kind) { return kind == MediaKind::kAudio ? audio : video; };
  for (const MediaKind kind : {MediaKind::kAudio, MediaKind::kVideo}) {
    if (wanted(kind).value_or(false) && !member.MayPublish(kind, stream)) return false;
  }
  ChangePublications(member, stream, fx, [&](Publication& publication) {
    publication.on = wanted(publication.kind).value_or(publication.on);
  });
  return true;
}

void RoomState::SetCarried(Member& member, bool audio, bool video, RoomEffects& fx) {
  ChangePublications(member, StreamType::kMain, fx, [&](Publication& publication) {
    // What a push has begun to carry it goes on to carry.
    publication.carried |= publication.kind == MediaKind::kAudio ? audio : video;
  });
}

bool RoomState::SwitchRole(Member& member, signal::Role role, RoomEffects& fx) {
  if (member.role == role) return true;
  member.role = role;
  if (role == signal::Role::kAudience) {
    Publish(member, StreamType::kMain, false, false, fx);
    Publish(member, StreamType::kAux, false, false, fx);
  }
  return true;
}

void RoomState::AnnouncePublished(const Member& member, RoomEffects& fx) const {
  for (const Publication& publication : member.transport.publications) {
    if (publication.published()) fx.switches.push_back(SetPublished{member.transport.peer, publication.uptrack, true});
  }
}

// ---- subscribing
// --------------------------------------------------------------------------------------------------------------------------

RoomState::SubscribeOutcome RoomState::Subscribe(Member& member, const SourceName& source, signal::Quality quality,
                                                 RoomEffects& fx) {
  using Outcome = SubscribeOutcome;
  if (!member.rights.MayReceive(source.kind, source.stream)) return {Outcome::kNotAllowed, {}};
  if (member.wishes.size() >= Member::kMaxSubscriptions && !member.wishes.contains(source))
    return {Outcome::kTooMany, {}};
  member.wishes[source] = {true, quality};
  if (AssignSlots(member, fx)) TellSlots(member, fx);
  if (member.virtual_slots) return {Outcome::kRemembered, {}};
  for (const Slot& slot : member.transport.slots) {
    if (slot.source == source) return {Outcome::kOnSlot, slot.mid};
  }
  const Publication* publication = source.user_id == member.user_id ? nullptr : FindPublication(source);
  return {publication != nullptr && publication->published() ? Outcome::kNoSlot : Outcome::kRemembered, {}};
}

void RoomState::Unsubscribe(Member& member, const SourceName& source, RoomEffects& fx) {
  if (member.wishes.size() >= Member::kMaxSubscriptions && !member.wishes.contains(source)) return;
  member.wishes[source] = {};
  if (AssignSlots(member, fx)) TellSlots(member, fx);
}

bool RoomState::Wants(const Member& member, const SourceName& source) const {
  if (source.user_id == member.user_id || !member.rights.MayReceive(source.kind, source.stream)) return false;
  if (const auto it = member.wishes.find(source); it != member.wishes.end()) return it->second.subscribed;
  switch (member.recv_mode) {
    case 1: return true;
    case 2: return source.kind == MediaKind::kAudio;
    case 3: return source.kind == MediaKind::kVideo;
    default: return false;
  }
}

const Publication* RoomState::FindPublication(const SourceName& source) const {
  for (const auto& member : members_) {
    if (member->user_id != source.user_id) continue;
    for (const Publication& publication : member->transport.publications) {
      if (publication.stream == source.stream && publication.kind == source.kind) return &publication;
    }
  }
  return nullptr;
}

std::vector<RoomState::Source> RoomState::WantedSources(const Member& member) const {
  std::vector<Source> sources;
  for (const auto& other : members_) {
    for (const Publication& publication : other->transport.publications) {
      SourceName name{other->user_id, publication.stream, publication.kind};
      if (Wants(member, name)) sources.push_back({std::move(name), publication.uptrack, publication.published()});
    }
  }
  return sources;
}

bool RoomState::AssignVirtualSlots(Member& member) const {
  std::vector<signal::PlayedStream> played;
  for (const Source& source : WantedSources(member)) {
    if (!source.on) continue;
    auto it = std::find_if(played.begin(), played.end(), [&](const auto& p) {
      return p.user_id == source.name.user_id && p.stream == source.name.stream;
    });
    if (it == played.end()) it = played.insert(it, {source.name.user_id, source.name.stream});
    (source.name.kind == MediaKind::kAudio ? it->audio : it->video) = true;
  }
  if (played == member.played) return false;
  member.played = std::move(played);
  return true;
}

// The n-th slot for sound and the n-th for pictures reach the remote as one media stream (peer/answerer.cc), within
// which it keeps sound and picture together: the two tracks of a member belong there.
Slot* RoomState::FreeSlot(Member& member, const SourceName& source) const {
  std::vector<Slot*> own;
  std::vector<const Slot*> pairs;
  for (Slot& slot : member.transport.slots) {
    if (slot.kind == source.kind) {
      own.push_back(&slot);
    } else {
      pairs.push_back(&slot);
    }
  }
  // The lower, the better. A place beside nobody is kept for those who have two tracks, if there is another.
  const bool has_two = source.stream == StreamType::kMain;
  const auto rank_of = [&](size_t n) {
    if (n >= pairs.size()) return has_two ? 2 : 1;
    const std::optional<SourceName>& pair = pairs[n]->source;
    if (!pair) return has_two ? 1 : 2;
    return pair->user_id == source.user_id && pair->stream == source.stream ? 0 : 3;
  };
  Slot* best = nullptr;
  int best_rank = 0;
  for (size_t n = 0; n < own.size(); ++n) {
    int rank = rank_of(n);
    if (own[n]->source) {
      constexpr int kInUse = 10;  // the last choice: a slot whose source is switched off
      const Publication* publication = FindPublication(*own[n]->source);
      if (publication == nullptr || publication->published()) continue;
      rank += kInUse;
    }
    if (best != nullptr && rank >= best_rank) continue;
    best = own[n];
    best_rank = rank;
  }
  return best;
}

bool RoomState::AssignSlots(Member& member, RoomEffects& fx) const {
  if (member.virtual_slots) return AssignVirtualSlots(member);
  std::vector<Source> wanted = WantedSources(member);
  bool changed = false;
  const auto put = [&](Slot& slot, const Source* source) {
    const UptrackId uptrack = source != nullptr ? source->uptrack : UptrackId();
    const auto wish = source != nullptr ? member.wishes.find(source->name) : member.wishes.end();
    const signal::Quality quality = wish != member.wishes.end() ? wish->second.quality : signal::Quality::kAuto;
    if (slot.uptrack != uptrack || slot.quality != quality)
      fx.switches.push_back(ConnectSlot{member.transport.peer, slot.downtrack, uptrack, quality});
    slot.uptrack = uptrack;
    slot.quality = quality;
    std::optional<SourceName> name;
    if (source != nullptr) name = source->name;
    changed |= slot.source != name;
    slot.source = std::move(name);
  };

  // What stands on a slot and is still wanted stays there, switched off or not, so that a mute moves nothing.
  for (Slot& slot : member.transport.slots) {
    if (!slot.source) continue;
    const auto it = std::find_if(wanted.begin(), wanted.end(), [&](const Source& s) { return s.name == *slot.source; });
    if (it == wanted.end()) {
      put(slot, nullptr);
    } else {
      put(slot, &*it);
      wanted.erase(it);
    }
  }
  for (const Source& source : wanted) {
    if (!source.on) continue;
    Slot* free = FreeSlot(member, source.name);
    if (free != nullptr) put(*free, &source);
  }
  return changed;
}

void RoomState::TellSlots(const Member& member, RoomEffects& fx) {
  if (member.virtual_slots) return fx.played.push_back(member.user_id);
  if (!member.silent) fx.notifications.emplace_back(member.session, signal::Slots{member.slot_table()});
}

void RoomState::AssignOthers(const Member& except, RoomEffects& fx) {
  for (const auto& member : members_) {
    if (member.get() == &except) continue;
    if (AssignSlots(*member, fx)) TellSlots(*member, fx);
  }
}

void RoomState::NotifyOthers(const Member& except, const signal::Notification& notification, RoomEffects& fx) const {
  for (const auto& member : members_) {
    if (member.get() != &except && !member->silent) fx.notifications.emplace_back(member->session, notification);
  }
}

}  // namespace duet
