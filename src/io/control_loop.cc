#include "io/control_loop.h"

#include <poll.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "base/check.h"

namespace duet {
namespace {

// When a worker's mailbox was full, it is tried again after this.
constexpr Duration kCommandRetry = Duration::Millis(5);

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace

ControlLoop::ControlLoop(ControlConfig config, const AppRegistry& apps, const OsClock& clock,
                         std::vector<Mailbox<WorkerCommand>*> workers, Log log)
    : clock_(clock), control_(std::move(config), apps, rng_, std::move(log)) {
  for (Mailbox<WorkerCommand>* mailbox : workers) workers_.push_back({mailbox, {}});
}

ControlLoop::~ControlLoop() { Stop(); }

void ControlLoop::Start(Deliver deliver) {
  DUET_CHECK(!thread_.joinable());
  deliver_ = std::move(deliver);
  thread_ = std::thread([this] { Run(); });
}

void ControlLoop::Drain() {
  drain_.store(true, std::memory_order_release);
  mailbox_.Wake();
}

void ControlLoop::Stop() {
  if (!thread_.joinable()) return;
  stop_.store(true, std::memory_order_release);
  mailbox_.Wake();
  thread_.join();
}

ControlCounts ControlLoop::counts() const {
  const std::lock_guard lock(counts_mutex_);
  return counts_;
}

void ControlLoop::Wait() {
  Time deadline = std::min(control_.NextTimer(), counts_due_);
  const Time now = clock_.Now();
  if (commands_wait_) deadline = std::min(deadline, now + kCommandRetry);
  int timeout_ms = -1;
  if (stop_.load(std::memory_order_acquire) || deadline <= now) {
    timeout_ms = 0;
  } else if (!deadline.is_never()) {
    timeout_ms = static_cast<int>(std::min<int64_t>(((deadline - now).us() + 999) / 1000, INT_MAX));
  }
  pollfd entry{mailbox_.fd(), POLLIN, 0};
  poll(&entry, 1, timeout_ms);
}

void ControlLoop::SendCommands() {
  for (auto& [worker, command] : control_.TakeCommands()) {
    DUET_CHECK(worker < workers_.size());
    workers_[worker].waiting.push_back(std::move(command));
  }
  commands_wait_ = false;
  for (Route& route : workers_) {
    while (!route.waiting.empty() && route.mailbox->Push(std::move(route.waiting.front()))) route.waiting.pop_front();
    commands_wait_ = commands_wait_ || !route.waiting.empty();
  }
}

void ControlLoop::Serve(Time now) {
  mailbox_.Take(taken_);
  const int64_t unix_now_s = OsClock::UnixSeconds();
  for (ControlMail& mail : taken_) {
    std::visit(Overloaded{
                   [&](ControlInput& input) { control_.OnInput(now, unix_now_s, std::move(input)); },
                   [&](WorkerMail& event) { control_.OnWorkerEvent(now, event.worker, std::move(event.event)); },
               },
               mail);
  }
  if (drain_.exchange(false, std::memory_order_acq_rel)) control_.Drain(now);
  if (control_.NextTimer() <= now) control_.OnTimer(now);
}

// Counting walks over all rooms, so it is done once for the rounds of kCountsEvery.
void ControlLoop::PublishCounts(Time now) {
  const bool asleep_until_now = counts_due_.is_never();
  if (asleep_until_now) counts_due_ = now + kCountsEvery;
  if (now < counts_due_) return;
  counts_due_ = Time::Never();
  const ControlCounts fresh = control_.counts();
  const std::lock_guard lock(counts_mutex_);
  counts_ = fresh;
}

void ControlLoop::Run() {
  bool last_round = false;
  while (!last_round) {
    last_round = stop_.load(std::memory_order_acquire);
    Wait();
    const Time now = clock_.Now();
    Serve(now);
    SendCommands();
    PublishCounts(now);
    std::vector<ControlOutput> outputs = control_.TakeOutputs();
    if (!outputs.empty()) deliver_(std::move(outputs));
  }
}

}  // namespace duet
