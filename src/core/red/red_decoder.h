// RedDecoder: which blocks of RED packets (RFC 2198) a receiver has not had yet.
//
// Blocks carry timestamps, no sequence numbers; a packet is known by its timestamp. Remembers kWindow steps of 2.5 ms,
// the shortest Opus frame: 640 ms, where a block looks back at most 341 ms.
//
// Thread rule: owned by one receiving track. 2 KiB, no allocation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/seq.h"
#include "wire/red.h"

namespace duet {

class RedDecoder {
 public:
  static constexpr int64_t kStep = 120;  // ticks at 48 kHz
  static constexpr int64_t kWindow = 256;

  RedDecoder() { had_.fill(kNone); }

  struct Frame {
    int64_t timestamp = 0;  // extended
    PayloadType payload_type;
    Bytes data;  // view into the packet
    bool redundant = false;
  };
  using Frames = FixedVector<Frame, kMaxRedBlocks>;

  // The blocks of a RED packet that are new, in the packet's order; empty when there are none. Nothing when the payload
  // is malformed. Empty blocks are passed over.
  std::optional<Frames> OnRed(uint32_t timestamp, Bytes payload);

  // A packet that came without RED. False when its content was there before, or it is older than the window.
  bool OnPlain(uint32_t timestamp) { return Take(Extend(timestamp)); }

 private:
  static constexpr int64_t kNone = -1;
  // Nothing comes that late: the sender has begun anew, with other timestamps.
  static constexpr int64_t kRestart = 10 * 48'000;
  int64_t Extend(uint32_t timestamp);
  bool Take(int64_t timestamp);

  Unwrapper<uint32_t> unwrapper_;
  std::array<int64_t, kWindow> had_;  // slot (timestamp / kStep) mod kWindow
};

}  // namespace duet
