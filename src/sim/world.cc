#include "sim/world.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "auth/usersig.h"
#include "sim/deterministic_openssl.h"
#include "wire/demux.h"
#include "wire/rtp.h"

namespace duet::sim {
namespace {

constexpr uint32_t kApp = 1400000001;
constexpr Time kEpoch = Time::FromMillis(1'800'000'000'000);
Endpoint AddressOfWorker(size_t index) { return {IpAddress::V4(192, 0, 2, 1), static_cast<uint16_t>(40'000 + index)}; }
// What the gateway gives an idle WebSocket before it lets go of it.
constexpr Duration kSocketIdle = Duration::Seconds(45);

uint64_t Mix(uint64_t hash, uint64_t value) {
  for (int i = 0; i < 8; ++i) {
    hash = (hash ^ (value & 0xff)) * 1099511628211ull;
    value >>= 8;
  }
  return hash;
}

uint64_t HashOf(Bytes bytes) {
  uint64_t hash = 14695981039346656037ull;
  for (; bytes.size() >= sizeof(uint64_t); bytes = bytes.subspan(sizeof(uint64_t))) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof(word));
    hash = (hash ^ word) * 1099511628211ull;
    hash ^= hash >> 29;
  }
  for (const std::byte b : bytes) hash = (hash ^ static_cast<uint64_t>(b)) * 1099511628211ull;
  return hash;
}

DtlsCertificate MakeCertificate(uint64_t seed) {
  SeedOpenSsl(seed);
  return std::move(DtlsCertificate::Generate()).value();
}

}  // namespace

World::World(WorldConfig config)
    : config_(config),
      rng_(config.seed),
      now_(kEpoch),
      start_(kEpoch),
      client_pool_(16'384),
      server_certificate_(MakeCertificate(config.seed)),
      server_dtls_(std::move(DtlsContext::Create(server_certificate_)).value()),
      client_certificate_(std::move(DtlsCertificate::Generate()).value()),
      client_dtls_(std::move(DtlsContext::Create(client_certificate_)).value()) {
  DUET_CHECK(apps_.Add({.sdk_app_id = kApp, .secret_key = std::string(64, 'a')}).ok());
  StartServer();
}

World::~World() {
  seats_.clear();
  StopServer();
}

void World::StopServer() {
  control_.reset();
  cores_.clear();
}

void World::StartServer() {
  ControlConfig control;
  for (size_t i = 0; i < config_.workers; ++i) {
    Core& core = *cores_.emplace_back(std::make_unique<Core>(AddressOfWorker(i)));
    core.worker = std::make_unique<Worker>(
        WorkerConfig{.dtls = &server_dtls_, .consent_timeout = config_.media_timeout}, rng_, core.pool);
    control.workers.push_back({{core.address}, &core});
  }
  control.members_together = 1;
  control.local_fingerprint = server_certificate_.fingerprint();
  control.seat_time = config_.seat_time;
  control_ = std::make_unique<Control>(control, apps_, rng_, Log());
}

uint32_t World::AddClient(SimClientConfig config) {
  config.number = NextNumber();
  config.sdk_app_id = kApp;
  config.codec = config_.codec;
  config.user_sig = UserSigOf(config.number);
  auto seat = std::make_unique<Seat>();
  const uint32_t number = config.number;
  seat->client = std::make_unique<SimClient>(std::move(config), client_dtls_, client_certificate_.fingerprint(),
                                             client_pool_, rng_);
  seats_.emplace(number, std::move(seat));
  Rebind(number);
  return number;
}

std::string World::UserSigOf(uint32_t number) const {
  return CreateUserSig(*apps_.Find(kApp), "u" + std::to_string(number), kEpoch.us() / 1'000'000, 7 * 86400);
}

uint32_t World::AddPusher(SimPusherConfig config) {
  const uint32_t number = config.number = NextNumber();
  config.sdk_app_id = kApp;
  config.user_sig = UserSigOf(number);
  pushers_[number].machine = std::make_unique<SimPusher>(std::move(config), rng_);
  return number;
}

SimPusher* World::pusher(uint32_t number) {
  const auto found = pushers_.find(number);
  return found != pushers_.end() ? found->second.machine.get() : nullptr;
}

std::map<uint32_t, std::string> World::users() const {
  std::map<uint32_t, std::string> users;
  for (const auto& [number, place] : seats_) users[number] = place->client->user();
  for (const auto& [number, pusher] : pushers_) users[number] = pusher.machine->user();
  return users;
}

std::vector<uint32_t> World::numbers() const {
  std::vector<uint32_t> numbers;
  for (const auto& [number, seat] : seats_) numbers.push_back(number);
  return numbers;
}

// ---- faults

void World::Rebind(uint32_t number) {
  Seat& place = seat(number);
  by_address_.erase(place.address);
  place.address = {IpAddress::V4(10, 0, 0, static_cast<uint8_t>(number)), next_port_++};
  by_address_[place.address] = number;
}

void World::Vanish(uint32_t number) {
  Seat& place = seat(number);
  place.client->Suspend();
  if (place.session.value() != 0) place.server_notices_at = now_ + kSocketIdle;
}

void World::Wake(uint32_t number) {
  Seat& place = seat(number);
  place.server_notices_at = Time::Never();
  place.client->Resume(now_);
}

void World::RestartServer() {
  StopServer();
  for (auto& [number, place] : seats_) {
    if (place->session.value() == 0) continue;
    place->session = SessionId();
    place->to_server.clear();
    place->to_client.clear();
    place->server_notices_at = Time::Never();
    Post(*place, false, "", true);
  }
  for (auto& [number, pusher] : pushers_) {
    if (std::exchange(pusher.session, SessionId()).value() != 0) pusher.machine->OnEnded(now_);
  }
  StartServer();
}

// ---- time

Time World::NextEvent() const {
  Time next = control_->NextTimer();
  for (const auto& core : cores_) next = std::min(next, core->worker->NextTimer());
  if (!air_.empty()) next = std::min(next, air_.top().at);
  for (const auto& [number, place] : seats_) {
    next = std::min({next, place->client->NextTimer(), place->opens_at, place->server_notices_at});
    if (!place->to_server.empty()) next = std::min(next, place->to_server.front().at);
    if (!place->to_client.empty() && !place->client->suspended()) next = std::min(next, place->to_client.front().at);
  }
  for (const auto& [number, pusher] : pushers_) next = std::min(next, pusher.machine->NextTimer());
  return next;
}

void World::Run(Duration time) {
  const Time until = now_ + time;
  Collect();
  for (;;) {
    const Time next = NextEvent();
    if (next > until) break;
    // A machine that is due again and again at one moment would stand still: time always passes.
    now_ = std::max(next, now_ + Duration::Micros(1));
    Step();
  }
  now_ = until;
}

void World::Step() {
  DeliverDatagrams();
  DeliverTexts();
  RunTimers();
  Collect();
}

void World::DeliverDatagrams() {
  while (!air_.empty() && air_.top().at <= now_) {
    const Datagram datagram = air_.top();
    air_.pop();
    Seat& place = seat(datagram.client);
    Note(datagram.to_server ? '>' : '<', datagram.client, datagram.bytes.size());
    if (datagram.to_server) {
      for (const auto& core : cores_) {
        if (core->address != datagram.server) continue;
        if (PacketRef packet = core->pool.Copy(datagram.bytes))
          core->worker->OnDatagram(now_, datagram.from, std::move(packet), core->out);
      }
    } else if (PacketRef packet = client_pool_.Copy(datagram.bytes)) {
      place.client->OnDatagram(now_, datagram.server, std::move(packet));
    }
    Collect();
  }
}

void World::RunTimers() {
  for (const auto& core : cores_) {
    if (now_ >= core->worker->NextTimer()) core->worker->OnTimer(now_, core->out);
  }
  if (now_ >= control_->NextTimer()) control_->OnTimer(now_);
  for (auto& [number, place] : seats_) {
    if (now_ >= place->client->NextTimer()) {
      Note('t', number, 0);
      place->client->OnTimer(now_);
    }
  }
  for (auto& [number, pusher] : pushers_) {
    if (now_ < pusher.machine->NextTimer()) continue;
    Note('p', number, 0);
    pusher.machine->OnTimer(now_);
  }
}

// ---- signalling: ordered, delayed by the link, held while the link is down (TCP repeats)

void World::DeliverTexts() {
  constexpr Duration kRepeat = Duration::Millis(200);
  const int64_t unix_s = now_.us() / 1'000'000;
  for (auto& [number, place] : seats_) {
    if (now_ >= place->opens_at) {
      place->opens_at = Time::Never();
      place->session = SessionId(++last_session_);
      control_->OnInput(now_, unix_s, {place->session, SessionOpened{place->address.ToString(), Log()}});
      place->client->OnSocketOpen(now_);
    }
    if (now_ >= place->server_notices_at) {
      place->server_notices_at = Time::Never();
      Post(*place, false, "", true);
      CloseSocket(*place);
    }
    while (!place->to_server.empty() && place->to_server.front().at <= now_) {
      if (place->up.conditions().down) {
        place->to_server.front().at = now_ + kRepeat;
        break;
      }
      Seat::Text text = std::move(place->to_server.front());
      place->to_server.pop_front();
      Note('s', number, text.text.size());
      if (text.closes) {
        CloseSocket(*place);
        continue;
      }
      auto request = signal::ParseRequest(text.text);
      if (!request.ok()) {
        Violate("the server cannot read " + place->client->user() + ": " + request.error().error.message);
        continue;
      }
      control_->OnInput(now_, unix_s, {place->session, std::move(*request)});
      CollectControl();
    }
    while (!place->client->suspended() && !place->to_client.empty() && place->to_client.front().at <= now_) {
      if (place->down.conditions().down) {
        place->to_client.front().at = now_ + kRepeat;
        break;
      }
      const Seat::Text text = std::move(place->to_client.front());
      place->to_client.pop_front();
      Note('c', number, text.text.size());
      if (text.closes) {
        place->client->OnSocketClosed(now_);
      } else {
        place->client->OnSignal(now_, text.text);
      }
    }
  }
}

void World::Post(Seat& place, bool to_server, std::string text, bool closes) {
  std::deque<Seat::Text>& queue = to_server ? place.to_server : place.to_client;
  const SimLink& link = to_server ? place.up : place.down;
  Time at = now_ + link.conditions().delay + Below(rng_, link.conditions().jitter);
  // A lost segment is repeated after a while; what is behind it waits.
  if (Chance(rng_, link.conditions().loss)) at = at + link.conditions().delay * 2 + Duration::Millis(200);
  if (!queue.empty()) at = std::max(at, queue.back().at);
  queue.push_back({at, std::move(text), closes});
}

// The server's end of the socket is gone.
void World::CloseSocket(Seat& place) {
  if (place.session.value() == 0) return;
  const SessionId session = std::exchange(place.session, SessionId());
  place.to_server.clear();
  control_->OnInput(now_, now_.us() / 1'000'000, {session, SessionClosed{}});
}

Seat* World::SeatOf(SessionId session) {
  for (auto& [number, place] : seats_) {
    if (place->session == session) return place.get();
  }
  return nullptr;
}

// ---- what the machines want sent

void World::Collect() {
  for (auto& [number, place] : seats_) CollectClient(*place);
  for (auto& [number, pusher] : pushers_) CollectPusher(pusher);
  CollectControl();
  for (const auto& core : cores_) {
    for (const Transmit& transmit : core->out.queued()) {
      const auto found = by_address_.find(transmit.to);
      if (found == by_address_.end()) continue;  // an address that NAT has given up
      Seat& place = seat(found->second);
      JudgeSent(place, transmit.packet->bytes());
      Launch(place, false, core->address, transmit.packet->bytes());
    }
    core->out.Clear();
  }
}

void World::CollectClient(Seat& place) {
  SimClient& client = *place.client;
  if (client.TakeSocketClose()) {
    place.opens_at = Time::Never();
    place.to_client.clear();
    // The last words go out before the socket closes.
    for (std::string& text : client.TakeSignals()) Post(place, true, std::move(text), false);
    if (place.session.value() != 0) Post(place, true, "", true);
  }
  if (client.TakeSocketWish()) {
    // A new socket has nothing to do with the old one, whose end the server sees.
    CloseSocket(place);
    place.to_client.clear();
    place.server_notices_at = Time::Never();
    place.opens_at = now_ + place.up.conditions().delay * 3 + place.down.conditions().delay * 3;
    if (place.up.conditions().down || place.down.conditions().down) place.opens_at = now_ + Duration::Seconds(3);
  }
  for (std::string& text : client.TakeSignals()) Post(place, true, std::move(text), false);
  for (const Transmit& transmit : client.outbox().queued()) Launch(place, true, transmit.to, transmit.packet->bytes());
  client.outbox().Clear();
  for (std::string& violation : client.TakeViolations()) Violate(std::move(violation));
}

void World::CollectControl() {
  for (bool busy = true; busy;) {
    busy = false;
    for (auto& [index, command] : control_->TakeCommands()) {
      busy = true;
      cores_[index]->worker->OnCommand(now_, std::move(command), cores_[index]->out);
    }
    for (size_t i = 0; i < cores_.size(); ++i) {
      Core& core = *cores_[i];
      if (std::exchange(core.woken, false)) {
        busy = true;
        core.worker->OnLines(now_, core.out);
      }
      for (WorkerEvent& event : core.worker->TakeEvents()) {
        busy = true;
        if (const auto* quality = std::get_if<PeerQuality>(&event)) NoteDownlink(*quality);
        control_->OnWorkerEvent(now_, i, std::move(event));
      }
    }
  }
  for (ControlOutput& output : control_->TakeOutputs()) {
    if (TakeOutput(output)) continue;
    Seat* place = SeatOf(output.session);
    if (place == nullptr) continue;
    if (const auto* response = std::get_if<signal::Response>(&output.what)) {
      Post(*place, false, signal::Encode(*response), false);
    } else if (const auto* notification = std::get_if<signal::Notification>(&output.what)) {
      Post(*place, false, signal::Encode(*notification), false);
    } else {
      Post(*place, false, "", true);
      CloseSocket(*place);
    }
  }
}

void World::CollectPusher(Pusher& pusher) {
  const int64_t unix_s = now_.us() / 1'000'000;
  if (pusher.machine->TakeClose() && pusher.session.value() != 0)
    control_->OnInput(now_, unix_s, {std::exchange(pusher.session, SessionId()), SessionClosed{}});
  if (!pusher.machine->TakeOpen()) return;
  pusher.session = SessionId(++last_session_);
  control_->OnInput(now_, unix_s, {pusher.session, SessionOpened{.remote = "10.1.0.1:1935", .silent = true}});
  control_->OnInput(now_, unix_s, {pusher.session, pusher.machine->Question()});
}

// True when it was a pusher's.
bool World::TakeOutput(ControlOutput& output) {
  for (auto& [number, pusher] : pushers_) {
    if (pusher.session != output.session) continue;
    if (const auto* opened = std::get_if<PushOpened>(&output.what)) {
      pusher.machine->OnOpened(now_, *opened);
      control_->OnInput(now_, now_.us() / 1'000'000, {pusher.session, PushCarries{.video = true}});
    } else if (!std::holds_alternative<PushKeyframeWanted>(output.what)) {
      control_->OnInput(now_, now_.us() / 1'000'000, {std::exchange(pusher.session, SessionId()), SessionClosed{}});
      pusher.machine->OnEnded(now_);
    }
    return true;
  }
  return false;
}

// A worker knows peers by number alone; the address says whose it is.
void World::NoteDownlink(const PeerQuality& quality) {
  if (const auto found = by_address_.find(quality.address); found != by_address_.end())
    downlinks_[found->second] = quality.path;
}

void World::Launch(Seat& place, bool to_server, const Endpoint& server, Bytes bytes) {
  SimLink& link = to_server ? place.up : place.down;
  for (const SimLink::Arrival& arrival : link.Pass(now_, bytes.size(), rng_)) {
    Datagram datagram{.at = arrival.at,
                      .order = ++order_,
                      .client = place.client->config().number,
                      .server = server,
                      .to_server = to_server,
                      .from = place.address,
                      .bytes = {bytes.begin(), bytes.end()}};
    if (arrival.corrupt && !datagram.bytes.empty())
      datagram.bytes[rng_.Below(datagram.bytes.size())] ^= static_cast<std::byte>(1u << rng_.Below(8));
    air_.push(std::move(datagram));
  }
}

// ---- judgement

// One SRTP index never protects two contents: with GCM that would give the key away.
void World::JudgeSent(Seat& place, Bytes datagram) {
  if (Classify(datagram) != DatagramKind::kRtp) return;
  const auto header = ParseRtpHeader(datagram);
  if (!header) return;
  SentNumber& sent = sent_numbers_[{place.client->config().number, header->ssrc.value()}][header->sequence_number];
  const uint64_t hash = HashOf(datagram);
  constexpr Duration kWrapTakesAtLeast = Duration::Seconds(20);
  if (sent.hash != hash && now_ - sent.at < kWrapTakesAtLeast)
    Violate("SRTP number " + std::to_string(header->sequence_number) + " went out twice with different bytes");
  sent = {hash, now_};
}

void World::Note(char kind, uint32_t client, uint64_t number) {
  hash_ = Mix(Mix(Mix(Mix(hash_, static_cast<uint64_t>(now_.us())), static_cast<uint64_t>(kind)), client), number);
  if (trace_ == nullptr) return;
  trace_->push_back(std::to_string(elapsed().us() / 1000) + "." + std::to_string(elapsed().us() % 1000) + " ms u" +
                    std::to_string(client) + " " + kind + " " + std::to_string(number));
}

void World::Violate(std::string what) {
  constexpr size_t kEnough = 20;
  if (violations_.size() < kEnough)
    violations_.push_back("at " + std::to_string(elapsed().ms()) + " ms: " + std::move(what));
}

std::string World::CheckCalls() {
  for (const auto& [number, place] : seats_) {
    const SimClient& client = *place->client;
    if (client.state() == SimClient::State::kOut) continue;
    if (client.suspended()) continue;
    if (client.state() != SimClient::State::kIn) return client.user() + " is not in";
    if (!client.media_connected()) return client.user() + " has no media connection";
    std::map<std::string, bool> expected;
    for (const auto& [other_number, other] : seats_) {
      const SimClient& theirs = *other->client;
      if (other_number == number || theirs.config().room != client.config().room) continue;
      if (theirs.state() == SimClient::State::kIn || theirs.suspended()) expected[theirs.user()] = theirs.suspended();
      if (theirs.suspended() || theirs.state() != SimClient::State::kIn) continue;
      constexpr Duration kMoving = Duration::Millis(1500);
      if (theirs.publishes_video()) {
        const FrameReceiver* picture = client.PictureOf(theirs.user());
        if (picture == nullptr) return client.user() + " has no slot for " + theirs.user();
        if (now_ - picture->last_shown() > kMoving)
          return client.user() + " sees no moving picture of " + theirs.user();
      }
      if (theirs.publishes_audio() && client.AudioPacketsFrom(theirs.user()) <= 0)
        return client.user() + " hears nothing of " + theirs.user();
    }
    for (const auto& [other_number, pusher] : pushers_) {
      const SimPusher& theirs = *pusher.machine;
      if (!theirs.pushing() || theirs.config().room != client.config().room) continue;
      expected[theirs.user()] = false;
      const FrameReceiver* picture = client.PictureOf(theirs.user());
      if (picture == nullptr) return client.user() + " has no slot for " + theirs.user();
      if (now_ - picture->last_shown() > Duration::Millis(1500))
        return client.user() + " sees no moving picture of " + theirs.user();
    }
    if (client.members() != expected) return client.user() + " has a wrong list of members";
  }
  return {};
}

std::string World::Describe() const {
  std::string text = "at " + std::to_string(elapsed().ms()) + " ms\n";
  for (const auto& [number, place] : seats_) {
    text += "  " + place->client->Describe(now_) + "\n";
    if (const auto path = downlinks_.find(number); path != downlinks_.end())
      text += "    downlink " + DescribePath(path->second) + "\n";
  }
  const WorkerCounts counts = this->counts();
  text += "  workers: " + std::to_string(counts.packets_received) + " packets received, " +
          std::to_string(counts.packets_forwarded) + " forwarded; dropped:";
  for (uint8_t i = 0; i < static_cast<uint8_t>(Drop::kCount); ++i) {
    const auto reason = static_cast<Drop>(i);
    if (const uint64_t count = counts.drops[reason]; count > 0)
      text += std::string(" ") + ToString(reason) + " " + std::to_string(count);
  }
  return text + "\n";
}

std::string World::CheckEmpty() {
  for (auto& [number, place] : seats_) {
    if (place->client->suspended()) place->client->Restart(now_);
    place->client->Exit(now_);
    place->up.conditions() = place->down.conditions() = {};
  }
  for (auto& [number, pusher] : pushers_) pusher.machine->Stop();
  Run(config_.seat_time + Duration::Seconds(50));
  const ControlCounts counts = control_->counts();
  if (counts.members != 0 || counts.rooms != 0 || counts.sessions != 0)
    return "Control still has " + std::to_string(counts.sessions) + " sessions, " + std::to_string(counts.rooms) +
           " rooms, " + std::to_string(counts.members) + " members";
  const WorkerCounts& media = counts.workers;
  if (media.peers != 0 || media.rooms != 0 || media.addresses != 0 || media.packets_in_use != 0)
    return "the workers still have " + std::to_string(media.peers) + " peers, " + std::to_string(media.rooms) +
           " rooms, " + std::to_string(media.addresses) + " addresses, " + std::to_string(media.packets_in_use) +
           " packets";
  if (media.sources != 0 || media.taps != 0)
    return "the workers still have " + std::to_string(media.sources) + " sources, " + std::to_string(media.taps) +
           " taps";
  return {};
}

}  // namespace duet::sim
