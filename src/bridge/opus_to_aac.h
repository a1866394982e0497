// OpusToAac: the sound of a WebRTC member for RTMP and FLV. libopus decodes at 48 kHz in stereo, FFmpeg's encoder makes
// AAC-LC frames of 1024 samples.
//
// Packets come in order, but some are missing: up to kConceal is made up by the decoder (the last of it from the FEC of
// the packet behind the gap), more is silence, and after kJump the time jumps instead. A sender that pauses (DTX) sends
// nothing at all; FillTo then keeps the stream going, so that players do not wait for sound.
//
// Synchronous: what Push can encode waits for Pop. Thread rule: one thread at a time, and not a media worker.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/result.h"
#include "bridge/audio_frames.h"

namespace duet {

struct OpusToAacOptions {
  int bitrate_bps = 96000;
};

class OpusToAac {
 public:
  static constexpr int kChannels = 2;
  static constexpr Duration kConceal = Duration::Millis(120);
  static constexpr Duration kJump = Duration::Seconds(2);

  static Result<OpusToAac> Create(OpusToAacOptions options = {});

  // For MakeAudioConfigFrame.
  Bytes audio_specific_config() const { return config_; }

  // An Opus packet whose first sample has this time. One older than what is here already is ignored. kMalformed: not
  // Opus; it counts as lost.
  Status Push(Duration timestamp, Bytes packet);
  // Nothing has come, and will not come, for the time before `timestamp`.
  Status FillTo(Duration timestamp);
  std::optional<AudioFrame> Pop();

 private:
  OpusToAac() = default;
  // Brings the time to `timestamp` by concealment, silence or a jump.
  Status CloseGap(Duration timestamp, Bytes packet_behind);
  Status Conceal(int64_t samples, Bytes packet_behind);
  Status Silence(int64_t samples);
  void JumpTo(Duration timestamp);
  Status Decode(Bytes packet, int samples, bool fec);
  Status EncodeReady();
  Duration end() const;

  AvPtr<OpusDecoder> decoder_;
  AvPtr<AVCodecContext> encoder_;
  AvPtr<AVFrame> frame_;
  AvPtr<AVPacket> packet_;
  std::vector<std::byte> config_;

  bool started_ = false;
  std::vector<float> samples_;  // interleaved, not encoded yet
  Duration samples_begin_;      // time of the first of them
  int64_t encoded_ = 0;         // samples given to the encoder, the clock of its packets
  // Which time a sample of the encoder's clock has: from the first one that this is true of.
  struct Anchor {
    int64_t sample = 0;
    Duration timestamp;
  };
  std::deque<Anchor> anchors_;
  struct Packet {
    Duration timestamp;
    std::vector<std::byte> data;
  };
  std::deque<Packet> ready_;
  std::vector<std::byte> out_;
};

}  // namespace duet
