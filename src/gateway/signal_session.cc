#include "gateway/signal_session.h"

#include <utility>
#include <variant>

namespace duet {

SignalSession::SignalSession(SessionId id, ClientAddress client, const Log& log)
    : id_(id),
      client_(std::move(client)),
      connection_log_(log.With("session", std::to_string(id.value()))),
      log_(connection_log_) {}

SignalSession::Incoming SignalSession::OnText(Time now, std::string_view text) {
  Result<signal::Request, signal::SignalFailure> parsed = signal::ParseRequest(text);
  if (!requests_.Take(now)) {
    if (!refusals_.Take(now)) return {std::nullopt, "", true};
    signal::RequestId id = parsed ? parsed->id : parsed.error().id;
    const auto error = signal::MakeError(signal::SignalErrorKind::kRateLimited,
                                         "Too many requests: at most 50 per second and connection.");
    return {std::nullopt, signal::Encode(signal::Response{std::move(id), error}), false};
  }
  if (!parsed) {
    const signal::SignalFailure& failure = parsed.error();
    log_.Debug("refused a message: " + std::string(failure.error.name));
    return {std::nullopt, signal::Encode(signal::Response{failure.id, failure.error}), false};
  }
  if (const auto* enter = std::get_if<signal::Enter>(&parsed->body)) {
    entering_ = Entering{parsed->id, enter->room.ToString(), enter->user_id};
  } else if (std::holds_alternative<signal::Exit>(parsed->body)) {
    exiting_ = parsed->id;
  }
  return {ControlInput{id_, std::move(*parsed)}, "", false};
}

std::string SignalSession::OnResponse(const signal::Response& response) {
  if (entering_ && response.id == entering_->request) {
    if (std::holds_alternative<signal::EnterResult>(response.body))
      log_ = connection_log_.With("room", entering_->room).With("user", entering_->user);
    entering_.reset();
  }
  if (exiting_ && response.id == *exiting_) {
    if (std::holds_alternative<signal::Empty>(response.body)) log_ = connection_log_;
    exiting_.reset();
  }
  return signal::Encode(response);
}

}  // namespace duet
