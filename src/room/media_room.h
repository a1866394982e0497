// MediaRoom: who forwards to whom, the data half of a room. One publisher's track and the flat list of slots it goes to
// are a Feed; a packet costs one lookup and one pass over that list.
//
// Pointers into Peers are kept here and only here. Invariants: a slot stands in at most one Feed, the one that
// Downtrack::source() names; a Peer is taken out (RemovePeer) before it dies. Thread rule: owned by one Worker.
#pragma once

#include <memory>
#include <vector>

#include "base/drop.h"
#include "base/flat_map.h"
#include "base/outbox.h"
#include "peer/peer.h"

namespace duet {

class MediaRoom {
 public:
  // Makes the tracks of a peer known, with nobody who gets them yet.
  void AddPeer(Peer& peer);
  // The peer was negotiated anew: tracks that stay keep who gets them and what stands on them.
  void UpdatePeer(Peer& peer, PeerConfig config);
  // Forgets the peer's slots, and its tracks with everything that they fed.
  void RemovePeer(Peer& peer);

  // Puts `source` (0 = nothing) on a slot of `subscriber`. A video source is asked for a keyframe.
  void Connect(Time now, Peer& subscriber, DowntrackId slot, UptrackId source);

  // Passes a packet on to everybody who gets this track. Returns how many got it.
  size_t Forward(Time now, const ReceivedRtp& packet, DropCounters& drops, Outbox& out);

  // What RTCP from `peer` asks of others.
  void OnFeedback(Time now, Peer& peer, const Peer::Feedback& feedback);
  // The peer can receive from now on: everything on its slots starts with a keyframe.
  void OnConnected(Time now, Peer& peer);

  // Peers whose deadline may have come closer since the last call (a keyframe was asked of them).
  std::vector<PeerId> TakeTouched();

  size_t feeds() const { return feeds_.size(); }

 private:
  struct Subscriber {
    Peer* peer = nullptr;
    Downtrack* downtrack = nullptr;
  };
  struct Feed {
    Peer* publisher = nullptr;
    Uptrack* uptrack = nullptr;
    std::vector<Subscriber> subscribers;
  };
  Feed* FindFeed(UptrackId id);
  void AddFeed(Peer& peer, Uptrack& uptrack);
  void DropFeed(UptrackId id);
  void Detach(const Downtrack& downtrack);
  void AskForKeyframe(Time now, Feed& feed);

  FlatMap<UptrackId, std::unique_ptr<Feed>> feeds_;
  std::vector<PeerId> touched_;
};

}  // namespace duet
