#include "io/spdlog_sink.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <ctime>

namespace duet {
namespace {

const char* ToString(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  return "?";
}

const char* ToColumn(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "DEBUG";
    case LogLevel::kInfo: return "INFO ";
    case LogLevel::kWarn: return "WARN ";
    case LogLevel::kError: return "ERROR";
  }
  return "?";
}

// Length of the UTF-8 sequence (RFC 3629) at the start of `text`, 0 when there is none.
size_t Utf8Length(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  const size_t length = first < 0x80   ? 1
                        : first < 0xC2 ? 0
                        : first < 0xE0 ? 2
                        : first < 0xF0 ? 3
                        : first < 0xF5 ? 4
                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((at(i) & 0xC0) != 0x80) return 0;
  if ((first == 0xE0 && at(1) < 0xA0) || (first == 0xED && at(1) > 0x9F)) return 0;  // too long, surrogates
  if ((first == 0xF0 && at(1) < 0x90) || (first == 0xF4 && at(1) > 0x8F)) return 0;  // too long, too high
  return length;
}

// Control characters and bytes that are not UTF-8 become \xNN (text) or \u00NN (JSON).
void AppendEscaped(std::string& out, std::string_view text, LogFormat format) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const auto octet = static_cast<unsigned char>(text[0]);
    if (length == 0 || octet < 0x20 || octet == 0x7f) {
      out += format == LogFormat::kJson ? "\\u00" : "\\x";
      out += kDigits[octet >> 4];
      out += kDigits[octet & 15];
      text.remove_prefix(1);
      continue;
    }
    if (format == LogFormat::kJson && (octet == '"' || octet == '\\')) out += '\\';
    out += text.substr(0, length);
    text.remove_prefix(length);
  }
}

void AppendMember(std::string& out, std::string_view key, std::string_view value) {
  out += out.size() > 1 ? ",\"" : "\"";
  AppendEscaped(out, key, LogFormat::kJson);
  out += "\":\"";
  AppendEscaped(out, value, LogFormat::kJson);
  out += '"';
}

std::string NowText() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char date[32];
  std::strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
  char text[40];
  std::snprintf(text, sizeof(text), "%s.%03dZ", date, static_cast<int>(millis));
  return text;
}

}  // namespace

std::string FormatLogLine(LogFormat format, std::string_view time, LogLevel level, std::string_view context,
                          std::string_view message) {
  std::string line;
  if (format == LogFormat::kText) {
    line.append(time).append(" ").append(ToColumn(level)).append(" ");
    AppendEscaped(line, context, format);
    if (!context.empty()) line += ": ";
    AppendEscaped(line, message, format);
    return line;
  }
  line += '{';
  AppendMember(line, "time", time);
  AppendMember(line, "level", ToString(level));
  while (!context.empty()) {
    const std::string_view pair = context.substr(0, context.find(' '));
    context.remove_prefix(std::min(pair.size() + 1, context.size()));
    const size_t equals = pair.find('=');
    if (equals != pair.npos) AppendMember(line, pair.substr(0, equals), pair.substr(equals + 1));
  }
  AppendMember(line, "message", message);
  line += '}';
  return line;
}

struct SpdlogSink::State {
  explicit State(std::FILE* file) : sink(file) {
    sink.set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  }
  spdlog::sinks::stdout_sink_base<spdlog::details::console_mutex> sink;
};

SpdlogSink::SpdlogSink(LogLevel level, LogFormat format, std::FILE* file)
    : level_(level), format_(format), state_(std::make_unique<State>(file)) {}
SpdlogSink::~SpdlogSink() = default;

void SpdlogSink::Write(LogLevel level, std::string_view context, std::string_view message) {
  const std::string line = FormatLogLine(format_, NowText(), level, context, message);
  state_->sink.log(spdlog::details::log_msg("", spdlog::level::info, line));
}

}  // namespace duet
