// ControlLoop: the thread that drives Control. Inputs of the doors and events of the workers come through one mailbox;
// outputs go back through a callback; commands go to the workers' mailboxes, and wait here when one is full.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "base/log.h"
#include "io/clock.h"
#include "io/mailbox.h"
#include "io/os_rng.h"
#include "node/control.h"

namespace duet {

struct WorkerMail {
  size_t worker = 0;
  WorkerEvent event;
};
using ControlMail = std::variant<ControlInput, WorkerMail>;

class ControlLoop {
 public:
  static constexpr size_t kMailboxCapacity = 8192;
  static constexpr Duration kCountsEvery = Duration::Millis(20);
  // Called on the Control thread with everything that one round brought, in order. Must not block.
  using Deliver = std::function<void(std::vector<ControlOutput>)>;

  // `apps`, `clock` and the workers' mailboxes outlive it; workers[i] is the box of worker i.
  ControlLoop(ControlConfig config, const AppRegistry& apps, const OsClock& clock,
              std::vector<Mailbox<WorkerCommand>*> workers, Log log);
  // Stops.
  ~ControlLoop();

  // Any thread. False when full: the caller tries again later.
  bool Push(ControlMail&& mail) { return mailbox_.Push(std::move(mail)); }

  void Start(Deliver deliver);
  // Any thread: Control::Drain is called once, soon.
  void Drain();
  // Serves what is in the mailbox, then joins. Commands that a full worker does not take are given up.
  void Stop();

  // Any thread; at most kCountsEvery old.
  ControlCounts counts() const;

 private:
  void Run();
  void Wait();
  void Serve(Time now);
  void SendCommands();
  void PublishCounts(Time now);

  const OsClock& clock_;
  OsRng rng_;
  Control control_;
  Mailbox<ControlMail> mailbox_{kMailboxCapacity};
  std::vector<ControlMail> taken_;
  // Commands that their worker has not taken yet, oldest first. Bounded by what Control's own limits let it ask for.
  struct Route {
    Mailbox<WorkerCommand>* mailbox = nullptr;
    std::deque<WorkerCommand> waiting;
  };
  std::vector<Route> workers_;
  bool commands_wait_ = false;
  Deliver deliver_;
  std::atomic<bool> drain_ = false;
  std::atomic<bool> stop_ = false;
  Time counts_due_ = Time::LongAgo();
  mutable std::mutex counts_mutex_;
  ControlCounts counts_;
  std::thread thread_;
};

}  // namespace duet
