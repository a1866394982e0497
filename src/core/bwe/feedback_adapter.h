// TransportFeedbackAdapter: remembers what was sent under each transport-wide sequence number, and tells of each packet
// that a feedback message speaks of when it was sent and whether and when it arrived.
//
// - A packet is told of once, and once more when it was told as lost and arrives after all.
// - Arrivals are on the receiver's clock, of unknown origin, continued across its 12-day cycle.
// - Numbers that were never sent, or so long ago that they were forgotten, are left out.
//
// Memory: 12 B a packet; 512 packets at the first one, doubled up to 8192 while packets younger than a second would be
// overwritten untold (8192 are one second at 80 Mbit/s). Thread rule: owned by one SendBandwidthEstimator.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/prefetch.h"
#include "base/seq.h"
#include "base/time.h"
#include "core/bwe/probe_cluster.h"
#include "wire/transport_feedback.h"

namespace duet {

struct PacketResult {
  int64_t seq = 0;  // extended
  Time sent;
  bool received = false;
  Time arrived;           // only when received
  bool was_lost = false;  // received, but told as lost before
  uint32_t size = 0;
  ProbeId probe = 0;
};

class TransportFeedbackAdapter {
 public:
  static constexpr size_t kFirstCapacity = 128;
  static constexpr size_t kMaxCapacity = 8192;

  // `size`: bytes, counted up to 65535.
  void OnPacketSent(Time now, uint16_t seq, size_t size, ProbeId probe);

  // The place that OnPacketSent is about to use for this number.
  void Prefetch(uint16_t seq) const {
    if (!slots_.empty()) duet::Prefetch(&slots_[seq & (slots_.size() - 1)], sizeof(Slot));
  }

  // Calls f(const PacketResult&) in the order of sending. The number of packets known that it told of.
  template <typename F>
  size_t OnFeedback(Time now, const TransportFeedback& feedback, F&& f);

  // What is told of this packet from now on is passed over.
  void Forget(uint16_t seq);

  // From the sending of the newest packet that the last message told as arrived to that message; the least of the last
  // 10-20 s, since the receiver takes its time to write one. Nothing before the first.
  std::optional<Duration> rtt() const { return rtt_.least(); }
  // One-way delay above its least in the last 30-60 s: the least of the packets in the last message.
  Duration queue_delay() const { return queue_delay_; }

 private:
  enum class Fate : uint8_t { kNone, kSent, kLost, kReceived };
  struct Slot {
    uint32_t sent_us = 0;  // low bits
    uint32_t seq = 0;      // low bits
    uint16_t size = 0;
    ProbeId probe = 0;
    Fate fate = Fate::kNone;
  };
  // The least value of the current and the last period.
  class Least {
   public:
    explicit Least(Duration period) : period_(period) {}
    void Add(Time now, Duration value);
    std::optional<Duration> least() const;

   private:
    Duration period_;
    Time turn_ = Time::LongAgo();
    std::optional<Duration> now_;
    std::optional<Duration> before_;
  };

  Slot& SlotOf(int64_t seq) { return slots_[static_cast<uint64_t>(seq) & (slots_.size() - 1)]; }
  Time SentAt(const Slot& slot) const;
  void MakeRoom(int64_t seq);
  int64_t Extend(uint16_t seq) const;
  void OnReference(const TransportFeedback& feedback);
  // False when there is nothing to tell of this number.
  bool Judge(const TransportFeedback& feedback, const TransportFeedback::Status& status, PacketResult& result);
  void Measure(Time now, Time newest_sent, Duration least_delay);

  std::vector<Slot> slots_;
  Unwrapper<uint16_t> sent_seq_;
  Time last_sent_;
  bool any_feedback_ = false;
  Duration last_reference_;  // as on the wire
  Time reference_ = Time::FromMicros(0);
  Least rtt_{Duration::Seconds(10)};
  Least one_way_{Duration::Seconds(30)};
  Duration queue_delay_;
};

template <typename F>
size_t TransportFeedbackAdapter::OnFeedback(Time now, const TransportFeedback& feedback, F&& f) {
  if (slots_.empty()) return 0;
  OnReference(feedback);
  size_t known = 0;
  Time newest_sent = Time::LongAgo();
  Duration least_delay;
  feedback.ForEachPacket([&](const TransportFeedback::Status& status) {
    PacketResult result;
    if (!Judge(feedback, status, result)) return;
    ++known;
    if (result.received) {
      const Duration delay = result.arrived - result.sent;
      if (newest_sent == Time::LongAgo() || delay < least_delay) least_delay = delay;
      newest_sent = std::max(newest_sent, result.sent);
    }
    f(static_cast<const PacketResult&>(result));
  });
  if (newest_sent != Time::LongAgo()) Measure(now, newest_sent, least_delay);
  return known;
}

}  // namespace duet
