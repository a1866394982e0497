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
      if (subscriber.peer->sends_later()) Touch(subscriber.peer->id());
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

void MediaRoom::OnDivided(Time now, Peer& peer) {
  const auto wanted = peer.TakeKeyframesWanted();
  for (const DowntrackId id : wanted) {
    const Downtrack* downtrack = peer.FindDowntrack(id);
    if (Feed* feed = downtrack != nullptr ? FindFeed(downtrack->source()) : nullptr) AskForKeyframe(now, *feed);
  }
}

// The best that any receiver can take: the others are helped by layers, or by holding the picture back.
int64_t MediaRoom::LimitOf(Time now, const Feed& feed) {
  constexpr int64_t kPointless = 2'500'000;  // no camera needs more
  constexpr int64_t kLeast = 50'000;         // below this there is no picture
  int64_t best = -1;
  int64_t offered = 0;
  for (const Subscriber& subscriber : feed.subscribers) {
    if (subscriber.peer->state() != Peer::State::kConnected) continue;
    best = std::max(best, subscriber.downtrack->share_bps());
    offered = std::max(offered, subscriber.downtrack->offered_bps(now));
  }
  if (best < 0 || best > kPointless) return 0;
  // Who sends far less than it might needs no limit.
  if (feed.limit_bps == 0 && offered * 12 / 10 < best) return 0;
  return std::max(best, kLeast);
}

void MediaRoom::UpdateLimits(Time now, std::vector<Limit>& changed) {
  constexpr Duration kBetweenRaises = Duration::Millis(500);
  feeds_.ForEach([&](UptrackId id, const std::unique_ptr<Feed>& feed) {
    if (!feed->uptrack->is_video() || !feed->uptrack->published()) return;
    const int64_t limit = LimitOf(now, *feed);
    const int64_t old = feed->limit_bps;
    const bool lower = limit != 0 && (old == 0 || limit < old * 93 / 100);
    const bool higher = old != 0 && (limit == 0 || limit > old * 107 / 100);
    if (!lower && !(higher && now - feed->limit_told_at >= kBetweenRaises)) return;
    feed->limit_bps = limit;
    feed->limit_told_at = now;
    changed.push_back({feed->publisher->id(), id, limit});
  });
}

void MediaRoom::Touch(PeerId id) {
  if (touched_.empty() || touched_.back() != id) touched_.push_back(id);
}

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
  Touch(feed.publisher->id());
}

}  // namespace duet
