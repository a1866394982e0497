// Tickets: what lets a member without SDP push and play for a while without its UserSig in the address.
//
//   ticket = hex(expiry u64, milliseconds of Time | mac 16 bytes | user ID of the member it was made for)
//   mac    = the first half (RFC 2104 section 5) of HMAC-SHA256(key, purpose | room key | expiry | member | publisher |
//            stream), numbers as u64, texts with their length before them
//
// The key is drawn for the first ticket and never leaves, so those of an earlier process fit nothing. Thread rule:
// owned by Control.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"
#include "wire/signal.h"

namespace duet {

class Tickets {
 public:
  static constexpr Duration kLife = Duration::Seconds(300);  // to start with it

  // What a ticket allows its member.
  struct Subject {
    enum class Purpose : uint8_t { kPush, kPlay } purpose{};
    RoomKey room;
    std::string_view publisher;  // whose stream; with a push the member itself
    signal::StreamType stream{};
  };

  explicit Tickets(Rng& rng) : rng_(rng) {}  // which outlives it

  std::string Make(Time now, const Subject& subject, std::string_view member);
  // The member that `ticket` was made for; ticket_invalid or ticket_expired.
  Result<std::string, signal::SignalError> Check(Time now, const Subject& subject, std::string_view ticket) const;

 private:
  static constexpr size_t kMacBytes = 16;
  using Mac = std::array<std::byte, kMacBytes>;

  Mac MacOf(const Subject& subject, std::string_view member, uint64_t expiry_ms) const;

  Rng& rng_;
  std::optional<std::array<std::byte, 32>> key_;
};

}  // namespace duet
