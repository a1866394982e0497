#include "node/relays.h"

#include <algorithm>

namespace duet {
namespace {

// A second of sound; a remembered picture of each layer and what comes while the other thread sleeps.
size_t CapacityFor(const UptrackConfig& track) {
  if (track.kind == signal::MediaKind::kAudio) return 64;
  return track.layers.size() == 1 ? 256 : MediaLine::kCapacity;
}

}  // namespace

void Relays::SetPeer(RoomKey room, size_t worker, const PeerConfig& config, Commands& out) {
  Holder& holder = holders_[config.id];
  for (const UptrackId id : holder.uptracks) {
    const bool stays = std::any_of(config.uptracks.begin(), config.uptracks.end(),
                                   [&](const UptrackConfig& track) { return track.id == id; });
    if (stays) continue;
    EndAll(id, out);
    tracks_.erase(id);
  }
  for (const DowntrackId id : holder.downtracks) {
    const bool stays = std::any_of(config.downtracks.begin(), config.downtracks.end(),
                                   [&](const DowntrackConfig& track) { return track.id == id; });
    if (!stays) Release(Time::LongAgo(), id);
  }
  holder = {room, worker, {}, {}};
  for (const UptrackConfig& track : config.uptracks) {
    holder.uptracks.push_back(track.id);
    // A track that stays keeps what it began with, as it does at the worker that receives it (Peer::Update).
    tracks_.try_emplace(track.id, Track{.peer = config.id, .config = track});
  }
  for (const DowntrackConfig& track : config.downtracks) holder.downtracks.push_back(track.id);
}

void Relays::DropPeer(PeerId peer, Commands& out) {
  const auto it = holders_.find(peer);
  if (it == holders_.end()) return;
  for (const UptrackId id : it->second.uptracks) {
    EndAll(id, out);
    tracks_.erase(id);
  }
  for (const DowntrackId id : it->second.downtracks) Release(Time::LongAgo(), id);
  holders_.erase(it);
}

std::optional<size_t> Relays::WorkerOf(UptrackId uptrack) const {
  const auto track = tracks_.find(uptrack);
  if (track == tracks_.end()) return std::nullopt;
  return holders_.at(track->second.peer).worker;
}

void Relays::OnSwitch(Time now, const ConnectSlot& connect, Commands& out) {
  if (takers_.size() == 1) return;
  const auto former = slots_.find(connect.downtrack);
  if (former != slots_.end() && former->second.first == connect.source) return;  // another size of it
  Release(now, connect.downtrack);
  const auto subscriber = holders_.find(connect.subscriber);
  const auto track = tracks_.find(connect.source);
  if (subscriber == holders_.end() || track == tracks_.end()) return;
  const size_t to = subscriber->second.worker;
  const Key key(connect.source, to);
  if (holders_.at(track->second.peer).worker == to) return;
  if (!relays_.contains(key)) {
    if (relays_.size() >= kMaxRelays) return;
    Add(key, track->second, out);
  }
  Relay& relay = relays_.at(key);
  ++relay.slots;
  relay.ends_at = Time::Never();
  slots_.emplace(connect.downtrack, key);
}

void Relays::OnSwitch(Time, const SetPublished& change, Commands& out) {
  const auto track = tracks_.find(change.uptrack);
  if (track == tracks_.end()) return;
  track->second.published = change.published;
  for (auto it = relays_.lower_bound({change.uptrack, 0}); it != relays_.end() && it->first.first == change.uptrack;
       ++it)
    out.emplace_back(it->first.second, SetPublished{it->second.source, change.uptrack, change.published});
}

void Relays::Add(const Key& key, const Track& track, Commands& out) {
  const Holder& publisher = holders_.at(track.peer);
  const uint64_t id = next_id_++;
  Relay relay{.from = publisher.worker, .source = PeerId(id), .tap = TapId(id)};
  const size_t to = key.second;
  auto line = std::make_shared<MediaLine>(takers_[to], CapacityFor(track.config));
  out.emplace_back(to, AddSource{publisher.room, relay.source, {track.config}, line});
  if (track.published) out.emplace_back(to, SetPublished{relay.source, key.first, true});
  out.emplace_back(relay.from, AddTap{relay.tap, publisher.room, key.first, std::move(line), AddTap::What::kRelay});
  by_source_.emplace(relay.source, key);
  relays_.emplace(key, relay);
}

void Relays::End(const Key& key, Commands& out) {
  const auto it = relays_.find(key);
  out.emplace_back(it->second.from, RemoveTap{it->second.tap});
  out.emplace_back(key.second, RemoveSource{it->second.source});
  by_source_.erase(it->second.source);
  // Whoever still has it does without; asked for again, it begins anew.
  if (it->second.slots > 0) std::erase_if(slots_, [&](const auto& slot) { return slot.second == key; });
  relays_.erase(it);
}

void Relays::EndAll(UptrackId uptrack, Commands& out) {
  for (auto it = relays_.lower_bound({uptrack, 0}); it != relays_.end() && it->first.first == uptrack;)
    End((it++)->first, out);
}

void Relays::Release(Time now, DowntrackId slot) {
  const auto it = slots_.find(slot);
  if (it == slots_.end()) return;
  const auto relay = relays_.find(it->second);
  slots_.erase(it);
  if (relay == relays_.end() || --relay->second.slots > 0) return;
  relay->second.ends_at = now + kLinger;
  next_end_ = std::min(next_end_, relay->second.ends_at);
}

void Relays::OnTimer(Time now, Commands& out) {
  if (now < next_end_) return;
  next_end_ = Time::Never();
  for (auto it = relays_.begin(); it != relays_.end();) {
    const auto& [key, relay] = *it++;
    if (relay.ends_at <= now) {
      End(Key(key), out);
    } else {
      next_end_ = std::min(next_end_, relay.ends_at);
    }
  }
}

bool Relays::OnEvent(const WorkerEvent& event, Commands& out) {
  const auto relay_of = [&](PeerId source) -> std::pair<const Key, Relay>* {
    const auto key = by_source_.find(source);
    return key != by_source_.end() ? &*relays_.find(key->second) : nullptr;
  };
  if (const auto* lost = std::get_if<PeerLost>(&event)) {
    // The other worker is full. Who wants the track there does without, and the tap costs nothing.
    const auto* found = relay_of(lost->peer);
    if (found == nullptr) return false;
    const Key key = found->first;
    End(key, out);
    return true;
  }
  if (const auto* keyframe = std::get_if<SourceKeyframeWanted>(&event)) {
    const auto* found = relay_of(keyframe->peer);
    if (found != nullptr) out.emplace_back(found->second.from, RequestKeyframe{keyframe->uptrack, keyframe->layer});
    return found != nullptr;
  }
  std::pair<const Key, Relay>* found = nullptr;
  if (const auto* layers = std::get_if<UptrackLayersWanted>(&event)) {
    found = relay_of(layers->peer);
    if (found != nullptr) found->second.layers = layers->mask;
  } else if (const auto* limit = std::get_if<UptrackLimit>(&event)) {
    found = relay_of(limit->peer);
    if (found != nullptr) found->second.max_bps = limit->max_bps;
  }
  if (found == nullptr) return false;
  const Relay& relay = found->second;
  out.emplace_back(relay.from, SetTapWants{relay.tap, relay.layers, relay.max_bps});
  return true;
}

}  // namespace duet
