#include "gateway/rtmp_peer.h"

#include <utility>
#include <variant>

#include "wire/rtmp_url.h"

namespace duet {

using signal::SignalErrorKind;

class RtmpPeer::Publishing {
 public:
  Publishing(RtmpPeer& peer, uint32_t stream_id, std::shared_ptr<DoorSession> session, IngestLine::Options options)
      : session_(std::move(session)),
        stream_(peer.context_.pool, peer.context_.rng, std::move(options), session_->log()) {
    session_->log().Info("RTMP push begins");
    session_->OnEnd([&peer, stream_id, this](std::string_view words) {
      why_ = words;
      peer.session_.EndStream(peer.Now(), stream_id, words);
      peer.wake_();
    });
    // RTMP has no way to ask for a keyframe; late viewers begin with the one that the room keeps.
  }
  ~Publishing() {
    session_->log().Info("RTMP push ends: " + why_);
    session_->OnEnd(nullptr);
    session_->Close();
  }

  void OnMedia(Time now, const RtmpMedia& media) {
    bool& carried = media.video ? carries_.video : carries_.audio;
    if (!std::exchange(carried, true)) session_->Tell(carries_);
    stream_.OnMedia(now, media.video, media.timestamp_ms, media.data);
  }
  // Some say it again with every frame; the log hears it once.
  void OnMetadata(const StreamMetadata& metadata) {
    if (metadata.encoder.empty() || std::exchange(described_, true)) return;
    session_->log().With("encoder", metadata.encoder).Info("RTMP push described");
  }
  void SetReason(std::string_view why) {
    if (why_.empty()) why_ = why;
  }

 private:
  std::shared_ptr<DoorSession> session_;
  PushStream stream_;
  PushCarries carries_;  // as Control knows it
  bool described_ = false;
  std::string why_;
};

class RtmpPeer::Watching final : public LiveViewer {
 public:
  Watching(RtmpPeer& peer, uint32_t stream_id) : peer_(peer), stream_id_(stream_id) {}

  asio::awaitable<std::optional<signal::SignalError>> Open(RtmpPlay target, LiveCaller caller) {
    auto opened = co_await peer_.context_.streams.Open(std::move(target), std::move(caller), *this);
    if (!opened.ok()) co_return opened.error();
    ticket_ = std::move(opened).value();
    co_return std::nullopt;
  }
  // From now on frames go out; those that came before are at hand.
  void Accepted() {
    accepted_ = true;
    for (const FlvFrameRef& frame : early_) peer_.session_.Push(stream_id_, frame);
    early_.clear();
    if (!end_.empty()) peer_.session_.EndStream(peer_.Now(), stream_id_, end_);
  }

  void OnFrame(const FlvFrameRef& frame) override {
    if (accepted_) {
      peer_.session_.Push(stream_id_, frame);
    } else if (early_.size() < kMaxEarly) {
      early_.push_back(frame);
    }
  }
  bool OnFramesEnd() override {
    peer_.wake_();
    return accepted_ && peer_.session_.TakeKeyframeRequest(stream_id_);
  }
  void OnStreamEnd(std::string_view words) override {
    end_ = words;
    if (!accepted_) return;
    peer_.session_.EndStream(peer_.Now(), stream_id_, words);
    peer_.wake_();
  }

 private:
  static constexpr size_t kMaxEarly = 16;
  RtmpPeer& peer_;
  const uint32_t stream_id_;
  bool accepted_ = false;
  std::vector<FlvFrameRef> early_;
  std::string end_;
  std::unique_ptr<LiveTicket> ticket_;  // goes first
};

RtmpPeer::RtmpPeer(RtmpContext& context, IpAddress remote, asio::any_io_executor executor, std::function<void()> wake)
    : context_(context),
      remote_(remote),
      executor_(std::move(executor)),
      wake_(std::move(wake)),
      log_(context.log.With("remote", remote.ToString())),
      session_(context.hub.Now(), context.rng) {}

RtmpPeer::~RtmpPeer() { End("the connection is gone"); }

void RtmpPeer::End(std::string_view why) {
  over_ = true;
  for (const auto& [id, publishing] : publishing_) publishing->SetReason(why);
  publishing_.clear();
  watching_.clear();
}

asio::awaitable<void> RtmpPeer::Read(Bytes input) {
  while (!over_) {
    auto event = session_.Read(Now(), input);
    if (!event) break;
    if (const auto* media = std::get_if<RtmpMedia>(&*event)) {
      const auto found = publishing_.find(media->stream_id);
      if (found != publishing_.end()) found->second->OnMedia(Now(), *media);
    } else if (auto* request = std::get_if<RtmpRequest>(&*event)) {
      co_await OnRequest(std::move(*request));
    } else if (const auto* metadata = std::get_if<RtmpMetadata>(&*event)) {
      const auto found = publishing_.find(metadata->stream_id);
      if (found != publishing_.end()) found->second->OnMetadata(metadata->metadata);
    } else if (const auto* ended = std::get_if<RtmpStreamEnded>(&*event)) {
      const auto found = publishing_.find(ended->stream_id);
      if (found != publishing_.end()) found->second->SetReason("the publisher stopped");
      publishing_.erase(ended->stream_id);
      watching_.erase(ended->stream_id);
    }
  }
  wake_();
}

void RtmpPeer::Refuse(uint32_t stream_id, const signal::SignalError& error) {
  log_.Info("RTMP refused: " + std::string(error.name));
  const bool not_found = error.name == "stream_not_found";
  session_.Refuse(Now(), stream_id, not_found ? RtmpRefusal::kNotFound : RtmpRefusal::kDenied, error.message);
}

asio::awaitable<void> RtmpPeer::OnRequest(RtmpRequest request) {
  const bool publish = request.what == RtmpRequest::What::kPublish;
  if (!remote_.is_loopback() && !context_.limiter.Take(Now(), remote_)) {
    Refuse(request.stream_id, signal::MakeError(SignalErrorKind::kRateLimited,
                                                "Too many requests from your address: at most 5 per second."));
    co_return;
  }
  Result<RtmpTarget> target = ParseRtmpTarget(request.app, request.tc_url, request.name);
  if (!target.ok()) {
    Refuse(request.stream_id,
           signal::MakeError(SignalErrorKind::kInvalidParams, "The address is wrong: " + target.error().message + "."));
    co_return;
  }
  auto* push = std::get_if<RtmpPush>(&*target);
  auto* play = std::get_if<RtmpPlay>(&*target);
  if (publish != (push != nullptr)) {
    Refuse(request.stream_id,
           signal::MakeError(SignalErrorKind::kInvalidParams, publish ? "Publish to /push/ROOM, not to /live/."
                                                                      : "Play from /live/NAME, not from /push/."));
    co_return;
  }
  if (push != nullptr) {
    co_await OpenPush(request.stream_id, std::move(*push));
  } else {
    co_await OpenPlay(request.stream_id, std::move(*play));
  }
}

asio::awaitable<void> RtmpPeer::OpenPush(uint32_t stream_id, RtmpPush target) {
  const auto session = DoorSession::Make(context_.hub, executor_, remote_.ToString(), context_.log);
  duet::OpenPush question{.target = std::move(target), .trusted = context_.dev_signing && remote_.is_loopback()};
  DoorSession::Answer answer = co_await DoorSession::Ask(session, std::move(question));
  if (over_) co_return;
  if (const auto* error = std::get_if<signal::SignalError>(&answer)) {
    Refuse(stream_id, *error);
    co_return;
  }
  auto* opened = std::get_if<PushOpened>(&answer);
  if (opened == nullptr || opened->line == nullptr) {
    Refuse(stream_id, signal::MakeError(SignalErrorKind::kInternalError, "The push could not be opened."));
    co_return;
  }
  IngestLine::Options options{.line = std::move(opened->line),
                              .audio = opened->audio,
                              .video = opened->video,
                              .audio_payload_type = opened->audio_payload_type,
                              .video_payload_type = opened->video_payload_type};
  session_.Accept(Now(), stream_id);
  publishing_[stream_id] = std::make_unique<Publishing>(*this, stream_id, session, std::move(options));
}

asio::awaitable<void> RtmpPeer::OpenPlay(uint32_t stream_id, RtmpPlay target) {
  auto watching = std::make_unique<Watching>(*this, stream_id);
  LiveCaller caller{remote_.ToString(), context_.dev_signing && remote_.is_loopback()};
  const auto refused = co_await watching->Open(std::move(target), std::move(caller));
  if (over_) co_return;
  if (refused) {
    Refuse(stream_id, *refused);
    co_return;
  }
  session_.Accept(Now(), stream_id);
  watching->Accepted();
  watching_[stream_id] = std::move(watching);
}

}  // namespace duet
