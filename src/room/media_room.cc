#include "room/media_room.h"

#include <algorithm>
#include <utility>

#include "base/prefetch.h"
#include "wire/rtp_extensions.h"

namespace duet {
namespace {

uint8_t AllLayers(const Uptrack& uptrack) { return static_cast<uint8_t>((1u << uptrack.layers().size()) - 1); }

void SetReferences(const Uptrack& uptrack, Downtrack& downtrack) {
  for (size_t i = 0; i < uptrack.layers().size(); ++i) downtrack.set_reference(i, uptrack.layers()[i].reference());
}

}  // namespace

void MediaRoom::AddPeer(Peer& peer) {
  for (const auto& uptrack : peer.uptracks()) AddFeed(peer.id(), *uptrack);
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
    if (FindFeed(uptrack->id()) == nullptr) AddFeed(peer.id(), *uptrack);
  }
}

void MediaRoom::RemovePeer(Peer& peer) {
  for (const auto& downtrack : peer.downtracks()) Detach(*downtrack);
  for (const auto& uptrack : peer.uptracks()) DropFeed(uptrack->id());
}

void MediaRoom::AddSource(PeerId publisher, Uptracks uptracks) {
  for (const auto& uptrack : uptracks) AddFeed(publisher, *uptrack);
}

void MediaRoom::RemoveSource(Uptracks uptracks) {
  for (const auto& uptrack : uptracks) DropFeed(uptrack->id());
}

void MediaRoom::AddFeed(PeerId publisher, Uptrack& uptrack) {
  auto feed = std::make_unique<Feed>();
  feed->publisher = publisher;
  feed->uptrack = &uptrack;
  feed->layers_told = AllLayers(uptrack);
  feeds_.Insert(uptrack.id(), std::move(feed));
}

void MediaRoom::DropFeed(UptrackId id) {
  const Feed* feed = FindFeed(id);
  if (feed == nullptr) return;
  for (const Subscriber& subscriber : feed->subscribers) subscriber.downtrack->SetSource(nullptr);
  for (MediaSink* sink : feed->sinks) sink->OnEnded();
  feeds_.Erase(id);
  speakers_.Remove(id);
}

void MediaRoom::HearLevel(Time now, const ReceivedRtp& packet) {
  const uint8_t id = packet.extensions->audio_level;
  if (id == 0 || !packet.view.has_extensions()) return;
  if (const auto level = AudioLevel::Parse(packet.view.Extension(id))) speakers_.OnLevel(packet.uptrack, now, *level);
}

std::optional<MediaRoom::SpeakingList> MediaRoom::UpdateSpeakers(Time now) {
  speakers_.Update(now);
  if (now - speaking_told_at_ < kSpeakersInterval) return std::nullopt;
  SpeakingList list;
  for (const UptrackId id : speakers_.active()) list.push_back({id, speakers_.Volume(id)});
  if (list.empty() && speaking_told_.empty()) return std::nullopt;
  speaking_told_ = list;
  speaking_told_at_ = now;
  return list;
}

void MediaRoom::Connect(Time now, Peer& subscriber, DowntrackId slot, UptrackId source, signal::Quality quality,
                        Outbox& out) {
  Downtrack* downtrack = subscriber.FindDowntrack(slot);
  if (downtrack == nullptr) return;
  Detach(*downtrack);
  Feed* feed = FindFeed(source);
  if (feed == nullptr) {
    downtrack->SetSource(nullptr);
    return;
  }
  downtrack->set_quality(quality);
  if (!downtrack->SetSource(&feed->uptrack->config())) return;
  SetReferences(*feed->uptrack, *downtrack);
  feed->subscribers.push_back({&subscriber, downtrack});
  if (subscriber.state() != Peer::State::kConnected) return;
  if (downtrack->layers().count() > 1) {
    subscriber.DividePath(now);
    OnDivided(now, subscriber, out);
  }
  if (downtrack->waits_for_keyframe()) Begin(now, subscriber, downtrack, out);
}

size_t MediaRoom::Forward(Time now, std::span<const ReceivedRtp> packets, DropCounters& drops, Outbox& out) {
  Feed* feed = FindFeed(packets.front().uptrack);
  if (feed == nullptr || !feed->uptrack->published()) {
    drops.Add(Drop::kNotPublished, packets.size());
    return 0;
  }
  for (const ReceivedRtp& packet : packets) {
    if (feed->uptrack->is_video()) {
      feed->keyframes[static_cast<size_t>(packet.layer)].OnPacket(now, packet);
    } else {
      HearLevel(now, packet);
    }
  }
  if (!feed->sinks.empty()) ForwardToSinks(now, *feed, packets, drops);
  size_t sent = 0;
  const std::vector<Subscriber>& subscribers = feed->subscribers;
  for (size_t i = 0; i < subscribers.size(); ++i) {
    const Subscriber& subscriber = subscribers[i];
    if (i + 2 < subscribers.size()) {
      subscribers[i + 2].peer->PrefetchState();
      PrefetchAll(*subscribers[i + 2].downtrack);
    }
    if (i + 1 < subscribers.size())
      subscribers[i + 1].peer->PrefetchNext(*subscribers[i + 1].downtrack, packets.front().seq);
    bool later = false;
    for (const ReceivedRtp& packet : packets) {
      if (const auto drop = subscriber.peer->SendRtp(now, *subscriber.downtrack, packet, out)) {
        drops.Add(*drop);
        // The keyframe that was asked for may have been lost on the way to us.
        if (*drop == Drop::kNoKeyframe) AskForKeyframe(now, *feed, packet.layer);
      } else {
        ++sent;
        later = subscriber.peer->sends_later();
      }
    }
    if (later) Touch(subscriber.peer->id());
    out.DrainWhenFull();
  }
  return sent;
}

// ---- sinks
// --------------------------------------------------------------------------------------------------------------------------------

void MediaRoom::ForwardToSinks(Time now, Feed& feed, std::span<const ReceivedRtp> packets, DropCounters& drops) {
  for (MediaSink* sink : feed.sinks) {
    for (const ReceivedRtp& packet : packets) {
      const auto drop = sink->OnPacket(now, packet);
      if (!drop) continue;
      drops.Add(*drop);
      if (*drop == Drop::kNoKeyframe) AskForKeyframe(now, feed, packet.layer);
    }
  }
}

bool MediaRoom::AddSink(Time now, UptrackId source, MediaSink& sink, DropCounters& drops) {
  Feed* feed = FindFeed(source);
  if (feed == nullptr) return false;
  feed->sinks.push_back(&sink);
  const std::vector<UptrackLayer>& layers = feed->uptrack->layers();
  for (size_t i = 0; i < layers.size(); ++i) {
    if (const auto& reference = layers[i].reference()) sink.OnReference(source, i, *reference);
  }
  if (!feed->uptrack->is_video() || !feed->uptrack->published()) return true;
  // The largest first: who takes but one layer takes that.
  for (size_t i = layers.size(); i-- > 0;) {
    const auto packets = feed->keyframes[i].packets(now);
    for (const ReceivedRtp& packet : packets) {
      if (const auto drop = sink.OnPacket(now, packet)) drops.Add(*drop);
    }
  }
  // Of several layers some may not be sent at all: those that come are asked for by what OnPacket answers.
  if (layers.size() == 1 && feed->keyframes[0].packets(now).empty()) AskForKeyframe(now, *feed, 0);
  return true;
}

void MediaRoom::RemoveSink(UptrackId source, const MediaSink& sink) {
  if (Feed* feed = FindFeed(source)) std::erase(feed->sinks, &sink);
}

void MediaRoom::RequestKeyframe(Time now, UptrackId source, int layer) {
  Feed* feed = FindFeed(source);
  if (feed == nullptr || layer >= static_cast<int>(feed->uptrack->layers().size())) return;
  AskForKeyframe(now, *feed, layer);
}

void MediaRoom::OnReferences(UptrackId uptrack) {
  const Feed* feed = FindFeed(uptrack);
  if (feed == nullptr) return;
  for (const Subscriber& subscriber : feed->subscribers) SetReferences(*feed->uptrack, *subscriber.downtrack);
  if (!feed->uptrack->published()) return;
  for (MediaSink* sink : feed->sinks) {
    for (size_t i = 0; i < feed->uptrack->layers().size(); ++i) {
      if (const auto& reference = feed->uptrack->layers()[i].reference()) sink->OnReference(uptrack, i, *reference);
    }
  }
}

// ---- what comes back
// --------------------------------------------------------------------------------------------------------------------------

void MediaRoom::OnFeedback(Time now, Peer& peer, const Peer::Feedback& feedback) {
  for (const DowntrackId id : feedback.keyframe_requests) {
    const Downtrack* downtrack = peer.FindDowntrack(id);
    // While it is held back there is nothing to begin with; keyframes would only make what is to fit larger, and cost
    // everybody else.
    if (downtrack != nullptr && !downtrack->paused()) AskForKeyframe(now, downtrack);
  }
  for (const UptrackId id : feedback.references) OnReferences(id);
}

void MediaRoom::OnConnected(Time now, Peer& peer, Outbox& out) {
  for (const auto& downtrack : peer.downtracks()) {
    if (downtrack->waits_for_keyframe()) Begin(now, peer, downtrack.get(), out);
  }
}

void MediaRoom::OnDivided(Time now, Peer& peer, Outbox& out) {
  const auto wanted = peer.TakeKeyframesWanted();
  for (const DowntrackId id : wanted) Begin(now, peer, peer.FindDowntrack(id), out);
}

void MediaRoom::Begin(Time now, Peer& peer, Downtrack* downtrack, Outbox& out) {
  const Feed* feed = downtrack != nullptr ? FindFeed(downtrack->source()) : nullptr;
  if (feed == nullptr || !feed->uptrack->published()) return;
  if (!Replay(now, *feed, peer, *downtrack, out)) AskForKeyframe(now, downtrack);
}

bool MediaRoom::Replay(Time now, const Feed& feed, Peer& peer, Downtrack& downtrack, Outbox& out) {
  const LayerChoice& layers = downtrack.layers();
  if (peer.state() != Peer::State::kConnected || layers.current() == layers.target()) return false;
  // Of a stream that goes already, the past has its numbers.
  if (layers.in_one_stream() && layers.current() != LayerChoice::kNone) return false;
  const KeyframeCache& cache = feed.keyframes[static_cast<size_t>(layers.stream(layers.target()))];
  const auto packets = cache.packets(now);
  // More than half a second's worth would make the receiver wait longer than the encoder does.
  if (packets.empty() || static_cast<int64_t>(cache.bytes()) * 16 > peer.path().target_bps()) return false;
  for (const ReceivedRtp& packet : packets) {
    if (peer.SendRtp(now, downtrack, packet, out) && downtrack.waits_for_keyframe()) return false;
  }
  Touch(peer.id());
  return true;
}

// The best that any receiver can take: the others are helped by layers, or by holding the picture back.
int64_t MediaRoom::LimitOf(Time now, const Feed& feed) {
  constexpr int64_t kPointless = 2'500'000;  // no camera needs more
  constexpr int64_t kLeast = 50'000;         // below this there is no picture
  int64_t best = -1;
  int64_t offered = 0;
  int64_t least_layer = 0;
  bool has_layers = feed.uptrack->layers().size() > 1;
  for (const Subscriber& subscriber : feed.subscribers) {
    if (subscriber.peer->state() != Peer::State::kConnected) continue;
    least_layer = subscriber.downtrack->layers().ExpectedBps(0);
    has_layers |= subscriber.downtrack->layers().in_one_stream();
    best = std::max(best, subscriber.downtrack->share_bps());
    offered = std::max(offered, subscriber.downtrack->offered_bps(now));
  }
  if (best < 0 || best > kPointless) return 0;
  // With layers a path that is short gets a smaller one; only when there is none is the publisher told.
  if (has_layers && best > least_layer) return 0;
  // Who sends far less than it might needs no limit.
  if (feed.limit_bps == 0 && offered * 12 / 10 < best) return 0;
  return std::max(best, kLeast);
}

int64_t MediaRoom::LimitOfAll(Time now, const Feed& feed) {
  if (feed.sinks.empty()) return LimitOf(now, feed);
  const bool watched = std::any_of(feed.subscribers.begin(), feed.subscribers.end(),
                                   [](const Subscriber& s) { return s.peer->state() == Peer::State::kConnected; });
  int64_t best = watched ? LimitOf(now, feed) : -1;
  for (const MediaSink* sink : feed.sinks) {
    if (best == 0 || sink->limit_bps() == 0) return 0;
    best = std::max(best, sink->limit_bps());
  }
  return best;
}

void MediaRoom::UpdateLimits(Time now, std::vector<Limit>& changed) {
  constexpr Duration kBetweenRaises = Duration::Millis(500);
  feeds_.ForEach([&](UptrackId id, const std::unique_ptr<Feed>& feed) {
    if (!feed->uptrack->is_video() || !feed->uptrack->published()) return;
    const int64_t limit = LimitOfAll(now, *feed);
    const int64_t old = feed->limit_bps;
    const bool lower = limit != 0 && (old == 0 || limit < old * 93 / 100);
    const bool higher = old != 0 && (limit == 0 || limit > old * 107 / 100);
    if (!lower && !(higher && now - feed->limit_told_at >= kBetweenRaises)) return;
    feed->limit_bps = limit;
    feed->limit_told_at = now;
    changed.push_back({feed->publisher, id, limit});
  });
}

void MediaRoom::UpdateLayers(Time now, std::vector<LayersWanted>& changed) {
  feeds_.ForEach([&](UptrackId id, const std::unique_ptr<Feed>& feed) {
    const size_t count = feed->uptrack->layers().size();
    for (KeyframeCache& cache : feed->keyframes) cache.Trim(now);
    if (count == 1 || !feed->uptrack->published()) return;
    const auto want = [&](int layer) {
      if (layer >= 0) feed->wanted_at[static_cast<size_t>(layer)] = now;
    };
    // Where nobody watches, the smallest is kept for whoever comes next.
    if (feed->subscribers.empty() && feed->sinks.empty()) want(0);
    for (const Subscriber& subscriber : feed->subscribers) {
      const LayerChoice& layers = subscriber.downtrack->layers();
      want(layers.desired());
      want(layers.target());
      want(layers.current());
    }
    for (const MediaSink* sink : feed->sinks) {
      const uint8_t wanted = sink->WantedLayers(now);
      for (size_t layer = 0; layer < count; ++layer) {
        if (wanted >> layer & 1) want(static_cast<int>(layer));
      }
    }
    uint8_t mask = 0;
    for (size_t layer = 0; layer < count; ++layer) {
      const bool lingers = (feed->layers_told >> layer & 1) != 0 && now - feed->wanted_at[layer] < kLayerLinger;
      if (feed->wanted_at[layer] == now || lingers) mask = static_cast<uint8_t>(mask | 1u << layer);
    }
    if (mask == feed->layers_told) return;
    feed->layers_told = mask;
    changed.push_back({feed->publisher, id, mask});
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

void MediaRoom::AskForKeyframe(Time now, Feed& feed, int layer) {
  if (layer < 0) return;
  feed.uptrack->RequestKeyframe(now, static_cast<size_t>(layer));
  Touch(feed.publisher);
}

void MediaRoom::AskForKeyframe(Time now, const Downtrack* downtrack) {
  Feed* feed = downtrack != nullptr ? FindFeed(downtrack->source()) : nullptr;
  if (feed == nullptr) return;
  const LayerChoice& layers = downtrack->layers();
  const int target = layers.stream(layers.target());
  const int current = layers.stream(layers.current());
  AskForKeyframe(now, *feed, target);
  if (current != target) AskForKeyframe(now, *feed, current);
}

}  // namespace duet
