#include "node/worker.h"

#include <algorithm>
#include <map>

#include "base/flat_map.h"
#include "node/timer_wheel.h"
#include "room/media_room.h"
#include "wire/demux.h"

namespace duet {
namespace {

struct PeerEntry {
  RoomKey room;
  std::unique_ptr<Peer> peer;
  bool reported = false;  // its end was told to Control
};

constexpr Duration kQualityInterval = Duration::Seconds(2);
// How often what the paths carry is divided among their slots.
constexpr Duration kDivideInterval = Duration::Millis(100);
// In a large room that is done in turns: all 2000 at once would hold up the packets behind them.
constexpr uint64_t kPeersInTurn = 128;
constexpr uint64_t kMaxTurns = 10;
constexpr Duration kCountsInterval = Duration::Millis(100);

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

  void OnStun(Time now, const Endpoint& from, const PacketRef& packet, Outbox& out);
  void OnRtp(Time now, PeerEntry& entry, PacketRef packet, Outbox& out);
  void Forward(Time now, MediaRoom& room, ReceivedRtp packet, Outbox& out);
  void ForwardRun(Time now, Outbox& out);
  void ForgetAddress(const Endpoint& address, const PeerEntry& owner);
  void Dispatch(Time now, PeerEntry& entry, DatagramKind kind, PacketRef packet, Outbox& out);
  // Notices what a call to the peer has changed: connected, failed, deadline.
  void Settle(Time now, PeerEntry& entry, Peer::State before, Outbox& out);
  void SettleTouched(Time now, MediaRoom& room);
  void FirePeer(Time now, PeerId id, Outbox& out);
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
  TimerWheel<PeerId> timers;
  Time next_quality = Time::Never();
  Time next_counts = Time::Never();
  Time next_divide = Time::Never();
  uint64_t divide_turn = 0;
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
  if (entry == nullptr) return s.counts.drops.Add(Drop::kUnknownSource);
  s.Dispatch(now, **entry, kind, std::move(packet), out);
}

void Worker::OnBatchEnd(Time now, Outbox& out) { state_->ForwardRun(now, out); }

bool Worker::Knows(const Endpoint& address) const { return state_->by_address.Contains(address); }

void Worker::OnConnectionEnded(Time now, const Endpoint& address) {
  state_->next_counts = std::min(state_->next_counts, now + kCountsInterval);
  PeerEntry* const* entry = state_->by_address.Find(address);
  if (entry == nullptr) return;
  (*entry)->peer->OnConnectionEnded(address);
  state_->by_address.Erase(address);
}

void Worker::State::OnStun(Time now, const Endpoint& from, const PacketRef& packet, Outbox& out) {
  const auto message = StunMessage::Parse(packet->bytes());
  if (!message.ok()) return counts.drops.Add(Drop::kMalformed);
  const auto by_name = by_ufrag.find(message->LocalUfrag());
  if (by_name == by_ufrag.end()) return counts.drops.Add(Drop::kBadStun);
  PeerEntry& entry = *by_name->second;
  const Peer::State before = entry.peer->state();
  const IceAgent::Outcome outcome = entry.peer->OnStun(now, from, *message, out);
  if (!outcome.authentic) return counts.drops.Add(Drop::kBadStun);
  if (outcome.forgotten) ForgetAddress(*outcome.forgotten, entry);
  // An address can pass from one peer to another (a NAT that reuses a port): the one that proved itself last has it.
  by_address.Insert(from, &entry);
  Settle(now, entry, before, out);
}

void Worker::State::ForgetAddress(const Endpoint& address, const PeerEntry& owner) {
  PeerEntry* const* entry = by_address.Find(address);
  if (entry != nullptr && *entry == &owner) by_address.Erase(address);
}

void Worker::State::Dispatch(Time now, PeerEntry& entry, DatagramKind kind, PacketRef packet, Outbox& out) {
  Peer& peer = *entry.peer;
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
  const std::optional<ReceivedRtp> received = entry.peer->OnRtp(now, std::move(packet));
  if (!received && !entry.peer->recovered()) return;
  MediaRoom& room = RoomOf(entry);
  for (ReceivedRtp& recovered : entry.peer->TakeRecovered()) Forward(now, room, std::move(recovered), out);
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
  Peer& peer = *entry.peer;
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
    if (const PeerEntry* entry = Find(id)) timers.Arm(now, id, entry->peer->NextTimer());
  }
  room.ClearTouched();
}

// ---- commands
// -----------------------------------------------------------------------------------------------------------------------------

void Worker::OnCommand(Time now, WorkerCommand&& command, Outbox& out) {
  std::visit([&](auto&& c) { state_->OnCommand(now, std::move(c), out); }, std::move(command));
}

void Worker::State::OnCommand(Time now, AddPeer&& command, Outbox&) {
  const PeerId id = command.config.id;
  if (peers.size() >= config.max_peers || Find(id) != nullptr) {
    events.push_back(PeerLost{id, PeerLossReason::kNeverConnected, "the worker holds as many peers as it may"});
    return;
  }
  auto& room = rooms[command.room];
  if (!room) room = std::make_unique<MediaRoom>();
  ++room_sizes[command.room];
  const std::string ufrag = command.config.local_ice.ufrag;
  auto entry = std::make_unique<PeerEntry>();
  entry->room = command.room;
  const PeerOptions options{.consent_timeout = config.consent_timeout, .connect_timeout = config.connect_timeout};
  entry->peer = std::make_unique<Peer>(std::move(command.config), options, *config.dtls, rng, now);
  by_ufrag.insert_or_assign(ufrag, entry.get());
  room->AddPeer(*entry->peer);
  timers.Arm(now, id, entry->peer->NextTimer());
  peers.Insert(id, std::move(entry));
  if (next_quality.is_never()) next_quality = now + kQualityInterval;
  if (next_divide.is_never()) next_divide = now + kDivideInterval;
  next_counts = std::min(next_counts, now + kCountsInterval);
}

void Worker::State::OnCommand(Time now, UpdatePeer&& command, Outbox&) {
  PeerEntry* entry = Find(command.config.id);
  if (entry == nullptr) return;
  Peer& peer = *entry->peer;
  // Only the former name is still answered, until the remote has nominated under the new one.
  const std::string& former = peer.config().local_ice.ufrag;
  const std::string& current = command.config.local_ice.ufrag;
  if (former != current) {
    std::erase_if(by_ufrag, [&](const auto& item) { return item.second == entry && item.first != former; });
    by_ufrag.insert_or_assign(current, entry);
  }
  RoomOf(*entry).UpdatePeer(peer, std::move(command.config));
  timers.Arm(now, peer.id(), peer.NextTimer());
  next_counts = std::min(next_counts, now + kCountsInterval);
}

void Worker::State::OnCommand(Time now, RemovePeer&& command, Outbox& out) {
  PeerEntry* entry = Find(command.peer);
  if (entry == nullptr) return;
  entry->peer->Close(now, out);
  RoomOf(*entry).RemovePeer(*entry->peer);
  if (--room_sizes[entry->room] == 0) {
    rooms.erase(entry->room);
    room_sizes.erase(entry->room);
  }
  std::erase_if(by_ufrag, [&](const auto& item) { return item.second == entry; });
  std::vector<Endpoint> addresses;
  by_address.ForEach([&](const Endpoint& address, PeerEntry* owner) {
    if (owner == entry) addresses.push_back(address);
  });
  for (const Endpoint& address : addresses) by_address.Erase(address);
  timers.Disarm(command.peer);
  peers.Erase(command.peer);
  if (peers.empty()) next_quality = next_divide = Time::Never();
  next_counts = std::min(next_counts, now + kCountsInterval);
}

void Worker::State::OnCommand(Time now, ConnectSlot&& command, Outbox& out) {
  PeerEntry* entry = Find(command.subscriber);
  if (entry == nullptr) return;
  MediaRoom& room = RoomOf(*entry);
  room.Connect(now, *entry->peer, command.downtrack, command.source, command.quality, out);
  SettleTouched(now, room);
}

void Worker::State::OnCommand(Time now, SetPublished&& command, Outbox&) {
  PeerEntry* entry = Find(command.peer);
  Uptrack* uptrack = entry != nullptr ? entry->peer->FindUptrack(command.uptrack) : nullptr;
  if (uptrack == nullptr) return;
  uptrack->SetPublished(now, command.published);
  timers.Arm(now, command.peer, entry->peer->NextTimer());
}

// ---- time
// ---------------------------------------------------------------------------------------------------------------------------------

void Worker::OnTimer(Time now, Outbox& out) {
  State& s = *state_;
  s.timers.Advance(now, [&](PeerId id) { s.FirePeer(now, id, out); });
  if (now >= s.next_divide) s.DividePaths(now, out);
  if (now >= s.next_quality) s.ReportQuality(now);
  if (now >= s.next_counts) s.ReportCounts(now);
}

Time Worker::NextTimer() const {
  return std::min({state_->timers.Next(), state_->next_divide, state_->next_quality, state_->next_counts});
}

void Worker::State::FirePeer(Time now, PeerId id, Outbox& out) {
  PeerEntry* entry = Find(id);
  if (entry == nullptr) return;
  const Peer::State before = entry->peer->state();
  entry->peer->OnTimer(now, out);
  Settle(now, *entry, before, out);
}

void Worker::State::DividePaths(Time now, Outbox& out) {
  const uint64_t turns = std::min(peers.size() / kPeersInTurn + 1, kMaxTurns);
  next_divide = now + kDivideInterval / static_cast<int64_t>(turns);
  divide_turn = divide_turn + 1 < turns ? divide_turn + 1 : 0;
  peers.ForEach([&](PeerId id, const std::unique_ptr<PeerEntry>& entry) {
    if (id.value() % turns != divide_turn) return;
    Peer& peer = *entry->peer;
    if (peer.state() != Peer::State::kConnected) return;
    peer.DividePath(now);
    RoomOf(*entry).OnDivided(now, peer, out);
    timers.Arm(now, id, peer.NextTimer());
  });
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
    if (entry->peer->state() != Peer::State::kConnected) return;
    const Peer::Quality quality = entry->peer->TakeQuality();
    events.push_back(PeerQuality{id, quality.uplink_loss, quality.downlink_loss, quality.rtt_us,
                                 quality.received_packets, quality.path, entry->peer->remote().value_or(Endpoint())});
  });
  next_counts = std::min(next_counts, now);
}

void Worker::State::ReportCounts(Time now) {
  // Retransmission history drains only by age of its own; without peers there is nothing left that could change by
  // itself.
  next_counts = peers.empty() ? Time::Never() : now + Duration::Seconds(1);
  counts.rooms = rooms.size();
  counts.peers = peers.size();
  counts.uptracks = 0;
  counts.downtracks = 0;
  peers.ForEach([&](PeerId, const std::unique_ptr<PeerEntry>& entry) {
    counts.uptracks += entry->peer->uptracks().size();
    counts.downtracks += entry->peer->downtracks().size();
  });
  counts.addresses = by_address.size();
  counts.packets_in_use = pool.in_use();
  WorkerCounts report = counts;
  peers.ForEach([&](PeerId, const std::unique_ptr<PeerEntry>& entry) { report.drops.Merge(entry->peer->drops()); });
  events.push_back(report);
}

std::vector<WorkerEvent> Worker::TakeEvents() { return std::exchange(state_->events, {}); }

}  // namespace duet
