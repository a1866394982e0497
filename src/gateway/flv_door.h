// FlvDoor: live streams as FLV over HTTP and over WebSockets (docs/protocol.md section 4).
//
//   GET /live/NAME.flv?…           chunked, until the stream ends or the viewer goes
//   the same as a WebSocket        the same bytes in binary messages
//
// Limits: those of FrameQueue (a viewer more than a second behind jumps to live); a viewer that takes nothing for
// `stall` is cut off; kRequestsPerSecond per address, loopback excepted.
//
// The I/O thread only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/rtmp/flv_muxer.h"
#include "gateway/address_limiter.h"
#include "gateway/connection_guard.h"
#include "gateway/http_message.h"
#include "gateway/live_stream.h"

namespace duet {

// One viewer's stream of bytes.
class FlvViewer final : public LiveViewer {
 public:
  using Clock = std::chrono::steady_clock;
  // Players decide by the header which tracks to wait for, and some cannot take one that comes later. So it is written
  // when both have been seen, or after as long as the other may take: a picture has to wait for a keyframe, which is
  // asked for; sound is there at once, but for pauses of Opus, which sends a packet each 400 ms then. Long by the
  // clock, not in the stream: pictures begin with up to a second that is remembered, all of it before any sound.
  static constexpr Duration kPictureWait = Duration::Millis(800);
  static constexpr Duration kSoundWait = Duration::Millis(500);
  static constexpr size_t kMaxHeld = 128;

  // What is to be sent now, empty when nothing is; then Sent says how much of it went.
  Bytes PrepareOutput() { return muxer_ ? muxer_->PrepareOutput() : Bytes(); }
  void Sent(size_t n) { muxer_->Sent(n); }
  bool ended() const { return ended_; }
  const std::string& why() const { return why_; }
  // Returns when there may be something to send, or the stream has ended, or Wake was called.
  asio::awaitable<void> Wait();
  void Wake() {
    if (timer_ != nullptr) timer_->cancel();
  }
  // The viewer has gone.
  void End(std::string_view why) { OnStreamEnd(why); }

  void OnFrame(const FlvFrameRef& frame) override { Take(frame, Clock::now()); }
  void Take(const FlvFrameRef& frame, Clock::time_point now);
  // When it begins with the one track that was seen; nothing before anything was, and when it has begun.
  std::optional<Clock::time_point> begins_at() const;
  // It is `now`. Called by Wait.
  void Settle(Clock::time_point now);
  bool OnFramesEnd() override;
  void OnStreamEnd(std::string_view words) override;

  void Keep(std::unique_ptr<LiveTicket> ticket) { ticket_ = std::move(ticket); }
  const Log& log() const { return ticket_->log(); }

 private:
  void MakeMuxer();

  std::vector<FlvFrameRef> held_;  // until there is a muxer
  std::optional<Clock::time_point> first_at_;
  bool seen_[2] = {false, false};  // video, audio
  std::optional<FlvMuxer> muxer_;
  bool ended_ = false;
  std::string why_;
  asio::steady_timer* timer_ = nullptr;  // of Wait
  std::unique_ptr<LiveTicket> ticket_;   // goes first
};

class FlvDoor {
 public:
  static constexpr double kRequestsPerSecond = 5;
  static constexpr double kRequestBurst = 50;

  // All references outlive it. `dev_signing`: callers on loopback need no UserSig for the development app.
  FlvDoor(SignalHub& hub, LiveStreams& streams, bool dev_signing, Duration stall = Duration::Seconds(20))
      : hub_(hub), streams_(streams), dev_signing_(dev_signing), stall_(stall) {}

  // Whether a request with this path is for this door.
  static bool Takes(std::string_view path) { return path.starts_with("/live/"); }

  // GET: lets the viewer in, or says why not.
  using Opened = Result<std::shared_ptr<FlvViewer>, HttpResponse>;
  asio::awaitable<Opened> Open(const HttpRequest& request);
  // Every other method.
  static HttpResponse Answer(const HttpRequest& request);

  Duration stall() const { return stall_; }

 private:
  SignalHub& hub_;
  LiveStreams& streams_;
  const bool dev_signing_;
  const Duration stall_;
  AddressLimiter limiter_{kRequestsPerSecond, kRequestBurst};
};

// Streams to a viewer until it is over; `request` was answered by Open, and is an upgrade or a GET. `place` is told how
// to end it.
template <typename Stream>
asio::awaitable<void> ServeFlv(Stream stream, http::request<http::string_body> request,
                               std::shared_ptr<FlvViewer> viewer, ConnectionGuard::Place& place, Duration stall);

extern template asio::awaitable<void> ServeFlv(PlainStream, http::request<http::string_body>,
                                               std::shared_ptr<FlvViewer>, ConnectionGuard::Place&, Duration);
extern template asio::awaitable<void> ServeFlv(TlsStream, http::request<http::string_body>, std::shared_ptr<FlvViewer>,
                                               ConnectionGuard::Place&, Duration);

}  // namespace duet
