// IngestLine: the media of one RTMP publisher on their way into a room: Ingest, whose payloads become RTP packets in a
// MediaLine.
//
// Numbers of packets go on when the line is full, so that the room sees what is missing; the rest of a picture that
// lost a packet, and all up to the next keyframe, is left away. Each track says what time its timestamps mean with its
// first packet and every kReferenceEvery.
//
// Thread rule: one thread at a time; not a media worker, since it transcodes.
#pragma once

#include "base/rng.h"
#include "bridge/ingest.h"
#include "node/media_line.h"

namespace duet {

class IngestLine {
 public:
  static constexpr Duration kReferenceEvery = Duration::Seconds(1);

  struct Options {
    MediaLineRef line;
    UptrackId audio;
    UptrackId video;
    PayloadType audio_payload_type;
    PayloadType video_payload_type;
  };

  // `rng` is not needed any more afterwards.
  IngestLine(Rng& rng, Options options);

  // As Ingest::OnMedia; `arrived` is when the socket had it.
  void OnMedia(Time arrived, bool video, int64_t timestamp_ms, Bytes data) {
    ingest_.OnMedia(arrived, video, timestamp_ms, data);
  }
  // Puts what is due into the line.
  void Run(Time now);
  Time NextTimer() const { return ingest_.NextTimer(); }
  std::optional<IngestEvent> PopEvent() { return ingest_.PopEvent(); }

  uint64_t dropped_frames() const { return ingest_.dropped_frames(); }
  // Packets that found no room in the line, or belonged to pictures of which one did not.
  uint64_t dropped_packets() const { return dropped_packets_; }

 private:
  struct Track {
    UptrackId id;
    PayloadType payload_type;
    int64_t next_seq = 0;
    Time reference_due = Time::LongAgo();
    bool begins = true;           // the next packet is the first one of its picture
    bool needs_keyframe = false;  // pictures before it have a hole
  };
  bool Send(Track& track, const IngestPacket& packet, bool begins);
  void SendReference(Time now, Track& track, const IngestPacket& packet);

  Ingest ingest_;
  MediaLineRef line_;
  Track tracks_[2];  // video, audio
  uint64_t dropped_packets_ = 0;
};

}  // namespace duet
