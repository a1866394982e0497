#include "room/media_room.h"

#include <algorithm>
#include <utility>

namespace duet {

void MediaRoom::AddPeer(Peer& peer) {
  for (const auto& uptrack : peer.uptracks()) AddFeed(peer, *uptrack);
}

void MediaRoom::UpdatePeer(Peer& peer, PeerConfig config) {
  const auto stays = [](const auto& tracks, auto id) {
    return std::any_of(tracks.begin(), tracks.end(), [&](const auto& t) { return t.id == id; });
  };
  for (const auto& downtrack : peer.downtracks()) {
    if (!stays(config.downtracks, downtrack->config().id)) Detach(*downtrack);
  }
  for (const auto& uptrack : peer.uptracks()) {
    if (!stays(config.uptracks, uptrack->id())) DropFeed(uptrack->id());
  }
  peer.Update(std::move(config));
  for (const auto& uptrack : peer.uptracks()) {
    if (FindFeed(uptrack->id()) == nullptr) AddFeed(peer, *uptrack);
  }
}

void MediaRoom::RemovePeer(Peer& peer) {
  for (const auto& downtrack : peer.downtracks()) Detach(*downtrack);
  for (const auto& uptrack : peer.uptracks()) DropFeed(uptrack->id());
}

void MediaRoom::AddFeed(Peer& peer, Uptrack& uptrack) {
  auto feed = std::make_unique<Feed>();
  feed->publisher = &peer;
  feed->uptrack = &uptrack;
  feeds_.Insert(uptrack.id(), std::move(feed));
}

void MediaRoom::DropFeed(UptrackId id) {
  const Feed* feed = FindFeed(id);
  if (feed == nullptr) return;
  for (const Subscriber& subscriber : feed->subscribers) subscriber.downtrack->SetSource(UptrackId(), nullptr, nullptr);
  feeds_.Erase(id);
}

void MediaRoom::Connect(Time now, Peer& subscriber, DowntrackId slot, UptrackId source) {
  Downtrack* downtrack = subscriber.FindDowntrack(slot);
  if (downtrack == nullptr) return;
  Detach(*downtrack);
  Feed* feed = FindFeed(source);
  if (feed == nullptr) {
    downtrack->SetSource(UptrackId(), nullptr, nullptr);
    return;
  }
  const UptrackConfig& config = feed->uptrack->config();
  if (!downtrack->SetSource(source, &config.codec, &config.extensions)) return;
  downtrack->set_reference(feed->uptrack->reference());
  feed->subscribers.push_back({&subscriber, downtrack});
  if (downtrack->waits_for_keyframe() && subscriber.state() == Peer::State::kConnected) AskForKeyframe(now, *feed);
}

size_t MediaRoom::Forward(Time now, const ReceivedRtp& packet, DropCounters& drops, Outbox& out) {
  Feed* feed = FindFeed(packet.uptrack);
  if (feed == nullptr || !feed->uptrack->published()) {
    drops.Add(Drop::kNotPublished);
    return 0;
  }
  size_t sent = 0;
  for (const Subscriber& subscriber : feed->subscribers) {
    if (const auto drop = subscriber.peer->SendRtp(now, *subscriber.downtrack, packet, out)) {
      drops.Add(*drop);
      // The keyframe that was asked for may have been lost on the way to us.
      if (*drop == Drop::kNoKeyframe) AskForKeyframe(now, *feed);
    } else {
      ++sent;
    }
  }
  return sent;
}

void MediaRoom::OnFeedback(Time now, Peer& peer, const Peer::Feedback& feedback) {
  for (const DowntrackId id : feedback.keyframe_requests) {
    const Downtrack* downtrack = peer.FindDowntrack(id);
    Feed* feed = downtrack != nullptr ? FindFeed(downtrack->source()) : nullptr;
    if (feed != nullptr) AskForKeyframe(now, *feed);
  }
  for (const UptrackId id : feedback.references) {
    const Feed* feed = FindFeed(id);
    if (feed == nullptr) continue;
    for (const Subscriber& subscriber : feed->subscribers)
      subscriber.downtrack->set_reference(feed->uptrack->reference());
  }
}

void MediaRoom::OnConnected(Time now, Peer& peer) {
  for (const auto& downtrack : peer.downtracks()) {
    if (!downtrack->waits_for_keyframe()) continue;
    if (Feed* feed = FindFeed(downtrack->source())) AskForKeyframe(now, *feed);
  }
}

std::vector<PeerId> MediaRoom::TakeTouched() { return std::exchange(touched_, {}); }

MediaRoom::Feed* MediaRoom::FindFeed(UptrackId id) {
  auto* feed = feeds_.Find(id);
  return feed != nullptr ? feed->get() : nullptr;
}

void MediaRoom::Detach(const Downtrack& downtrack) {
  Feed* feed = FindFeed(downtrack.source());
  if (feed == nullptr) return;
  std::erase_if(feed->subscribers, [&](const Subscriber& s) { return s.downtrack == &downtrack; });
}

void MediaRoom::AskForKeyframe(Time now, Feed& feed) {
  feed.uptrack->RequestKeyframe(now);
  const PeerId id = feed.publisher->id();
  if (touched_.empty() || touched_.back() != id) touched_.push_back(id);
}

}  // namespace duet
