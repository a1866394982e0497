// NackGenerator: which packets of one received stream are missing, and when to ask for them (RFC 4585 section 6.2.1).
//
//   gap seen --> waits for reordering --> asked, asked again ... --> received | given up | made needless by a keyframe
//
// - Reordering: a gap counts as a loss when three packets behind it have come (the duplicate threshold of RFC 5681
//   section 3.2) or after 10 ms, whichever is first. Packets of one video frame leave within that, so three are quick;
//   10 ms is the wait for audio, whose next packet is 20 ms away.
// - Repeats are 1.25 round trips apart, within 20..200 ms: an answer gets the time to arrive, yet a long path leaves
//   room for five tries within the age limit, of which at 50 % loss each way a packet needs four on average.
// - What is still missing after three tries is on a path that loses much, our questions too: from then on they are sent
//   twice in a round trip. It costs no repeated packets: senders answer once in a round trip.
// - Given up after 40 tries or 1 s: no receiver holds its picture back for longer. On a short path that loses half of
//   everything both ways ten tries would leave every thirtieth lost packet unrepaired, which is a freeze a second.
// - More than kMaxMissing missing, or a jump over more than kMaxGap packets: everything is forgotten. Such a hole is
//   cheaper to close with a keyframe than with as many retransmissions. So is the hole that an outage leaves,
//   kOutagePackets lost after kOutage of silence: most of it is past, and repeating it would hold up what comes now.
//
// Whatever is given up or forgotten leaves a hole that only a keyframe closes: TakeGivenUp says so.
//
// Sequence numbers are extended ones (base/seq.h). Memory: kMaxMissing * 40 B + 256 B, allocated at construction.
// Thread rule: owned by one track. Invariant: the list is sorted, and holds no number that was received.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"

namespace duet {

class NackGenerator {
 public:
  static constexpr size_t kMaxMissing = 512;
  static constexpr int64_t kMaxGap = 512;
  // Arrivals remembered, to tell late packets from repeated ones; a power of two.
  static constexpr int64_t kWindow = 2048;
  static constexpr int64_t kReorderPackets = 3;
  static constexpr Duration kReorderTime = Duration::Millis(10);
  static constexpr Duration kMinRetry = Duration::Millis(20);
  static constexpr Duration kMaxRetry = Duration::Millis(200);
  // Losses by chance do not look like it: of 30 packets a second, 16 lost in a row are one in 300 at a loss of 70 %.
  static constexpr Duration kOutage = Duration::Millis(500);
  static constexpr int64_t kOutagePackets = 16;
  static constexpr int kPatientTries = 3;
  static constexpr int kMaxTries = 40;
  static constexpr Duration kMaxAge = Duration::Seconds(1);

  enum class Arrival : uint8_t {
    kNew,        // newer than all before
    kLate,       // was missing, but nobody had asked for it yet (or had given it up)
    kRecovered,  // was missing and had been asked for
    kDuplicate,  // was here before, or is too old to tell
  };

  NackGenerator();

  Arrival OnPacket(Time now, int64_t seq);
  // A decoder can start at this packet: what is older is not needed any more.
  void OnKeyframe(int64_t seq);
  // Writes the numbers that are to be asked for now, oldest first, and returns how many. What finds no room in `out` is
  // due again at once.
  size_t Due(Time now, Duration rtt, std::span<uint16_t> out);
  // True once after packets were given up for lost.
  bool TakeGivenUp();
  // Time::Never() while nothing is missing; may be early. At once after a hole was given up.
  Time NextTimer() const { return next_timer_; }

  // Whether the packet came, or is too old to tell.
  bool Has(int64_t seq) const { return started_ && seq <= highest_ && (highest_ - seq >= kWindow || Received(seq)); }

  size_t missing() const { return missing_.size(); }

 private:
  struct Missing {
    int64_t seq = 0;
    Time since;
    Time next_try;
    int64_t seen_after = 0;  // value of newer_seen_ at which reordering is ruled out
    int tries = 0;
  };

  bool Received(int64_t seq) const;
  void Mark(int64_t seq, bool received);
  void Advance(Time now, int64_t seq);
  void Forget(Time now);
  Arrival OnOlder(int64_t seq);

  bool started_ = false;
  bool given_up_ = false;
  int64_t highest_ = 0;
  Time highest_at_ = Time::LongAgo();
  int64_t newer_seen_ = 0;  // packets of Arrival::kNew so far
  Time next_timer_ = Time::Never();
  std::vector<Missing> missing_;                   // ascending
  std::array<uint64_t, kWindow / 64> received_{};  // bit seq mod kWindow, for seq in (highest_ - kWindow, highest_]
};

}  // namespace duet
