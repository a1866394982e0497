// SignalHub: which session is which socket. Outputs of Control find their way through it. The I/O thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/log.h"
#include "gateway/signal_backend.h"
#include "io/clock.h"

namespace duet {

// The socket of a session, as the hub sees it.
class SignalOutlet {
 public:
  virtual ~SignalOutlet() = default;
  virtual void Deliver(ControlOutput&& output) = 0;
  // Control is about to stop: whoever waits for its answer goes on without.
  virtual void GiveUp() {}
};

class SignalHub {
 public:
  // Both outlive it.
  SignalHub(SignalBackend& backend, const OsClock& clock) : backend_(backend), clock_(clock) {}

  SignalBackend& backend() { return backend_; }
  Time Now() const { return clock_.Now(); }

  // `outlet` stays the caller's, who removes it before it goes.
  SessionId Add(SignalOutlet* outlet) {
    const SessionId id(++last_id_);
    outlets_.emplace(id, outlet);
    return id;
  }
  void Remove(SessionId id) {
    outlets_.erase(id);
    if (outlets_.empty() && on_empty_) std::exchange(on_empty_, nullptr)();
  }
  size_t size() const { return outlets_.size(); }

  void Deliver(std::vector<ControlOutput> outputs) {
    for (ControlOutput& output : outputs) {
      const auto found = outlets_.find(output.session);
      if (found != outlets_.end()) found->second->Deliver(std::move(output));
    }
  }

  // Calls f once, when the last socket is gone; at once when there is none.
  void WhenEmpty(std::function<void()> f) {
    on_empty_ = std::move(f);
    if (outlets_.empty()) std::exchange(on_empty_, nullptr)();
  }

  // From now on nobody waits for room in the backend: it is about to stop.
  void GiveUp() {
    given_up_ = true;
    for (const auto& [id, outlet] : outlets_) outlet->GiveUp();
  }
  bool given_up() const { return given_up_; }

 private:
  SignalBackend& backend_;
  const OsClock& clock_;
  uint64_t last_id_ = 0;
  std::unordered_map<SessionId, SignalOutlet*> outlets_;
  std::function<void()> on_empty_;
  bool given_up_ = false;
};

}  // namespace duet
