// A whole Worker with three members of a room, one of them over TCP, each of which connects honestly and then says what
// the input wants, with the right key. Strangers send, members move and are negotiated anew, come and go, time passes.
//
//   input = flags, 1 B (of FuzzConfig) | { op, 1 B | ... }*
//   op    0..8 a datagram of member op % 3 (FuzzRemote::Say)     9 of a stranger: port, 1 B | size, 1 B | bytes
//         10 time passes: ms, 2 B      11 a slot is connected: 3 B      12 a track is switched: 2 B
//         13 negotiated anew: member, 1 B | flags, 1 B                  14 a member goes, or comes back: 1 B
//         15 a member moves: member and whether its connection ended, 1 B | port, 1 B
//         16 a source comes, or goes      17 it brings something: track and kind, 1 B | layer, 1 B | seq, 2 B | size, 1
//         B | bytes      18 a tap comes, or goes: which and of what kind, 1 B | track, 1 B 19 the reader of a tap:
//         which, 1 B | wants, 1 B
//
// Whatever is said: members get nothing that they cannot read, strangers get answers to STUN at most, timers come to
// rest, memory is bounded, and when all are gone nothing is left of them.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "node/worker.h"
#include "peer/fuzz_config.h"
#include "peer/fuzz_remote.h"

namespace {

using namespace duet;  // NOLINT

constexpr size_t kMembers = 3;
constexpr size_t kPool = 16'384;
// What nine slots may remember, and three pacers hold, with room to spare.
constexpr size_t kMostKept = 8192;
constexpr RoomKey kRoom(1);
constexpr IpAddress Ip(uint8_t last) { return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last}}; }
constexpr uint8_t kStranger = 99;
constexpr PeerId kSource(50);
constexpr UptrackId kSourceTracks[] = {UptrackId(901), UptrackId(902)};
constexpr size_t kTaps = 4;
// In a step of time: to empty the pacers, and at rest.
constexpr int64_t kMostTimers = 2000;
constexpr int64_t kMostTimersPerSecond = 150;

FuzzIdentity& Server() {
  static FuzzIdentity identity;
  return identity;
}
FuzzIdentity& Client() {
  static FuzzIdentity identity;
  return identity;
}

class Run {
 public:
  explicit Run(uint8_t flags) {
    for (size_t i = 0; i < kMembers; ++i) Add(i, flags);
    for (uint8_t i = 0; i < kMembers; ++i) {
      const uint8_t next = (i + 1) % kMembers;  // everybody gets all of the next one
      for (uint8_t track = 0; track < 3; ++track) Connect(i, track, static_cast<uint8_t>(4 * next + track + 1));
    }
  }
  ~Run() {
    for (size_t i = 0; i < kMembers; ++i) Remove(i);
    Do(RemoveSource{kSource});
    for (const MediaLineRef& line : taps_) DUET_CHECK(line.use_count() <= 1);  // they went with their tracks
    events_.clear();
    Wait(Duration::Seconds(3));
    for (const WorkerEvent& event : events_) DUET_CHECK(std::holds_alternative<WorkerCounts>(event));
    DUET_CHECK(!events_.empty());
    const auto& counts = std::get<WorkerCounts>(events_.back());
    DUET_CHECK(counts.rooms == 0 && counts.peers == 0 && counts.uptracks == 0 && counts.downtracks == 0);
    DUET_CHECK(counts.sources == 0 && counts.taps == 0);
    DUET_CHECK(counts.addresses == 0 && counts.packets_in_use == 0);
    DUET_CHECK(worker_.NextTimer().is_never());
  }

  void Step(ByteReader& input) {
    const uint8_t op = input.U8() % 20;
    switch (op) {
      case 9: {
        const Endpoint from{Ip(kStranger), static_cast<uint16_t>(1 + input.U8())};
        const size_t size = input.U8();
        Receive(from, pool_.Copy(input.Read(std::min(size, input.remaining()))));
        break;
      }
      case 10: Wait(Duration::Millis(input.U16() % 60'000)); break;
      case 11: {
        const uint8_t member = input.U8();
        const uint8_t slot = input.U8();
        Connect(member, slot, input.U8());
        break;
      }
      case 12: {
        const uint64_t member = input.U8() % kMembers;
        const uint8_t track = input.U8();
        Do(SetPublished{PeerId(member + 1), UptrackId(100 * (member + 1) + track % 4), track >= 128});
        break;
      }
      case 13: {
        const size_t member = input.U8() % kMembers;
        Negotiate(member, input.U8());
        break;
      }
      case 14: {
        const uint8_t who = input.U8();
        const size_t member = who % kMembers;
        members_[member] ? Remove(member) : Add(member, who);
        break;
      }
      case 15: {
        const uint8_t who = input.U8();
        Move(who % kMembers, who >= 128, input.U8());
        break;
      }
      case 16: ToggleSource(); break;
      case 17: Bring(input); break;
      case 18: {
        const uint8_t which = input.U8();
        ToggleTap(which, input.U8());
        break;
      }
      case 19: {
        const uint8_t which = input.U8();
        Want(which, input.U8());
        break;
      }
      default:
        if (std::optional<Member>& member = members_[op % kMembers])
          Receive(member->remote.self(), member->remote.Say(input, pool_));
    }
    DUET_CHECK(pool_.in_use() <= kMostKept);
  }

 private:
  struct Member {
    template <typename... Args>
    explicit Member(Args&&... args) : remote(std::forward<Args>(args)...) {}
    FuzzRemote remote;
    int restarts = 0;
  };
  static Endpoint AddressOf(size_t member, uint8_t port) {
    return {Ip(static_cast<uint8_t>(member + 1)), static_cast<uint16_t>(1000 + port % 32),
            member == 2 ? Transport::kTcp : Transport::kUdp};
  }
  static PeerConfig Config(size_t member, uint8_t flags, int restarts) {
    return FuzzConfig(member + 1, flags, restarts, Client().certificate.fingerprint());
  }

  void Add(size_t i, uint8_t flags) {
    const PeerConfig config = Config(i, flags, 0);
    Do(AddPeer{kRoom, config});
    const DtlsFingerprint& server = Server().certificate.fingerprint();
    members_[i].emplace(Client(), config, server, AddressOf(i, 0));
    for (const UptrackConfig& track : config.uptracks) Do(SetPublished{config.id, track.id, true});
    FuzzRemote& remote = members_[i]->remote;
    Receive(remote.self(), remote.Check(pool_, true));
    DUET_CHECK(remote.connected());
  }
  void Remove(size_t i) {
    Do(RemovePeer{PeerId(i + 1)});
    members_[i].reset();
  }
  void Negotiate(size_t i, uint8_t flags) {
    if (!members_[i]) return;
    Member& member = *members_[i];
    if (flags >= 128) ++member.restarts;
    const PeerConfig config = Config(i, flags, member.restarts);
    Do(UpdatePeer{config});
    member.remote.Restart(config);
  }
  void Move(size_t i, bool ended, uint8_t port) {
    if (!members_[i]) return;
    FuzzRemote& remote = members_[i]->remote;
    if (ended) {
      worker_.OnConnectionEnded(now_, remote.self());
      DUET_CHECK(!worker_.Knows(remote.self()));
    }
    remote.MoveTo(AddressOf(i, port));
  }
  static UptrackId TrackOf(uint8_t source) {
    if (source == 255) return UptrackId();
    if (source >= 240) return kSourceTracks[source % 2];
    return UptrackId(100 * (1 + source / 4 % kMembers) + source % 4);
  }
  void ToggleSource() {
    if (source_) {
      source_.reset();
      return Do(RemoveSource{kSource});
    }
    source_ = std::make_shared<MediaLine>(nullptr, 64);
    std::vector<UptrackConfig> tracks(2);
    tracks[0] = {.id = kSourceTracks[0],
                 .kind = signal::MediaKind::kAudio,
                 .codec = {.kind = CodecKind::kOpus, .payload_type = PayloadType(111), .clock_rate = 48'000}};
    tracks[1] = {.id = kSourceTracks[1],
                 .kind = signal::MediaKind::kVideo,
                 .codec = {.kind = CodecKind::kH264,
                           .payload_type = PayloadType(102),
                           .clock_rate = 90'000,
                           .profile_level_id = 0x42e01f,
                           .packetization_mode = 1},
                 .layers = std::vector<LayerConfig>(2)};
    Do(AddSource{kRoom, kSource, tracks, source_});
    for (const UptrackId track : kSourceTracks) Do(SetPublished{kSource, track, true});
  }
  void Bring(ByteReader& input) {
    const uint8_t what = input.U8();
    const uint8_t layer = input.U8();
    const uint16_t seq = input.U16();
    const size_t size = input.U8();
    const Bytes bytes = input.Read(std::min(size, input.remaining()));
    LineItem* item = source_ ? source_->BeginPush() : nullptr;
    if (item == nullptr) return;
    item->kind = what >= 200 ? LineItem::Kind::kReference : LineItem::Kind::kPacket;
    item->uptrack = kSourceTracks[what % 2];
    item->layer = layer % 4;
    item->seq = int64_t{seq} - 5;
    item->captured = now_;
    item->rtp_timestamp = uint32_t{seq} * 100;
    std::copy(bytes.begin(), bytes.end(), item->bytes);
    item->size = static_cast<uint16_t>(bytes.size());
    source_->EndPush();
    worker_.OnLines(now_, out_);
    Carry();
  }
  void ToggleTap(uint8_t which, uint8_t source) {
    MediaLineRef& line = taps_[which % kTaps];
    const TapId tap(which % kTaps + 1);
    Do(RemoveTap{tap});
    if (std::exchange(line, nullptr)) return;
    line = std::make_shared<MediaLine>(nullptr, 64);
    Do(AddTap{tap, kRoom, TrackOf(source), line, which >= 128 ? AddTap::What::kRelay : AddTap::What::kBridge});
  }
  void Want(uint8_t which, uint8_t wants) {
    const TapId tap(which % kTaps + 1);
    if (which >= 128) Do(SetTapWants{tap, wants, int64_t{wants} * 10'000});
    Do(RequestKeyframe{TrackOf(wants), static_cast<uint8_t>(which / kTaps % 4)});
    if (const MediaLineRef& line = taps_[which % kTaps]) {
      for (; const LineItem* item = line->Front(); line->Pop())
        DUET_CHECK(item->kind == LineItem::Kind::kReference || ParseRtp(item->packet()));
    }
  }
  void Connect(uint8_t member, uint8_t slot, uint8_t source) {
    const uint64_t subscriber = 1 + member % kMembers;
    Do(ConnectSlot{PeerId(subscriber), DowntrackId(100 * subscriber + 11 + slot % 3), TrackOf(source),
                   static_cast<signal::Quality>(slot / 3 % 3)});
  }
  void Do(WorkerCommand command) {
    worker_.OnCommand(now_, std::move(command), out_);
    Carry();
  }
  void Receive(const Endpoint& from, PacketRef packet) {
    if (!packet || packet->size() == 0) return;
    worker_.OnDatagram(now_, from, std::move(packet), out_);
    Carry();
  }

  // What the worker sends reaches its members, and what these answer by themselves, the worker.
  void Carry() {
    while (!out_.empty()) {
      std::vector<std::pair<Endpoint, PacketRef>> sent;
      for (const auto queue : {out_.queued(), out_.queued_for_tcp()}) {
        for (const Transmit& transmit : queue) sent.emplace_back(transmit.to, transmit.packet);
      }
      out_.Clear();
      for (auto& [to, packet] : sent) Arrive(to, std::move(packet));
      sent.clear();
      for (const auto queue : {answers_.queued(), answers_.queued_for_tcp()}) {
        for (const Transmit& transmit : queue) sent.emplace_back(transmit.to, transmit.packet);
      }
      answers_.Clear();
      for (auto& [from, packet] : sent) worker_.OnDatagram(now_, from, std::move(packet), out_);
    }
    for (WorkerEvent& event : worker_.TakeEvents()) events_.push_back(std::move(event));
    // Each says something new; what nobody reads is not kept here.
    if (events_.size() > 1000) events_.clear();
  }
  void Arrive(const Endpoint& to, PacketRef packet) {
    DUET_CHECK(packet);
    for (size_t i = 0; i < kMembers; ++i) {
      if (to.ip != Ip(static_cast<uint8_t>(i + 1)) || !members_[i]) continue;
      DUET_CHECK(to.transport == AddressOf(i, 0).transport);
      if (PacketRef copy = pool_.Copy(packet->bytes())) members_[i]->remote.OnDatagram(now_, std::move(copy), answers_);
      return;
    }
    // A member that has gone gets a last word.
    DUET_CHECK(to.ip != Ip(kStranger) || Classify(packet->bytes()) == DatagramKind::kStun);
  }
  void Wait(Duration time) {
    const Time until = now_ + time;
    for (int64_t timers = 0; worker_.NextTimer() <= until; ++timers) {
      DUET_CHECK(timers <= kMostTimers + kMostTimersPerSecond * time.ms() / 1000);
      now_ = std::max(now_, worker_.NextTimer());
      worker_.OnTimer(now_, out_);
      Carry();
    }
    now_ = until;
  }

  PacketPool pool_{kPool};
  SeededRng rng_{1};
  Time now_ = Time::FromMillis(1'800'000'000'000);
  Outbox out_{pool_};
  Outbox answers_{pool_};
  Worker worker_{WorkerConfig{.dtls = &Server().context}, rng_, pool_};
  std::array<std::optional<Member>, kMembers> members_;
  MediaLineRef source_;
  std::array<MediaLineRef, kTaps> taps_;
  std::vector<WorkerEvent> events_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  Run run(input.U8());
  while (input.remaining() > 0) run.Step(input);
  return 0;
}
