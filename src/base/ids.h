// Strong ids: integers that cannot be taken for each other.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace duet {

template <typename Tag, typename Rep>
class StrongId {
 public:
  using rep = Rep;
  constexpr StrongId() = default;
  explicit constexpr StrongId(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const StrongId&) const = default;

 private:
  Rep value_ = 0;
};

using Ssrc = StrongId<struct SsrcTag, uint32_t>;  // RFC 3550 synchronisation source
using PayloadType = StrongId<struct PayloadTypeTag, uint8_t>;
using PeerId = StrongId<struct PeerIdTag, uint64_t>;            // one transport (ICE + DTLS) of one remote; 0 = none
using SessionId = StrongId<struct SessionIdTag, uint64_t>;      // one signalling connection; 0 = none
using RoomKey = StrongId<struct RoomKeyTag, uint64_t>;          // one life of one room in this process; 0 = none
using UptrackId = StrongId<struct UptrackIdTag, uint64_t>;      // one received track; 0 = none
using TapId = StrongId<struct TapIdTag, uint64_t>;              // one reader of a track in clear; 0 = none
using DowntrackId = StrongId<struct DowntrackIdTag, uint64_t>;  // one sending slot of a peer; 0 = none

}  // namespace duet

template <typename Tag, typename Rep>
struct std::hash<duet::StrongId<Tag, Rep>> {
  size_t operator()(duet::StrongId<Tag, Rep> id) const noexcept {
    // Fibonacci hashing: ids count up, tables take the low bits.
    return static_cast<size_t>(static_cast<uint64_t>(id.value()) * 0x9E3779B97F4A7C15ull >> 7);
  }
};
