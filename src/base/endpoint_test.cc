#include "base/endpoint.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace duet {
namespace {

TEST(IpAddress, ParsesAndPrints) {
  for (const char* text : {"192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::1", "::", "fe80::1:2:3"}) {
    const auto ip = IpAddress::Parse(text);
    ASSERT_TRUE(ip.ok()) << text;
    EXPECT_EQ(ip->ToString(), text);
  }
  EXPECT_EQ(IpAddress::Parse("::ffff:192.0.2.1").value(), IpAddress::V4(192, 0, 2, 1));
  EXPECT_EQ(IpAddress::Parse("2001:DB8:0:0:0:0:0:1")->ToString(), "2001:db8::1");
}

TEST(IpAddress, RefusesWhatIsNone) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv, "1.2.3"sv, "1.2.3.4.5"sv, "256.1.1.1"sv, "1.2.3.4 "sv, "[::1]"sv, "fe80::1%eth0"sv,
                          "::1::"sv, "localhost"sv, "1.2.3.4\0"sv, "1.2.3.4\0.evil"sv}) {
    EXPECT_FALSE(IpAddress::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(IpAddress::Parse(std::string(1000, '1')).ok());
}

TEST(IpAddress, Kinds) {
  EXPECT_TRUE(IpAddress::V4(1, 2, 3, 4).is_v4());
  EXPECT_EQ(IpAddress::V4(1, 2, 3, 4).v4(), (std::array<uint8_t, 4>{1, 2, 3, 4}));
  EXPECT_FALSE(IpAddress::Parse("2001:db8::1")->is_v4());
  EXPECT_TRUE(IpAddress::V4(127, 255, 0, 1).is_loopback());
  EXPECT_FALSE(IpAddress::V4(128, 0, 0, 1).is_loopback());
  EXPECT_TRUE(IpAddress::Parse("::1")->is_loopback());
  EXPECT_FALSE(IpAddress::Parse("::2")->is_loopback());
  EXPECT_FALSE(IpAddress::Parse("1::1")->is_loopback());
  EXPECT_TRUE(IpAddress::V4(0, 0, 0, 0).is_unspecified());
  EXPECT_TRUE(IpAddress::Parse("::")->is_unspecified());
  EXPECT_FALSE(IpAddress::V4(0, 0, 0, 1).is_unspecified());
}

TEST(Endpoint, Prints) {
  EXPECT_EQ((Endpoint{IpAddress::V4(192, 0, 2, 1), 5000}).ToString(), "192.0.2.1:5000");
  EXPECT_EQ((Endpoint{IpAddress::Parse("2001:db8::1").value(), 65535}).ToString(), "[2001:db8::1]:65535");
  EXPECT_EQ((Endpoint{IpAddress::V4(192, 0, 2, 1), 5000, Transport::kTcp}).ToString(), "192.0.2.1:5000/tcp");
}

TEST(Endpoint, ComparesAndHashes) {
  const Endpoint a{IpAddress::V4(10, 0, 0, 1), 1};
  const Endpoint b{IpAddress::V4(10, 0, 0, 1), 2};
  const Endpoint c{IpAddress::V4(10, 0, 0, 2), 1};
  EXPECT_EQ(a, a);
  EXPECT_NE(a, b);
  EXPECT_NE(a, c);
  const Endpoint tcp{a.ip, a.port, Transport::kTcp};
  EXPECT_NE(a, tcp);
  EXPECT_NE(std::hash<Endpoint>{}(a), std::hash<Endpoint>{}(tcp));
  std::set<size_t> hashes;
  std::set<size_t> low_bits;
  for (uint8_t host = 0; host < 32; ++host) {
    for (uint16_t port = 40000; port < 40032; ++port) {
      const size_t hash = std::hash<Endpoint>{}(Endpoint{IpAddress::V4(10, 0, 0, host), port});
      hashes.insert(hash);
      low_bits.insert(hash & 2047);
    }
  }
  EXPECT_EQ(hashes.size(), 1024u);
  EXPECT_GT(low_bits.size(), 700u) << "a fair hash of 1024 over 2048 places hits about 806";
}

}  // namespace
}  // namespace duet
