// FlvMuxer: a live FLV stream for one viewer, over HTTP or a WebSocket: the file header, then tags out of a FrameQueue.
//
// Pull: PrepareOutput serialises frames only while less than kLowWater waits to be sent, so a slow reader's backlog
// stays in the queue, where whole frames can be dropped. For the same reason the socket's own buffer must be small
// (TCP_NOTSENT_LOWAT).
//
// Thread rule: owned by one connection.
#pragma once

#include "core/rtmp/byte_queue.h"
#include "core/rtmp/frame_queue.h"

namespace duet {

class FlvMuxer {
 public:
  static constexpr size_t kLowWater = 16 * 1024;

  // `audio`, `video`: what the source has now, for the header's flags. Players look at what comes anyway, but some
  // hold back the picture while sound that was announced is missing.
  FlvMuxer(bool audio, bool video, FrameQueueOptions options = {});

  void Push(FlvFrameRef frame) { queue_.Push(std::move(frame)); }
  // What is to be sent now, empty when nothing is; then Sent says how much of it went.
  Bytes PrepareOutput();
  void Sent(size_t n) { out_.Take(n); }

  FrameQueue& queue() { return queue_; }
  const FrameQueue& queue() const { return queue_; }

 private:
  FrameQueue queue_;
  ByteQueue out_;
};

}  // namespace duet
