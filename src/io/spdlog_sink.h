// SpdlogSink: writes the log's lines, as text for people or as one JSON object per line for machines.
//
//   text  2026-01-02T03:04:05.678Z INFO  session=12 room=1234 user=alice: entered
//   json  {"time":"2026-01-02T03:04:05.678Z","level":"info","session":"12","room":"1234","message":"entered"}
//
// Control characters are escaped, so that a line stays a line whatever a client sent.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"

namespace duet {

enum class LogFormat { kText, kJson };

// The line as it is written, without its end.
std::string FormatLogLine(LogFormat format, std::string_view time, LogLevel level, std::string_view context,
                          std::string_view message);

class SpdlogSink : public LogSink {
 public:
  // Lines below `level` are left out. `file` stays the caller's.
  explicit SpdlogSink(LogLevel level, LogFormat format = LogFormat::kText, std::FILE* file = stderr);
  ~SpdlogSink() override;

  void Write(LogLevel level, std::string_view context, std::string_view message) override;
  bool Enabled(LogLevel level) const override { return level >= level_; }

 private:
  struct State;
  const LogLevel level_;
  const LogFormat format_;
  std::unique_ptr<State> state_;
};

}  // namespace duet
