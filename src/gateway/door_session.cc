#include "gateway/door_session.h"

#include <chrono>
#include <utility>

#include "gateway/submit.h"

namespace duet {

using signal::MakeError;
using signal::SignalErrorKind;

std::shared_ptr<DoorSession> DoorSession::Make(SignalHub& hub, asio::any_io_executor executor, std::string remote,
                                               const Log& log) {
  return std::shared_ptr<DoorSession>(new DoorSession(hub, std::move(executor), std::move(remote), log));
}

DoorSession::DoorSession(SignalHub& hub, asio::any_io_executor executor, std::string remote, const Log& log)
    : hub_(hub),
      executor_(std::move(executor)),
      id_(hub.Add(this)),
      remote_(std::move(remote)),
      log_(log.With("session", std::to_string(id_.value()))) {}

DoorSession::~DoorSession() { Close(); }

asio::awaitable<DoorSession::Answer> DoorSession::Ask(std::shared_ptr<DoorSession> self,
                                                      std::variant<OpenPush, OpenPlay> question) {
  SignalHub& hub = self->hub_;
  ControlInput opened{self->id_, SessionOpened{.remote = self->remote_, .log = self->log_, .silent = true}};
  bool submitted = co_await SubmitToControl(hub, std::move(opened));
  if (submitted && self->closed_) {
    // Closed while Control had no room: nobody has told it of the end.
    co_await SubmitToControl(hub, {self->id_, SessionClosed{}});
    submitted = false;
  }
  if (submitted) {
    self->opened_ = true;
    ControlInput input{self->id_, {}};
    std::visit([&input](auto& what) { input.what = std::move(what); }, question);
    submitted = co_await SubmitToControl(hub, std::move(input));
  }
  if (submitted && !self->answer_ && !self->closed_ && !hub.given_up()) {
    asio::steady_timer timer(self->executor_, std::chrono::microseconds(kPatience.us()));
    self->timer_ = &timer;
    co_await timer.async_wait(kAwait);
    self->timer_ = nullptr;
  }
  if (self->answer_) co_return std::move(*self->answer_);
  self->Close();
  co_return MakeError(hub.given_up() ? SignalErrorKind::kServerDraining : SignalErrorKind::kServerBusy,
                      hub.given_up() ? "The server is stopping." : "The server is busy. Try again in a moment.");
}

void DoorSession::Deliver(ControlOutput&& output) {
  const std::shared_ptr<DoorSession> alive = weak_from_this().lock();
  if (alive == nullptr || closed_) return;
  if (auto* push = std::get_if<PushOpened>(&output.what)) {
    answer_ = std::move(*push);
  } else if (auto* play = std::get_if<PlayOpened>(&output.what)) {
    answer_ = std::move(*play);
  } else if (auto* refused = std::get_if<BridgeRefused>(&output.what)) {
    answer_ = std::move(refused->error);
  } else if (auto* close = std::get_if<CloseSession>(&output.what)) {
    Close();
    if (on_end_) {
      std::exchange(on_end_, nullptr)(close->reason);
    } else if (!answer_ || !std::holds_alternative<signal::SignalError>(*answer_)) {
      // It was let in and is over before whoever asked has heard of it.
      answer_ = MakeError(
          close->code == CloseCode::kDraining ? SignalErrorKind::kServerDraining : SignalErrorKind::kNotAllowed,
          close->reason);
    }
  } else if (std::holds_alternative<PushKeyframeWanted>(output.what)) {
    if (on_keyframe_wanted_) on_keyframe_wanted_();
    return;
  }
  Wake();
}

void DoorSession::WantKeyframe() {
  if (!closed_) static_cast<void>(hub_.backend().Submit({id_, duet::WantKeyframe{}}));
}

void DoorSession::Tell(PushCarries carries) {
  if (!closed_) asio::co_spawn(executor_, SubmitToControl(hub_, {id_, carries}), asio::detached);
}

void DoorSession::Close() {
  if (std::exchange(closed_, true)) return;
  hub_.Remove(id_);
  if (!opened_ || hub_.given_up()) return;
  asio::co_spawn(executor_, SubmitToControl(hub_, {id_, SessionClosed{}}), asio::detached);
}

}  // namespace duet
