#include "node/worker.h"

#include <algorithm>
#include <map>

#include "base/flat_map.h"
#include "base/token_bucket.h"
#include "node/line_source.h"
#include "node/line_tap.h"
#include "node/timer_wheel.h"
#include "room/media_room.h"
#include "wire/demux.h"

namespace duet {
namespace {

struct PeerEntry {
  template <typename... Args>
  explicit PeerEntry(RoomKey key, Args&&... args) : room(key), peer(std::forward<Args>(args)...) {}

  const RoomKey room;
  bool reported = false;  // its end was told to Control
  Peer peer;              // in here, so that one look-up finds its memory
};

constexpr Duration kQualityInterval = Duration::Seconds(2);
// How often what the paths carry is divided among their slots.
constexpr Duration kDivideInterval = Duration::Millis(100);
// In a large room that is done in turns: all 2000 at once would hold up the packets behind them.
constexpr uint64_t kPeersInTurn = 128;
constexpr uint64_t kMaxTurns = 10;
constexpr Duration kCountsInterval = Duration::Millis(100);
// Items taken from one line before others get their turn.
constexpr int kMaxTaken = 256;

PeerLossReason ReasonOf(Peer::Failure failure) {
  switch (failure) {
    case Peer::Failure::kConsentExpired: return PeerLossReason::kConsentExpired;
    case Peer::Failure::kDtlsClosed: return PeerLossReason::kDtlsClosed;
    case Peer::Failure::kNeverConnected: return PeerLossReason::kNeverConnected;
    default: return PeerLossReason::kDtlsFailed;
  }
}

}  // namespace

struct Worker::State {
  State(WorkerConfig c, Rng& r, PacketPool& p) : config(c), rng(r), pool(p) {}

  void OnCommand(Time now, AddPeer&& command, Outbox& out);
  void OnCommand(Time now, UpdatePeer&& command, Outbox& out);
  void OnCommand(Time now, RemovePeer&& command, Outbox& out);
  void OnCommand(Time now, ConnectSlot&& command, Outbox& out);
  void OnCommand(Time now, SetPublished&& command, Outbox& out);
  void OnCommand(Time now, AddSource&& command, Outbox& out);
  void OnCommand(Time now, RemoveSource&& command, Outbox& out);
  void OnCommand(Time now, AddTap&& command, Outbox& out);
  void OnCommand(Time now, RemoveTap&& command, Outbox& out);
  void OnCommand(Time now, SetTapWants&& command, Outbox& out);
  void OnCommand(Time now, RequestKeyframe&& command, Outbox& out);

  void OnStun(Time now, const Endpoint& from, const PacketRef& packet, Outbox& out);
  void OnStranger(Time now, const Endpoint& from, DatagramKind kind, PacketRef packet, Outbox& out);
  void OnRtp(Time now, PeerEntry& entry, PacketRef packet, Outbox& out);
  void Forward(Time now, MediaRoom& room, ReceivedRtp packet, Outbox& out);
  void ForwardRun(Time now, Outbox& out);
  void ForgetAddress(const Endpoint& address, const PeerEntry& owner);
  void Dispatch(Time now, PeerEntry& entry, DatagramKind kind, PacketRef packet, Outbox& out);
  // Notices what a call to the peer has changed: connected, failed, deadline.
  void Settle(Time now, PeerEntry& entry, Peer::State before, Outbox& out);
  void SettleTouched(Time now, MediaRoom& room);
  void FirePeer(Time now, PeerId id, Outbox& out);
  void TakeLine(Time now, LineSource& source, Outbox& out);
  // Wakes the readers of lines that have something new.
  void NotifyTaps();
  void EraseTap(TapId id);
  void EraseEndedTaps();
  bool full() const { return peers.size() + sources.size() >= config.max_peers; }
  // One more publisher or receiver in the room; one less.
  MediaRoom& EnterRoom(Time now, RoomKey key);
  void LeaveRoom(Time now, RoomKey key);
  void ReportQuality(Time now);
  void ReportCounts(Time now);
  void DividePaths(Time now, Outbox& out);

  MediaRoom& RoomOf(const PeerEntry& entry) { return *rooms.at(entry.room); }
  PeerEntry* Find(PeerId id) {
    auto* entry = peers.Find(id);
    return entry != nullptr ? entry->get() : nullptr;
  }

  WorkerConfig config;
  Rng& rng;
  PacketPool& pool;
  FlatMap<PeerId, std::unique_ptr<PeerEntry>> peers;
  FlatMap<Endpoint, PeerEntry*> by_address;  // addresses that proved themselves by ICE
  std::map<std::string, PeerEntry*, std::less<>> by_ufrag;
  std::map<RoomKey, std::unique_ptr<MediaRoom>> rooms;
  std::map<RoomKey, size_t> room_sizes;
  static constexpr double kStrangersPerSecond = 100;
  TokenBucket strangers{kStrangersPerSecond, kStrangersPerSecond};
  FlatMap<PeerId, std::unique_ptr<LineSource>> sources;
  FlatMap<TapId, std::unique_ptr<LineTap>> taps;
  LineTap::Fresh fresh_taps;
  Time next_lines = Time::Never();  // when a line was not emptied
  TimerWheel<PeerId> timers;        // of peers and sources
  Time next_quality = Time::Never();
  Time next_counts = Time::Never();
  Time next_divide = Time::Never();
  uint64_t divide_turn = 0;
  std::vector<PeerEntry*> in_turn;  // of DividePaths; kept for its memory
  // Packets of one picture that came together; empty between batches.
  static constexpr size_t kMaxRun = 32;
  FixedVector<ReceivedRtp, kMaxRun> run;
  MediaRoom* run_room = nullptr;
  std::vector<MediaRoom::Limit> limits;
  std::vector<MediaRoom::LayersWanted> layers;
  WorkerCounts counts;
  std::vector<WorkerEvent> events;
};

Worker::Worker(WorkerConfig config, Rng& rng, PacketPool& pool) : state_(std::make_unique<State>(config, rng, pool)) {
  DUET_CHECK(config.dtls != nullptr);
}

Worker::~Worker() = default;

// ---- datagrams
// ----------------------------------------------------------------------------------------------------------------------------

void Worker::OnDatagramOfBatch(Time now, const Endpoint& from, PacketRef packet, Outbox& out) {
  State& s = *state_;
  ++s.counts.packets_received;
  const DatagramKind kind = Classify(packet->bytes());
  if (kind == DatagramKind::kStun) return s.OnStun(now, from, packet, out);
  PeerEntry* const* entry = s.by_address.Find(from);
  if (entry == nullptr) return s.OnStranger(now, from, kind, std::move(packet), out);
  s.Dispatch(now, **entry, kind, std::move(packet), out);
}

// Feedback comes from everybody in turn, and of a large room the state of each is out of the caches by then.
void Worker::Expect(const Endpoint& from, Bytes datagram) const {
  if (Classify(datagram) != DatagramKind::kRtcp) return;
  if (PeerEntry* const* entry = state_->by_address.Find(from)) (*entry)->peer.PrefetchForFeedback();
}

void Worker::OnBatchEnd(Time now, Outbox& out) {
  state_->ForwardRun(now, out);
  state_->NotifyTaps();
}

bool Worker::Knows(const Endpoint& address) const { return state_->by_address.Contains(address); }

void Worker::OnConnectionEnded(Time now, const Endpoint& address) {
  state_->next_counts = std::min(state_->next_counts, now + kCountsInterval);
  PeerEntry* const* entry = state_->by_address.Find(address);
  if (entry == nullptr) return;
  (*entry)->peer.OnConnectionEnded(address);
  state_->by_address.Erase(address);
}

void Worker::State::OnStun(Time now, const Endpoint& from, const PacketRef& packet, Outbox& out) {
  const auto message = StunMessage::Parse(packet->bytes());
  if (!message.ok()) return counts.drops.Add(Drop::kMalformed);
  const auto by_name = by_ufrag.find(message->LocalUfrag());
  if (by_name == by_ufrag.end()) return counts.drops.Add(Drop::kBadStun);
  PeerEntry& entry = *by_name->second;
  const Peer::State before = entry.peer.state();
  const IceAgent::Outcome outcome = entry.peer.OnStun(now, from, *message, out);
  if (!outcome.authentic) return counts.drops.Add(Drop::kBadStun);
  if (outcome.forgotten) ForgetAddress(*outcome.forgotten, entry);
  // An address can pass from one peer to another (a NAT that reuses a port): the one that proved itself last has it.
  by_address.Insert(from, &entry);
  Settle(now, entry, before, out);
}

// Media from an address that nobody is known at: a NAT may have rebound, and the next check is seconds away. Who has
// the SSRC says whose it may be, the packet's integrity that it is. Strangers may try that so often and no more.
void Worker::State::OnStranger(Time now, const Endpoint& from, DatagramKind kind, PacketRef packet, Outbox& out) {
  const auto header = kind == DatagramKind::kRtp ? ParseRtpHeader(packet->bytes()) : std::nullopt;
  PeerEntry* found = nullptr;
  if (header && from.transport == Transport::kUdp && strangers.Take(now)) {
    peers.ForEach([&](PeerId, const std::unique_ptr<PeerEntry>& entry) {
      if (entry->peer.MaySendFrom(from, header->ssrc)) found = entry.get();
    });
  }
  if (found == nullptr) return counts.drops.Add(Drop::kUnknownSource);
  Peer& peer = found->peer;
  const Peer::State before = peer.state();
  const uint64_t authentic = peer.received();
  OnRtp(now, *found, std::move(packet), out);
  if (peer.received() == authentic) return counts.drops.Add(Drop::kUnknownSource);
  const IceAgent::Outcome outcome = peer.Follow(now, from);
  if (outcome.forgotten) ForgetAddress(*outcome.forgotten, *found);
  if (outcome.authentic) by_address.Insert(from, found);
  Settle(now, *found, before, out);
}

void Worker::State::ForgetAddress(const Endpoint& address, const PeerEntry& owner) {
  PeerEntry* const* entry = by_address.Find(address);
  if (entry != nullptr && *entry == &owner) by_address.Erase(address);
}

void Worker::State::Dispatch(Time now, PeerEntry& entry, DatagramKind kind, PacketRef packet, Outbox& out) {
  Peer& peer = entry.peer;
  const Peer::State before = peer.state();
  switch (kind) {
    case DatagramKind::kRtp: OnRtp(now, entry, std::move(packet), out); break;
    case DatagramKind::kRtcp: {
      const Peer::Feedback feedback = peer.OnRtcp(now, std::move(packet), out);
      MediaRoom& room = RoomOf(entry);
      room.OnFeedback(now, peer, feedback);
      SettleTouched(now, room);
      break;
    }
    case DatagramKind::kDtls: peer.OnDtls(now, packet->bytes(), out); break;
    default: counts.drops.Add(Drop::kMalformed); return;
  }
  Settle(now, entry, before, out);
}

void Worker::State::OnRtp(Time now, PeerEntry& entry, PacketRef packet, Outbox& out) {
  const std::optional<ReceivedRtp> received = entry.peer.OnRtp(now, std::move(packet));
  if (!received && !entry.peer.recovered()) return;
  MediaRoom& room = RoomOf(entry);
  for (ReceivedRtp& recovered : entry.peer.TakeRecovered()) Forward(now, room, std::move(recovered), out);
  if (received) Forward(now, room, std::move(*received), out);
}

// Sound goes on at once. Of a picture, packets that came together go to each receiver together: its state is read once,
// and they can leave in one call (UDP_SEGMENT).
void Worker::State::Forward(Time now, MediaRoom& room, ReceivedRtp packet, Outbox& out) {
  if (packet.codec->kind == CodecKind::kOpus) {
    counts.packets_forwarded += room.Forward(now, {&packet, 1}, counts.drops, out);
    SettleTouched(now, room);
    return;
  }
  if (!run.empty() && (run_room != &room || run[0].uptrack != packet.uptrack)) ForwardRun(now, out);
  run_room = &room;
  run.push_back(std::move(packet));
  if (run.full()) ForwardRun(now, out);
}

void Worker::State::ForwardRun(Time now, Outbox& out) {
  if (run.empty()) return;
  counts.packets_forwarded += run_room->Forward(now, {run.begin(), run.size()}, counts.drops, out);
  run.clear();
  SettleTouched(now, *run_room);
}

void Worker::State::Settle(Time now, PeerEntry& entry, Peer::State before, Outbox& out) {
  Peer& peer = entry.peer;
  if (peer.state() != before) {
    if (peer.state() == Peer::State::kConnected) {
      events.push_back(PeerConnected{peer.id(), peer.profile()});
      MediaRoom& room = RoomOf(entry);
      room.OnConnected(now, peer, out);
      SettleTouched(now, room);
    } else if (peer.state() == Peer::State::kFailed && !entry.reported) {
      entry.reported = true;
      events.push_back(PeerLost{peer.id(), ReasonOf(peer.failure()), peer.failure_message()});
    }
  }
  timers.Arm(now, peer.id(), peer.NextTimer());
}

void Worker::State::SettleTouched(Time now, MediaRoom& room) {
  for (const PeerId id : room.touched()) {
    if (const PeerEntry* entry = Find(id)) {
      timers.Arm(now, id, entry->peer.NextTimer());
    } else if (const auto* source = sources.Find(id)) {
      timers.Arm(now, id, (*source)->NextTimer());
    }
  }
  room.ClearTouched();
}

// ---- commands
// -----------------------------------------------------------------------------------------------------------------------------

void Worker::OnCommand(Time now, WorkerCommand&& command, Outbox& out) {
  std::visit([&](auto&& c) { state_->OnCommand(now, std::move(c), out); }, std::move(command));
  state_->NotifyTaps();
}

MediaRoom& Worker::State::EnterRoom(Time now, RoomKey key) {
  auto& room = rooms[key];
  if (!room) room = std::make_unique<MediaRoom>();
  ++room_sizes[key];
  if (next_divide.is_never()) next_divide = now + kDivideInterval;
  next_counts = std::min(next_counts, now + kCountsInterval);
  return *room;
}

void Worker::State::LeaveRoom(Time now, RoomKey key) {
  EraseEndedTaps();
  if (--room_sizes[key] == 0) {
    rooms.erase(key);
    room_sizes.erase(key);
  }
  if (rooms.empty()) next_divide = Time::Never();
  next_counts = std::min(next_counts, now + kCountsInterval);
}

void Worker::State::OnCommand(Time now, AddPeer&& command, Outbox&) {
  const PeerId id = command.config.id;
  if (full() || Find(id) != nullptr || sources.Contains(id)) {
    events.push_back(PeerLost{id, PeerLossReason::kNeverConnected, "the worker holds as many peers as it may"});
    return;
  }
  const std::string ufrag = command.config.local_ice.ufrag;
  const PeerOptions options{.consent_timeout = config.consent_timeout, .connect_timeout = config.connect_timeout};
  auto entry = std::make_unique<PeerEntry>(command.room, std::move(command.config), options, *config.dtls, rng, now);
  by_ufrag.insert_or_assign(ufrag, entry.get());
  EnterRoom(now, entry->room).AddPeer(entry->peer);
  timers.Arm(now, id, entry->peer.NextTimer());
  peers.Insert(id, std::move(entry));
  if (next_quality.is_never()) next_quality = now + kQualityInterval;
}

void Worker::State::OnCommand(Time now, UpdatePeer&& command, Outbox&) {
  PeerEntry* entry = Find(command.config.id);
  if (entry == nullptr) return;
  Peer& peer = entry->peer;
  // Only the former name is still answered, until the remote has nominated under the new one.
  const std::string& former = peer.config().local_ice.ufrag;
  const std::string& current = command.config.local_ice.ufrag;
  if (former != current) {
    std::erase_if(by_ufrag, [&](const auto& item) { return item.second == entry && item.first != former; });
    by_ufrag.insert_or_assign(current, entry);
  }
  RoomOf(*entry).UpdatePeer(peer, std::move(command.config));
  EraseEndedTaps();
  timers.Arm(now, peer.id(), peer.NextTimer());
  next_counts = std::min(next_counts, now + kCountsInterval);
}

void Worker::State::OnCommand(Time now, RemovePeer&& command, Outbox& out) {
  PeerEntry* entry = Find(command.peer);
  if (entry == nullptr) return;
  entry->peer.Close(now, out);
  RoomOf(*entry).RemovePeer(entry->peer);
  LeaveRoom(now, entry->room);
  std::erase_if(by_ufrag, [&](const auto& item) { return item.second == entry; });
  std::vector<Endpoint> addresses;
  by_address.ForEach([&](const Endpoint& address, PeerEntry* owner) {
    if (owner == entry) addresses.push_back(address);
  });
  for (const Endpoint& address : addresses) by_address.Erase(address);
  timers.Disarm(command.peer);
  peers.Erase(command.peer);
  if (peers.empty()) next_quality = Time::Never();
}

void Worker::State::OnCommand(Time now, ConnectSlot&& command, Outbox& out) {
  PeerEntry* entry = Find(command.subscriber);
  if (entry == nullptr) return;
  MediaRoom& room = RoomOf(*entry);
  room.Connect(now, entry->peer, command.downtrack, command.source, command.quality, out);
  SettleTouched(now, room);
}

void Worker::State::OnCommand(Time now, SetPublished&& command, Outbox&) {
  if (const auto* source = sources.Find(command.peer)) {
    if (Uptrack* uptrack = (*source)->FindUptrack(command.uptrack)) uptrack->SetPublished(now, command.published);
    timers.Arm(now, command.peer, (*source)->NextTimer());
    return;
  }
  PeerEntry* entry = Find(command.peer);
  Uptrack* uptrack = entry != nullptr ? entry->peer.FindUptrack(command.uptrack) : nullptr;
  if (uptrack == nullptr) return;
  uptrack->SetPublished(now, command.published);
  timers.Arm(now, command.peer, entry->peer.NextTimer());
}

// ---- lines
// --------------------------------------------------------------------------------------------------------------------------------

void Worker::State::OnCommand(Time now, AddSource&& command, Outbox&) {
  const PeerId id = command.peer;
  if (full() || Find(id) != nullptr || sources.Contains(id)) {
    events.push_back(PeerLost{id, PeerLossReason::kNeverConnected, "the worker holds as many peers as it may"});
    return;
  }
  auto source = std::make_unique<LineSource>(std::move(command));
  EnterRoom(now, source->room()).AddSource(id, source->uptracks());
  sources.Insert(id, std::move(source));
  next_lines = now;  // what came before this command
}

void Worker::State::OnCommand(Time now, RemoveSource&& command, Outbox&) {
  const auto* found = sources.Find(command.peer);
  if (found == nullptr) return;
  const LineSource& source = **found;
  rooms.at(source.room())->RemoveSource(source.uptracks());
  LeaveRoom(now, source.room());
  timers.Disarm(command.peer);
  sources.Erase(command.peer);
}

void Worker::State::OnCommand(Time now, AddTap&& command, Outbox&) {
  const auto room = rooms.find(command.room);
  const TapId id = command.tap;
  if (room == rooms.end() || taps.Contains(id) || taps.size() >= config.max_taps) return;
  fresh_taps.reserve(taps.size() + 1);
  auto tap = LineTap::Make(std::move(command), fresh_taps);
  LineTap& sink = *tap;
  taps.Insert(id, std::move(tap));
  next_counts = std::min(next_counts, now + kCountsInterval);
  if (!room->second->AddSink(now, sink.source(), sink, counts.drops)) return EraseTap(id);
  SettleTouched(now, *room->second);
}

void Worker::State::OnCommand(Time now, RemoveTap&& command, Outbox&) {
  const auto* tap = taps.Find(command.tap);
  if (tap == nullptr) return;
  rooms.at((*tap)->room())->RemoveSink((*tap)->source(), **tap);
  EraseTap(command.tap);
  next_counts = std::min(next_counts, now + kCountsInterval);
}

void Worker::State::OnCommand(Time, SetTapWants&& command, Outbox&) {
  if (const auto* tap = taps.Find(command.tap)) (*tap)->SetWants(command.layers, command.max_bps);
}

void Worker::State::OnCommand(Time now, RequestKeyframe&& command, Outbox&) {
  taps.ForEach([&](TapId, const std::unique_ptr<LineTap>& tap) {
    if (tap->source() != command.uptrack) return;
    MediaRoom& room = *rooms.at(tap->room());
    room.RequestKeyframe(now, command.uptrack, tap->KeyframeLayer(command.layer));
    SettleTouched(now, room);
  });
}

void Worker::State::EraseTap(TapId id) {
  std::erase(fresh_taps, taps.Find(id)->get());
  taps.Erase(id);
}

void Worker::State::EraseEndedTaps() {
  if (taps.empty()) return;
  std::vector<TapId> ended;
  taps.ForEach([&](TapId id, const std::unique_ptr<LineTap>& tap) {
    if (tap->ended()) ended.push_back(id);
  });
  for (const TapId id : ended) EraseTap(id);
}

void Worker::State::NotifyTaps() {
  if (fresh_taps.empty()) return;
  for (LineTap* tap : fresh_taps) tap->Notify();
  fresh_taps.clear();
}

void Worker::OnLines(Time now, Outbox& out) {
  State& s = *state_;
  s.next_lines = Time::Never();
  s.sources.ForEach([&](PeerId, const std::unique_ptr<LineSource>& source) { s.TakeLine(now, *source, out); });
  s.NotifyTaps();
}

void Worker::State::TakeLine(Time now, LineSource& source, Outbox& out) {
  if (!source.waits()) return;
  MediaRoom& room = *rooms.at(source.room());
  for (int i = 0; source.waits(); ++i) {
    if (i == kMaxTaken) {
      next_lines = now;
      break;
    }
    LineSource::Taken taken = source.Take(now, pool, counts.drops);
    if (taken.packet) Forward(now, room, std::move(*taken.packet), out);
    if (taken.referenced.value() != 0) {
      ForwardRun(now, out);  // what it talks about goes first
      room.OnReferences(taken.referenced);
    }
    out.DrainWhenFull();
  }
  ForwardRun(now, out);
  timers.Arm(now, source.id(), source.NextTimer());
}

// ---- time
// ---------------------------------------------------------------------------------------------------------------------------------

void Worker::OnTimer(Time now, Outbox& out) {
  State& s = *state_;
  if (now >= s.next_lines) OnLines(now, out);
  const auto ahead = [&](PeerId id) {
    if (const PeerEntry* entry = s.Find(id)) entry->peer.PrefetchForTimer();
  };
  s.timers.Advance(
      now, [&](PeerId id) { s.FirePeer(now, id, out); }, ahead);
  if (now >= s.next_divide) s.DividePaths(now, out);
  if (now >= s.next_quality) s.ReportQuality(now);
  if (now >= s.next_counts) s.ReportCounts(now);
  s.NotifyTaps();
}

Time Worker::NextTimer() const {
  return std::min(
      {state_->timers.Next(), state_->next_lines, state_->next_divide, state_->next_quality, state_->next_counts});
}

void Worker::State::FirePeer(Time now, PeerId id, Outbox& out) {
  if (const auto* source = sources.Find(id)) {
    (*source)->ForEachKeyframeDue(now, [&](UptrackId uptrack, uint8_t layer) {
      events.push_back(SourceKeyframeWanted{id, uptrack, layer});
    });
    timers.Arm(now, id, (*source)->NextTimer());
    return;
  }
  PeerEntry* entry = Find(id);
  if (entry == nullptr) return;
  const Peer::State before = entry->peer.state();
  entry->peer.OnTimer(now, out);
  Settle(now, *entry, before, out);
}

void Worker::State::DividePaths(Time now, Outbox& out) {
  const uint64_t turns = std::min(peers.size() / kPeersInTurn + 1, kMaxTurns);
  next_divide = now + kDivideInterval / static_cast<int64_t>(turns);
  divide_turn = divide_turn + 1 < turns ? divide_turn + 1 : 0;
  in_turn.clear();
  peers.ForEach([&](PeerId id, const std::unique_ptr<PeerEntry>& entry) {
    if (id.value() % turns == divide_turn) in_turn.push_back(entry.get());
  });
  for (size_t i = 0; i < in_turn.size(); ++i) {
    if (i + 1 < in_turn.size()) in_turn[i + 1]->peer.PrefetchForTimer();
    Peer& peer = in_turn[i]->peer;
    if (peer.state() != Peer::State::kConnected) continue;
    peer.DividePath(now);
    RoomOf(*in_turn[i]).OnDivided(now, peer, out);
    timers.Arm(now, peer.id(), peer.NextTimer());
  }
  if (divide_turn != 0) return;
  limits.clear();
  layers.clear();
  for (const auto& [key, room] : rooms) {
    room->UpdateLimits(now, limits);
    room->UpdateLayers(now, layers);
    if (auto speaking = room->UpdateSpeakers(now)) events.push_back(RoomSpeakers{key, *speaking});
    SettleTouched(now, *room);
  }
  for (const MediaRoom::Limit& limit : limits)
    events.push_back(UptrackLimit{limit.publisher, limit.uptrack, limit.max_bps});
  for (const MediaRoom::LayersWanted& wanted : layers)
    events.push_back(UptrackLayersWanted{wanted.publisher, wanted.uptrack, wanted.mask});
}

void Worker::State::ReportQuality(Time now) {
  next_quality = peers.empty() ? Time::Never() : now + kQualityInterval;
  peers.ForEach([&](PeerId id, const std::unique_ptr<PeerEntry>& entry) {
    if (entry->peer.state() != Peer::State::kConnected) return;
    const Peer::Quality quality = entry->peer.TakeQuality();
    events.push_back(PeerQuality{id, quality.uplink_loss, quality.downlink_loss, quality.rtt_us,
                                 quality.received_packets, quality.path, entry->peer.remote().value_or(Endpoint())});
  });
  next_counts = std::min(next_counts, now);
}

void Worker::State::ReportCounts(Time now) {
  // Retransmission history drains only by age of its own; without peers there is nothing left that could change by
  // itself.
  next_counts = rooms.empty() ? Time::Never() : now + Duration::Seconds(1);
  counts.rooms = rooms.size();
  counts.peers = peers.size();
  counts.uptracks = 0;
  counts.downtracks = 0;
  peers.ForEach([&](PeerId, const std::unique_ptr<PeerEntry>& entry) {
    counts.uptracks += entry->peer.uptracks().size();
    counts.downtracks += entry->peer.downtracks().size();
  });
  sources.ForEach([&](PeerId, const std::unique_ptr<LineSource>& s) { counts.uptracks += s->uptracks().size(); });
  counts.sources = sources.size();
  counts.taps = taps.size();
  counts.addresses = by_address.size();
  counts.packets_in_use = pool.in_use();
  WorkerCounts report = counts;
  peers.ForEach([&](PeerId, const std::unique_ptr<PeerEntry>& entry) { report.drops.Merge(entry->peer.drops()); });
  events.push_back(report);
}

std::vector<WorkerEvent> Worker::TakeEvents() { return std::exchange(state_->events, {}); }

}  // namespace duet
