#include "base/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>

namespace duet {
namespace {
constexpr std::array<uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
}

IpAddress IpAddress::V4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  IpAddress ip;
  std::copy(kV4Prefix.begin(), kV4Prefix.end(), ip.octets.begin());
  ip.octets[12] = a;
  ip.octets[13] = b;
  ip.octets[14] = c;
  ip.octets[15] = d;
  return ip;
}

Result<IpAddress> IpAddress::Parse(std::string_view text) {
  // inet_pton stops at a zero byte, so what is behind one would go unseen.
  if (text.size() > INET6_ADDRSTRLEN || text.find('\0') != text.npos)
    return Error{ErrorCode::kMalformed, "not an IP address"};
  const std::string terminated(text);
  std::array<uint8_t, 4> v4;
  if (inet_pton(AF_INET, terminated.c_str(), v4.data()) == 1) return FromV4(v4);
  IpAddress ip;
  if (inet_pton(AF_INET6, terminated.c_str(), ip.octets.data()) == 1) return ip;
  return Error{ErrorCode::kMalformed, "not an IP address"};
}

bool IpAddress::is_v4() const { return std::equal(kV4Prefix.begin(), kV4Prefix.end(), octets.begin()); }

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets[12] == 127;
  return std::all_of(octets.begin(), octets.end() - 1, [](uint8_t o) { return o == 0; }) && octets[15] == 1;
}

bool IpAddress::is_unspecified() const {
  return std::all_of(octets.begin() + (is_v4() ? 12 : 0), octets.end(), [](uint8_t o) { return o == 0; });
}

std::string IpAddress::ToString() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4()) {
    inet_ntop(AF_INET, octets.data() + 12, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, octets.data(), text.data(), text.size());
  }
  return text.data();
}

std::string Endpoint::ToString() const {
  const std::string address = ip.ToString();
  const std::string host = ip.is_v4() ? address : "[" + address + "]";
  return host + ":" + std::to_string(port) + (transport == Transport::kTcp ? "/tcp" : "");
}

}  // namespace duet
