// A whole Peer past the decryption. Its remote connects honestly and then says what the input wants, with the right
// key: RTP, RTCP, checks, rubbish. Time passes, the path is divided, tracks come and go, and what comes in is sent back
// out on the peer's own slots, as a room would do it.
//
//   input = flags, 1 B (of FuzzConfig) | { op, 1 B | ... }*
//   op    0..7 a datagram (FuzzRemote::Say)     8 time passes: ms, 2 B     9 the path is divided     10 quality is
//   taken
//         11 a slot gets another source: 1 B    12 the remote moves: 1 B   13 negotiated anew: flags, 1 B
//         14 its connection ended               15 a keyframe is wanted: 1 B
//
// Whatever is said: nothing is sent that the remote cannot read, timers come to rest, no more packets are kept than the
// tracks' histories hold, and none at the end.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "peer/fuzz_config.h"
#include "peer/fuzz_remote.h"
#include "peer/peer.h"

namespace {

using namespace duet;  // NOLINT

constexpr size_t kPool = 8192;
// What three slots may remember, and the pacer hold, with room to spare.
constexpr size_t kMostKept = 4096;
// In a step of time: to empty the pacer, and at rest.
constexpr int64_t kMostTimers = 1000;
constexpr int64_t kMostTimersPerSecond = 50;

FuzzIdentity& Server() {
  static FuzzIdentity identity;
  return identity;
}
FuzzIdentity& Client() {
  static FuzzIdentity identity;
  return identity;
}

PeerConfig Config(uint8_t flags, int restarts) {
  return FuzzConfig(1, flags, restarts, Client().certificate.fingerprint());
}

class Run {
 public:
  explicit Run(uint8_t flags)
      : peer_(std::make_unique<Peer>(Config(flags, 0), PeerOptions{}, Server().context, rng_, now_)),
        remote_(Client(), peer_->config(), Server().certificate.fingerprint(), {IpAddress::V4(10, 0, 0, 1), 1000}) {
    Publish();
    Deliver(remote_.Check(pool_, true));
    DUET_CHECK(remote_.connected() && peer_->state() == Peer::State::kConnected);
  }
  ~Run() {
    peer_->Close(now_, out_);
    Carry();
    peer_.reset();
    DUET_CHECK(pool_.in_use() == 0);
  }

  void Step(ByteReader& input) {
    const uint8_t op = input.U8() % 16;
    switch (op) {
      case 8: Wait(Duration::Millis(input.U16() % 60'000)); break;
      case 9:
        if (peer_->state() == Peer::State::kConnected) peer_->DividePath(now_);
        peer_->TakeKeyframesWanted();
        break;
      case 10: peer_->TakeQuality(); break;
      case 11: Connect(input.U8()); break;
      case 12: remote_.MoveTo({IpAddress::V4(10, 0, 0, 1), static_cast<uint16_t>(1000 + input.U8() % 32)}); break;
      case 13: Negotiate(input.U8()); break;
      case 14: peer_->OnConnectionEnded(remote_.self()); break;
      case 15: AskForKeyframe(input.U8()); break;
      default: Deliver(remote_.Say(input, pool_));
    }
    Carry();
    DUET_CHECK(pool_.in_use() <= kMostKept);
  }

 private:
  void Publish() {
    for (const auto& track : peer_->uptracks()) track->SetPublished(now_, true);
    for (uint8_t i = 0; i < 9; ++i) Connect(i);
  }
  void Connect(uint8_t which) {
    if (peer_->downtracks().empty() || peer_->uptracks().empty()) return;
    Downtrack& slot = *peer_->downtracks()[which % peer_->downtracks().size()];
    const size_t source = which / 3 % (peer_->uptracks().size() + 1);
    const bool none = source == peer_->uptracks().size();
    if (!none && peer_->uptracks()[source]->config().kind != slot.config().kind) return;
    slot.SetSource(none ? nullptr : &peer_->uptracks()[source]->config());
    slot.set_quality(static_cast<signal::Quality>(which % 3));
  }
  void AskForKeyframe(uint8_t which) {
    if (peer_->uptracks().empty()) return;
    Uptrack& track = *peer_->uptracks()[which % peer_->uptracks().size()];
    track.RequestKeyframe(now_, which / 8 % track.layers().size());
  }
  void Negotiate(uint8_t flags) {
    if (flags >= 128) ++restarts_;
    for (const auto& slot : peer_->downtracks()) slot->SetSource(nullptr);
    peer_->Update(Config(flags, restarts_));
    remote_.Restart(peer_->config());
    Publish();
  }
  // A packet that the remote has sent, as a Worker hands it on.
  void Deliver(PacketRef packet) {
    if (!packet || packet->size() == 0) return;
    switch (Classify(packet->bytes())) {
      case DatagramKind::kStun: {
        const auto message = StunMessage::Parse(packet->bytes());
        if (message.ok()) peer_->OnStun(now_, remote_.self(), *message, out_);
        break;
      }
      case DatagramKind::kDtls: peer_->OnDtls(now_, packet->bytes(), out_); break;
      case DatagramKind::kRtp: {
        const auto received = peer_->OnRtp(now_, std::move(packet));
        if (received) Forward(*received);
        break;
      }
      case DatagramKind::kRtcp: peer_->OnRtcp(now_, std::move(packet), out_); break;
      case DatagramKind::kUnknown: break;
    }
    Carry();
  }
  void Forward(const ReceivedRtp& received) {
    const Uptrack* track = peer_->FindUptrack(received.uptrack);
    DUET_CHECK(track != nullptr && static_cast<size_t>(received.layer) < track->layers().size());
    DUET_CHECK(received.packet && received.codec != nullptr && received.extensions != nullptr);
    for (const auto& slot : peer_->downtracks()) peer_->SendRtp(now_, *slot, received, out_);
  }
  // What the peer sends reaches the remote, and what that answers by itself, the peer.
  void Carry() {
    while (!out_.empty()) {
      for (const Transmit& transmit : out_.queued()) {
        DUET_CHECK(transmit.packet);
        if (PacketRef copy = pool_.Copy(transmit.packet->bytes())) remote_.OnDatagram(now_, std::move(copy), answers_);
      }
      out_.Clear();
      std::vector<PacketRef> answers;
      for (const Transmit& transmit : answers_.queued()) answers.push_back(transmit.packet);
      answers_.Clear();
      for (PacketRef& answer : answers) Deliver(std::move(answer));
    }
  }
  void Wait(Duration time) {
    const Time until = now_ + time;
    for (int64_t timers = 0; peer_->NextTimer() <= until; ++timers) {
      DUET_CHECK(timers <= kMostTimers + kMostTimersPerSecond * time.ms() / 1000);
      // As coarse as a worker's timers.
      now_ = std::min(until, std::max(now_ + Duration::Millis(5), peer_->NextTimer()));
      peer_->OnTimer(now_, out_);
      Carry();
      if (now_ == until) break;
    }
    now_ = until;
  }

  PacketPool pool_{kPool};
  SeededRng rng_{1};
  Time now_ = Time::FromMillis(1'800'000'000'000);
  Outbox out_{pool_};
  Outbox answers_{pool_};
  std::unique_ptr<Peer> peer_;
  FuzzRemote remote_;
  int restarts_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  Run run(input.U8());
  while (input.remaining() > 0) run.Step(input);
  return 0;
}
