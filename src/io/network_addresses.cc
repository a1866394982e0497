#include "io/network_addresses.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

namespace duet {
namespace {

constexpr size_t kMaxAddresses = 16;

std::optional<IpAddress> AddressOf(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof(v4));
    std::array<uint8_t, 4> octets;
    std::memcpy(octets.data(), &v4.sin_addr, octets.size());
    return IpAddress::FromV4(octets);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof(v6));
    std::array<uint8_t, 16> octets;
    std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
    return IpAddress::FromV6(octets);
  }
  return std::nullopt;
}

bool IsLinkLocal(const IpAddress& ip) {
  if (ip.is_v4()) return ip.octets[12] == 169 && ip.octets[13] == 254;
  return ip.octets[0] == 0xfe && (ip.octets[1] & 0xc0) == 0x80;
}

bool IsUniqueLocal(const IpAddress& ip) { return !ip.is_v4() && (ip.octets[0] & 0xfe) == 0xfc; }

bool IsReachable(const IpAddress& ip) {
  if (ip.is_loopback() || ip.is_unspecified() || IsLinkLocal(ip)) return false;
  return ip.is_v4() || IsUniqueLocal(ip) || (ip.octets[0] & 0xe0) == 0x20;
}

}  // namespace

bool IsVirtualBridgeName(const std::string& interface) {
  static constexpr std::array<std::string_view, 10> kPrefixes = {"docker", "br-", "virbr", "lxcbr", "lxdbr",
                                                                 "podman", "cni", "cali",  "vmnet", "vboxnet"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](auto prefix) { return interface.starts_with(prefix); });
}

bool IsPrivateAddress(const IpAddress& ip) {
  if (ip.is_loopback() || IsLinkLocal(ip) || IsUniqueLocal(ip)) return true;
  if (!ip.is_v4()) return false;
  const auto [a, b, c, d] = ip.v4();
  return a == 10 || (a == 172 && (b & 0xf0) == 16) || (a == 192 && b == 168) || (a == 100 && (b & 0xc0) == 64);
}

std::vector<NetworkAddress> FindLanAddresses() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);

  std::vector<NetworkAddress> found;
  std::vector<NetworkAddress> virtual_bridges;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    constexpr unsigned kAlive = IFF_UP | IFF_RUNNING;
    if ((entry->ifa_flags & kAlive) != kAlive || (entry->ifa_flags & IFF_LOOPBACK) != 0) continue;
    const std::optional<IpAddress> ip = AddressOf(entry->ifa_addr);
    if (!ip || !IsReachable(*ip)) continue;
    auto& list_of_kind = IsVirtualBridgeName(entry->ifa_name) ? virtual_bridges : found;
    list_of_kind.push_back({*ip, entry->ifa_name});
  }
  if (found.empty()) found = std::move(virtual_bridges);
  std::stable_partition(found.begin(), found.end(), [](const NetworkAddress& a) { return a.ip.is_v4(); });
  if (found.size() > kMaxAddresses) found.resize(kMaxAddresses);
  return found;
}

std::vector<IpAddress> FindLanIps() {
  std::vector<IpAddress> ips;
  for (const NetworkAddress& address : FindLanAddresses()) ips.push_back(address.ip);
  return ips;
}

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "";
  return name.data();
}

}  // namespace duet
