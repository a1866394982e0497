// Pacer: a small leaky bucket in front of the socket for one receiver. Video frames leave as a thin stream instead of a
// burst that overflows the queue of the path, and that would look like congestion.
//
//   TrySend ──> true: the packet goes out now, nothing is stored
//      └─> false: Enqueue ─> retransmissions ┐
//                            video           ├─ TakeDue, in this order, as the bucket drains
//                            padding         ┘
//
// - Audio never waits: TrySend is always true for it. It is charged, so that the others make room for it.
// - The bucket drains at 2.5 times the target (the pacing factor of libwebrtc: a frame takes less than half of a frame
//   interval, so the pacer is idle most of the time), and holds 5 ms of that rate.
// - A queue that would take more than 250 ms at this rate raises the rate until the queue is empty, to what empties it
// in
//   250 ms: late video is of no use, and the estimator will see what the path makes of it. So a packet waits 250 ms at
//   most, and an audio packet's worth longer.
// - The queue is bounded in packets; what does not fit is refused and the caller counts it.
// - A probe cluster is sent at its own rate, and its packets are not charged: what waits goes first, then PaddingDue()
//   asks for padding.
//
//   while (auto due = pacer.TakeDue(now)) send(*due, pacer.last_probe());
//   while (size_t size = pacer.PaddingDue(now)) {
//     if (!has_padding) { pacer.NoPadding(); break; }
//     if (pacer.TrySend(now, PacketClass::kPadding, size)) send_padding(size, pacer.last_probe());
//   }
//
// Memory: 32 B a packet, as many as ever waited at once (a power of two, up to `max_packets`), kept.
// Thread rule: owned by one Peer. Invariant: packets of one class leave in the order in which they were queued, and
// TrySend refuses a class while packets of this or a more urgent class wait.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/packet_pool.h"
#include "base/time.h"
#include "core/bwe/probe_cluster.h"

namespace duet {

enum class PacketClass : uint8_t { kAudio, kRetransmission, kVideo, kPadding };

struct PacerConfig {
  double pacing_factor = 2.5;
  // Least pacing rate: a keyframe of the smallest layer (15 kB) leaves within 250 ms.
  int64_t min_pacing_bps = 480'000;
  Duration burst = Duration::Millis(5);
  Duration max_queue_time = Duration::Millis(250);
  // One keyframe of 1.2 MB, or keyframes of 17 small pictures at once.
  size_t max_packets = 1024;
  // A cluster for which neither media nor padding comes within this time is given up.
  Duration max_probe_time = Duration::Seconds(1);
};

class Pacer {
 public:
  // A packet that may leave now.
  struct Due {
    PacketRef packet;
    uint32_t size = 0;
    PacketClass kind = PacketClass::kVideo;
    uint64_t cookie = 0;
  };

  explicit Pacer(PacerConfig config = {});

  // The estimator's target, in bit/s.
  void SetTarget(int64_t target_bps);
  // Only when not probing(): CHECKed.
  void StartProbe(Time now, const ProbeCluster& cluster);

  // True: send it now; it is charged. False: Enqueue it (or drop it, if it is padding). `size`: bytes of the datagram.
  bool TrySend(Time now, PacketClass kind, size_t size);
  // `cookie` is the caller's. False when the queue is full, and nothing is kept. Not for audio (CHECKed).
  bool Enqueue(Time now, PacketClass kind, PacketRef packet, size_t size, uint64_t cookie);
  // The next packet that is to leave now, charged; nothing when none is due.
  std::optional<Due> TakeDue(Time now);
  // Bytes of padding that a probe wants sent now in one packet (TrySend with kPadding); 0 = none. A smaller or larger
  // packet will do. Ask when TakeDue gives nothing, until it is 0.
  size_t PaddingDue(Time now) const;
  // There is none: the cluster under way has to do with media.
  void NoPadding();
  // A cluster is under way, until it is complete or given up.
  bool probing() const { return probe_.has_value(); }
  // The cluster that the packet sent last belongs to, to be told to the estimator; 0 = none.
  ProbeId last_probe() const { return last_probe_; }

  // When TakeDue or PaddingDue will have something.
  Time NextTimer() const;
  // Drops all that waits, for a receiver that is gone.
  void Clear();

  size_t queued_packets() const { return queued_packets_; }
  size_t queued_bytes() const { return queued_bytes_; }
  // What the queue takes to drain at the present rate.
  Duration queue_time() const;
  int64_t pacing_bps() const { return static_cast<int64_t>(rate_bps_); }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kFirstCapacity = 16;
  // Classes that wait, in the order of their urgency.
  static constexpr size_t kQueues = 3;

  struct Node {
    PacketRef packet;
    uint64_t cookie = 0;
    uint32_t size = 0;
    uint32_t next = kNone;
  };
  struct Queue {
    uint32_t first = kNone;
    uint32_t last = kNone;
  };
  struct Probe {
    ProbeCluster plan;
    Time asked;
    Time start;  // of the first packet
    int64_t bytes = 0;
    int packets = 0;
    bool without_padding = false;
  };

  static size_t QueueOf(PacketClass kind) { return static_cast<size_t>(kind) - 1; }
  bool Grow();
  void Drain(Time now);
  // When the next packet that takes its turn may leave.
  Time NextSlot() const;
  void Charge(Time now, size_t size);
  void UpdateRate();
  bool WantsPadding() const { return probe_ && !probe_->without_padding && queued_packets_ == 0; }

  PacerConfig config_;
  double target_rate_bps_;
  double raised_bps_ = 0;  // because of the queue; 0 = not
  double rate_bps_;        // the larger one
  // What was sent beyond what the rate let through until `drained_at_`.
  double debt_bits_ = 0;
  Time drained_at_ = Time::LongAgo();

  std::vector<Node> nodes_;
  uint32_t free_ = kNone;
  std::array<Queue, kQueues> queues_{};
  size_t queued_packets_ = 0;
  size_t queued_bytes_ = 0;

  std::optional<Probe> probe_;
  ProbeId last_probe_ = 0;
};

}  // namespace duet
