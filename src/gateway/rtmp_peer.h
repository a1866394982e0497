// RtmpPeer: one RTMP connection without its socket: its session, and what it publishes and plays.
//
// The I/O thread only. Its owner keeps it until nothing of it is awaited any more, and calls End when the socket is
// gone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/rtmp/rtmp_session.h"
#include "gateway/push_stream.h"
#include "gateway/rtmp_door.h"

namespace duet {

class RtmpPeer {
 public:
  // `wake` is called when there may be something to send, or the session has closed.
  RtmpPeer(RtmpContext& context, IpAddress remote, asio::any_io_executor executor, std::function<void()> wake);
  ~RtmpPeer();
  RtmpPeer(const RtmpPeer&) = delete;
  RtmpPeer& operator=(const RtmpPeer&) = delete;

  RtmpSession& session() { return session_; }
  Time Now() const { return context_.hub.Now(); }

  // Takes all of `input`, which stays valid meanwhile.
  asio::awaitable<void> Read(Bytes input);
  // The socket is gone: nothing is published or played any more.
  void End(std::string_view why);

 private:
  class Publishing;
  class Watching;

  asio::awaitable<void> OnRequest(RtmpRequest request);
  asio::awaitable<void> OpenPush(uint32_t stream_id, RtmpPush target);
  asio::awaitable<void> OpenPlay(uint32_t stream_id, RtmpPlay target);
  void Refuse(uint32_t stream_id, const signal::SignalError& error);

  RtmpContext& context_;
  const IpAddress remote_;
  const asio::any_io_executor executor_;
  const std::function<void()> wake_;
  const Log log_;
  RtmpSession session_;
  bool over_ = false;
  std::map<uint32_t, std::unique_ptr<Publishing>> publishing_;  // by stream
  std::map<uint32_t, std::unique_ptr<Watching>> watching_;
};

}  // namespace duet
