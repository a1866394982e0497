// What the RTP header extensions that Duet knows contain. Each type reads itself from the content of an element
// (nothing when the size is wrong) and encodes itself to it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"

namespace duet {

// http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time: 24 bits, 6.18 fixed point seconds; wraps every 64 s. It
// is bits 14..37 of the NTP timestamp.
struct AbsSendTime {
  uint32_t value = 0;  // 24 bits

  static AbsSendTime FromTime(Time time) { return {static_cast<uint32_t>(time.ntp() >> 14) & 0xFFFFFF}; }
  static std::optional<AbsSendTime> Parse(Bytes content);
  std::array<std::byte, 3> Encode() const;
  // From `earlier` to this one, when they are less than 32 s apart.
  Duration Since(AbsSendTime earlier) const;
};

// RFC 6464, urn:ietf:params:rtp-hdrext:ssrc-audio-level: V (1), level (7). With RFC 6464's two-byte form a zero byte
// may follow.
struct AudioLevel {
  bool voice = false;
  uint8_t minus_dbov = 127;  // 0 is the loudest, 127 silence

  static std::optional<AudioLevel> Parse(Bytes content);
  std::array<std::byte, 1> Encode() const;
};

// draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2: 16 bits, counting all packets of a transport. (The
// second version has two flag words more; the number is the same.)
struct TransportSequenceNumber {
  uint16_t value = 0;

  static std::optional<TransportSequenceNumber> Parse(Bytes content);
  std::array<std::byte, 2> Encode() const;
};

// 3GPP TS 26.114 section 7.4.5, urn:3gpp:video-orientation: 0 0 0 0 C F R1 R0.
struct VideoOrientation {
  bool back_camera = false;
  bool flipped = false;            // mirrored horizontally
  uint16_t clockwise_degrees = 0;  // 0, 90, 180, 270: how far the receiver must turn the picture

  static std::optional<VideoOrientation> Parse(Bytes content);
  std::array<std::byte, 1> Encode() const;
};

// http://www.webrtc.org/experiments/rtp-hdrext/playout-delay: min (12), max (12), in units of 10 ms.
struct PlayoutDelay {
  static constexpr int64_t kUnitMs = 10;
  static constexpr uint16_t kMaxUnits = 0xFFF;
  uint16_t min_units = 0;
  uint16_t max_units = 0;

  static std::optional<PlayoutDelay> Parse(Bytes content);
  std::array<std::byte, 3> Encode() const;
};

}  // namespace duet
