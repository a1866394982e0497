#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace duet {
namespace {

using testing::ElementsAre;

class VectorSink : public LogSink {
 public:
  void Write(LogLevel level, std::string_view context, std::string_view message) override {
    lines.push_back(std::to_string(static_cast<int>(level)) + "|" + std::string(context) + "|" + std::string(message));
  }
  bool Enabled(LogLevel level) const override { return level >= lowest; }

  std::vector<std::string> lines;
  LogLevel lowest = LogLevel::kDebug;
};

TEST(Log, WritesItsContextOnEachLine) {
  VectorSink sink;
  const Log log(&sink);
  const Log in_room = log.With("room", "42");
  const Log of_session = in_room.With("session", "abc");
  log.Info("start");
  of_session.Warn("late");
  in_room.Error("full");
  EXPECT_THAT(sink.lines, ElementsAre("1||start", "2|room=42 session=abc|late", "3|room=42|full"));
}

TEST(Log, ValuesFromOutsideCannotWriteLinesOrKeysOfTheirOwn) {
  VectorSink sink;
  Log(&sink).With("user", "eve\nroom=1 x\ty\\\x7f").Info("hello");
  EXPECT_THAT(sink.lines, ElementsAre("1|user=eve\\x0aroom\\x3d1\\x20x\\x09y\\x5c\\x7f|hello"));
}

TEST(Log, EveryOctetIsKeptOrEscaped) {
  for (int octet = 0; octet < 256; ++octet) {
    VectorSink sink;
    Log(&sink).With("k", std::string(1, static_cast<char>(octet))).Info("");
    const bool plain = octet > 0x20 && octet != 0x7f && octet != '=' && octet != '\\';
    EXPECT_EQ(sink.lines[0].size(), std::string("1|k=|").size() + (plain ? 1 : 4)) << octet;
  }
}

TEST(Log, LevelsBelowTheSinksAreNotWritten) {
  VectorSink sink;
  sink.lowest = LogLevel::kWarn;
  const Log log(&sink);
  EXPECT_FALSE(log.debug_enabled());
  log.Debug("no");
  log.Info("no");
  log.Warn("yes");
  EXPECT_THAT(sink.lines, ElementsAre("2||yes"));
}

TEST(Log, WithoutASinkIsSilent) {
  const Log log;
  EXPECT_FALSE(log.debug_enabled());
  log.With("a", "b").Error("nobody hears this");
}

}  // namespace
}  // namespace duet
