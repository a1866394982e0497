// ReorderBuffer: audio packets back in order. One that is missing is waited for as long as a retransmission over a
// short path takes; then it is skipped, and the transcoder conceals it.
//
// Limits: kPackets packets. Thread rule: owned by one subscription.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace duet {

class ReorderBuffer {
 public:
  static constexpr size_t kPackets = 32;  // 640 ms of 20 ms; a power of two
  static constexpr Duration kMaxWait = Duration::Millis(80);

  struct Packet {
    int64_t seq = -1;
    uint32_t timestamp = 0;
    Time arrived;
    std::vector<std::byte> payload;
  };

  ReorderBuffer() : slots_(kPackets) {}

  // `seq` is extended. What is older than the last one given out is dropped.
  void Push(Time now, int64_t seq, uint32_t timestamp, Bytes payload);
  // The next packet in order, valid until the next call.
  const Packet* Pop(Time now);
  Time NextTimer() const;

 private:
  Packet& At(int64_t seq) { return slots_[static_cast<size_t>(seq) & (kPackets - 1)]; }
  const Packet* OldestWaiting() const;

  std::vector<Packet> slots_;
  Packet out_;
  int64_t next_ = -1;
};

}  // namespace duet
