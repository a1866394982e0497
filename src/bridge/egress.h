// Egress: one stream of a member, from the RTP packets of its video and audio to the frames that RTMP and FLV viewers
// get. Made once per stream, however many watch.
//
// Time: the stream begins at 0 when its first packet arrives, and the first track keeps the offset that it arrived
// with. The other begins where the sender reports of both say that it belongs: what a viewer gets first is often older
// than what has just arrived. Reports that come only later bring them together at once, by moving forward the one that
// is early; from then on the picture follows them, by at most kSlewPerMille of the time that passes (at once when it is
// more than kJump away), and the sound has no hole.
//
// Limits: those of H264Depacketizer and ReorderBuffer; kMaxFrames frames wait to be taken. Thread rule: one thread at a
// time; not a media worker, since it transcodes.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/seq.h"
#include "bridge/h264_depacketizer.h"
#include "bridge/opus_to_aac.h"
#include "bridge/reorder_buffer.h"
#include "core/rtmp/flv_frame.h"
#include "peer/capture_reference.h"

namespace duet {

class Egress {
 public:
  static constexpr int64_t kSlewPerMille = 30;
  static constexpr Duration kJump = Duration::Seconds(1);
  // How long sound may be missing before silence takes its place.
  static constexpr Duration kSilenceAfter = Duration::Millis(200);
  static constexpr size_t kMaxFrames = 256;

  static Result<Egress> Create(OpusToAacOptions audio = {});

  // Packets as they come, in any order; `seq` extended (base/seq.h).
  void OnVideo(Time now, int64_t seq, uint32_t rtp_timestamp, bool marker, Bytes payload);
  void OnAudio(Time now, int64_t seq, uint32_t rtp_timestamp, Bytes payload);
  // A sender report: what has this RTP timestamp was captured at `captured`, on one clock for both tracks.
  void OnSenderReport(Time now, bool video, Time captured, uint32_t rtp_timestamp);
  // The track's packets come from another sender from now on: numbers and timestamps begin anew, the picture at its
  // next keyframe. The stream's own time goes on.
  void Restart(bool video);
  // Gives up what is late, and keeps the sound going while nothing is said.
  void OnTimer(Time now);

  // The next frame, configurations included, in the order in which they are to be sent.
  FlvFrameRef Pop();
  // For a viewer who comes later: null while there is none yet.
  const FlvFrameRef& video_config() const { return video_config_; }
  const FlvFrameRef& audio_config() const { return audio_config_; }
  bool has_audio() const { return audio_.anchored; }
  bool has_video() const { return video_.anchored; }
  bool TakeKeyframeRequest() { return depacketizer_.TakeKeyframeRequest(); }
  Time NextTimer() const;

 private:
  struct Track {
    explicit Track(int64_t rate) : clock_rate(rate) {}
    // RTP timestamp as time on the track's own clock.
    Duration Extend(uint32_t timestamp) {
      return Duration::Micros(unwrapper.Unwrap(timestamp) * 1'000'000 / clock_rate);
    }
    Duration Peek(uint32_t timestamp) const {
      return Duration::Micros(unwrapper.Peek(timestamp) * 1'000'000 / clock_rate);
    }

    int64_t clock_rate;
    Unwrapper<uint32_t> unwrapper;
    bool anchored = false;
    Duration offset;                          // stream time - own clock
    std::optional<CaptureReference> report;   // the last one
    std::optional<Duration> report_distance;  // captured - own clock, by the report; once it is anchored
  };

  explicit Egress(OpusToAac transcoder);
  void Anchor(Time now, Track& track, uint32_t rtp_timestamp);
  void Measure(Track& track) const;
  std::optional<Duration> VideoOffsetWanted() const;
  void Join();
  void Slew(Time now);
  void TakeVideo(Time now);
  void TakeAudio(Time now);
  void TakeAac();
  void Put(FlvFrameRef frame);

  H264Depacketizer depacketizer_;
  ReorderBuffer reorder_;
  OpusToAac transcoder_;
  Track video_{90'000};
  Track audio_{48'000};
  std::optional<Time> origin_;  // where stream time is 0
  bool joined_ = false;         // sound and picture were brought together
  Duration audio_ahead_;        // stream time of the last packet of sound less its arrival
  Time slewed_at_;
  Time last_audio_ = Time::Never();
  std::deque<FlvFrameRef> frames_;
  FlvFrameRef video_config_;
  FlvFrameRef audio_config_;
  bool audio_config_sent_ = false;
};

}  // namespace duet
