// KeyframeRequester: when to send a PLI (RFC 4585 section 6.3.1) to the publisher of one video track.
//
//   idle --Request--> wanted --Due: PLI--> asked --no keyframe for a while--> asked again ...
//     ^---------------- OnKeyframe ----------'
//
// - The first request goes out at once; one keyframe serves everybody who asked before it began.
// - Unanswered requests are repeated after 300 ms or, on longer paths, 1.5 round trips + 100 ms for the encoder. A PLI
//   lost on the way must not cost half a second; Chromium's encoder ignores repeats within 300 ms, so sooner is
//   useless.
// - After a keyframe the next PLI is sent no sooner than 500 ms after the last one: a keyframe is 5 to 10 times as
// large
//   as another frame, and many subscribers with losses must not turn the stream into keyframes only.
// - There is no giving up while one is wanted.
//
// Thread rule: owned by one track.
#pragma once

#include "base/time.h"

namespace duet {

class KeyframeRequester {
 public:
  static constexpr Duration kMinInterval = Duration::Millis(500);
  static constexpr Duration kMinRetry = Duration::Millis(300);
  static constexpr Duration kEncoderTime = Duration::Millis(100);

  // Somebody needs a keyframe that begins after now.
  void Request(Time now);
  // A keyframe began to arrive.
  void OnKeyframe(Time now);
  // Whoever asked can do without: the keyframe that was under way already is enough.
  void Withdraw() { next_ = Time::Never(); }
  // True when a PLI is to be sent now; it is taken as sent.
  bool Due(Time now, Duration rtt = Duration::Zero());
  Time NextTimer() const { return next_; }
  // A keyframe was asked for and has not come.
  bool wanted() const { return !next_.is_never(); }

 private:
  Time next_ = Time::Never();
  Time last_sent_ = Time::LongAgo();
};

}  // namespace duet
