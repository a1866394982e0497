#include "bridge/ingest.h"

#include <algorithm>
#include <utility>

namespace duet {

Ingest::Ingest(Rng& rng, AacToOpusOptions audio)
    : audio_options_(audio), video_offset_(rng.U32()), audio_offset_(rng.U32()) {
  std::fill(std::begin(told_), std::end(told_), Time::LongAgo());
}

void Ingest::Tell(Time now, IngestEvent event) {
  constexpr size_t kMaxEvents = 16;
  Time& told = told_[static_cast<size_t>(event.what)];
  const bool is_complaint = !event.words.empty();
  if ((is_complaint && now - told < kRepeat) || events_.size() >= kMaxEvents) return;
  told = now;
  events_.push_back(std::move(event));
}

void Ingest::OnMedia(Time now, bool video, int64_t timestamp_ms, Bytes data) {
  if (video) {
    OnVideo(now, timestamp_ms, data);
  } else {
    OnAudio(now, timestamp_ms, data);
  }
}

void Ingest::OnVideo(Time now, int64_t timestamp_ms, Bytes data) {
  using What = IngestEvent::What;
  const auto tag = ParseFlvVideo(data);
  if (!tag) return;
  if (tag->codec != FlvVideoCodec::kAvc) {
    ++dropped_;
    return Tell(now, {.what = What::kUnsupported,
                      .words = "the video is " + FlvVideoCodecName(*tag) + "; Duet takes H.264 from RTMP publishers"});
  }
  if (tag->packet == FlvPacket::kSequenceHeader) {
    const auto status = packetizer_.SetConfig(tag->data);
    if (!status.ok()) Tell(now, {.what = What::kBroken, .words = status.error().message});
    return;
  }
  if (tag->packet != FlvPacket::kFrame) return;
  const auto picture = packetizer_.Packetize(tag->data);
  if (!picture.ok()) {
    ++dropped_;
    return Tell(now, {.what = What::kBroken, .words = picture.error().message});
  }
  if (picture->dropped_b) {
    ++dropped_;
    return Tell(now, {.what = What::kBPictures,
                      .words = picture->dropped_reference
                                   ? "B pictures that others refer to were dropped, so the picture is damaged; set the "
                                     "encoder to none (for x264: bframes=0)"
                                   : "B pictures were dropped; set the encoder to none (for x264: bframes=0)"});
  }
  if (picture->new_format) {
    Tell(now, {.what = What::kVideoFormat, .width = picture->new_format->width, .height = picture->new_format->height});
  }
  if (picture->payloads.empty()) return;
  const Duration decoded = Duration::Millis(timestamp_ms);
  SendPicture(now, decoded, decoded + Duration::Millis(tag->composition_ms), *picture);
}

void Ingest::SendPicture(Time now, Duration decoded, Duration shown, const H264Packetizer::Picture& picture) {
  Frame frame = {.video = true, .keyframe = picture.keyframe};
  frame.rtp_timestamp = video_offset_ + static_cast<uint32_t>(shown.us() * 9 / 100);
  for (const RtpPayload& payload : picture.payloads) {
    frame.data.insert(frame.data.end(), payload.data.begin(), payload.data.end());
    frame.sizes.push_back(payload.data.size());
  }
  const LiveGate::Verdict verdict = Judge(now, true, decoded);
  if (verdict == LiveGate::Verdict::kLate) return Hold(std::move(frame), decoded, shown);
  for (Held& held : held_) Put(now, held.decoded, held.shown, std::move(held.frame));
  held_.clear();
  if (frame.keyframe) needs_keyframe_ = false;
  if (needs_keyframe_) {
    ++left_out_;
    ++dropped_;
  } else {
    Put(now, decoded, shown, std::move(frame));
  }
}

LiveGate::Verdict Ingest::Judge(Time now, bool video, Duration timestamp) {
  Smoother& smoother = smoothers_[video ? 0 : 1];
  const LiveGate::Verdict verdict = gates_[video ? 0 : 1].Judge(now, smoother.Lateness(now, timestamp));
  if (verdict == LiveGate::Verdict::kNewWay) smoother.Restart();
  if (verdict == LiveGate::Verdict::kLate || !video || left_out_ == 0) return verdict;
  Tell(now, {.what = IngestEvent::What::kStood,
             .words = "the publisher's connection stood still; " + std::to_string(std::exchange(left_out_, 0)) +
                      " frames that came too late were left out"});
  return verdict;
}

// Of what is late only what a decoder needs for the first live picture is kept.
void Ingest::Hold(Frame frame, Duration decoded, Duration shown) {
  const auto leave_out = [&](size_t frames) {
    left_out_ += frames;
    dropped_ += frames;
  };
  if (frame.keyframe || held_.size() >= kMaxQueue) {
    leave_out(held_.size());
    held_.clear();
    needs_keyframe_ = !frame.keyframe;
  }
  if (needs_keyframe_) return leave_out(1);
  held_.push_back({std::move(frame), decoded, shown});
}

void Ingest::OnAudio(Time now, int64_t timestamp_ms, Bytes data) {
  using What = IngestEvent::What;
  const auto tag = ParseFlvAudio(data);
  if (!tag) return;
  if (tag->codec != FlvAudioCodec::kAac) {
    ++dropped_;
    return Tell(now, {.what = What::kUnsupported,
                      .words = "the sound is " + FlvAudioCodecName(*tag) + "; Duet takes AAC from RTMP publishers"});
  }
  if (tag->packet == FlvPacket::kSequenceHeader) {
    if (audio_ && std::equal(tag->data.begin(), tag->data.end(), audio_config_.begin(), audio_config_.end())) return;
    auto made = AacToOpus::Create(tag->data, audio_options_);
    if (!made.ok()) return Tell(now, {.what = What::kUnsupported, .words = made.error().message});
    audio_ = std::move(*made);
    audio_config_.assign(tag->data.begin(), tag->data.end());
    return Tell(now, {.what = What::kAudioStarted, .channels = audio_->channels()});
  }
  if (!audio_) {
    ++dropped_;
    return;
  }
  if (Judge(now, false, Duration::Millis(timestamp_ms)) == LiveGate::Verdict::kLate) {
    ++left_out_;
    ++dropped_;
    return;
  }
  const auto status = audio_->Push(Duration::Millis(timestamp_ms), tag->data);
  if (!status.ok()) Tell(now, {.what = What::kBroken, .words = status.error().message});
  while (const auto opus = audio_->Pop()) {
    Frame frame = {.rtp_timestamp = audio_offset_ + static_cast<uint32_t>(opus->timestamp.us() * 48 / 1000)};
    frame.data.assign(opus->data.begin(), opus->data.end());
    frame.sizes.push_back(opus->data.size());
    Put(now, opus->timestamp, opus->timestamp, std::move(frame));
  }
}

void Ingest::Put(Time now, Duration timestamp, Duration shown, Frame frame) {
  if (queue_.size() >= kMaxQueue) {
    ++dropped_;
    return;
  }
  frame.due = smoothers_[frame.video ? 0 : 1].Schedule(now, timestamp);
  // One clock for both tracks: the shorter of their ways.
  const auto video = smoothers_[0].least();
  const auto audio = smoothers_[1].least();
  const Time least = video && audio ? std::min(*video, *audio) : video ? *video : *audio;
  frame.captured = least + shown;
  const auto behind = std::find_if(queue_.rbegin(), queue_.rend(), [&](const Frame& f) { return f.due <= frame.due; });
  queue_.insert(behind.base(), std::move(frame));
}

std::optional<IngestPacket> Ingest::Pop(Time now) {
  if (current_.next == current_.sizes.size()) {
    if (queue_.empty() || queue_.front().due > now) return std::nullopt;
    current_ = std::move(queue_.front());
    queue_.pop_front();
  }
  const size_t size = current_.sizes[current_.next++];
  const Bytes payload = Bytes(current_.data).subspan(current_.offset, size);
  current_.offset += size;
  return IngestPacket{.video = current_.video,
                      .keyframe = current_.keyframe,
                      .marker = current_.video && current_.next == current_.sizes.size(),
                      .rtp_timestamp = current_.rtp_timestamp,
                      .captured = current_.captured,
                      .payload = payload};
}

std::optional<IngestEvent> Ingest::PopEvent() {
  if (events_.empty()) return std::nullopt;
  IngestEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

Time Ingest::NextTimer() const { return queue_.empty() ? Time::Never() : queue_.front().due; }

}  // namespace duet
