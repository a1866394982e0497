// PacketHistory: what was sent on one stream lately, kept for NACKs. Packets are kept by reference and in clear, shared
// by all who send them; what makes this stream's copy of it differ is the caller's small `Rewrite` record.
//
// A packet is handed out again only when it was not resent within the last `spacing` (a NACK that crossed the answer),
// not more than kMaxResends times (a NACK costs the asker less than it costs us), and not when it is older than
// `max_age` (no receiver waits that long). Packets that are too old are let go while new ones come, two at a time, and
// by Trim, so that a stream that has stopped does not hold the pool's packets.
//
// Room. It begins with kFirst places and doubles, up to `most`, while a packet would have to go that is younger than
// kWorthKeeping: most receivers of most streams need an eighth of what a keyframe of the largest picture needs. Times
// and numbers are kept in few bits, so that a place takes 20 bytes beside the rewrite record.
//
// Sequence numbers are extended ones (base/seq.h). Nothing allocates but those doublings.
// Thread rule: owned by one stream. Invariants: at most `most` packets are held; each lies in the place that the low
// bits of its number say.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/packet_pool.h"
#include "base/prefetch.h"
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
  static constexpr size_t kFirst = 32;
  static constexpr Duration kWorthKeeping = Duration::Seconds(1);

  struct Record {
    PacketRef packet;      // null: an empty place
    uint32_t seq = 0;      // low bits
    uint32_t sent_ms = 0;  // low bits: 49 days
    Rewrite rewrite{};
    uint16_t resent_ms = 0;  // low bits: a minute, and nothing is sent again that is older than max_age
    uint8_t resends = 0;
  };
  struct Lookup {
    const Record* record = nullptr;  // valid until the next Put, Trim or Clear
    int64_t seq = 0;
    HistoryMiss miss = HistoryMiss::kNone;
  };

  // `most`: packets, a power of two.
  PacketHistory(size_t most, Duration max_age) : most_(most), max_age_(max_age), ring_(std::min(most, kFirst)) {
    DUET_CHECK(most > 0 && (most & (most - 1)) == 0);
  }

  // Sequence numbers may leave gaps and come out of order, but not by more than the room.
  void Put(Time now, int64_t seq, PacketRef packet, Rewrite rewrite) {
    if (!any_) oldest_ = highest_ = seq;
    any_ = true;
    while (ring_.size() < most_ && TakesYoung(now, seq)) Grow();
    const auto capacity = static_cast<int64_t>(ring_.size());
    if (seq > highest_) {
      // A jump leaves nothing of what was, and what it jumps over must not keep packets of the last round.
      if (seq - highest_ >= capacity) Empty();
      for (int64_t gap = std::max(highest_ + 1, seq - capacity + 1); gap < seq; ++gap) Erase(gap - capacity);
      highest_ = seq;
    } else if (seq <= highest_ - capacity) {
      return;
    }
    oldest_ = std::max(std::min(oldest_, seq), highest_ - capacity + 1);
    PlaceOf(seq) = Record{.packet = std::move(packet),
                          .seq = static_cast<uint32_t>(seq),
                          .sent_ms = Ms(now),
                          .rewrite = std::move(rewrite)};
    ReleaseOld(now, 2);
  }

  // The packet that a NACK asks for, and takes it as sent again now.
  Lookup Resend(Time now, Duration spacing, uint16_t seq) {
    if (!any_) return {.miss = HistoryMiss::kUnknown};
    const int64_t extended = highest_ + WrapDistance(static_cast<uint16_t>(highest_), seq);
    Record* record = Find(extended);
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
    // And its neighbour, which falls out next.
    if (any_ && seq >= 0) duet::Prefetch(&ring_[Index(seq)], 2 * sizeof(Record));
  }
  // The packet with this extended number, null when it is no longer held.
  Record* Find(int64_t seq) {
    if (!any_ || seq < 0) return nullptr;
    Record& record = PlaceOf(seq);
    return record.packet && record.seq == static_cast<uint32_t>(seq) ? &record : nullptr;
  }
  static Duration Age(Time now, const Record& record) { return Duration::Millis(Ms(now) - record.sent_ms); }
  // The newest packet's number; only when one is held.
  int64_t highest() const { return highest_; }

  // Lets go of everything that is older than max_age.
  void Trim(Time now) { ReleaseOld(now, highest_ - oldest_ + 1); }
  void Clear() {
    Empty();
    any_ = false;
  }

 private:
  static uint32_t Ms(Time time) { return static_cast<uint32_t>(time.us() / 1000); }

  size_t Index(int64_t seq) const { return static_cast<uint64_t>(seq) & (ring_.size() - 1); }
  Record& PlaceOf(int64_t seq) { return ring_[Index(seq)]; }
  void Erase(int64_t seq) {
    if (Record* record = Find(seq)) *record = Record{};
  }
  void Empty() { std::fill(ring_.begin(), ring_.end(), Record{}); }

  // Whether the place that `seq` would get holds a packet that somebody may still ask for.
  bool TakesYoung(Time now, int64_t seq) {
    const Record& old = PlaceOf(seq);
    return old.packet && old.seq != static_cast<uint32_t>(seq) && Age(now, old) < kWorthKeeping;
  }
  void Grow() {
    std::vector<Record> larger(ring_.size() * 2);
    for (Record& record : ring_) {
      if (record.packet) larger[record.seq & (larger.size() - 1)] = std::move(record);
    }
    ring_ = std::move(larger);
  }

  void ReleaseOld(Time now, int64_t at_most) {
    for (; any_ && at_most > 0 && oldest_ <= highest_; --at_most, ++oldest_) {
      const Record* record = Find(oldest_);
      if (record != nullptr && Age(now, *record) <= max_age_) return;
      Erase(oldest_);
    }
  }

  size_t most_;
  Duration max_age_;
  std::vector<Record> ring_;  // a power of two
  bool any_ = false;
  int64_t highest_ = 0;
  int64_t oldest_ = 0;  // nothing older is held
};

}  // namespace duet
