// The small windows to the operating system: clock, randomness, log sink, addresses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <set>
#include <string>

#include "io/clock.h"
#include "io/network_addresses.h"
#include "io/os_rng.h"
#include "io/spdlog_sink.h"

namespace duet {
namespace {

TEST(OsClock, StartsAtTheWallClockAndNeverGoesBack) {
  const OsClock clock;
  EXPECT_NEAR(static_cast<double>(clock.Now().us() / 1'000'000), static_cast<double>(OsClock::UnixSeconds()), 2.0);
  Time last = clock.Now();
  for (int i = 0; i < 10'000; ++i) {
    const Time now = clock.Now();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(OsRng, NeverHandsOutTheSameBytesTwice) {
  OsRng rng;
  std::set<std::string> seen;
  // Sizes that do not divide the block, so that draws meet its end.
  for (int i = 0; i < 2000; ++i) EXPECT_TRUE(seen.insert(rng.Hex(13)).second);
  std::vector<std::byte> large(5000);
  rng.Fill(large);
  EXPECT_NE(std::count(large.begin(), large.end(), large[0]), 5000);
}

TEST(OsRng, TwoGeneratorsDiffer) {
  OsRng a;
  OsRng b;
  EXPECT_NE(a.Hex(16), b.Hex(16));
}

struct LineCase {
  LogFormat format;
  std::string context;
  std::string message;
  std::string expected;
};

TEST(SpdlogSink, FormatsLines) {
  const LineCase cases[] = {
      {LogFormat::kText, "", "hello", "T INFO  hello"},
      {LogFormat::kText, "session=1 room=2", "in", "T INFO  session=1 room=2: in"},
      {LogFormat::kText, "", "two\nlines\x1b[31m", "T INFO  two\\x0alines\\x1b[31m"},
      {LogFormat::kText, "", "\xe4\xbd\xa0 \xff", "T INFO  \xe4\xbd\xa0 \\xff"},
      {LogFormat::kJson, "session=1 room=2", "in",
       R"({"time":"T","level":"info","session":"1","room":"2","message":"in"})"},
      {LogFormat::kJson, "", "a \"quote\" \\ \n", R"({"time":"T","level":"info","message":"a \"quote\" \\ \u000a"})"},
      {LogFormat::kJson, "user=a=b", "\xed\xa0\x80",
       R"({"time":"T","level":"info","user":"a=b","message":"\u00ed\u00a0\u0080"})"},
  };
  for (const LineCase& c : cases)
    EXPECT_EQ(FormatLogLine(c.format, "T", LogLevel::kInfo, c.context, c.message), c.expected);
}

TEST(SpdlogSink, WritesWhatItsLevelLetsThrough) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  {
    SpdlogSink sink(LogLevel::kWarn, LogFormat::kText, file);
    const Log log = Log(&sink).With("session", "7");
    log.Info("quiet");
    log.Warn("loud");
    EXPECT_FALSE(log.debug_enabled());
  }
  std::rewind(file);
  char text[256] = {};
  const size_t n = std::fread(text, 1, sizeof(text) - 1, file);
  std::fclose(file);
  EXPECT_THAT(std::string(text, n), testing::EndsWith("WARN  session=7: loud\n"));
  EXPECT_EQ(std::string(text, n).find("quiet"), std::string::npos);
}

TEST(NetworkAddresses, PrivateOnes) {
  for (const char* text : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.5", "100.64.0.1",
                           "169.254.1.1", "::1", "fd00::2", "fc00::1", "fe80::1"})
    EXPECT_TRUE(IsPrivateAddress(*IpAddress::Parse(text))) << text;
  for (const char* text : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "100.128.0.1", "192.0.2.2", "0.0.0.0",
                           "2001:db8::1", "fec0::1", "ff02::1"})
    EXPECT_FALSE(IsPrivateAddress(*IpAddress::Parse(text))) << text;
}

TEST(NetworkAddresses, OwnOnesAreReachableByOthers) {
  for (const NetworkAddress& address : FindLanAddresses()) {
    EXPECT_FALSE(address.ip.is_loopback()) << address.ip.ToString();
    EXPECT_FALSE(address.ip.is_unspecified());
    EXPECT_FALSE(address.interface.empty());
  }
  EXPECT_EQ(FindLanIps().size(), FindLanAddresses().size());
}

TEST(NetworkAddresses, KnowsVirtualBridges) {
  EXPECT_TRUE(IsVirtualBridgeName("docker0"));
  EXPECT_TRUE(IsVirtualBridgeName("br-4af1"));
  EXPECT_FALSE(IsVirtualBridgeName("br0"));
  EXPECT_FALSE(IsVirtualBridgeName("eth0"));
  EXPECT_FALSE(IsVirtualBridgeName("wlan0"));
}

}  // namespace
}  // namespace duet
