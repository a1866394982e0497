// SendPath: what stands between a Peer's tracks and its socket. It estimates what the path to the remote carries, paces
// what is sent, and says which share of the path each video track has.
//
//   Peer::SendRtp ──> TrySend ──now──────────────> leaves with the next transport-wide number
//                        └─later─> queue ─TakeDue─> the same
//   feedback ──> SendBandwidthEstimator ──target──> Pacer, shares
//
// What waits is named by track and number (Waiting) and rendered when it leaves: its transport-wide number is the order
// in which packets left, which the estimator needs, and encryption is the last step.
//
// Thread rule: owned by one Peer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/bwe/send_bandwidth_estimator.h"
#include "core/pacer/pacer.h"
#include "peer/rate_meter.h"

namespace duet {

// What is known of the path to a remote.
struct PathQuality {
  int64_t target_bps = 0;        // what may be sent; 0 = not connected yet
  int64_t acknowledged_bps = 0;  // what arrives; 0 = unknown
  double loss = 0;               // 0..1, of the packets told of lately
  double inherent_loss = 0;      // 0..1, the part that sending less does not cure
  Duration queue_delay;          // what waits in the network
  BweState state = BweState::kStarting;
  bool application_limited = false;
};

class SendPath {
 public:
  // Sound and the smallest picture. A path that carries less is rarer than an estimate that is wrong for a moment, and
  // from much less than this an estimate does not recover: what is sent then shows nothing.
  static constexpr int64_t kLeastPath = 100'000;
  // Of the target, at most, goes to retransmissions; more of them would keep a full queue full.
  static constexpr double kRetransmissionShare = 0.5;

  // So much at the pacing rate leaves at once: a frame of the usual size, in one call to the kernel, where 5 ms made a
  // round of timers of it and cost a fifth more. On a path that is full it is one packet.
  static constexpr Duration kBurst = Duration::Millis(15);

  // A packet that waits: the track's place in the peer's list, its extended number, and whether it is a repetition.
  struct Waiting {
    size_t track = 0;
    int64_t seq = 0;
    bool again = false;
  };

  // `transport_wide`: the remote tells of arrivals by transport-wide numbers.
  explicit SendPath(bool transport_wide)
      : transport_wide_(transport_wide), pacer_({.burst = kBurst}), estimator_({.min_bps = kLeastPath}) {}

  // True: send it now. False: it waits, or (counted by the caller) the queue is full.
  bool TrySend(Time now, PacketClass kind, size_t size) { return pacer_.TrySend(now, kind, size); }
  bool Enqueue(Time now, PacketClass kind, const PacketRef& packet, size_t size, const Waiting& waiting) {
    return pacer_.Enqueue(now, kind, packet, size, Pack(waiting));
  }
  std::optional<Waiting> TakeDue(Time now) {
    const auto due = pacer_.TakeDue(now);
    if (!due) return std::nullopt;
    return Unpack(due->cookie);
  }
  size_t PaddingDue(Time now) const { return pacer_.PaddingDue(now); }
  void NoPadding() { pacer_.NoPadding(); }
  // The tracks have changed their places: what waits is lost, and asked for again by whoever misses it.
  void ForgetWaiting() { pacer_.Clear(); }

  // Retransmissions have used up their share.
  bool retransmissions_exhausted(Time now);
  void OnRetransmission(Time now, size_t size) { retransmitted_.Add(now, size); }
  // What retransmissions took of late, in bit/s.
  int64_t retransmitted_bps(Time now) { return retransmitted_.bps(now); }

  // Asks for what sending a packet uses; PrefetchNext, when that is there, for the place of the packet.
  void PrefetchForSending() const {
    PrefetchMembers(transport_wide_, pacer_);
    estimator_.PrefetchForSending();
  }
  // Asks for what OnFeedback uses.
  void PrefetchForFeedback() const {
    PrefetchMembers(transport_wide_, pacer_);
    estimator_.PrefetchForFeedback();
  }
  void PrefetchNext() const {
    if (transport_wide_) estimator_.PrefetchNext(transport_seq_);
  }

  uint16_t next_transport_seq() const { return transport_seq_; }
  // The packet with next_transport_seq has left, `size` bytes with everything.
  void OnSent(Time now, size_t size);

  // The packet with this number is sent again under it.
  void Forget(uint16_t transport_seq) { estimator_.Forget(transport_seq); }

  void OnFeedback(Time now, const TransportFeedback& feedback);
  void OnReceiverReport(Time now, double fraction_lost, Duration rtt);
  void OnRemb(Time now, int64_t bps);
  void OnTimer(Time now);
  Time NextTimer() const;

  // What would be sent if the path let it, in bit/s; see SendBandwidthEstimator.
  void SetWanted(Time now, int64_t bps);
  int64_t target_bps() const { return estimator_.target_bps(); }
  Duration queue_time() const { return pacer_.queue_time(); }
  bool transport_wide() const { return transport_wide_; }
  bool waits() const { return pacer_.queued_packets() > 0; }
  PathQuality quality() const {
    return {.target_bps = estimator_.target_bps(),
            .acknowledged_bps = estimator_.acknowledged_bps(),
            .loss = estimator_.loss(),
            .inherent_loss = estimator_.inherent_loss(),
            .queue_delay = estimator_.queue_delay(),
            .state = estimator_.state(),
            .application_limited = estimator_.application_limited()};
  }

 private:
  static uint64_t Pack(const Waiting& w) {
    return static_cast<uint64_t>(w.seq) | static_cast<uint64_t>(w.track) << 48 | uint64_t{w.again} << 63;
  }
  static Waiting Unpack(uint64_t cookie) {
    return {.track = static_cast<size_t>(cookie >> 48 & 0x7fff),
            .seq = static_cast<int64_t>(cookie & 0xffff'ffff'ffff),
            .again = (cookie >> 63) != 0};
  }
  void Settle(Time now);

  bool transport_wide_;
  uint16_t transport_seq_ = 1;
  Pacer pacer_;
  SendBandwidthEstimator estimator_;
  RateMeter retransmitted_;
};

}  // namespace duet
