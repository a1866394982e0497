// The machine's own addresses, as others may reach it.
#pragma once

#include <string>
#include <vector>

#include "base/endpoint.h"

namespace duet {

struct NetworkAddress {
  IpAddress ip;
  std::string interface;  // "eth0"
};

// IPv4 and routable IPv6 addresses (RFC 4291 global unicast, RFC 4193 unique local) of the interfaces that are up and
// running; IPv4 first, otherwise in the system's order, at most 16. Left out: loopback, link-local addresses, and the
// virtual bridges of container and VM managers as long as there is any other.
std::vector<NetworkAddress> FindLanAddresses();

// The same without the names.
std::vector<IpAddress> FindLanIps();

// Addresses that nobody has in the public internet: loopback, RFC 1918, RFC 6598 (100.64/10), link-local and RFC 4193.
bool IsPrivateAddress(const IpAddress& ip);

// Whether an interface of this name belongs to a container or VM manager, for instance docker0.
bool IsVirtualBridgeName(const std::string& interface);

// The machine's host name, empty when it has none.
std::string HostName();

}  // namespace duet
