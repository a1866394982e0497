// Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1): which of
// a run of packets arrived, and when.
//
//   the common RTCP header, format 15, type 205
//   |                     SSRC of packet sender                     |
//   |                      SSRC of media source                     |
//   |      base sequence number     |      packet status count      |
//   |         reference time (24, signed, 64 ms)    | feedback no.  |
//   chunks of 16 bits until all statuses are told:
//     0 SS LLLLLLLLLLLLL   run length: L times the symbol S
//     1 0 14 bits          14 symbols of one bit: not received, received with a small delta
//     1 1 7 x 2 bits       7 symbols
//   then for each received packet its delta to the one before, the first to the reference time, in 250 us:
//     symbol 1 (small): 8 bits, unsigned; symbol 2 (large or negative): 16 bits, signed
//   zeros up to a multiple of 32 bits
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"

namespace duet {

// A received message. Valid as long as its bytes.
class TransportFeedback {
 public:
  // `body` is the packet behind the 4-byte RTCP header. Nothing when the chunks do not cover the status count, a symbol
  // is the reserved 3, or the deltas do not fit.
  static std::optional<TransportFeedback> Parse(Bytes body);

  Ssrc sender_ssrc() const { return sender_ssrc_; }
  Ssrc media_ssrc() const { return media_ssrc_; }
  uint16_t base_sequence() const { return base_sequence_; }
  uint16_t status_count() const { return status_count_; }  // never 0
  uint8_t feedback_count() const { return feedback_count_; }
  // On the receiver's clock of unknown origin, mod 2^24 * 64 ms.
  Duration reference_time() const { return Duration::Millis(int64_t{64} * reference_); }

  struct Status {
    uint16_t sequence = 0;
    bool received = false;
    Duration arrival;  // after the same origin as reference_time(); only when received
  };
  // Calls f(const Status&) for each packet told of, in order of sequence numbers.
  template <typename F>
  void ForEachPacket(F&& f) const {
    Walk(f);
  }

 private:
  enum Symbol : uint8_t { kNotReceived = 0, kSmallDelta = 1, kLargeDelta = 2, kReserved = 3 };
  friend class TransportFeedbackWriter;
  static constexpr size_t kFixedBytes = 16;  // of the body
  static constexpr int64_t kTickUs = 250;
  static constexpr int64_t kReferenceUs = 64'000;

  // The number of symbols a chunk can tell, and the i-th of them.
  static size_t ChunkCapacity(uint16_t chunk) { return !(chunk & 0x8000) ? chunk & 0x1FFF : (chunk & 0x4000) ? 7 : 14; }
  static Symbol ChunkSymbol(uint16_t chunk, size_t i) {
    if (!(chunk & 0x8000)) return static_cast<Symbol>((chunk >> 13) & 3);
    if (chunk & 0x4000) return static_cast<Symbol>((chunk >> (12 - 2 * i)) & 3);
    return static_cast<Symbol>((chunk >> (13 - i)) & 1);
  }
  // False when malformed. At most 65535 steps.
  template <typename F>
  bool Walk(F&& f) const;

  Ssrc sender_ssrc_;
  Ssrc media_ssrc_;
  uint16_t base_sequence_ = 0;
  uint16_t status_count_ = 0;
  int32_t reference_ = 0;
  uint8_t feedback_count_ = 0;
  Bytes chunks_;  // and what is behind them
  size_t chunk_bytes_ = 0;
};

template <typename F>
bool TransportFeedback::Walk(F&& f) const {
  ByteReader chunks(chunks_.first(chunk_bytes_));
  ByteReader deltas(chunks_.subspan(chunk_bytes_));
  int64_t arrival_us = reference_ * kReferenceUs;
  for (size_t told = 0; told < status_count_;) {
    const uint16_t chunk = chunks.U16();
    if (!chunks.ok()) return false;
    const size_t capacity = ChunkCapacity(chunk);
    for (size_t i = 0; i < capacity && told < status_count_; ++i, ++told) {
      Status status{.sequence = static_cast<uint16_t>(base_sequence_ + told)};
      const Symbol symbol = ChunkSymbol(chunk, i);
      if (symbol == kReserved) return false;
      if (symbol != kNotReceived) {
        const int64_t ticks = symbol == kSmallDelta ? deltas.U8() : static_cast<int16_t>(deltas.U16());
        if (!deltas.ok()) return false;
        arrival_us += ticks * kTickUs;
        status.received = true;
        status.arrival = Duration::Micros(arrival_us);
      }
      f(status);
    }
  }
  return true;
}

// Writes one message: AddReceived for each packet that arrived, ascending; the numbers left out are told as not
// received. Ends when the buffer is full: Finish, and go on with the next message from next_sequence().
//
//   TransportFeedbackWriter writer(out, sender, media, count++, base_sequence, arrivals.front().time);
//   for (const auto& a : arrivals) if (!writer.AddReceived(a.seq, a.time)) break;
//   const size_t size = writer.Finish();
class TransportFeedbackWriter {
 public:
  static constexpr size_t kMaxBytes = 1500;

  // `first_arrival` fixes the reference time; it should be the arrival of the first packet to be added. Of a larger
  // `out` only kMaxBytes are used.
  TransportFeedbackWriter(MutableBytes out, Ssrc sender, Ssrc media, uint8_t feedback_count, uint16_t base_sequence,
                          Time first_arrival);

  // False, and nothing changed, when it does not fit: the buffer or the status count is full, the delta to the packet
  // before is over 8 s, or `sequence` is not newer than all before.
  bool AddReceived(uint16_t sequence, Time arrival);
  // The first sequence number that this message says nothing about.
  uint16_t next_sequence() const { return static_cast<uint16_t>(base_sequence_ + statuses_.count); }
  bool empty() const { return statuses_.count == 0; }

  // The message's size; 0 when it is empty or the buffer was too small for any.
  size_t Finish();

 private:
  using Symbol = TransportFeedback::Symbol;
  // The statuses not yet in a chunk: up to 14 of any kind without a large delta, 7 with one, or a run of one symbol.
  struct Statuses {
    uint32_t count = 0;      // told in all
    size_t chunk_bytes = 0;  // written
    size_t delta_bytes = 0;  // collected
    uint16_t pending = 0;    // symbols not yet in a chunk
    bool uniform = true;     // the pending ones are all the same
    bool large = false;      // one of them is a large delta
    std::array<Symbol, 14> symbols{};
  };
  bool AddSymbol(Symbol symbol);
  bool Fits(Symbol symbol) const;
  void WriteChunk(bool last);

  MutableBytes out_;
  uint16_t base_sequence_;
  int64_t last_tick_;  // arrival of the last packet, or the reference time, in 250 us
  Statuses statuses_;
  // Deltas stand behind the chunks, whose number is known only at the end.
  std::array<std::byte, kMaxBytes> deltas_;
};

}  // namespace duet
