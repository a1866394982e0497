// PacketHistory: what was sent on one stream lately, kept for NACKs. Packets are kept by reference and in clear, shared
// by all who send them; what makes this stream's copy of it differ is the caller's small `Rewrite` record.
//
// A packet is handed out again only when it was not resent within the last `spacing` (a NACK that crossed the answer),
// not more than kMaxResends times (a NACK costs the asker less than it costs us), and not when it is older than
// `max_age` (no receiver waits that long). Packets that are too old are let go while new ones come, two at a time, and
// by Trim, so that a stream that has stopped does not hold the pool's packets.
//
// Times are kept in milliseconds, in few bits: a place for a packet takes 24 bytes beside the record.
//
// Sequence numbers are extended ones (base/seq.h). Nothing allocates after construction.
// Thread rule: owned by one stream. Invariant: at most `capacity` packets are held.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/packet_pool.h"
#include "base/ring.h"
#include "base/seq.h"
#include "base/time.h"

namespace duet {

enum class HistoryMiss : uint8_t {
  kNone,
  kUnknown,   // never sent, or no longer held
  kTooSoon,   // was sent again a moment ago
  kTooOften,  // was sent again kMaxResends times
};

template <typename Rewrite>
class PacketHistory {
 public:
  static constexpr int kMaxResends = 24;

  struct Record {
    PacketRef packet;
    Rewrite rewrite{};
    uint32_t sent_ms = 0;    // low bits: 49 days
    uint16_t resent_ms = 0;  // low bits: a minute, and nothing is sent again that is older than max_age
    uint8_t resends = 0;
  };
  struct Lookup {
    const Record* record = nullptr;  // valid until the next Put, Trim or Clear
    int64_t seq = 0;
    HistoryMiss miss = HistoryMiss::kNone;
  };

  // `capacity`: packets, a power of two.
  PacketHistory(size_t capacity, Duration max_age) : max_age_(max_age), ring_(capacity) {}

  // Sequence numbers may leave gaps and come out of order, but not by more than the capacity.
  void Put(Time now, int64_t seq, PacketRef packet, Rewrite rewrite) {
    if (!any_) oldest_ = highest_ = seq;
    any_ = true;
    const auto capacity = static_cast<int64_t>(ring_.capacity());
    if (seq > highest_) {
      // A jump leaves nothing of what was, and what it jumps over must not keep packets of the last round.
      if (seq - highest_ >= capacity) ring_.Clear();
      for (int64_t gap = std::max(highest_ + 1, seq - capacity + 1); gap < seq; ++gap) ring_.Erase(gap - capacity);
      highest_ = seq;
    } else if (seq <= highest_ - capacity) {
      return;
    }
    oldest_ = std::max(std::min(oldest_, seq), highest_ - capacity + 1);
    ring_.Put(seq, Record{.packet = std::move(packet), .rewrite = std::move(rewrite), .sent_ms = Ms(now)});
    ReleaseOld(now, 2);
  }

  // The packet that a NACK asks for, and takes it as sent again now.
  Lookup Resend(Time now, Duration spacing, uint16_t seq) {
    if (!any_) return {.miss = HistoryMiss::kUnknown};
    const int64_t extended = highest_ + WrapDistance(static_cast<uint16_t>(highest_), seq);
    Record* record = extended >= 0 ? ring_.Find(extended) : nullptr;
    if (record == nullptr || Age(now, *record) > max_age_) return {.seq = extended, .miss = HistoryMiss::kUnknown};
    if (record->resends >= kMaxResends) return {.seq = extended, .miss = HistoryMiss::kTooOften};
    const auto since_ms = static_cast<uint16_t>(Ms(now) - record->resent_ms);
    if (record->resends > 0 && Duration::Millis(since_ms) < spacing)
      return {.seq = extended, .miss = HistoryMiss::kTooSoon};
    record->resent_ms = static_cast<uint16_t>(Ms(now));
    ++record->resends;
    return {.record = record, .seq = extended};
  }

  // A place that Put is about to use.
  void Prefetch(int64_t seq) const {
    if (any_ && seq >= 0) ring_.Prefetch(seq);
  }
  // The packet with this extended number, null when it is no longer held.
  Record* Find(int64_t seq) { return any_ && seq >= 0 ? ring_.Find(seq) : nullptr; }
  // The newest packet's number; only when one is held.
  int64_t highest() const { return highest_; }

  // Lets go of everything that is older than max_age.
  void Trim(Time now) { ReleaseOld(now, highest_ - oldest_ + 1); }
  void Clear() {
    ring_.Clear();
    any_ = false;
  }

 private:
  static uint32_t Ms(Time time) { return static_cast<uint32_t>(time.us() / 1000); }
  static Duration Age(Time now, const Record& record) { return Duration::Millis(Ms(now) - record.sent_ms); }

  void ReleaseOld(Time now, int64_t at_most) {
    for (; any_ && at_most > 0 && oldest_ <= highest_; --at_most, ++oldest_) {
      const Record* record = ring_.Find(oldest_);
      if (record != nullptr && Age(now, *record) <= max_age_) return;
      ring_.Erase(oldest_);
    }
  }

  Duration max_age_;
  SeqRing<Record> ring_;
  bool any_ = false;
  int64_t highest_ = 0;
  int64_t oldest_ = 0;  // nothing older is held
};

}  // namespace duet
