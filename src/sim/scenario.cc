#include "sim/scenario.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <sstream>

#include "sim/world.h"

namespace duet::sim {
namespace {

using Words = std::vector<std::string>;

// A step that cannot be run: ends the scenario.
struct BadStep {
  std::string what;
};

double Number(const Words& words, size_t i) {
  double value = 0;
  if (i >= words.size()) throw BadStep{"a number is missing"};
  const std::string& word = words[i];
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) throw BadStep{"\"" + word + "\" is not a number"};
  return value;
}

Duration Millis(double ms) { return Duration::Micros(static_cast<int64_t>(ms * 1000)); }

class Run {
 public:
  Run(uint64_t seed, std::vector<std::string>* trace) : world_({.seed = seed}) { world_.set_trace(trace); }

  RunResult Finish(std::string failure) {
    RunResult result;
    result.state = world_.Describe();
    if (!failure.empty()) result.failures.push_back(std::move(failure));
    if (failure.empty() && result.failures.empty()) {
      if (std::string wrong = world_.CheckEmpty(); !wrong.empty())
        result.failures.push_back("after all left: " + wrong);
    }
    for (const std::string& violation : world_.violations()) result.failures.push_back(violation);
    result.trace_hash = world_.trace_hash();
    result.virtual_time = world_.elapsed();
    return result;
  }

  void Step(const Words& words) {
    world_.Say("step " + words.front());
    const std::string& verb = words.front();
    if (verb == "codec") return SetCodec(words);
    if (verb == "member") return AddMember(words);
    if (verb == "pusher") return AddPusher(words);
    if (verb == "push" || verb == "stop" || verb == "stall") return Steer(words);
    if (verb == "link") return SetLink(words);
    if (verb == "run") return RunFor(Duration::Micros(static_cast<int64_t>(Number(words, 1) * 1e6)));
    if (verb == "check") return Check(words);
    if (verb == "server") return world_.RestartServer();
    if (verb == "workers") return world_.RestartServer(Workers(words));
    if (verb == "subscribe") return Subscribe(words);
    static const std::map<std::string, std::function<void(World&, uint32_t)>> kDeeds = {
        {"join", [](World& w, uint32_t n) { w.client(n).Enter(w.now()); }},
        {"leave", [](World& w, uint32_t n) { w.client(n).Exit(w.now()); }},
        {"suspend", [](World& w, uint32_t n) { w.client(n).Suspend(); }},
        {"vanish", [](World& w, uint32_t n) { w.Vanish(n); }},
        {"wake", [](World& w, uint32_t n) { w.Wake(n); }},
        {"restart", [](World& w, uint32_t n) { w.client(n).Restart(w.now()); }},
        {"rebind", [](World& w, uint32_t n) { w.Rebind(n); }},
    };
    const auto deed = kDeeds.find(verb);
    if (deed == kDeeds.end()) throw BadStep{"no step is called \"" + verb + "\""};
    for (size_t i = 1; i < words.size(); ++i) deed->second(world_, Member(words, i));
  }

 private:
  static size_t Workers(const Words& words) {
    const double count = Number(words, 1);
    if (count < 1 || count > 8) throw BadStep{"there are 1 to 8 workers"};
    return static_cast<size_t>(count);
  }
  uint32_t Member(const Words& words, size_t i) {
    const auto numbers = world_.numbers();
    for (const uint32_t number : numbers) {
      if (i < words.size() && world_.client(number).user() == words[i]) return number;
    }
    throw BadStep{"a member is missing or not known"};
  }

  // Of a client or a pusher.
  uint32_t Publisher(const Words& words, size_t i) {
    for (const auto& [number, user] : world_.users()) {
      if (i < words.size() && user == words[i]) return number;
    }
    throw BadStep{"a member is missing or not known"};
  }

  void AddPusher(const Words& words) {
    if (words.size() < 4 || words[2] != "video") throw BadStep{"say who, video, and kbit/s"};
    const uint32_t number = world_.AddPusher({.video_bps = static_cast<int64_t>(Number(words, 3) * 1000)});
    if (words[1] != world_.pusher(number)->user()) throw BadStep{"members are called u1, u2 ... in this order"};
  }

  void Steer(const Words& words) {
    SimPusher* pusher = world_.pusher(Publisher(words, 1));
    if (pusher == nullptr) throw BadStep{words[1] + " is no pusher"};
    if (words[0] == "push") pusher->Push(world_.now());
    if (words[0] == "stop") pusher->Stop();
    if (words[0] == "stall")
      pusher->Stall(world_.now(), Duration::Micros(static_cast<int64_t>(Number(words, 2) * 1e6)));
  }

  void SetCodec(const Words& words) {
    static const std::map<std::string, CodecKind> kCodecs = {
        {"h264", CodecKind::kH264}, {"vp8", CodecKind::kVp8}, {"vp9", CodecKind::kVp9}, {"av1", CodecKind::kAv1}};
    const auto codec = kCodecs.find(words.size() > 1 ? words[1] : "");
    if (codec == kCodecs.end()) throw BadStep{"the codecs are h264, vp8, vp9 and av1"};
    world_.set_codec(codec->second);
  }

  void AddMember(const Words& words) {
    SimClientConfig config;
    config.sends_video = words.size() > 2 && words[2] == "video";
    if (config.sends_video) config.video_bps = static_cast<int64_t>(Number(words, 3) * 1000);
    for (size_t i = 4; i < words.size(); ++i) {
      if (words[i] == "layers") {
        const double layers = Number(words, ++i);
        if (layers < 1 || layers > static_cast<double>(kMaxLayers)) throw BadStep{"there are 1 to 3 layers"};
        config.layers = static_cast<size_t>(layers);
      } else if (words[i] == "spatial" || words[i] == "temporal") {
        const bool spatial = words[i] == "spatial";
        const double layers = Number(words, ++i);
        if (layers < 1 || layers > 3) throw BadStep{"a stream holds 1 to 3 layers of a kind"};
        (spatial ? config.stream_layers.spatial : config.stream_layers.temporal) = static_cast<uint8_t>(layers);
      } else if (words[i] == "fixed") {
        config.fixed_rate = true;
      } else {
        throw BadStep{"a member has no \"" + words[i] + "\""};
      }
    }
    const uint32_t number = world_.AddClient(config);
    if (words.size() < 2 || words[1] != world_.client(number).user())
      throw BadStep{"members are called u1, u2 ... in this order"};
  }

  void Subscribe(const Words& words) {
    static const std::map<std::string, signal::Quality> kQualities = {
        {"main", signal::Quality::kMain}, {"small", signal::Quality::kSmall}, {"auto", signal::Quality::kAuto}};
    const auto quality = kQualities.find(words.size() > 3 ? words[3] : "");
    if (quality == kQualities.end()) throw BadStep{"say who, whose picture, and main, small or auto"};
    world_.client(Member(words, 1)).Subscribe(world_.client(Member(words, 2)).user(), quality->second);
  }

  std::vector<SimLink*> Links(const Words& words) {
    if (words.size() < 3) throw BadStep{"say whose link, and up, down or both"};
    std::vector<uint32_t> numbers = world_.numbers();
    if (words[1] != "all") numbers = {Member(words, 1)};
    std::vector<SimLink*> links;
    for (const uint32_t number : numbers) {
      if (words[2] != "down") links.push_back(&world_.seat(number).up);
      if (words[2] != "up") links.push_back(&world_.seat(number).down);
    }
    return links;
  }

  void SetLink(const Words& words) {
    for (SimLink* link : Links(words)) {
      LinkConditions& c = link->conditions();
      for (size_t i = 3; i < words.size(); ++i) {
        const std::string& what = words[i];
        if (what == "heal") {
          c = {};
        } else if (what == "cut") {
          c.down = true;
        } else {
          SetCondition(c, what, Number(words, ++i));
        }
      }
    }
  }

  static void SetCondition(LinkConditions& c, const std::string& what, double value) {
    if (what == "delay")
      c.delay = Millis(value);
    else if (what == "jitter")
      c.jitter = Millis(value);
    else if (what == "queue")
      c.queue = Millis(value);
    else if (what == "rate")
      c.rate_bps = static_cast<int64_t>(value * 1000);
    else if (what == "loss")
      c.loss = value / 100;
    else if (what == "run")
      c.loss_run = value;
    else if (what == "reorder")
      c.reorder = value / 100;
    else if (what == "duplicate")
      c.duplicate = value / 100;
    else if (what == "corrupt")
      c.corrupt = value / 100;
    else
      throw BadStep{"a link has no \"" + what + "\""};
  }

  // Remembers where every count stood, so that checks speak of this run alone.
  void RunFor(Duration time) {
    before_.clear();
    for (const uint32_t number : world_.numbers()) {
      Seat& seat = world_.seat(number);
      seat.up.ResetLongestQueue();
      seat.down.ResetLongestQueue();
      before_[{number, 0}] = seat.up.bytes_passed();
      before_[{number, 1}] = seat.down.bytes_passed();
      seat.client->ResetFreezes(world_.now());
      for (const auto& [other, user] : world_.users()) {
        const FrameReceiver* picture = seat.client->PictureOf(user);
        shown_[{number, other}] = picture != nullptr ? picture->shown() : 0;
      }
    }
    last_run_ = time;
    world_.Run(time);
    world_.Say(world_.Describe());
  }

  double RateOf(const Words& words) {
    const uint32_t number = Member(words, 2);
    const bool down = words.at(3) == "down";
    Seat& seat = world_.seat(number);
    const int64_t bytes = (down ? seat.down : seat.up).bytes_passed() - before_[{number, down ? 1 : 0}];
    return static_cast<double>(bytes) * 8 / 1000 / last_run_.seconds();
  }

  static void Expect(bool fine, const std::string& what, double measured) {
    if (!fine) throw BadStep{what + ", but measured was " + std::to_string(static_cast<int64_t>(measured))};
  }

  void Check(const Words& words) {
    if (words.size() < 2) throw BadStep{"check what?"};
    const std::string& what = words[1];
    if (what == "calls") {
      if (const std::string wrong = world_.CheckCalls(); !wrong.empty()) throw BadStep{wrong};
    } else if (what == "rate") {
      const double kbps = RateOf(words);
      Expect(kbps >= Number(words, 4) && kbps <= Number(words, 5), words[2] + " sends or gets another rate", kbps);
    } else if (what == "queue") {
      const Seat& seat = world_.seat(Member(words, 2));
      const auto ms = static_cast<double>((words.at(3) == "down" ? seat.down : seat.up).longest_queue().ms());
      Expect(ms <= Number(words, 4), "the queue of " + words[2] + " is too long", ms);
    } else if (what == "fps" || what == "freeze" || what == "layer" || what == "delay") {
      CheckPicture(words);
    } else if (what == "share") {
      const double a = RateOf({"check", "rate", words.at(2), "down"});
      const double b = RateOf({"check", "rate", words.at(3), "down"});
      Expect(std::min(a, b) >= Number(words, 4) * (a + b), "they do not share fairly, in percent",
             100 * std::min(a, b) / std::max(1.0, a + b));
    } else {
      throw BadStep{"no check is called \"" + what + "\""};
    }
  }

  void CheckPicture(const Words& words) {
    const uint32_t viewer = Member(words, 2);
    const uint32_t publisher = Publisher(words, 3);
    const FrameReceiver* picture = world_.client(viewer).PictureOf(words[3]);
    if (picture == nullptr) throw BadStep{words[2] + " has no slot for " + words[3]};
    if (words[1] == "fps") {
      const double fps = static_cast<double>(picture->shown() - shown_[{viewer, publisher}]) / last_run_.seconds();
      Expect(fps >= Number(words, 4), words[2] + " sees too few frames of " + words[3], fps);
    } else if (words[1] == "layer") {
      Expect(picture->layer() == static_cast<int>(Number(words, 4)), words[2] + " sees another layer of " + words[3],
             picture->layer());
    } else if (words[1] == "delay") {
      const Duration delay = picture->last_delay();
      Expect(delay <= Millis(Number(words, 4)), words[2] + " sees " + words[3] + " too late, ms",
             static_cast<double>(delay.ms()));
    } else {
      const Duration freeze = std::max(picture->longest_freeze(), world_.now() - picture->last_shown());
      Expect(freeze <= Millis(Number(words, 4)), words[2] + " sees " + words[3] + " stand still for too long, ms",
             static_cast<double>(freeze.ms()));
    }
  }

  World world_;
  Duration last_run_;
  std::map<std::pair<uint32_t, int>, int64_t> before_;
  std::map<std::pair<uint32_t, uint32_t>, int64_t> shown_;
};

}  // namespace

Result<std::vector<ScenarioStep>> ParseScenario(std::string_view text) {
  std::vector<ScenarioStep> steps;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    ScenarioStep step{.line = number};
    for (std::string word; words >> word;) step.words.push_back(word);
    if (!step.words.empty()) steps.push_back(std::move(step));
  }
  if (steps.empty()) return Error{ErrorCode::kMalformed, "the scenario has no steps"};
  return steps;
}

RunResult RunScenario(const std::vector<ScenarioStep>& steps, uint64_t seed, std::vector<std::string>* trace) {
  Run run(seed, trace);
  for (const ScenarioStep& step : steps) {
    try {
      run.Step(step.words);
    } catch (const BadStep& bad) {
      return run.Finish("line " + std::to_string(step.line) + ": " + bad.what);
    }
  }
  return run.Finish("");
}

}  // namespace duet::sim
