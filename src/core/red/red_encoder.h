// RedEncoder: makes RED payloads (RFC 2198) of the Opus packets of one source, for any number of receivers, each with
// its own depth: depth d repeats the d packets before each one.
//
// The newest kSlots packets are kept in slots inside the object. A packet of more than kMaxPacketBytes (music at more
// than 160 kbit/s) is not repeated; one that never came leaves its place out.
//
// Thread rule: owned by one Uptrack. Invariant: the newest slot is at most kSlots - 1 before the newest packet. 7 KiB,
// no allocation. NOT repeatable: after later packets the same call may write something else, so who may have to send a
// packet again keeps what was written (an SRTP index must not carry two contents).
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"

namespace duet {

class RedEncoder {
 public:
  static constexpr int kMaxDepth = 10;
  static constexpr int64_t kSlots = 16;
  static constexpr size_t kMaxPacketBytes = 400;

  // A packet of the source, in any order; before Write for it. `seq` is its extended RTP sequence number.
  void OnPacket(int64_t seq, uint32_t timestamp, Bytes payload);

  struct Request {
    int64_t seq = 0;
    uint32_t timestamp = 0;  // of the source, as fed
    Bytes primary;
    int64_t first_seq = 0;     // the receiver's first packet of this source: nothing before it is repeated
    int depth = 0;             // above kMaxDepth counts as kMaxDepth
    PayloadType payload_type;  // of Opus, as the receiver has it
  };
  // Writes the RED payload of a packet; its size. Oldest blocks are left out until it fits `out`; 0 when not even the
  // primary fits.
  size_t Write(const Request& request, MutableBytes out) const;

  // The most depth that is worth asking for: within `budget_bps` for the repeated bytes and their headers, within
  // `max_payload_bytes`, within the 341 ms that a RED header can look back, from the mean of what came lately. 0 before
  // the second packet.
  int MaxDepth(int64_t budget_bps, size_t max_payload_bytes) const;

 private:
  struct Slot {
    int64_t seq = -1;
    uint32_t timestamp = 0;
    uint16_t size = 0;
    std::array<std::byte, kMaxPacketBytes> bytes;

    Bytes data() const { return Bytes(bytes).first(size); }
  };
  const Slot* Find(int64_t seq) const;
  void Measure(int64_t seq, uint32_t timestamp, size_t bytes);

  std::array<Slot, kSlots> slots_{};
  int64_t newest_seq_ = -1;
  uint32_t newest_timestamp_ = 0;
  // Smoothed, in 1/16; 0 = not known.
  uint32_t mean_bytes_ = 0;
  uint32_t mean_ticks_ = 0;  // between packets, at 48 kHz
};

}  // namespace duet
