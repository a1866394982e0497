#include "io/worker_thread.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "base/check.h"

namespace duet {
namespace {

constexpr Duration kEventRetry = Duration::Millis(10);
constexpr Duration kPublishEvery = Duration::Seconds(1);
constexpr int kPortTries = 16;

// Keeps a queue that has to wait short: quality is told anew every few seconds, and of the counts only the newest
// matter.
void DropWhatRepeats(std::vector<WorkerEvent>& events) {
  bool newest = true;
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (!std::holds_alternative<WorkerCounts>(*event)) continue;
    if (!newest) *event = PeerQuality{};
    newest = false;
  }
  std::erase_if(events, [](const WorkerEvent& event) { return std::holds_alternative<PeerQuality>(event); });
}

}  // namespace

Result<std::unique_ptr<WorkerThread>> WorkerThread::Open(const WorkerThreadOptions& options, const OsClock& clock) {
  Result<Sockets> sockets = OpenSockets(options);
  if (!sockets.ok()) return sockets.error();
  return std::unique_ptr<WorkerThread>(new WorkerThread(options, std::move(*sockets), clock));
}

Result<WorkerThread::Sockets> WorkerThread::OpenSockets(const WorkerThreadOptions& options) {
  for (int tries_left = kPortTries;; --tries_left) {
    Result<UdpSocket> udp = UdpSocket::Open(options.socket);
    if (!udp.ok()) return udp.error();
    if (!options.tcp) return Sockets{std::move(*udp), {}};
    Endpoint bind = *options.tcp;
    if (bind.port == 0) bind.port = udp->local().port;
    Result<BoundSocket> tcp = TcpStreams::Listen(bind);
    if (tcp.ok()) return Sockets{std::move(*udp), std::move(*tcp)};
    // Any port will do, as long as it is free for both.
    const bool any = options.socket.bind.port == 0 && options.tcp->port == 0;
    if (!any || tcp.error().code != ErrorCode::kUnavailable || tries_left == 0) return tcp.error();
  }
}

WorkerThread::WorkerThread(const WorkerThreadOptions& options, Sockets sockets, const OsClock& clock)
    : pool_(options.packets),
      loop_(std::move(sockets.udp),
            sockets.tcp.fd ? std::make_unique<TcpStreams>(std::move(sockets.tcp), options.streams, pool_) : nullptr,
            pool_, clock, commands_.fd()),
      worker_(options.worker, rng_, pool_) {
  loop_.SetBusyPoll(options.busy_poll);
}

WorkerThread::~WorkerThread() { Stop(); }

void WorkerThread::Start(EventSink events) {
  DUET_CHECK(!thread_.joinable());
  events_ = std::move(events);
  thread_ = std::thread([this] { loop_.Run(*this); });
}

void WorkerThread::Stop() {
  if (!thread_.joinable()) return;
  loop_.Stop();
  thread_.join();
}

UdpCounters WorkerThread::counters() const {
  const std::lock_guard lock(counters_mutex_);
  return counters_;
}

void WorkerThread::OnDatagram(Time now, const Endpoint& from, PacketRef packet, Outbox& out) {
  worker_.OnDatagramOfBatch(now, from, std::move(packet), out);
}

void WorkerThread::OnBatchEnd(Time now, Outbox& out) { worker_.OnBatchEnd(now, out); }

bool WorkerThread::Knows(const Endpoint& address) const { return worker_.Knows(address); }

void WorkerThread::OnConnectionEnded(Time now, const Endpoint& address) { worker_.OnConnectionEnded(now, address); }

void WorkerThread::OnWake(Time now, Outbox& out) {
  commands_.Take(taken_);
  for (WorkerCommand& command : taken_) worker_.OnCommand(now, std::move(command), out);
  if (waker_.Take()) worker_.OnLines(now, out);
}

void WorkerThread::OnTimer(Time now, Outbox& out) {
  if (worker_.NextTimer() <= now) worker_.OnTimer(now, out);
}

Time WorkerThread::NextTimer() const { return std::min(worker_.NextTimer(), retry_at_); }

void WorkerThread::OnRoundEnd(Time now) {
  OfferEvents(now);
  PublishCounters(now);
}

void WorkerThread::OfferEvents(Time now) {
  std::vector<WorkerEvent> fresh = worker_.TakeEvents();
  for (WorkerEvent& event : fresh) AddStreams(event);
  if (fresh.empty() && waiting_.empty()) return;
  waiting_.insert(waiting_.end(), std::make_move_iterator(fresh.begin()), std::make_move_iterator(fresh.end()));
  size_t taken = 0;
  while (taken < waiting_.size() && events_(std::move(waiting_[taken]))) ++taken;
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
  DropWhatRepeats(waiting_);
  retry_at_ = waiting_.empty() ? Time::Never() : now + kEventRetry;
}

// The worker's counts know of what reached it only.
void WorkerThread::AddStreams(WorkerEvent& event) const {
  WorkerCounts* counts = std::get_if<WorkerCounts>(&event);
  if (counts == nullptr || loop_.streams() == nullptr) return;
  counts->tcp_connections = loop_.streams()->counters().connections;
  counts->drops.Merge(loop_.streams()->counters().drops);
}

void WorkerThread::PublishCounters(Time now) {
  if (now - published_at_ < kPublishEvery) return;
  published_at_ = now;
  const std::lock_guard lock(counters_mutex_);
  counters_ = {loop_.received(), loop_.sent(), loop_.outbox_dropped(), {}};
  if (loop_.streams() != nullptr) counters_.streams = loop_.streams()->counters();
}

}  // namespace duet
