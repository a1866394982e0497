// The language that steers a relay, one command a line. Words and units are those of the simulation's scenarios.
//
//   [WHO] DIRECTION CONDITION...   WHO: c1, c2 ... or all (default all); DIRECTION: up, down (to the client) or both
//     delay MS  jitter MS  queue MS  rate KBPS  loss %  run N  reorder %  duplicate %  corrupt %
//     pattern 1101               exactly these packets pass (1) or are lost (0), again and again; pattern - ends it
//     outage S                   nothing passes for S seconds
//     cut | mend | heal          nothing passes | it passes again | and every other condition is over, too
//   [WHO] rebind                   a NAT that gives another address: the server sees another source port; TCP
//                                  connections of the former address hear nothing any more
//   [WHO] reset                    closes the TCP connections
//   stats                          one line with the counts since the last
//   stats every S | stats off
//   run S                          in a script: the next step comes S seconds later
//   quit
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "relay/relay_link.h"

namespace duet::relay {

struct SetLinks {
  bool up = false;
  bool down = false;
  // In the order of the words. `now` starts an outage.
  std::vector<std::function<void(RelayLink&, Time now)>> changes;
};
struct Rebind {};
struct Reset {};
struct Stats {
  std::optional<Duration> every;  // zero = no more; nullopt = once, now
};
struct Wait {
  Duration time;
};
struct Quit {};

struct Command {
  std::optional<size_t> client;  // counted from 0; nullopt = all
  std::variant<SetLinks, Rebind, Reset, Stats, Wait, Quit> what;
};

// nullopt for an empty line or a comment (#). `clients` bounds WHO. The error says what would have been right.
Result<std::optional<Command>> ParseCommand(std::string_view line, size_t clients);

}  // namespace duet::relay
