#include "gateway/push_stream.h"

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "wire/flv.h"

namespace duet {

class PushStream::Task final : public PoolTask {
 public:
  Task(Rng& rng, IngestLine::Options options, Log log) : line_(rng, std::move(options)), log_(std::move(log)) {}

  // The I/O thread.
  void Put(Time arrived, bool video, int64_t timestamp_ms, Bytes data) {
    const std::lock_guard lock(mutex_);
    const auto tag = video ? ParseFlvVideo(data) : std::nullopt;
    const bool config = tag && tag->packet == FlvPacket::kSequenceHeader;
    if (tag && tag->keyframe && !config) needs_keyframe_ = false;
    const bool full = count_ >= kMaxFrames || bytes_ + data.size() > kMaxBytes;
    if (full || (video && needs_keyframe_ && !config)) {
      needs_keyframe_ = needs_keyframe_ || video;
      ++dropped_;
      return;
    }
    if (count_ == waiting_.size()) waiting_.emplace_back();
    Frame& frame = waiting_[count_++];  // its memory is used again
    frame.arrived = arrived;
    frame.video = video;
    frame.timestamp_ms = timestamp_ms;
    frame.data.assign(data.begin(), data.end());
    bytes_ += data.size();
  }

  Time Run(Time now) override {
    size_t count = 0;
    uint64_t dropped = 0;
    {
      const std::lock_guard lock(mutex_);
      waiting_.swap(taken_);
      count = std::exchange(count_, 0);
      bytes_ = 0;
      dropped = std::exchange(dropped_, 0);
    }
    for (size_t i = 0; i < count; ++i) {
      Frame& frame = taken_[i];
      line_.OnMedia(frame.arrived, frame.video, frame.timestamp_ms, frame.data);
      if (frame.data.capacity() > kMaxKept) frame.data = {};
    }
    line_.Run(now);
    dropped_untold_ += dropped;
    if (dropped_untold_ > 0 && now >= warned_at_ + kWarnEvery) {
      warned_at_ = now;
      log_.Warn("more came at once than can be passed on live: " + std::to_string(std::exchange(dropped_untold_, 0)) +
                " frames were dropped");
    }
    while (const auto event = line_.PopEvent()) Tell(*event);
    return line_.NextTimer();
  }

 private:
  // What the memory of a usual frame takes; a greater one is given back.
  static constexpr size_t kMaxKept = 256 * 1024;
  static constexpr Duration kWarnEvery = Duration::Seconds(10);

  struct Frame {
    Time arrived;
    bool video = false;
    int64_t timestamp_ms = 0;
    std::vector<std::byte> data;
  };

  void Tell(const IngestEvent& event) const {
    switch (event.what) {
      case IngestEvent::What::kVideoFormat:
        log_.Info("picture of " + std::to_string(event.width) + "x" + std::to_string(event.height));
        break;
      case IngestEvent::What::kAudioStarted:
        log_.Info("sound with " + std::to_string(event.channels) + (event.channels == 1 ? " channel" : " channels"));
        break;
      default: log_.Warn(event.words);
    }
  }

  // The pool's.
  IngestLine line_;
  const Log log_;
  std::vector<Frame> taken_;
  uint64_t dropped_untold_ = 0;
  Time warned_at_ = Time::LongAgo();
  // Both's.
  std::mutex mutex_;
  std::vector<Frame> waiting_;  // the first count_ of them
  size_t count_ = 0;
  size_t bytes_ = 0;
  bool needs_keyframe_ = false;
  uint64_t dropped_ = 0;
};

PushStream::PushStream(TaskPool& pool, Rng& rng, IngestLine::Options options, Log log)
    : pool_(pool), slot_(pool.Reserve()), task_(std::make_shared<Task>(rng, std::move(options), std::move(log))) {
  pool_.Start(slot_, task_);
}

PushStream::~PushStream() { pool_.Release(slot_); }

void PushStream::OnMedia(Time arrived, bool video, int64_t timestamp_ms, Bytes data) {
  task_->Put(arrived, video, timestamp_ms, data);
  // Also when it was dropped: the task says so in the log.
  slot_.Wake();
}

}  // namespace duet
