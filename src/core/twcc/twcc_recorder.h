// TwccRecorder: when the packets of one transport arrived, told to their sender in transport-wide feedback
// (draft-holmer-rmcat-transport-wide-cc-extensions-01), from which it estimates the bandwidth.
//
// Each message tells of a run of transport-wide sequence numbers: those after the last one told, up to the newest. A
// packet that comes after it was told as lost makes the next message begin at it and tell what lies behind it once
// more; senders take the newer word. Times are sent in steps of 250 us and are exact in these steps: the error does not
// add up.
//
// A message is due 100 ms after the first arrival that is not told yet, 50 ms when 10 are waiting, at once for 100: at
// 300 kbit/s that is some 6 kbit/s, 2 %, the other way; at 2 Mbit/s the sender learns of a queue within 50 ms.
//
// Memory: 8 KiB, in the object. Thread rule: owned by one Peer. Invariant: only numbers in the newest kWindow are told.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"

namespace duet {

class TwccRecorder {
 public:
  // Half a second at 2000 packets/s.
  static constexpr int64_t kWindow = 1024;
  static constexpr Duration kSlowInterval = Duration::Millis(100);
  static constexpr Duration kFastInterval = Duration::Millis(50);
  static constexpr size_t kFastPackets = 10;
  static constexpr size_t kMaxPackets = 100;

  TwccRecorder() { arrivals_.fill(kNotArrived); }

  void OnPacket(Time now, uint16_t seq);

  // Writes one RTCP packet to `out` when one is due; its size, or 0 when none is. Call again while NextTimer() says so:
  // what does not fit (or lies more than 8 s apart) goes into another message. `out` has room for 32 bytes at least.
  size_t WriteFeedback(Time now, Ssrc sender, Ssrc media, MutableBytes out);
  Time NextTimer() const { return due_; }

 private:
  static constexpr int64_t kNotArrived = INT64_MIN;
  static constexpr int64_t kTickUs = 250;

  int64_t& Slot(int64_t seq) { return arrivals_[static_cast<uint64_t>(seq) % kWindow]; }
  Time ArrivalOf(int64_t seq) { return Time::FromMicros(Slot(seq) * kTickUs); }
  int64_t Extend(uint16_t seq) const;
  void Advance(int64_t seq);
  void Schedule(Time now);

  int64_t highest_ = -1;  // -1 = nothing came yet
  int64_t next_ = 0;      // the first number of the next message
  size_t waiting_ = 0;    // arrivals since the last message that left nothing over
  Time waiting_since_;
  Time due_ = Time::Never();
  uint8_t count_ = 0;  // of messages, wraps
  // In 250 us steps; slot seq mod kWindow, for seq in (highest_ - kWindow, highest_].
  std::array<int64_t, kWindow> arrivals_;
};

}  // namespace duet
