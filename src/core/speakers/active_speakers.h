// ActiveSpeakers: who is heard in a room, dominant first.
//
// Sources speak or not as SpeakerLevel says. The dominant one stays first as long as it speaks, until another is louder
// by kMargin for kChallenge without a break; the others follow by loudness. At most kMaxActive are named.
//
// Thread rule: owned by one MediaRoom. Memory: `capacity` entries, allocated at construction; a source more is ignored.
#pragma once

#include <cstdint>
#include <vector>

#include "base/fixed_vector.h"
#include "base/flat_map.h"
#include "base/ids.h"
#include "base/time.h"
#include "core/speakers/speaker_level.h"

namespace duet {

class ActiveSpeakers {
 public:
  static constexpr size_t kMaxActive = 8;
  static constexpr double kMargin = 10;  // of volume
  static constexpr Duration kChallenge = Duration::Millis(600);

  explicit ActiveSpeakers(size_t capacity) : capacity_(capacity), levels_(capacity) {}

  // A packet of a source; O(1).
  void OnLevel(UptrackId source, Time now, AudioLevel level);
  void Remove(UptrackId source);

  using List = FixedVector<UptrackId, kMaxActive>;
  // Lets time pass for all sources and ranks them; every 100 ms or so. True when the list has changed.
  bool Update(Time now);
  const List& active() const { return active_; }
  // 0..100 as of the last packet or Update; 0 for a source that is not known.
  int Volume(UptrackId source) const;

 private:
  struct Ranked {
    UptrackId source;
    double loudness = 0;
  };
  using Ranking = FixedVector<Ranked, kMaxActive>;
  void Challenge(Time now, Ranking& ranked);

  size_t capacity_;
  FlatMap<UptrackId, SpeakerLevel> levels_;
  List active_;
  UptrackId challenger_;  // 0 = none
  Time challenged_since_;
};

}  // namespace duet
