#include "gateway/live_stream.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

#include "bridge/egress_line.h"
#include "bridge/flv_frames.h"

namespace duet {

// One stream that is watched.
class LiveStream : public std::enable_shared_from_this<LiveStream> {
 public:
  LiveStream(LiveStreams& registry, std::string key)
      : registry_(registry), key_(std::move(key)), linger_(registry.io_) {}
  ~LiveStream() { Stop(); }

  bool runs() const { return slot_ != nullptr; }
  // Opens the tap; the error when Control refuses.
  static asio::awaitable<std::optional<signal::SignalError>> Start(std::shared_ptr<LiveStream> self, RtmpPlay target,
                                                                   LiveCaller caller);
  void Add(LiveTicket& ticket);
  void Remove(LiveTicket& ticket);
  // For all viewers, and it leaves the registry.
  void End(std::string_view words);

 private:
  class Task;
  void Stop();
  void OnTapEnd(std::string_view words);
  void OnFrames();
  // Remembers a configuration. False when it says nothing new.
  bool Keep(const FlvFrameRef& frame);
  void MaybeAskForKeyframe();
  void StartLinger();

  LiveStreams& registry_;
  const std::string key_;
  std::shared_ptr<DoorSession> tap_;
  TaskPool::Slot* slot_ = nullptr;
  std::shared_ptr<Task> task_;
  std::vector<LiveTicket*> tickets_;
  LiveCaller caller_;  // who opened the tap
  std::vector<FlvFrameRef> batch_;
  // For viewers who come later.
  FlvFrameRef metadata_;
  FlvFrameRef configs_[2];  // video, audio
  bool keyframe_wanted_ = false;
  Time keyframe_asked_ = Time::LongAgo();
  asio::steady_timer linger_;
  bool ended_ = false;
};

// What runs in the pool.
class LiveStream::Task final : public PoolTask {
 public:
  Task(EgressLine line, asio::io_context& io, std::weak_ptr<LiveStream> stream)
      : line_(std::move(line)), io_(io), stream_(std::move(stream)) {}

  Time Run(Time now) override {
    const bool more = line_.Run(now);
    bool post = false;
    {
      const std::lock_guard lock(mutex_);
      while (FlvFrameRef frame = line_.Pop()) {
        // The I/O thread hangs; viewers jump to live anyway.
        if (ready_.size() >= LiveStreams::kMaxFrames) ready_.erase(ready_.begin());
        ready_.push_back(std::move(frame));
      }
      if (line_.TakeKeyframeRequest()) keyframe_wanted_ = true;
      if (!ready_.empty() || keyframe_wanted_) post = !std::exchange(posted_, true);
    }
    if (post) {
      asio::post(io_, [stream = stream_] {
        if (const auto alive = stream.lock()) alive->OnFrames();
      });
    }
    return more ? now : line_.NextTimer();
  }

  // The I/O thread: what is ready; true when the picture needs a keyframe.
  bool Take(std::vector<FlvFrameRef>& out) {
    out.clear();
    const std::lock_guard lock(mutex_);
    out.swap(ready_);
    posted_ = false;
    return std::exchange(keyframe_wanted_, false);
  }

 private:
  EgressLine line_;
  asio::io_context& io_;
  const std::weak_ptr<LiveStream> stream_;
  std::mutex mutex_;
  std::vector<FlvFrameRef> ready_;
  bool keyframe_wanted_ = false;
  bool posted_ = false;
};

asio::awaitable<std::optional<signal::SignalError>> LiveStream::Start(std::shared_ptr<LiveStream> self, RtmpPlay target,
                                                                      LiveCaller caller) {
  LiveStreams& registry = self->registry_;
  self->slot_ = &registry.pool_.Reserve();
  self->tap_ = DoorSession::Make(registry.hub_, registry.io_.get_executor(), caller.remote, registry.log_);
  self->caller_ = caller;
  const std::shared_ptr<DoorSession> tap = self->tap_;
  OpenPlay question{.target = std::move(target), .trusted = caller.trusted, .tap = true, .taker = self->slot_};
  DoorSession::Answer answer = co_await DoorSession::Ask(tap, std::move(question));
  if (const auto* error = std::get_if<signal::SignalError>(&answer)) {
    self->Stop();
    co_return *error;
  }
  const auto* opened = std::get_if<PlayOpened>(&answer);
  if (self->ended_ || opened == nullptr || opened->line == nullptr) {
    self->Stop();
    co_return signal::MakeError(signal::SignalErrorKind::kInternalError, "The stream could not be opened.");
  }
  auto line = EgressLine::Create(opened->line);
  if (!line.ok()) {
    self->Stop();
    co_return signal::MakeError(signal::SignalErrorKind::kInternalError, line.error().message);
  }
  self->task_ = std::make_shared<Task>(std::move(*line), registry.io_, self);
  registry.pool_.Start(*self->slot_, self->task_);
  tap->OnEnd([stream = self->weak_from_this()](std::string_view words) {
    if (const auto alive = stream.lock()) alive->OnTapEnd(words);
  });
  co_return std::nullopt;
}

void LiveStream::Stop() {
  if (tap_ != nullptr) std::exchange(tap_, nullptr)->Close();
  if (slot_ != nullptr) registry_.pool_.Release(*std::exchange(slot_, nullptr));
  task_.reset();
}

void LiveStream::OnTapEnd(std::string_view words) {
  Stop();
  const std::string reason(words);
  if (tickets_.empty() || registry_.hub_.given_up()) return End(reason);
  // Of whoever is left; it may have been another one's right that ended.
  RtmpPlay target = tickets_.front()->target_;
  asio::co_spawn(
      registry_.io_,
      [](std::shared_ptr<LiveStream> self, RtmpPlay play, std::string why) -> asio::awaitable<void> {
        LiveCaller caller = self->caller_;
        const auto refused = co_await Start(self, std::move(play), std::move(caller));
        if (refused) self->End(why);
      }(shared_from_this(), std::move(target), reason),
      asio::detached);
}

void LiveStream::End(std::string_view words) {
  if (std::exchange(ended_, true)) return;
  const std::shared_ptr<LiveStream> alive = shared_from_this();
  Stop();
  linger_.cancel();
  const auto found = registry_.streams_.find(key_);
  if (found != registry_.streams_.end() && found->second == alive) registry_.streams_.erase(found);
  const std::vector<LiveTicket*> tickets = tickets_;
  for (LiveTicket* ticket : tickets) ticket->End(words);
}

void LiveStream::Add(LiveTicket& ticket) {
  linger_.cancel();
  tickets_.push_back(&ticket);
  for (const FlvFrameRef& frame : {metadata_, configs_[0], configs_[1]})
    if (frame != nullptr) ticket.OnFrame(frame);
  keyframe_wanted_ = true;
  MaybeAskForKeyframe();
}

void LiveStream::Remove(LiveTicket& ticket) {
  std::erase(tickets_, &ticket);
  if (tickets_.empty() && !ended_) StartLinger();
}

// A page that loads again, or a player that tries another address, finds the stream still there.
void LiveStream::StartLinger() {
  linger_.expires_after(std::chrono::microseconds(LiveStreams::kLinger.us()));
  linger_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    const auto alive = self.lock();
    if (!error && alive != nullptr && alive->tickets_.empty()) alive->End("nobody watches");
  });
}

bool LiveStream::Keep(const FlvFrameRef& frame) {
  if (!frame->is_config()) return true;
  FlvFrameRef& config = configs_[frame->is_video() ? 0 : 1];
  // A publisher that came back with the same encoder: players need not begin anew.
  if (config != nullptr && config->data == frame->data) return false;
  const bool new_track = std::exchange(config, frame) == nullptr;
  if (new_track) metadata_ = MakeMetadataFrame({}, configs_[1] != nullptr, configs_[0] != nullptr);
  return true;
}

void LiveStream::OnFrames() {
  if (task_ == nullptr) return;
  const std::shared_ptr<LiveStream> alive = shared_from_this();
  if (task_->Take(batch_)) keyframe_wanted_ = true;
  // A viewer may go while it is served.
  const std::vector<LiveTicket*> tickets = tickets_;
  const auto here = [this](LiveTicket* ticket) {
    return std::find(tickets_.begin(), tickets_.end(), ticket) != tickets_.end();
  };
  for (const FlvFrameRef& frame : batch_) {
    const FlvFrameRef before = metadata_;
    if (!Keep(frame)) continue;
    for (LiveTicket* ticket : tickets) {
      if (!here(ticket)) continue;
      if (metadata_ != before) ticket->OnFrame(metadata_);
      ticket->OnFrame(frame);
    }
  }
  for (LiveTicket* ticket : tickets)
    if (here(ticket) && ticket->viewer_.OnFramesEnd()) keyframe_wanted_ = true;
  MaybeAskForKeyframe();
}

void LiveStream::MaybeAskForKeyframe() {
  const Time now = registry_.hub_.Now();
  if (!keyframe_wanted_ || tap_ == nullptr || task_ == nullptr || now < keyframe_asked_ + LiveStreams::kKeyframeEvery)
    return;
  keyframe_wanted_ = false;
  keyframe_asked_ = now;
  tap_->WantKeyframe();
}

LiveTicket::LiveTicket(std::shared_ptr<LiveStream> stream, std::shared_ptr<DoorSession> session, LiveViewer& viewer,
                       RtmpPlay target, const PlayOpened& rights)
    : stream_(std::move(stream)),
      session_(std::move(session)),
      viewer_(viewer),
      target_(std::move(target)),
      audio_(rights.audio),
      video_(rights.video) {
  session_->OnEnd([this](std::string_view words) { End(words); });
  stream_->Add(*this);
}

LiveTicket::~LiveTicket() {
  session_->OnEnd(nullptr);
  session_->Close();
  stream_->Remove(*this);
}

void LiveTicket::OnFrame(const FlvFrameRef& frame) {
  const bool may = frame->kind == FlvFrame::Kind::kMetadata || (frame->is_video() ? video_ : audio_);
  if (may && !over_) viewer_.OnFrame(frame);
}

void LiveTicket::End(std::string_view words) {
  if (!std::exchange(over_, true)) viewer_.OnStreamEnd(words);
}

LiveStreams::LiveStreams(SignalHub& hub, TaskPool& pool, asio::io_context& io, Log log)
    : hub_(hub), pool_(pool), io_(io), log_(std::move(log)) {}

LiveStreams::~LiveStreams() = default;

// A string room may be named like a number.
std::string LiveStreams::KeyOf(const RtmpPlay& target) {
  return (target.room.is_string() ? "s" : "n") +
         RtmpPlayName(target.sdk_app_id, target.room, target.publisher, target.stream);
}

asio::awaitable<LiveStreams::Opened> LiveStreams::Open(RtmpPlay target, LiveCaller caller, LiveViewer& viewer) {
  const auto session = DoorSession::Make(hub_, io_.get_executor(), caller.remote, log_);
  OpenPlay question{.target = target, .trusted = caller.trusted, .tap = false};
  DoorSession::Answer answer = co_await DoorSession::Ask(session, std::move(question));
  if (auto* error = std::get_if<signal::SignalError>(&answer)) co_return std::move(*error);
  const auto* rights = std::get_if<PlayOpened>(&answer);
  if (rights == nullptr) co_return signal::MakeError(signal::SignalErrorKind::kInternalError, "No right was given.");

  const std::string key = KeyOf(target);
  const auto found = streams_.find(key);
  std::shared_ptr<LiveStream> stream;
  std::unique_ptr<LiveTicket> ticket;
  if (found != streams_.end()) {
    stream = found->second;
    ticket = std::make_unique<LiveTicket>(stream, session, viewer, std::move(target), *rights);
    co_return std::move(ticket);
  }
  stream = std::make_shared<LiveStream>(*this, key);
  streams_.emplace(key, stream);
  ticket = std::make_unique<LiveTicket>(stream, session, viewer, target, *rights);
  const auto refused = co_await LiveStream::Start(stream, std::move(target), std::move(caller));
  if (refused) {
    ticket.reset();
    stream->End(refused->message);
    co_return *refused;
  }
  co_return std::move(ticket);
}

void LiveStreams::GiveUp() {
  const auto streams = streams_;
  for (const auto& [key, stream] : streams) stream->End("the server is stopping");
}

}  // namespace duet
