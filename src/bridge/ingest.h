// Ingest: one RTMP publisher, from FLV media to the RTP payloads of a video and an audio track.
//
// Sound and picture may begin in any order and at any time. Frames leave evenly (smoother.h), each with the time at
// which it was captured on our clock, for sender reports: both tracks have the same clock, so lips match.
//
//   video: H264Packetizer, RTP clock 90 kHz, time = decoding time + composition time
//   audio: AacToOpus, RTP clock 48 kHz
//
// What a connection that stood still brings afterwards is left out but for the newest keyframe and what is behind it
// (live_gate.h): viewers are live again with the first live frame, and no publisher over RTMP can be asked for another
// keyframe.
//
// What cannot be carried (HEVC, MP3, pictures before their parameter sets ...) is dropped with an event that says so in
// words; one of a kind every kRepeat.
//
// Limits: kMaxQueue frames wait to leave; they are those of 50 ms, so more means that nobody pops. Thread rule: one
// thread at a time; not a media worker, since it transcodes.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "bridge/aac_to_opus.h"
#include "bridge/h264_packetizer.h"
#include "bridge/live_gate.h"
#include "bridge/smoother.h"
#include "wire/flv.h"

namespace duet {

struct IngestEvent {
  enum class What : uint8_t {
    kVideoFormat,   // the first one, or another one: width and height
    kAudioStarted,  // channels
    kBPictures,     // dropped; the encoder should be told not to make them
    kUnsupported,   // a codec or configuration that Duet does not carry
    kBroken,        // frames that could not be read
    kStood,         // the connection stood still; frames that came too late were left out
  };
  What what{};
  std::string words;  // for the publisher's log; empty for the first two
  uint32_t width = 0;
  uint32_t height = 0;
  int channels = 0;
};

// The payload of one RTP packet.
struct IngestPacket {
  bool video = false;
  bool keyframe = false;  // of video: it belongs to one
  bool marker = false;
  uint32_t rtp_timestamp = 0;
  Time captured;  // on our clock, as well as can be known
  Bytes payload;  // valid until the next call
};

class Ingest {
 public:
  static constexpr size_t kMaxQueue = 256;
  static constexpr Duration kRepeat = Duration::Seconds(10);

  explicit Ingest(Rng& rng, AacToOpusOptions audio = {});

  // The data of a video or audio tag. `timestamp_ms` as RtmpSession gives it: 64 bits, never back.
  void OnMedia(Time now, bool video, int64_t timestamp_ms, Bytes data);
  // The next packet that is due.
  std::optional<IngestPacket> Pop(Time now);
  std::optional<IngestEvent> PopEvent();
  Time NextTimer() const;

  uint64_t dropped_frames() const { return dropped_; }

 private:
  struct Frame {
    Time due;
    Time captured;
    bool video = false;
    bool keyframe = false;
    uint32_t rtp_timestamp = 0;
    std::vector<std::byte> data;  // payloads one behind the other
    std::vector<size_t> sizes;
    size_t next = 0;    // payload to give out
    size_t offset = 0;  // of it
  };
  void OnVideo(Time now, int64_t timestamp_ms, Bytes data);
  void OnAudio(Time now, int64_t timestamp_ms, Bytes data);
  void SendPicture(Time now, Duration decoded, Duration shown, const H264Packetizer::Picture& picture);
  // Whether the frame may go now. Counts what is left out.
  LiveGate::Verdict Judge(Time now, bool video, Duration timestamp);
  void Hold(Frame frame, Duration decoded, Duration shown);
  // `timestamp` orders the frame, `shown` is the time at which it was captured, both on the publisher's clock.
  void Put(Time now, Duration timestamp, Duration shown, Frame frame);
  void Tell(Time now, IngestEvent event);

  AacToOpusOptions audio_options_;
  H264Packetizer packetizer_;
  std::optional<AacToOpus> audio_;
  std::vector<std::byte> audio_config_;
  Smoother smoothers_[2];  // video, audio
  uint32_t video_offset_;
  uint32_t audio_offset_;
  std::deque<Frame> queue_;  // due in this order
  LiveGate gates_[2];        // video, audio
  struct Held {
    Frame frame;
    Duration decoded, shown;
  };
  std::vector<Held> held_;       // late: the pictures since the newest keyframe, or since the last live one
  bool needs_keyframe_ = false;  // pictures before it were left out
  uint64_t left_out_ = 0;        // since it was live
  Frame current_;
  std::deque<IngestEvent> events_;
  Time told_[6];
  uint64_t dropped_ = 0;
};

}  // namespace duet
