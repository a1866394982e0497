// What RTMP and FLV viewers see: each stream that anybody watches is taken out of its room and made into FLV frames
// once, however many watch.
//
//   first viewer ──> OpenPlay with a tap ──> EgressLine in the pool ──frames──> all viewers
//   last viewer gone ──kLinger──> closed
//
// Each viewer has a session of its own towards Control, which says whether it may watch and may end it; the stream has
// one more for its tap. When that one ends while others watch (it was opened with the rights of a viewer who was sent
// away), it is opened once more with the rights of one of them.
//
// Limits: kMaxFrames between the pool and the I/O thread; a keyframe is asked for at most every kKeyframeEvery.
// Thread rule: the I/O thread only, but for the task in the pool, which posts what it has made.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/rtmp/flv_frame.h"
#include "gateway/door_session.h"
#include "io/task_pool.h"

namespace duet {

// A connection that shows a stream.
class LiveViewer {
 public:
  virtual ~LiveViewer() = default;
  // Configurations come before the frames that need them, also for a viewer that comes late.
  virtual void OnFrame(const FlvFrameRef& frame) = 0;
  // A batch is over: what is queued may be written. True when it needs a keyframe.
  virtual bool OnFramesEnd() = 0;
  // The stream is over for this viewer. Called once, and nothing afterwards.
  virtual void OnStreamEnd(std::string_view words) = 0;
};

class LiveStream;

// A viewer's hold on a stream; the stream lets go of the viewer when it goes.
class LiveTicket {
 public:
  LiveTicket(std::shared_ptr<LiveStream> stream, std::shared_ptr<DoorSession> session, LiveViewer& viewer,
             RtmpPlay target, const PlayOpened& rights);
  ~LiveTicket();
  LiveTicket(const LiveTicket&) = delete;
  LiveTicket& operator=(const LiveTicket&) = delete;

  const Log& log() const { return session_->log(); }

 private:
  friend class LiveStream;
  void End(std::string_view words);
  // Passes on what the viewer may have.
  void OnFrame(const FlvFrameRef& frame);

  std::shared_ptr<LiveStream> stream_;
  std::shared_ptr<DoorSession> session_;
  LiveViewer& viewer_;
  const RtmpPlay target_;
  const bool audio_;
  const bool video_;
  bool over_ = false;
};

// What a caller says of itself.
struct LiveCaller {
  std::string remote;    // its address, for the log
  bool trusted = false;  // on loopback, while the server signs for the development app
};

class LiveStreams {
 public:
  static constexpr Duration kLinger = Duration::Seconds(3);
  static constexpr Duration kKeyframeEvery = Duration::Millis(500);
  static constexpr size_t kMaxFrames = 512;

  // All references outlive it; `io` is where its functions run.
  LiveStreams(SignalHub& hub, TaskPool& pool, asio::io_context& io, Log log);
  ~LiveStreams();

  using Opened = Result<std::unique_ptr<LiveTicket>, signal::SignalError>;
  // Lets a viewer in, or says why not. `viewer` stays until the ticket has gone; frames may come before this returns.
  asio::awaitable<Opened> Open(RtmpPlay target, LiveCaller caller, LiveViewer& viewer);

  // The server is about to stop, after SignalHub::GiveUp: every stream ends.
  void GiveUp();

  size_t size() const { return streams_.size(); }

 private:
  friend class LiveStream;
  static std::string KeyOf(const RtmpPlay& target);

  SignalHub& hub_;
  TaskPool& pool_;
  asio::io_context& io_;
  const Log log_;
  std::map<std::string, std::shared_ptr<LiveStream>> streams_;
};

}  // namespace duet
