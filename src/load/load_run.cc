#include "load/load_run.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/check.h"
#include "load/json_line.h"

namespace duet::load {
namespace {

constexpr size_t kPoolPackets = 32'768;

std::string Replace(std::string text, const std::string& name, const std::string& value) {
  for (size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size()))
    text.replace(at, name.size(), value);
  return text;
}

// The first viewer watches alone for this long: then the server has touched its code, and the room has the packets that
// it remembers, which no other viewer brings again.
constexpr Duration kSettle = Duration::Seconds(1);

double PercentileOf(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<size_t>(share * static_cast<double>(values.size())))];
}

}  // namespace

LoadRun::LoadRun(LoadOptions options)
    : options_(std::move(options)), pool_(kPoolPackets), epoll_fd_(epoll_create1(EPOLL_CLOEXEC)) {
  DUET_CHECK(epoll_fd_ >= 0);
}

LoadRun::~LoadRun() {
  clients_.clear();
  close(epoll_fd_);
}

size_t LoadRun::FramePackets() const {
  return std::max<size_t>(1, static_cast<size_t>(options_.packets_per_second / options_.frames_per_second + 0.5));
}

uint64_t LoadRun::Allocations() const {
  uint64_t count = 0;
  std::ifstream file(options_.allocations_file, std::ios::binary);
  file.read(reinterpret_cast<char*>(&count), sizeof(count));
  return count;
}

LoadRun::Sums LoadRun::Sum() const {
  Sums sums;
  for (const Source& source : sources_) sums.sent += source.client->sent();
  for (const auto& client : clients_) sums.answers += client->answers();
  sums.allocations = Allocations();
  return sums;
}

Status LoadRun::JoinOne(bool publishes, const std::string& url) {
  const Time begin = clock_.Now();
  const PeerId id(clients_.size() + 1);
  LoadClient& client =
      *clients_.emplace_back(std::make_unique<LoadClient>(id, publishes, options_.with_audio, *context_));
  if (const Status joined = client.Join(begin, url, options_.token); !joined.ok()) return joined;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = id.value();
  DUET_CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, client.fd(), &event) == 0);
  timers_.Arm(begin, id, client.NextTimer());
  constexpr Duration kPatience = Duration::Seconds(10);
  while (!client.connected()) {
    if (client.failed() || clock_.Now() - begin > kPatience)
      return Error{ErrorCode::kUnavailable, "no media connection after " + url};
    PumpOnce(begin + kPatience, !sources_.empty());
  }
  if (publishes) {
    sources_.push_back({.client = &client, .next = clock_.Now()});
  } else {
    ++viewers_;
    join_ms_.push_back(static_cast<double>((clock_.Now() - begin).us()) / 1000);
  }
  return Ok{};
}

Status LoadRun::JoinAll() {
  const auto url_of = [&](const std::string& pattern, size_t room, size_t user) {
    return Replace(
        Replace(Replace(pattern, "{room}", "room" + std::to_string(room)), "{user}", "user" + std::to_string(user)),
        "{n}", std::to_string(viewers_ + 1));
  };
  for (size_t room = 0; room < options_.rooms; ++room) {
    for (size_t user = 0; user < options_.publishers; ++user) {
      const Status joined = JoinOne(true, url_of(options_.whip_url, room, user));
      if (!joined.ok()) return joined;
    }
  }
  Time begin = clock_.Now();
  const size_t each = options_.mesh ? options_.publishers - 1 : options_.viewers;
  for (size_t room = 0; room < options_.rooms; ++room) {
    for (size_t user = 0; user < options_.publishers; ++user) {
      for (size_t i = 0; i < each; ++i) {
        const Status joined = JoinOne(false, url_of(options_.whep_url, room, user));
        if (!joined.ok()) return joined;
        if (viewers_ == 1) {
          Pump(clock_.Now() + kSettle, true);
          with_first_ = UsageOf(options_.pid);
          begin = clock_.Now();
        }
        if (options_.joins_per_second <= 0) continue;
        Pump(begin + Duration::Micros(
                         static_cast<int64_t>(1e6 * static_cast<double>(viewers_) / options_.joins_per_second)),
             true);
      }
    }
  }
  if (options_.pid != 0 && viewers_ > 1)
    join_cpu_ms_ = static_cast<double>(UsageOf(options_.pid).cpu_ns - with_first_.cpu_ns) / 1e6 /
                   static_cast<double>(viewers_ - 1);
  return Ok{};
}

void LoadRun::SendDue(Time now) {
  const size_t frame_packets = FramePackets();
  const auto frame_us = static_cast<int64_t>(1e6 / options_.frames_per_second);
  const int64_t packet_us = frame_us / static_cast<int64_t>(frame_packets);
  for (Source& source : sources_) {
    // After a pause it goes on from now: what was missed is not made up for.
    if (now - source.next > Duration::Millis(200)) source.next = now;
    while (source.next <= now) {
      const bool last = source.packet + 1 == frame_packets;
      source.client->SendVideo(now, options_.packet_bytes, source.frame, source.packet == 0, last);
      source.packet = last ? 0 : source.packet + 1;
      if (last) ++source.frame;
      if (!options_.burst) source.next = source.next + Duration::Micros(packet_us);
      if (options_.burst && last) source.next = source.next + Duration::Micros(frame_us);
    }
    timers_.Arm(now, source.client->id(), source.client->NextTimer());
  }
}

void LoadRun::PumpOnce(Time until, bool sending) {
  Time next = std::min(until, timers_.Next());
  if (sending) {
    for (const Source& source : sources_) next = std::min(next, source.next);
  }
  const Time before = clock_.Now();
  const int64_t wait_us = next <= before ? 0 : (next - before).us();
  const timespec timeout{.tv_sec = wait_us / 1'000'000, .tv_nsec = wait_us % 1'000'000 * 1000};
  epoll_event events[256];
  const int n = epoll_pwait2(epoll_fd_, events, 256, &timeout, nullptr);
  const Time now = clock_.Now();
  for (int i = 0; i < n; ++i) {
    LoadClient& client = *clients_[events[i].data.u64 - 1];
    client.OnReadable(now, options_.drop_one_in, received_);
    timers_.Arm(now, client.id(), client.NextTimer());
  }
  if (sending) SendDue(clock_.Now());
  timers_.Advance(now, [&](PeerId id) {
    LoadClient& client = *clients_[id.value() - 1];
    client.OnTimer(now);
    timers_.Arm(now, id, client.NextTimer());
  });
}

void LoadRun::Pump(Time until, bool sending) {
  while (clock_.Now() < until) PumpOnce(until, sending);
}

Result<LoadResult> LoadRun::Run() {
  const Result<DtlsCertificate> certificate = DtlsCertificate::Generate();
  if (!certificate.ok()) return certificate.error();
  Result<DtlsContext> dtls = DtlsContext::Create(*certificate);
  if (!dtls.ok()) return dtls.error();
  dtls_ = std::make_unique<DtlsContext>(std::move(*dtls));
  context_ = std::make_unique<LoadContext>(LoadContext{*dtls_, certificate->fingerprint(), pool_, rng_});
  if (options_.own_core >= 0) (void)PinTo(0, options_.own_core);
  if (options_.server_core >= 0 && !PinTo(options_.pid, options_.server_core))
    return Error{ErrorCode::kRefused, "the server cannot be pinned to a core"};

  const ProcessUsage empty = UsageOf(options_.pid);
  if (const Status joined = JoinAll(); !joined.ok()) return joined.error();
  Pump(clock_.Now() + Duration::Micros(static_cast<int64_t>(options_.warmup_s * 1e6)), true);

  LoadResult result;
  received_ = {};
  received_.counting = true;
  const Sums sums_before = Sum();
  const ProcessUsage before = UsageOf(options_.pid);
  const ProcessUsage own_before = UsageOf(0);
  const Time begin = clock_.Now();
  Pump(begin + Duration::Micros(static_cast<int64_t>(options_.seconds * 1e6)), true);
  const ProcessUsage after = UsageOf(options_.pid);
  const ProcessUsage own_after = UsageOf(0);
  result.seconds = (clock_.Now() - begin).seconds();
  const Sums sums = Sum();
  result.sent = sums.sent - sums_before.sent;
  Pump(clock_.Now() + Duration::Millis(200), false);  // what is under way

  result.viewers = viewers_;
  result.delivered = received_.packets;
  result.expected = result.sent * (viewers_ / std::max<size_t>(sources_.size(), 1));
  const double packets = std::max(1.0, static_cast<double>(result.delivered));
  if (options_.pid != 0) {
    const double cpu_us = static_cast<double>(after.cpu_ns - before.cpu_ns) / 1000;
    const double user = static_cast<double>(after.user_ticks - before.user_ticks);
    const double system = static_cast<double>(after.system_ticks - before.system_ticks);
    result.us_per_packet = cpu_us / packets;
    result.us_user = result.us_per_packet * user / std::max(user + system, 1.0);
    result.us_system = result.us_per_packet - result.us_user;
    result.switches_per_packet = static_cast<double>(after.switches - before.switches) / packets;
    result.server_share = cpu_us / 1e6 / result.seconds;
    result.kb_of_first = static_cast<double>(with_first_.memory_kb - empty.memory_kb);
    if (viewers_ > 1)
      result.kb_per_viewer =
          static_cast<double>(after.memory_kb - with_first_.memory_kb) / static_cast<double>(viewers_ - 1);
    result.join_cpu_ms = join_cpu_ms_;
  }
  result.answers_per_packet = static_cast<double>(sums.answers - sums_before.answers) / packets;
  if (!options_.allocations_file.empty())
    result.allocations_per_packet = static_cast<double>(sums.allocations - sums_before.allocations) / packets;
  result.generator_share = static_cast<double>(own_after.cpu_ns - own_before.cpu_ns) / 1e9 / result.seconds;
  result.delay_ms_p50 = received_.delay.PercentileMs(0.5);
  result.delay_ms_p99 = received_.delay.PercentileMs(0.99);
  result.server_delay_ms_p50 = received_.server_delay.PercentileMs(0.5);
  result.server_delay_ms_p99 = received_.server_delay.PercentileMs(0.99);
  result.join_ms_p50 = PercentileOf(join_ms_, 0.5);
  result.join_ms_p99 = PercentileOf(join_ms_, 0.99);
  for (const auto& client : clients_) client->Leave(clock_.Now());
  return result;
}

std::string ToJson(const LoadOptions& options, const LoadResult& result) {
  const double expected = std::max(1.0, static_cast<double>(result.expected));
  JsonLine json;
  json.Add("viewers", static_cast<double>(result.viewers));
  json.Add("rooms", static_cast<double>(options.rooms));
  json.Add("pacing", options.burst ? "burst" : "even");
  json.Add("packets_per_second", static_cast<double>(result.delivered) / std::max(result.seconds, 0.001));
  json.Add("packet_bytes", static_cast<double>(options.packet_bytes));
  json.Add("seconds", result.seconds);
  json.Add("sent", static_cast<double>(result.sent));
  json.Add("delivered", static_cast<double>(result.delivered));
  json.Add("loss", 1 - static_cast<double>(result.delivered) / expected);
  json.Add("us_per_packet", result.us_per_packet);
  json.Add("us_user", result.us_user);
  json.Add("us_system", result.us_system);
  json.Add("switches_per_packet", result.switches_per_packet);
  json.Add("server_share", result.server_share);
  json.Add("generator_share", result.generator_share);
  json.Add("answers_per_packet", result.answers_per_packet);
  json.Add("delay_ms_p50", result.delay_ms_p50);
  json.Add("delay_ms_p99", result.delay_ms_p99);
  json.Add("server_delay_ms_p50", result.server_delay_ms_p50);
  json.Add("server_delay_ms_p99", result.server_delay_ms_p99);
  json.Add("join_ms_p50", result.join_ms_p50);
  json.Add("join_ms_p99", result.join_ms_p99);
  json.Add("join_cpu_ms", result.join_cpu_ms);
  json.Add("kb_of_first", result.kb_of_first);
  json.Add("kb_per_viewer", result.kb_per_viewer);
  if (result.allocations_per_packet >= 0) json.Add("allocations_per_packet", result.allocations_per_packet);
  return json.text();
}

}  // namespace duet::load
