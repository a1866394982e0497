#include "core/speakers/speaker_level.h"

#include <algorithm>
#include <cmath>

namespace duet {
namespace {

constexpr double kFloorDbov = -65;    // volume 0
constexpr double kCeilingDbov = -15;  // volume 100
constexpr double kRiseMs = 20;        // time constants
constexpr double kFallMs = 100;
constexpr double kLoudnessMs = 1000;
constexpr int kSpeechMinusDbov = 50;

double VolumeOf(AudioLevel level) {
  const double volume = (-static_cast<double>(level.minus_dbov) - kFloorDbov) * 100 / (kCeilingDbov - kFloorDbov);
  return std::clamp(volume, 0.0, 100.0);
}

void Approach(double& value, double target, double elapsed_ms, double constant_ms) {
  value += (target - value) * (1 - std::exp(-elapsed_ms / constant_ms));
}

}  // namespace

void SpeakerLevel::Pass(Duration elapsed, double target, bool speech) {
  const double ms = elapsed.seconds() * 1000;
  Approach(volume_, target, ms, target > volume_ ? kRiseMs : kFallMs);
  Approach(loudness_, target, ms, kLoudnessMs);
  constexpr int64_t kFullUs = kAttackMs * 1000;
  const int64_t change = speech ? elapsed.us() : -(elapsed.us() * kAttackMs / kReleaseMs);
  speech_us_ = std::clamp<int64_t>(speech_us_ + change, 0, kFullUs);
  if (speech_us_ == kFullUs) speaking_ = true;
  if (speech_us_ == 0) speaking_ = false;
}

void SpeakerLevel::OnLevel(Time now, AudioLevel level) {
  has_voice_bit_ |= level.voice;
  if (!started_) {
    started_ = true;
    last_ = now;
    return;
  }
  if (now <= last_) return;
  // A pause before the packet was silence.
  if (now - last_ > kMaxPacketTime) {
    Pass(now - last_ - kMaxPacketTime, 0, false);
    last_ = now - kMaxPacketTime;
  }
  const bool speech = level.minus_dbov < kSpeechMinusDbov && (level.voice || !has_voice_bit_);
  Pass(now - last_, VolumeOf(level), speech);
  last_ = now;
}

void SpeakerLevel::Advance(Time now) {
  // Until kMaxPacketTime is over, the next packet may still tell what this time was.
  if (!started_ || now - last_ <= kMaxPacketTime) return;
  Pass(now - last_, 0, false);
  last_ = now;
}

}  // namespace duet
