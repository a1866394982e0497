// AacToOpus: the sound of an RTMP publisher for WebRTC. FFmpeg decodes (LC and HE, any rate, mono to 7.1) and
// resamples, libopus encodes 20 ms frames at 48 kHz, mono or stereo like the source.
//
// The timestamps of RTMP are rounded to milliseconds and jitter with the encoder, so time is counted in samples and
// only follows the timestamps when they are more than kResync away: then samples of the old time are padded out with
// silence, and the time of the next Opus frame jumps. Delay of resampler and encoder is taken off the timestamps.
//
// Synchronous: what Push can encode waits for Pop. Thread rule: one thread at a time. Not for the media workers: a
// frame costs some 100 us.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/result.h"
#include "bridge/audio_frames.h"
#include "wire/aac.h"

namespace duet {

struct AacToOpusOptions {
  int bitrate_bps = 64000;  // 6000..510000; a call sounds well from 48000 on
};

class AacToOpus {
 public:
  static constexpr int kFrameSamples = 960;
  static constexpr Duration kResync = Duration::Millis(60);
  static constexpr size_t kMaxPacket = 1275;

  // `audio_specific_config` as in the sequence header. kUnsupported, kMalformed or kInternal.
  static Result<AacToOpus> Create(Bytes audio_specific_config, AacToOpusOptions options = {});

  // A raw AAC frame. An error leaves a gap and the transcoder usable: kMalformed.
  Status Push(Duration timestamp, Bytes aac);
  std::optional<AudioFrame> Pop();

  int channels() const { return channels_; }

 private:
  AacToOpus() = default;
  Status OnDecoded(Duration timestamp);
  Status PrepareResampler(const AVFrame& frame);
  void Resync(Duration timestamp);
  Status EncodeReady();

  int channels_ = 2;  // of the Opus side
  AvPtr<AVCodecContext> decoder_;
  AvPtr<AVFrame> frame_;
  AvPtr<AVPacket> packet_;
  AvPtr<SwrContext> resampler_;
  AvPtr<OpusEncoder> encoder_;
  int in_rate_ = 0;  // what the resampler was made for
  int in_format_ = -1;
  int in_channels_ = 0;
  int lookahead_samples_ = 0;

  std::vector<float> samples_;  // 48 kHz, interleaved, not encoded yet
  Duration samples_begin_;      // time of the first of them
  bool started_ = false;
  struct Packet {
    Duration timestamp;
    std::vector<std::byte> data;
  };
  std::deque<Packet> ready_;
  std::vector<std::byte> out_;
};

}  // namespace duet
