// Relays: which tracks are copied from the worker that receives them to workers where somebody wants them.
//
//   publisher ─> worker A ──RelayTap──> MediaLine ──LineSource──> worker B ─> subscribers
//                    ^  <── keyframes, layers, the most that any of them can take ──┘
//
// A track is copied once to each worker that wants it: from the first slot there that gets it (Connect) until kLinger
// after the last one gave it up, or until the track is gone. It keeps its UptrackId, so slots of either worker name it
// alike. What the subscribers of B need comes back as if B were one subscriber of A.
//
// It says what workers are to do and knows nothing else of them. Invariants: a relay has a source on one worker and a
// tap on another; ids of relays have the highest bit, those of members never. Thread rule: owned by Control.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "node/messages.h"

namespace duet {

class Relays {
 public:
  static constexpr Duration kLinger = Duration::Seconds(2);
  // A line of video has 0.4 to 0.8 MB.
  static constexpr size_t kMaxRelays = 2048;
  using Commands = std::vector<std::pair<size_t, WorkerCommand>>;

  // One waker per worker; see MediaLine.
  explicit Relays(std::vector<Waker*> takers) : takers_(std::move(takers)) {}

  // A peer or source that `worker` holds, new or negotiated anew.
  void SetPeer(RoomKey room, size_t worker, const PeerConfig& config, Commands& out);
  void DropPeer(PeerId peer, Commands& out);
  // The worker that receives this track; nothing when there is no such track.
  std::optional<size_t> WorkerOf(UptrackId uptrack) const;

  // Each switch, before it goes to the worker of its peer.
  void OnSwitch(Time now, const ConnectSlot& connect, Commands& out);
  void OnSwitch(Time now, const SetPublished& change, Commands& out);
  // False when the event has nothing to do with a relay.
  bool OnEvent(const WorkerEvent& event, Commands& out);

  // Ends what lingers no longer.
  void OnTimer(Time now, Commands& out);
  Time NextTimer() const { return next_end_; }
  size_t size() const { return relays_.size(); }

 private:
  using Key = std::pair<UptrackId, size_t>;  // the track and where it is copied to
  struct Track {
    PeerId peer;
    bool published = false;
    UptrackConfig config;
  };
  struct Holder {
    RoomKey room;
    size_t worker = 0;
    std::vector<UptrackId> uptracks;
    std::vector<DowntrackId> downtracks;
  };
  struct Relay {
    size_t from = 0;
    PeerId source;
    TapId tap;
    size_t slots = 0;  // that get it
    Time ends_at = Time::Never();
    uint8_t layers = 0xff;  // as told
    int64_t max_bps = 0;
  };
  void Add(const Key& key, const Track& track, Commands& out);
  void End(const Key& key, Commands& out);
  void EndAll(UptrackId uptrack, Commands& out);
  void Release(Time now, DowntrackId slot);

  std::vector<Waker*> takers_;
  uint64_t next_id_ = uint64_t{1} << 63;
  std::unordered_map<PeerId, Holder> holders_;
  std::unordered_map<UptrackId, Track> tracks_;
  std::map<Key, Relay> relays_;
  std::unordered_map<PeerId, Key> by_source_;
  std::unordered_map<DowntrackId, Key> slots_;  // those that get a relayed track
  Time next_end_ = Time::Never();
};

}  // namespace duet
