#include "bridge/egress.h"

#include <algorithm>
#include <utility>

#include "bridge/flv_frames.h"

namespace duet {

Result<Egress> Egress::Create(OpusToAacOptions audio) {
  auto transcoder = OpusToAac::Create(audio);
  if (!transcoder.ok()) return transcoder.error();
  return Egress(std::move(*transcoder));
}

Egress::Egress(OpusToAac transcoder) : transcoder_(std::move(transcoder)) {
  audio_config_ = MakeAudioConfigFrame(transcoder_.audio_specific_config());
}

// Ties the track's clock to the stream's: by what both tracks' reports say or else by the arrival of its first packet.
// Anew when its timestamps jump.
void Egress::Anchor(Time now, Track& track, uint32_t rtp_timestamp) {
  if (!origin_) origin_ = now;
  const Duration own = track.Extend(rtp_timestamp);
  const Duration arrived = now - *origin_;
  const Duration off = own + track.offset - arrived;
  // 10 s: no network holds a packet back that long, and no clock drifts so far between two anchors of a call.
  constexpr Duration kLost = Duration::Seconds(10);
  if (track.anchored && off < kLost && off > Duration::Zero() - kLost) return;
  if (track.anchored) track.report.reset();  // of the time before the jump
  track.anchored = true;
  track.offset = arrived - own;
  Measure(track);
  const auto wanted = VideoOffsetWanted();
  if (!wanted) return;
  if (&track == &video_) {
    video_.offset = *wanted;
  } else {
    audio_.offset = audio_.offset + video_.offset - *wanted;
  }
  joined_ = true;
}

void Egress::Measure(Track& track) const {
  track.report_distance.reset();
  if (!track.report || !track.anchored) return;
  track.report_distance = (track.report->time - *origin_) - track.Peek(track.report->rtp_timestamp);
}

std::optional<Duration> Egress::VideoOffsetWanted() const {
  if (!audio_.report_distance || !video_.report_distance) return std::nullopt;
  return audio_.offset - *audio_.report_distance + *video_.report_distance;
}

void Egress::OnVideo(Time now, int64_t seq, uint32_t rtp_timestamp, bool marker, Bytes payload) {
  if (!payload.empty()) Anchor(now, video_, rtp_timestamp);
  depacketizer_.Push(now, seq, rtp_timestamp, marker, payload);
  TakeVideo(now);
}

void Egress::TakeVideo(Time now) {
  while (const auto unit = depacketizer_.Pop(now)) {
    Slew(now);
    if (unit->new_sets) {
      video_config_ = MakeVideoConfigFrame(depacketizer_.sps(), depacketizer_.pps());
      Put(video_config_);
    }
    const Duration time = video_.Peek(unit->rtp_timestamp) + video_.offset;
    Put(MakeVideoFrame(unit->data, unit->keyframe, time.ms()));
  }
}

void Egress::OnAudio(Time now, int64_t seq, uint32_t rtp_timestamp, Bytes payload) {
  if (payload.empty()) return;
  Anchor(now, audio_, rtp_timestamp);
  reorder_.Push(now, seq, rtp_timestamp, payload);
  TakeAudio(now);
}

void Egress::TakeAudio(Time now) {
  while (const auto* packet = reorder_.Pop(now)) {
    last_audio_ = now;
    const Duration time = audio_.Peek(packet->timestamp) + audio_.offset;
    audio_ahead_ = time - (now - *origin_);
    // A packet that cannot be decoded is a lost one, and concealed with the next.
    static_cast<void>(transcoder_.Push(time, packet->payload));
  }
  TakeAac();
}

void Egress::TakeAac() {
  while (const auto aac = transcoder_.Pop()) {
    if (!std::exchange(audio_config_sent_, true)) Put(audio_config_);
    Put(MakeAudioFrame(aac->data, aac->timestamp.ms()));
  }
}

void Egress::OnSenderReport(Time now, bool video, Time captured, uint32_t rtp_timestamp) {
  Slew(now);
  Track& track = video ? video_ : audio_;
  track.report = {captured, rtp_timestamp};
  Measure(track);
  Join();
}

// The first time that both are known: none of them goes back, which players do not take.
void Egress::Join() {
  const auto wanted = VideoOffsetWanted();
  if (joined_ || !wanted) return;
  joined_ = true;
  if (*wanted > video_.offset) {
    video_.offset = *wanted;
  } else {
    audio_.offset = audio_.offset + video_.offset - *wanted;
  }
}

void Egress::Restart(bool video) {
  if (video) {
    depacketizer_ = H264Depacketizer();
    video_ = Track(video_.clock_rate);
  } else {
    reorder_ = ReorderBuffer();
    audio_ = Track(audio_.clock_rate);
  }
}

// Moves the picture towards where the reports of both tracks say that it belongs.
void Egress::Slew(Time now) {
  const Duration passed = now - std::exchange(slewed_at_, now);
  const auto wanted = VideoOffsetWanted();
  if (!wanted) return;
  const Duration off = *wanted - video_.offset;
  if (off > kJump || off < Duration::Zero() - kJump) {
    video_.offset = *wanted;
    return;
  }
  const int64_t most = std::max<int64_t>(passed.us(), 0) * kSlewPerMille / 1000;
  video_.offset = video_.offset + Duration::Micros(std::clamp(off.us(), -most, most));
}

void Egress::OnTimer(Time now) {
  TakeVideo(now);
  TakeAudio(now);
  if (now < last_audio_ + kSilenceAfter || last_audio_.is_never()) return;
  // Nothing is said, or the microphone is off: players must not wait for it.
  static_cast<void>(transcoder_.FillTo(now - *origin_ + audio_ahead_ - kSilenceAfter / 2));
  last_audio_ = now - kSilenceAfter / 2;
  TakeAac();
}

Time Egress::NextTimer() const {
  return std::min({depacketizer_.NextTimer(), reorder_.NextTimer(), last_audio_ + kSilenceAfter});
}

void Egress::Put(FlvFrameRef frame) {
  // Whoever does not take them has gone.
  if (frames_.size() >= kMaxFrames) frames_.pop_front();
  frames_.push_back(std::move(frame));
}

FlvFrameRef Egress::Pop() {
  if (frames_.empty()) return nullptr;
  FlvFrameRef frame = std::move(frames_.front());
  frames_.pop_front();
  return frame;
}

}  // namespace duet
