#include <gtest/gtest.h>

#include "base/rng.h"
#include "relay/relay_command.h"
#include "relay/relay_link.h"

namespace duet::relay {
namespace {

constexpr Time kStart = Time::FromMillis(1'000);
constexpr size_t kBytes = 1172;  // 1200 with the headers

class RelayLinkTest : public testing::Test {
 protected:
  // Applies a line to the link as the relay would.
  void Say(const std::string& line, Time now = kStart) {
    auto command = ParseCommand(line, 1);
    ASSERT_TRUE(command.ok()) << command.error().message;
    for (const auto& change : std::get<SetLinks>((*command)->what).changes) change(link_, now);
  }
  // Packets 1 ms apart: 1 for each that arrives, 0 for each that is lost.
  std::string Fate(int packets) {
    std::string fate;
    for (int i = 0; i < packets; ++i)
      fate += link_.Pass(kStart + Duration::Millis(i), kBytes, rng_).empty() ? '0' : '1';
    return fate;
  }

  SeededRng rng_{7};
  RelayLink link_;
};

TEST_F(RelayLinkTest, PassesEverythingAtOnceAtFirst) {
  const auto arrivals = link_.Pass(kStart, kBytes, rng_);
  ASSERT_EQ(arrivals.size(), 1U);
  EXPECT_EQ(arrivals[0].at, kStart);
  EXPECT_FALSE(arrivals[0].corrupt);
}

TEST_F(RelayLinkTest, LosesExactlyThePattern) {
  Say("both pattern 1101");
  EXPECT_EQ(Fate(10), "1101110111");
  Say("both pattern -");
  EXPECT_EQ(Fate(4), "1111");
}

TEST_F(RelayLinkTest, OutageEndsByItselfOrByMend) {
  Say("both outage 0.005");
  EXPECT_EQ(Fate(8), "00000111");
  Say("both outage 3600");
  EXPECT_TRUE(link_.IsDown(kStart));
  Say("both mend");
  EXPECT_EQ(Fate(2), "11");
  Say("both cut");
  EXPECT_EQ(Fate(2), "00");
  Say("both mend");
  EXPECT_EQ(Fate(2), "11");
}

TEST_F(RelayLinkTest, LossIsWhatWasAskedForAndTheSameForOneSeed) {
  Say("both loss 30");
  const std::string fate = Fate(10'000);
  EXPECT_NEAR(static_cast<double>(std::count(fate.begin(), fate.end(), '0')), 3'000, 200);
  rng_ = SeededRng(7);
  EXPECT_EQ(Fate(10'000), fate);
}

TEST_F(RelayLinkTest, BottleneckQueuesThenDrops) {
  Say("both rate 960 queue 100");  // 10 ms each
  const auto first = link_.Pass(kStart, kBytes, rng_);
  const auto second = link_.Pass(kStart, kBytes, rng_);
  EXPECT_EQ(first[0].at - kStart, Duration::Millis(10));
  EXPECT_EQ(second[0].at - kStart, Duration::Millis(20));
  for (int i = 0; i < 20; ++i) link_.Pass(kStart, kBytes, rng_);
  const LinkCounts counts = link_.TakeCounts();
  EXPECT_EQ(counts.packets, 22);
  EXPECT_EQ(counts.lost, 11);  // 100 ms and the one that begins there fit
  EXPECT_EQ(counts.bytes, 11 * static_cast<int64_t>(kBytes));
  EXPECT_EQ(counts.longest_queue, Duration::Millis(100));
  EXPECT_EQ(link_.TakeCounts(), LinkCounts{});
}

TEST_F(RelayLinkTest, StreamsAreDelayedByLossNotBroken) {
  Say("both delay 50");
  EXPECT_EQ(link_.StreamDelay(rng_), Duration::Millis(50));
  Say("both loss 100");
  EXPECT_GT(link_.StreamDelay(rng_), Duration::Seconds(1));
  Say("both heal");
  EXPECT_EQ(link_.StreamDelay(rng_), Duration::Zero());
}

TEST(RelayCommandTest, NamesClientsAndDirections) {
  auto command = ParseCommand("c2 up loss 5 delay 20 # a comment", 2);
  ASSERT_TRUE(command.ok());
  EXPECT_EQ((*command)->client, 1U);
  const auto& set = std::get<SetLinks>((*command)->what);
  EXPECT_TRUE(set.up);
  EXPECT_FALSE(set.down);
  EXPECT_EQ(set.changes.size(), 2U);

  command = ParseCommand("down heal", 2);
  ASSERT_TRUE(command.ok());
  EXPECT_EQ((*command)->client, std::nullopt);
  EXPECT_TRUE(std::get<SetLinks>((*command)->what).down);
  EXPECT_FALSE(std::get<SetLinks>((*command)->what).up);
}

TEST(RelayCommandTest, KnowsTheOtherCommands) {
  EXPECT_TRUE(std::holds_alternative<Rebind>((*ParseCommand("c1 rebind", 1))->what));
  EXPECT_TRUE(std::holds_alternative<Reset>((*ParseCommand("reset", 1))->what));
  EXPECT_EQ(std::get<Stats>((*ParseCommand("stats", 1))->what).every, std::nullopt);
  EXPECT_EQ(std::get<Stats>((*ParseCommand("stats every 0.5", 1))->what).every, Duration::Millis(500));
  EXPECT_EQ(std::get<Stats>((*ParseCommand("stats off", 1))->what).every, Duration::Zero());
  EXPECT_EQ(std::get<Wait>((*ParseCommand("run 2.5", 1))->what).time, Duration::Millis(2500));
  EXPECT_TRUE(std::holds_alternative<Quit>((*ParseCommand("quit", 1))->what));
  EXPECT_FALSE(ParseCommand("  # nothing", 1)->has_value());
}

TEST(RelayCommandTest, SaysWhatIsWrong) {
  const struct {
    const char* line;
    const char* words;
  } kCases[] = {
      {"loss 10", "no command is called \"loss\""},
      {"both", "say what is to change"},
      {"both loss", "the number of \"loss\""},
      {"both loss ten", "from 0 to 100, not \"ten\""},
      {"both loss 101", "from 0 to 100"},
      {"both run 0.5", "from 1 to 1000"},
      {"both colour 3", "a link has no \"colour\""},
      {"c3 up cut", "the last is c2"},
      {"c0 up cut", "there is no client c0"},
      {"both pattern 12", "ones (passes) and zeros"},
      {"both pattern 00", "say \"cut\""},
      {"rebind now", "\"now\" is too much"},
      {"stats often", "stats every S"},
      {"all", "a command is missing"},
      {"both delay -1", "from 0 to 60000"},
  };
  for (const auto& [line, words] : kCases) {
    const auto command = ParseCommand(line, 2);
    ASSERT_FALSE(command.ok()) << line;
    EXPECT_NE(command.error().message.find(words), std::string::npos) << line << ": " << command.error().message;
  }
}

}  // namespace
}  // namespace duet::relay
