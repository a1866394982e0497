// DoorSession: one push or one play as Control sees it, for doors that know no signalling. A silent session
// (node/messages.h) that asks one question, and then lives until its owner or Control ends it.
//
// The I/O thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/log.h"
#include "gateway/beast.h"
#include "gateway/signal_hub.h"

namespace duet {

class DoorSession final : public SignalOutlet, public std::enable_shared_from_this<DoorSession> {
 public:
  using Answer = std::variant<signal::SignalError, PushOpened, PlayOpened>;
  // How long Control may take to answer.
  static constexpr Duration kPatience = Duration::Seconds(10);

  // `hub` outlives it. `remote` is the client's address; `log` gets the session's id.
  static std::shared_ptr<DoorSession> Make(SignalHub& hub, asio::any_io_executor executor, std::string remote,
                                           const Log& log);
  ~DoorSession() override;

  // Once.
  static asio::awaitable<Answer> Ask(std::shared_ptr<DoorSession> self, std::variant<OpenPush, OpenPlay> question);
  // Dropped when Control has no room: whoever needs one asks again.
  void WantKeyframe();
  void Tell(PushCarries carries);
  // Tells Control that it is over. The owner calls this; nothing is delivered afterwards.
  void Close();

  // Called once when Control ends an accepted session, with a sentence for the client.
  void OnEnd(std::function<void(std::string_view words)> f) { on_end_ = std::move(f); }
  void OnKeyframeWanted(std::function<void()> f) { on_keyframe_wanted_ = std::move(f); }
  const Log& log() const { return log_; }

  void Deliver(ControlOutput&& output) override;
  void GiveUp() override { Wake(); }

 private:
  DoorSession(SignalHub& hub, asio::any_io_executor executor, std::string remote, const Log& log);
  void Wake() {
    if (timer_ != nullptr) timer_->cancel();
  }

  SignalHub& hub_;
  const asio::any_io_executor executor_;
  const SessionId id_;
  const std::string remote_;
  const Log log_;
  asio::steady_timer* timer_ = nullptr;  // of Ask
  std::optional<Answer> answer_;
  bool opened_ = false;  // Control knows it
  bool closed_ = false;
  std::function<void(std::string_view)> on_end_;
  std::function<void()> on_keyframe_wanted_;
};

}  // namespace duet
