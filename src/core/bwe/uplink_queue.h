// UplinkQueue: finds a long queue on the way from a sender to us, and has it drained.
//
// A sender that estimates by itself finds the queue as well, but goes on with 0.85 of what arrives: a second of queue
// takes it six seconds, and whoever speaks meanwhile is heard a second late. We see the queue grow in the times of
// sending and arrival, and tell a REMB (draft-alvestrand-rmcat-remb-03) far below what arrives until it is gone; then
// the sender's own estimate holds again.
//
//   calm ──queue above kLong for kConfirm──> draining: REMB of kDrainShare of what arrives, repeated
//     ^──below kShort, or kMaxDrain is over: REMB of kUnlimitedBps, repeated──┘
//
// - The queue is what the fastest packet of a slot took above the fastest of the last minute, so that jitter, which
//   spares some, is none.
// - A way that has become longer looks like a queue that does not drain: after kMaxDrain it is the new measure.
//
// Thread rule: owned by one Peer. No allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/time.h"
#include "core/bwe/acked_bitrate_estimator.h"
#include "wire/rtp_extensions.h"

namespace duet {

class UplinkQueue {
 public:
  static constexpr Duration kSlot = Duration::Millis(100);
  static constexpr Duration kLong = Duration::Millis(250);
  static constexpr Duration kShort = Duration::Millis(80);
  static constexpr int kConfirm = 2;  // slots
  static constexpr Duration kMaxDrain = Duration::Seconds(5);
  static constexpr Duration kMemory = Duration::Seconds(30);  // once to twice as long
  static constexpr Duration kForget = Duration::Seconds(10);  // of silence; times of sending wrap after 64 s
  static constexpr double kDrainShare = 0.4;
  static constexpr int64_t kMinBps = 60'000;  // sound, and a picture now and then
  static constexpr int64_t kUnlimitedBps = 50'000'000;
  static constexpr Duration kRepeat = Duration::Millis(250);
  // A sender keeps to the last REMB that it heard, and the path may lose half of them.
  static constexpr int kFarewells = 20;

  UplinkQueue() = default;
  // For a sender that was told a REMB before, which holds until another: begins by lifting it.
  static std::unique_ptr<UplinkQueue> AfterRemb();

  void OnPacket(Time now, AbsSendTime sent, size_t bytes);
  // What is to be told now, in bit/s; nothing when nothing is due.
  std::optional<int64_t> TakeRemb(Time now);
  Time NextTimer() const { return due_; }
  bool draining() const { return draining_; }
  Duration queue() const { return queue_; }

 private:
  void Begin(Time now);
  void EndSlot(Time now);
  void StartDraining(Time now);
  void EndDraining(Time now);

  std::optional<AbsSendTime> last_;
  Time last_at_;
  Time sent_ = Time::FromMillis(0);  // on the sender's clock, from the first packet on
  AckedBitrateEstimator received_;

  // Delays are against the sender's clock: only their differences mean something.
  Time slot_end_;
  Duration slot_least_ = kNone;
  Time memory_end_;
  Duration least_ = kNone;         // of this part of the memory
  Duration former_least_ = kNone;  // of the one before
  Duration queue_;
  int long_slots_ = 0;

  bool draining_ = false;
  Time drain_end_;
  int64_t told_bps_ = 0;
  int farewells_ = 0;
  Time due_ = Time::Never();

  static constexpr Duration kNone = Duration::Micros(INT64_MAX);
};

}  // namespace duet
