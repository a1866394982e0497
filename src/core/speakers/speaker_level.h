// SpeakerLevel: how loud one source is and whether somebody speaks, from the audio levels of its packets (RFC 6464).
//
// The volume is a scale in decibels, as a level meter has it: -65 dBov and below is 0, -15 dBov and above 100; a voice
// at a headset lies around 70, a quiet room below 10. It rises within 60 ms and falls within 300 ms.
//
// Speaking begins after 200 ms of speech and ends 800 ms after the last of it: a count of milliseconds that speech
// fills and silence empties at a quarter of the pace. A packet counts as speech above -50 dBov, if its voice bit is set
// or the source never sets one. Time without packets is silence.
//
// Times that go back are taken as the last one.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "wire/rtp_extensions.h"

namespace duet {

class SpeakerLevel {
 public:
  static constexpr int64_t kAttackMs = 200;
  static constexpr int64_t kReleaseMs = 800;

  void OnLevel(Time now, AudioLevel level);
  // Lets the time pass that brought no packet.
  void Advance(Time now);

  int volume() const { return static_cast<int>(volume_ + 0.5); }  // 0..100
  // The same over about a second, to compare speakers by.
  double loudness() const { return loudness_; }
  bool speaking() const { return speaking_; }

 private:
  // A packet tells of at most this much before it, the longest that Opus has; more is a gap, and silence.
  static constexpr Duration kMaxPacketTime = Duration::Millis(120);
  void Pass(Duration elapsed, double target, bool speech);

  bool started_ = false;
  bool has_voice_bit_ = false;  // the source has set it once
  bool speaking_ = false;
  Time last_;
  int64_t speech_us_ = 0;  // 0..1000 * kAttackMs
  double volume_ = 0;
  double loudness_ = 0;
};

}  // namespace duet
