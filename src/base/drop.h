// Why a packet was not passed on. Every packet that goes in comes out or is counted under one of these.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace duet {

enum class Drop : uint8_t {
  kUnknownSource,     // not STUN, and no peer has this address
  kMalformed,         // broke a rule of its format
  kBadStun,           // STUN with an unknown ufrag or a wrong integrity
  kNotReady,          // before the handshake was done
  kReplay,            // seen already, or too old for the replay window
  kAuthFailed,        // the tag did not fit
  kUnknownSsrc,       // no track of the peer has this SSRC
  kUnknownPayload,    // the payload type was not negotiated
  kNotPublished,      // the track is switched off or nobody may hear it
  kNoKeyframe,        // waiting for a keyframe to start with
  kLayerFiltered,     // not the layer this subscriber gets
  kUnsupportedCodec,  // the subscriber cannot decode it
  kDuplicate,
  kPoolEmpty,
  kQueueFull,
  kDisabled,      // the slot has nobody on it
  kNoConnection,  // the TCP connection to the address has ended
  kCount,
};

const char* ToString(Drop drop);

// One counter for each value of an enum that ends in kCount.
template <typename E>
class Counters {
 public:
  void Add(E which, uint64_t n = 1) { counts_[static_cast<size_t>(which)] += n; }
  uint64_t operator[](E which) const { return counts_[static_cast<size_t>(which)]; }
  uint64_t total() const {
    uint64_t sum = 0;
    for (auto n : counts_) sum += n;
    return sum;
  }
  void Merge(const Counters& o) {
    for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += o.counts_[i];
  }

 private:
  std::array<uint64_t, static_cast<size_t>(E::kCount)> counts_{};
};
using DropCounters = Counters<Drop>;

}  // namespace duet
