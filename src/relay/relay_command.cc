#include "relay/relay_command.h"

#include <charconv>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

namespace duet::relay {
namespace {

using sim::LinkConditions;

struct Bad {
  std::string what;
};

struct Range {
  double least = 0;
  double most = 0;
};

constexpr Range kPercent = {0, 100};
constexpr Range kMillis = {0, 60'000};
constexpr Range kSeconds = {0, 86'400};

Duration Millis(double ms) { return Duration::Micros(static_cast<int64_t>(ms * 1000)); }

// The words of a line, read one after the other.
class Words {
 public:
  explicit Words(std::string_view line) {
    std::istringstream stream{std::string(line.substr(0, line.find('#')))};
    for (std::string word; stream >> word;) words_.push_back(std::move(word));
  }

  bool done() const { return at_ == words_.size(); }
  const std::string& peek() const { return words_[at_]; }

  std::string Next(const std::string& expected) {
    if (done()) throw Bad{expected + " is missing"};
    return words_[at_++];
  }

  double Number(const std::string& of, Range range) {
    const std::string word = Next("the number of \"" + of + "\"");
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || value < range.least || value > range.most) {
      std::ostringstream text;
      text << "\"" << of << "\" takes a number from " << range.least << " to " << range.most << ", not \"" << word
           << "\"";
      throw Bad{text.str()};
    }
    return value;
  }

 private:
  std::vector<std::string> words_;
  size_t at_ = 0;
};

using Setter = void (*)(LinkConditions&, double);
struct Condition {
  Range range;
  Setter set;
};

const std::map<std::string, Condition>& Conditions() {
  static const std::map<std::string, Condition> kConditions = {
      {"delay", {kMillis, [](LinkConditions& c, double v) { c.delay = Millis(v); }}},
      {"jitter", {kMillis, [](LinkConditions& c, double v) { c.jitter = Millis(v); }}},
      {"queue", {kMillis, [](LinkConditions& c, double v) { c.queue = Millis(v); }}},
      {"rate", {{0, 10'000'000}, [](LinkConditions& c, double v) { c.rate_bps = static_cast<int64_t>(v * 1000); }}},
      {"loss", {kPercent, [](LinkConditions& c, double v) { c.loss = v / 100; }}},
      {"run", {{1, 1000}, [](LinkConditions& c, double v) { c.loss_run = v; }}},
      {"reorder", {kPercent, [](LinkConditions& c, double v) { c.reorder = v / 100; }}},
      {"duplicate", {kPercent, [](LinkConditions& c, double v) { c.duplicate = v / 100; }}},
      {"corrupt", {kPercent, [](LinkConditions& c, double v) { c.corrupt = v / 100; }}},
  };
  return kConditions;
}

std::string PatternOf(const std::string& word) {
  constexpr size_t kLongest = 4096;
  if (word == "-") return {};
  if (word.find_first_not_of("01") != std::string::npos || word.size() > kLongest)
    throw Bad{"\"pattern\" takes ones (passes) and zeros (lost), or - for none, not \"" + word + "\""};
  if (word.find('1') == std::string::npos) throw Bad{"this pattern lets nothing pass: say \"cut\""};
  return word;
}

void AddChange(const std::string& what, Words& words, SetLinks& set) {
  if (what == "heal") return set.changes.push_back([](RelayLink& link, Time) { link.Heal(); });
  if (what == "mend") return set.changes.push_back([](RelayLink& link, Time) { link.Mend(); });
  if (what == "cut") return set.changes.push_back([](RelayLink& link, Time) { link.conditions().down = true; });
  if (what == "pattern") {
    const std::string pattern = PatternOf(words.Next("the pattern"));
    return set.changes.push_back([pattern](RelayLink& link, Time) { link.SetPattern(pattern); });
  }
  if (what == "outage") {
    const Duration length = Millis(words.Number(what, kSeconds) * 1000);
    return set.changes.push_back([length](RelayLink& link, Time now) { link.Outage(now, length); });
  }
  const auto condition = Conditions().find(what);
  if (condition == Conditions().end()) throw Bad{"a link has no \"" + what + "\""};
  const double value = words.Number(what, condition->second.range);
  set.changes.push_back(
      [set_value = condition->second.set, value](RelayLink& link, Time) { set_value(link.conditions(), value); });
}

SetLinks ParseLinks(const std::string& direction, Words& words) {
  SetLinks set{.up = direction != "down", .down = direction != "up"};
  if (words.done()) throw Bad{"say what is to change, for example \"" + direction + " loss 10\""};
  while (!words.done()) AddChange(words.Next("a condition"), words, set);
  return set;
}

Stats ParseStats(Words& words) {
  if (words.done()) return {};
  const std::string how = words.Next("every or off");
  if (how == "off") return {Duration::Zero()};
  if (how != "every") throw Bad{"stats, stats every S, or stats off"};
  return {Millis(words.Number(how, {0.1, 3600}) * 1000)};
}

std::optional<size_t> ParseWho(Words& words, size_t clients) {
  const std::string& who = words.peek();
  if (who == "all") {
    words.Next("all");
    return std::nullopt;
  }
  size_t number = 0;
  if (who.size() < 2 || who[0] != 'c') return std::nullopt;
  const auto [end, error] = std::from_chars(who.data() + 1, who.data() + who.size(), number);
  if (error != std::errc() || end != who.data() + who.size()) return std::nullopt;
  if (number < 1 || number > clients)
    throw Bad{"there is no client " + who + "; the last is c" + std::to_string(clients)};
  words.Next("a client");
  return number - 1;
}

Command Parse(Words& words, size_t clients) {
  Command command;
  command.client = ParseWho(words, clients);
  const std::string verb = words.Next("a command");
  if (verb == "up" || verb == "down" || verb == "both") {
    command.what = ParseLinks(verb, words);
  } else if (verb == "rebind") {
    command.what = Rebind{};
  } else if (verb == "reset") {
    command.what = Reset{};
  } else if (verb == "stats") {
    command.what = ParseStats(words);
  } else if (verb == "run") {
    command.what = Wait{Millis(words.Number(verb, kSeconds) * 1000)};
  } else if (verb == "quit") {
    command.what = Quit{};
  } else {
    throw Bad{"no command is called \"" + verb + "\"; there are up, down, both, rebind, reset, stats, run and quit"};
  }
  if (!words.done()) throw Bad{"\"" + words.peek() + "\" is too much after \"" + verb + "\""};
  return command;
}

}  // namespace

Result<std::optional<Command>> ParseCommand(std::string_view line, size_t clients) {
  try {
    Words words(line);
    if (words.done()) return std::optional<Command>();
    return std::optional<Command>(Parse(words, clients));
  } catch (const Bad& bad) {
    return Error{ErrorCode::kMalformed, bad.what};
  }
}

}  // namespace duet::relay
