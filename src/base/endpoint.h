// Endpoint: an IP address, a port and what carries datagrams there, as one small comparable value. IPv4 addresses are
// kept as IPv4-mapped IPv6 (::ffff:a.b.c.d), as a dual-stack socket delivers them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace duet {

struct IpAddress {
  std::array<uint8_t, 16> octets{};  // network byte order

  static IpAddress V4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
  static IpAddress FromV4(const std::array<uint8_t, 4>& octets) {
    return V4(octets[0], octets[1], octets[2], octets[3]);
  }
  static IpAddress FromV6(const std::array<uint8_t, 16>& octets) { return IpAddress{octets}; }
  // "192.0.2.1", "2001:db8::1"; no zone, no brackets.
  static Result<IpAddress> Parse(std::string_view text);

  bool is_v4() const;
  bool is_loopback() const;
  bool is_unspecified() const;
  std::array<uint8_t, 4> v4() const { return {octets[12], octets[13], octets[14], octets[15]}; }
  std::string ToString() const;
  auto operator<=>(const IpAddress&) const = default;
};

// Over TCP each datagram is a frame of RFC 4571; machines need not know the difference.
enum class Transport : uint8_t { kUdp, kTcp };

struct Endpoint {
  IpAddress ip;
  uint16_t port = 0;
  Transport transport = Transport::kUdp;

  // "192.0.2.1:5000", "[2001:db8::1]:5000", with "/tcp" behind it where that is the transport.
  std::string ToString() const;
  auto operator<=>(const Endpoint&) const = default;
};

}  // namespace duet

template <>
struct std::hash<duet::Endpoint> {
  size_t operator()(const duet::Endpoint& e) const noexcept {
    // A multiplication for each word and the port; the table is per worker and attackers are filtered by ICE before
    // they enter it. The port has a factor of its own: added to the address, neighbours would collide.
    const auto* p = reinterpret_cast<const std::byte*>(e.ip.octets.data());
    uint64_t h = duet::LoadU64(p) * 0x9E3779B97F4A7C15ull;
    h ^= duet::LoadU64(p + 8) * 0xC2B2AE3D27D4EB4Full;
    h += (e.port | static_cast<uint64_t>(e.transport) << 16) * 0xD6E8FEB86659FD93ull;
    h ^= h >> 29;
    h *= 0x165667B19E3779F9ull;
    return static_cast<size_t>(h ^ (h >> 32));
  }
};
