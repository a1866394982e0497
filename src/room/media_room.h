// MediaRoom: who forwards to whom, the data half of a room. One publisher's track and the flat list of slots it goes to
// are a Feed; a packet costs one lookup and one pass over that list.
//
// A publisher without a transport (a source: RTMP, or a track of another worker) is its tracks and its id; a reader
// without one is a MediaSink.
//
// Pointers into Peers, tracks of sources and sinks are kept here and only here. Invariants: a slot stands in at most
// one Feed, the one that Downtrack::source() names; a Peer, source or sink is taken out before it dies. Thread rule:
// owned by one Worker.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/drop.h"
#include "base/fixed_vector.h"
#include "base/flat_map.h"
#include "base/outbox.h"
#include "core/speakers/active_speakers.h"
#include "peer/peer.h"
#include "room/keyframe_cache.h"
#include "room/media_sink.h"

namespace duet {

class MediaRoom {
 public:
  // Sources of sound whose level is followed; those beyond are heard but not named.
  static constexpr size_t kMaxSources = 512;

  // Makes the tracks of a peer known, with nobody who gets them yet.
  void AddPeer(Peer& peer);
  // The peer was negotiated anew: tracks that stay keep who gets them and what stands on them.
  void UpdatePeer(Peer& peer, PeerConfig config);
  // Forgets the peer's slots, and its tracks with everything that they fed.
  void RemovePeer(Peer& peer);

  // The same for a publisher that has no transport. The tracks stay where they are until RemoveSource.
  using Uptracks = std::span<const std::unique_ptr<Uptrack>>;
  void AddSource(PeerId publisher, Uptracks uptracks);
  void RemoveSource(Uptracks uptracks);

  // What the track receives goes to `sink` too, beginning with the keyframes that are remembered, or new ones. False
  // when there is no such track. `sink` stays until RemoveSink or its OnEnded.
  bool AddSink(Time now, UptrackId source, MediaSink& sink, DropCounters& drops);
  void RemoveSink(UptrackId source, const MediaSink& sink);
  // A sink's reader needs a picture to begin with.
  void RequestKeyframe(Time now, UptrackId source, int layer);
  // The capture references of a track are new.
  void OnReferences(UptrackId uptrack);

  // Puts `source` (0 = nothing) on a slot of `subscriber`, in the size that `quality` says. A video source begins with
  // the keyframe that is remembered, or is asked for one.
  void Connect(Time now, Peer& subscriber, DowntrackId slot, UptrackId source, signal::Quality quality, Outbox& out);

  // Passes packets of one track, in the order in which they came, on to everybody who gets it. Returns how many times
  // one was passed on.
  size_t Forward(Time now, std::span<const ReceivedRtp> packets, DropCounters& drops, Outbox& out);

  // What RTCP from `peer` asks of others.
  void OnFeedback(Time now, Peer& peer, const Peer::Feedback& feedback);
  // The peer can receive from now on: everything on its slots starts with a keyframe.
  void OnConnected(Time now, Peer& peer, Outbox& out);

  // The path of `peer` was divided anew: slots that were held back or get another layer begin at a keyframe.
  void OnDivided(Time now, Peer& peer, Outbox& out);
  // What the publishers of this room's pictures may send from now on, where that has changed.
  struct Limit {
    PeerId publisher;
    UptrackId uptrack;
    int64_t max_bps = 0;  // 0 = no limit
  };
  void UpdateLimits(Time now, std::vector<Limit>& changed);
  // Which layers of a picture anybody gets or waits for, where that has changed. A layer that nobody gets any more is
  // kept for kLayerLinger: who left it may be back.
  struct LayersWanted {
    PeerId publisher;
    UptrackId uptrack;
    uint8_t mask = 0;  // bit 0 = the smallest
  };
  static constexpr Duration kLayerLinger = Duration::Seconds(2);
  void UpdateLayers(Time now, std::vector<LayersWanted>& changed);

  // Who is heard, the loudest first, with a volume of 0..100; nothing when it is as it was told last. Every 100 ms or
  // so.
  struct Speaking {
    UptrackId uptrack;
    int level = 0;
  };
  using SpeakingList = FixedVector<Speaking, ActiveSpeakers::kMaxActive>;
  static constexpr Duration kSpeakersInterval = Duration::Millis(500);
  std::optional<SpeakingList> UpdateSpeakers(Time now);

  // Peers whose deadline may have come closer: a keyframe was asked of them, or packets wait in their pacer.
  const std::vector<PeerId>& touched() const { return touched_; }
  void ClearTouched() { touched_.clear(); }

  size_t feeds() const { return feeds_.size(); }

 private:
  struct Subscriber {
    Peer* peer = nullptr;
    Downtrack* downtrack = nullptr;
  };
  struct Feed {
    PeerId publisher;
    Uptrack* uptrack = nullptr;
    std::vector<Subscriber> subscribers;
    std::vector<MediaSink*> sinks;
    int64_t limit_bps = 0;  // as told to the publisher; 0 = none
    Time limit_told_at = Time::LongAgo();
    std::array<KeyframeCache, kMaxLayers> keyframes;
    uint8_t layers_told = 0;  // to begin with all of them
    std::array<Time, kMaxLayers> wanted_at{};
  };
  Feed* FindFeed(UptrackId id);
  void AddFeed(PeerId publisher, Uptrack& uptrack);
  void DropFeed(UptrackId id);
  void Detach(const Downtrack& downtrack);
  void AskForKeyframe(Time now, Feed& feed, int layer);
  // Of the layer that the slot shows, or waits for.
  void AskForKeyframe(Time now, const Downtrack* downtrack);
  // The slot gets a picture to begin with: the one that is remembered, else a new one.
  void Begin(Time now, Peer& peer, Downtrack* downtrack, Outbox& out);
  bool Replay(Time now, const Feed& feed, Peer& peer, Downtrack& downtrack, Outbox& out);
  void Touch(PeerId id);
  void ForwardToSinks(Time now, Feed& feed, std::span<const ReceivedRtp> packets, DropCounters& drops);
  // Of the slots; of all readers.
  static int64_t LimitOf(Time now, const Feed& feed);
  static int64_t LimitOfAll(Time now, const Feed& feed);

  void HearLevel(Time now, const ReceivedRtp& packet);

  FlatMap<UptrackId, std::unique_ptr<Feed>> feeds_;
  ActiveSpeakers speakers_{kMaxSources};
  SpeakingList speaking_told_;
  Time speaking_told_at_ = Time::LongAgo();
  std::vector<PeerId> touched_;
};

}  // namespace duet
