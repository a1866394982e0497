// PushStream: one accepted RTMP publisher between its socket and the room: frames wait in a bounded queue for the
// TaskPool, where they become RTP packets of the room (IngestLine).
//
// Limits: kMaxFrames and kMaxBytes wait; more means that the pool is too slow, and then whole frames are dropped, of
// the picture all up to the next keyframe.
//
// Thread rule: Open, OnMedia, Close and the destructor belong to the I/O thread; the task runs in the pool.
#pragma once

#include <memory>

#include "base/log.h"
#include "base/rng.h"
#include "bridge/ingest_line.h"
#include "io/task_pool.h"

namespace duet {

class PushStream {
 public:
  static constexpr size_t kMaxFrames = 256;
  static constexpr size_t kMaxBytes = 16 << 20;

  // `pool` outlives it. `log` is the publisher's.
  PushStream(TaskPool& pool, Rng& rng, IngestLine::Options options, Log log);
  // The room gets nothing any more, once a run that is under way has ended.
  ~PushStream();
  PushStream(const PushStream&) = delete;
  PushStream& operator=(const PushStream&) = delete;

  // `data` of an RTMP audio or video message, copied. Never waits.
  void OnMedia(Time arrived, bool video, int64_t timestamp_ms, Bytes data);

 private:
  class Task;
  TaskPool& pool_;
  TaskPool::Slot& slot_;
  std::shared_ptr<Task> task_;
};

}  // namespace duet
