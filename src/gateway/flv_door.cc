#include "gateway/flv_door.h"

#include <chrono>
#include <utility>

#include "gateway/whip_door.h"
#include "wire/rtmp_url.h"

namespace duet {
namespace {

using signal::SignalErrorKind;

// Players live on pages of other origins.
HttpResponse AllowAnyOrigin(HttpResponse response) {
  response.Set("Access-Control-Allow-Origin", "*");
  return response;
}

HttpResponse ErrorResponse(const signal::SignalError& error) {
  HttpResponse response = ProblemResponse(StatusOf(error), error.name, error.message, error.code);
  if (response.status == 503) response.Set("Retry-After", "5");
  return AllowAnyOrigin(std::move(response));
}

}  // namespace

// ---- FlvViewer

asio::awaitable<void> FlvViewer::Wait() {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_at(begins_at().value_or(Clock::time_point::max()));
  timer_ = &timer;
  co_await timer.async_wait(kAwait);
  timer_ = nullptr;
  Settle(Clock::now());
}

void FlvViewer::Take(const FlvFrameRef& frame, Clock::time_point now) {
  if (ended_) return;
  if (muxer_) return muxer_->Push(frame);
  held_.push_back(frame);
  if (frame->kind == FlvFrame::Kind::kMetadata) return;
  seen_[frame->is_video() ? 0 : 1] = true;
  if (!frame->is_config() && !first_at_) first_at_ = now;
  if ((seen_[0] && seen_[1]) || held_.size() >= kMaxHeld) MakeMuxer();
}

std::optional<FlvViewer::Clock::time_point> FlvViewer::begins_at() const {
  if (muxer_ || !first_at_) return std::nullopt;
  return *first_at_ + std::chrono::microseconds((seen_[0] ? kSoundWait : kPictureWait).us());
}

void FlvViewer::Settle(Clock::time_point now) {
  if (const auto at = begins_at(); at && now >= *at) MakeMuxer();
}

void FlvViewer::MakeMuxer() {
  muxer_.emplace(seen_[1], seen_[0]);
  for (const FlvFrameRef& frame : held_) muxer_->Push(frame);
  held_ = {};
}

bool FlvViewer::OnFramesEnd() {
  Wake();
  return muxer_ && muxer_->queue().TakeKeyframeRequest();
}

void FlvViewer::OnStreamEnd(std::string_view words) {
  if (std::exchange(ended_, true)) return;
  why_ = words;
  Wake();
}

// ---- FlvDoor

HttpResponse FlvDoor::Answer(const HttpRequest& request) {
  if (request.method == "OPTIONS") {
    HttpResponse response;
    response.status = 204;
    response.Set("Allow", "GET, HEAD, OPTIONS")
        .Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
        .Set("Access-Control-Allow-Headers", "*")
        .Set("Access-Control-Max-Age", "600");
    return AllowAnyOrigin(std::move(response));
  }
  if (request.method == "HEAD") {
    // Says what a GET would be; whether it would be let in, only a GET knows.
    HttpResponse response;
    response.Set("Content-Type", "video/x-flv").Set("Cache-Control", "no-store");
    return AllowAnyOrigin(std::move(response));
  }
  return AllowAnyOrigin(MethodNotAllowed("GET, HEAD, OPTIONS"));
}

asio::awaitable<FlvDoor::Opened> FlvDoor::Open(const HttpRequest& request) {
  if (!request.remote.is_loopback() && !limiter_.Take(hub_.Now(), request.remote)) {
    co_return ErrorResponse(
        signal::MakeError(SignalErrorKind::kRateLimited, "Too many requests from your address: at most 5 per second."));
  }
  const std::string_view target = request.target;
  const size_t mark = std::min(target.find('?'), target.size());
  const std::string_view query = target.substr(std::min(mark + 1, target.size()));
  Result<RtmpPlay> play = ParseFlvTarget(target.substr(0, mark), query);
  if (!play.ok()) {
    co_return AllowAnyOrigin(
        ProblemResponse(400, "bad_request", "The address is wrong: " + play.error().message + "."));
  }
  const auto viewer = std::make_shared<FlvViewer>();
  LiveCaller caller{request.remote.ToString(), dev_signing_ && request.remote.is_loopback()};
  auto opened = co_await streams_.Open(std::move(play).value(), std::move(caller), *viewer);
  if (!opened.ok()) co_return ErrorResponse(opened.error());
  viewer->Keep(std::move(opened).value());
  co_return viewer;
}

}  // namespace duet
