// FrameQueue: what one viewer over TCP is still to get, and what it will not get because it is too slow.
//
// - Begins with a keyframe. Sound that comes before it is left away as well, so that both begin together; when no
//   keyframe has come for 1 s, sound goes out alone and the picture joins later.
// - Whoever is more than max_delay behind jumps to live: everything queued goes, up to the newest keyframe if that
//   itself is not too old. Without one, pictures stop until the next keyframe (TakeKeyframeRequest says to ask for it)
//   and sound goes on from now. So always the tail of a GOP is lost, and never the middle of a frame. Until a
//   viewer has caught up for the first time twice as much may wait: a stream begins with a part of it that is
//   remembered, all at once.
// - Configurations go with the frames that need them: each is sent before the first frame behind it that is sent, and
//   again only when it has changed. Those that are known at the beginning all go before the first frame: browsers play
//   no track that they hear of when another has begun. One that starts later is nothing special here.
// - Times begin at 0. Those of one track never go back; when the source's do, by more than kMaxBack, the stream goes on
//   where it was.
//
// Limits: max_frames, max_bytes and max_delay, whichever is met first. Thread rule: owned by one session.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "core/rtmp/flv_frame.h"

namespace duet {

struct FrameQueueOptions {
  bool expect_video = true;  // false: sound need not wait for a keyframe
  Duration max_delay = Duration::Seconds(1);
  size_t max_frames = 256;      // 30 pictures and 47 frames of AAC make a second
  size_t max_bytes = 16 << 20;  // 128 Mbit/s for a second
};

class FrameQueue {
 public:
  static constexpr Duration kKeyframeWait = Duration::Seconds(1);
  static constexpr Duration kMaxBack = Duration::Seconds(1);

  explicit FrameQueue(FrameQueueOptions options = {});

  void Push(FlvFrameRef frame);

  struct Item {
    FlvFrameRef frame;
    uint32_t timestamp_ms = 0;  // wraps
  };
  std::optional<Item> Pop();

  // Forgets what is queued and begins anew at the next keyframe, for a viewer that had paused.
  void Restart();
  // True once when a keyframe is needed from the source.
  bool TakeKeyframeRequest();

  bool empty() const { return count_ == 0; }
  // From the oldest to the newest frame in the queue.
  Duration delay() const;
  uint64_t dropped_frames() const { return dropped_; }
  uint64_t jumps() const { return jumps_; }

 private:
  struct Entry {
    FlvFrameRef frame;
    FlvFrameRef config;
  };
  // Video, audio.
  static size_t Track(const FlvFrame& frame) { return frame.is_video() ? 0 : 1; }
  Entry& At(size_t i) { return ring_[(first_ + i) % ring_.size()]; }
  const Entry& At(size_t i) const { return ring_[(first_ + i) % ring_.size()]; }
  bool MayStart(const FlvFrame& frame);
  void Drop(size_t n);
  void JumpToLive();
  bool TooMuch() const;
  uint32_t OutTime(const FlvFrame& frame);

  FrameQueueOptions options_;
  std::vector<Entry> ring_;
  size_t first_ = 0;
  size_t count_ = 0;
  size_t bytes_ = 0;
  bool video_runs_ = false;  // a keyframe was let in, and nothing behind it was dropped
  bool audio_runs_ = false;
  bool keyframe_wanted_ = false;
  std::optional<int64_t> waiting_since_ms_;
  FlvFrameRef metadata_;
  FlvFrameRef config_[2];
  FlvFrameRef sent_metadata_;
  FlvFrameRef sent_config_[2];
  bool begun_ = false;                        // a frame was sent
  bool caught_up_ = false;                    // no more than max_delay waited, once
  std::optional<int64_t> base_ms_;            // time of the source at which ours is 0
  std::optional<int64_t> last_source_ms_[2];  // of each track, since the base
  int64_t last_out_ms_[2] = {0, 0};
  uint64_t dropped_ = 0;
  uint64_t jumps_ = 0;
};

}  // namespace duet
