// RtmpSession: the server's side of one RTMP connection.
//
//   handshake --connect--> connected --createStream--> stream: idle --publish--> asked --Accept--> publishing --.
//                                                        ^   |--play------> asked --Accept--> playing ---------|
//                                                        '-------- closeStream, FCUnpublish, EndStream <-------'
//                                                            asked --Refuse--> onStatus with the reason, closed
//
// Bytes in, events and bytes out. Read takes input until it has an event; media are views into its own buffer and valid
// until the next call. While somebody has to be authorised (waiting()) it takes nothing at all: what is left of the
// input is offered again after Accept or Refuse, and the socket need not be read meanwhile. Output is pulled, so that
// the backlog of a slow viewer stays in its FrameQueue (see there).
//
// Limits: those of rtmp_chunk.h; 4 streams; 10 s from the connection to an accepted stream; nothing received from a
// publisher, or nothing taken by a viewer that is to get something, for 20 s; 64 KiB of answers not taken.
//
// Whatever breaks the protocol closes the session; closed() says why. Then output is still to be sent, and the
// connection to be ended.
//
// Thread rule: owned by one connection. Media neither allocate nor are copied once buffers have grown.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"
#include "core/rtmp/byte_queue.h"
#include "core/rtmp/frame_queue.h"
#include "core/rtmp/metadata.h"
#include "core/rtmp/timeline.h"
#include "wire/amf.h"
#include "wire/rtmp_chunk.h"
#include "wire/rtmp_handshake.h"

namespace duet {

// ---- events

// A client wants to publish or to play. Answered with Accept or Refuse. ParseRtmpTarget reads these (wire/rtmp_url.h).
struct RtmpRequest {
  enum class What : uint8_t { kPublish, kPlay };
  What what{};
  uint32_t stream_id = 0;
  std::string app;
  std::string tc_url;
  std::string name;  // with its query
};
// Audio or video of an accepted publisher.
struct RtmpMedia {
  uint32_t stream_id = 0;
  bool video = false;
  int64_t timestamp_ms = 0;  // decoding time, never goes back (timeline.h)
  Bytes data;                // ParseFlvVideo, ParseFlvAudio; never empty
};
struct RtmpMetadata {
  uint32_t stream_id = 0;
  StreamMetadata metadata;
};
// A viewer stopped, or goes on and begins at the next keyframe.
struct RtmpPaused {
  uint32_t stream_id = 0;
  bool paused = false;
};
// An accepted stream is over, by the client's wish.
struct RtmpStreamEnded {
  uint32_t stream_id = 0;
};
using RtmpEvent = std::variant<RtmpRequest, RtmpMedia, RtmpMetadata, RtmpPaused, RtmpStreamEnded>;

enum class RtmpRefusal : uint8_t {
  kDenied,    // wrong signature, no right
  kTaken,     // somebody publishes under this name
  kNotFound,  // no such stream
};

struct RtmpSessionConfig {
  RtmpChunkLimits chunks;
  FrameQueueOptions queue;
  Duration authenticate_within = Duration::Seconds(10);
  Duration idle_limit = Duration::Seconds(20);
  Duration ping_interval = Duration::Seconds(5);
  // The first part of an application's name must be one of these.
  std::vector<std::string> apps = {"push", "live"};
};

class RtmpSession {
 public:
  static constexpr size_t kMaxStreams = 4;
  static constexpr uint32_t kOutChunkSize = 4096;
  static constexpr uint32_t kWindowBytes = 2'500'000;
  static constexpr size_t kLowWater = 16 * 1024;
  static constexpr size_t kMaxAnswers = 64 * 1024;

  // `rng` outlives the session.
  RtmpSession(Time now, Rng& rng, RtmpSessionConfig config = {});

  // Takes from the front of `input` until there is an event; nothing when it needs more, waits or is closed.
  std::optional<RtmpEvent> Read(Time now, Bytes& input);
  // Somebody is to be authorised, and until then nothing is read.
  bool waiting() const { return asked_ != nullptr; }

  // The answers to RtmpRequest. A stream that has gone meanwhile is ignored. Refuse closes the session.
  void Accept(Time now, uint32_t stream_id);
  void Refuse(Time now, uint32_t stream_id, RtmpRefusal refusal, std::string_view words);
  // A frame for a viewer. Ignored for others and while it is paused.
  void Push(uint32_t stream_id, FlvFrameRef frame);
  // True once when a viewer needs a keyframe.
  bool TakeKeyframeRequest(uint32_t stream_id);
  // The server ends a stream: a publisher was removed, or what a viewer sees has gone.
  void EndStream(Time now, uint32_t stream_id, std::string_view words);

  // What is to be sent now, empty when nothing is; then Sent says how much of it the socket took.
  Bytes PrepareOutput(Time now);
  void Sent(Time now, size_t n);

  void OnTimer(Time now);
  Time NextTimer() const;

  // Why no more is read.
  const std::optional<Error>& closed() const { return closed_; }
  // Of the viewer's queue; null when this stream is not playing.
  const FrameQueue* queue(uint32_t stream_id) const;
  std::optional<RtmpHandshakeKind> handshake() const { return handshake_; }

 private:
  enum class State : uint8_t { kIdle, kPublishAsked, kPlayAsked, kPublishing, kPlaying };
  struct Stream {
    uint32_t id = 0;
    State state = State::kIdle;
    bool paused = false;
    Timeline timeline;
    std::unique_ptr<FrameQueue> queue;
  };
  enum class Phase : uint8_t { kHello, kHelloAnswer, kMessages };
  // What a command was and had with it.
  struct Command {
    std::string name;
    double transaction = 0;
    AmfValue object;
    std::vector<AmfValue> arguments;
    uint32_t stream_id = 0;
  };
  using Handler = std::optional<RtmpEvent> (RtmpSession::*)(Time, const Command&);

  void ReadHandshake(Time now, Bytes& input);
  std::optional<RtmpEvent> OnMessage(Time now, const RtmpMessage& message);
  void OnControl(const RtmpMessage& message);
  std::optional<RtmpEvent> OnMedia(const RtmpMessage& message);
  std::optional<RtmpEvent> OnData(const RtmpMessage& message);
  std::optional<RtmpEvent> OnCommandMessage(Time now, const RtmpMessage& message);
  static Handler FindHandler(std::string_view name);
  // The commands.
  std::optional<RtmpEvent> OnConnect(Time now, const Command& command);
  std::optional<RtmpEvent> OnCreateStream(Time now, const Command& command);
  std::optional<RtmpEvent> OnPublish(Time now, const Command& command);
  std::optional<RtmpEvent> OnPlay(Time now, const Command& command);
  std::optional<RtmpEvent> OnPause(Time now, const Command& command);
  std::optional<RtmpEvent> OnEndOfStream(Time now, const Command& command);
  std::optional<RtmpEvent> OnUnpublish(Time now, const Command& command);
  std::optional<RtmpEvent> OnStreamLength(Time now, const Command& command);
  std::optional<RtmpEvent> OnPolite(Time now, const Command& command);
  std::optional<RtmpEvent> OnIgnored(Time now, const Command& command);

  std::optional<RtmpEvent> Ask(RtmpRequest::What what, const Command& command);
  std::optional<RtmpEvent> End(Stream& stream, std::string_view words = "No longer publishing.");
  Stream* Find(uint32_t id);
  const Stream* Find(uint32_t id) const { return const_cast<RtmpSession*>(this)->Find(id); }
  bool HasAccepted() const;

  void Close(ErrorCode code, std::string message);
  // Puts an answer into the output; one too many closes the session.
  void Answer(const RtmpMessage& message);
  void SendControl(RtmpType type, Bytes payload);
  void SendU32(RtmpType type, uint32_t value);
  void SendUserControl(RtmpEventType type, uint32_t value);
  void SendResult(const Command& command, const AmfValue& properties, const AmfValue& information);
  void SendStatus(uint32_t stream_id, std::string_view level, std::string_view code, std::string_view words);
  void RejectConnect(const Command& command, std::string_view code, std::string_view words);
  void Acknowledge(size_t received);

  Rng& rng_;
  RtmpSessionConfig config_;
  RtmpChunkReader reader_;
  ByteQueue out_;
  uint32_t out_chunk_size_ = kRtmpDefaultChunkSize;
  Phase phase_ = Phase::kHello;
  std::vector<std::byte> hello_;
  std::optional<RtmpHandshakeKind> handshake_;
  std::optional<Error> closed_;

  bool connected_ = false;
  std::string app_;
  std::string tc_url_;
  std::vector<std::unique_ptr<Stream>> streams_;
  uint32_t next_stream_ = 1;
  Stream* asked_ = nullptr;
  RtmpAggregateReader aggregate_;

  uint64_t received_ = 0;
  uint64_t acknowledged_ = 0;
  uint32_t peer_window_ = 0;  // 0: not said
  size_t answers_ = 0;        // bytes of answers since the output was last empty

  Time started_;
  Time last_received_;
  Time last_sent_;  // or nothing was to be sent
  Time next_ping_;
};

}  // namespace duet
