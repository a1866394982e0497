// Log: a place to write lines to, with context (session, room) that is put on each of them. A value; cheap to copy.
// Floors below 5 do not log: they count and return. The sink belongs to whoever makes the first Log (io: spdlog; tests:
// a vector) and outlives it.
#pragma once

#include <string>
#include <string_view>

namespace duet {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

class LogSink {
 public:
  virtual ~LogSink() = default;
  // Thread-safe. `context` is "key=value key=value" or empty; neither holds secrets.
  virtual void Write(LogLevel level, std::string_view context, std::string_view message) = 0;
  virtual bool Enabled(LogLevel level) const = 0;
};

class Log {
 public:
  Log() = default;  // discards everything
  explicit Log(LogSink* sink) : sink_(sink) {}

  // A log whose lines also carry key=value. Values from outside are escaped, so that nobody writes lines of his own.
  Log With(std::string_view key, std::string_view value) const;

  bool debug_enabled() const { return sink_ != nullptr && sink_->Enabled(LogLevel::kDebug); }
  void Debug(std::string_view message) const { Write(LogLevel::kDebug, message); }
  void Info(std::string_view message) const { Write(LogLevel::kInfo, message); }
  void Warn(std::string_view message) const { Write(LogLevel::kWarn, message); }
  void Error(std::string_view message) const { Write(LogLevel::kError, message); }

 private:
  void Write(LogLevel level, std::string_view message) const {
    if (sink_ != nullptr && sink_->Enabled(level)) sink_->Write(level, context_, message);
  }
  LogSink* sink_ = nullptr;
  std::string context_;
};

}  // namespace duet
