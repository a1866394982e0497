#include "core/rtmp/rtmp_session.h"

#include <algorithm>

#include "base/check.h"

namespace duet {
namespace {

constexpr uint32_t kControlChunkStream = 2;
constexpr uint32_t kAudioChunkStream = 4;
constexpr uint32_t kVideoChunkStream = 6;
constexpr uint32_t kDataChunkStream = 5;
// Between what a client says of its window and the bytes after which we answer.
constexpr uint32_t kMinWindow = 4096;

}  // namespace

RtmpSession::RtmpSession(Time now, Rng& rng, RtmpSessionConfig config)
    : rng_(rng),
      config_(std::move(config)),
      reader_(config_.chunks),
      started_(now),
      last_received_(now),
      last_sent_(now),
      next_ping_(now + config_.ping_interval) {}

RtmpSession::Stream* RtmpSession::Find(uint32_t id) {
  for (const auto& stream : streams_)
    if (stream->id == id) return stream.get();
  return nullptr;
}

bool RtmpSession::HasAccepted() const {
  return std::any_of(streams_.begin(), streams_.end(), [](const auto& stream) {
    return stream->state == State::kPublishing || stream->state == State::kPlaying;
  });
}

void RtmpSession::Close(ErrorCode code, std::string message) {
  if (!closed_) closed_ = Error{code, std::move(message)};
  asked_ = nullptr;
}

// ---- input

std::optional<RtmpEvent> RtmpSession::Read(Time now, Bytes& input) {
  if (!input.empty()) last_received_ = now;
  while (!closed_ && !waiting()) {
    if (phase_ != Phase::kMessages) {
      if (input.empty()) return std::nullopt;
      ReadHandshake(now, input);
      continue;
    }
    if (const auto part = aggregate_.Next()) {
      if (auto event = OnMessage(now, *part)) return event;
      continue;
    }
    const size_t offered = input.size();
    const auto message = reader_.Read(input);
    Acknowledge(offered - input.size());
    if (!message.ok()) {
      Close(message.error().code, message.error().message);
      break;
    }
    if (!*message) break;
    if ((*message)->type == RtmpType::kAggregate) {
      aggregate_ = RtmpAggregateReader(**message);
      continue;
    }
    if (auto event = OnMessage(now, **message)) return event;
  }
  return std::nullopt;
}

void RtmpSession::ReadHandshake(Time now, Bytes& input) {
  if (hello_.empty() && phase_ == Phase::kHello && LoadU8(input.data()) != kRtmpVersion) {
    constexpr uint8_t kTlsHandshake = 22;
    Close(ErrorCode::kUnsupported, LoadU8(input.data()) == kTlsHandshake ? "TLS on the port for plain RTMP"
                                                                         : "no RTMP, or its encrypted variant RTMPE");
    return;
  }
  const size_t wanted = phase_ == Phase::kHello ? 1 + kRtmpHandshakeBytes : kRtmpHandshakeBytes;
  const size_t n = std::min(wanted - hello_.size(), input.size());
  hello_.insert(hello_.end(), input.begin(), input.begin() + static_cast<ptrdiff_t>(n));
  input = input.subspan(n);
  received_ += n;
  if (hello_.size() < wanted) return;
  if (phase_ == Phase::kHello) {
    std::array<std::byte, 1 + 2 * kRtmpHandshakeBytes> answer;
    handshake_ =
        AnswerRtmpHandshake(Bytes(hello_).subspan(1), static_cast<uint32_t>((now - started_).ms()), rng_, answer);
    out_.Append(answer);
    phase_ = Phase::kHelloAnswer;
    hello_.clear();
  } else {
    // C2 echoes S1. Clients are known that get it wrong, and it proves nothing.
    phase_ = Phase::kMessages;
    hello_ = {};
  }
}

void RtmpSession::Acknowledge(size_t received) {
  received_ += received;
  if (peer_window_ == 0 || received_ - acknowledged_ < peer_window_) return;
  acknowledged_ = received_;
  SendU32(RtmpType::kAcknowledgement, static_cast<uint32_t>(received_));
}

std::optional<RtmpEvent> RtmpSession::OnMessage(Time now, const RtmpMessage& message) {
  switch (message.type) {
    case RtmpType::kUserControl:
    case RtmpType::kWindowAckSize:
    case RtmpType::kSetPeerBandwidth: OnControl(message); return std::nullopt;
    case RtmpType::kAudio:
    case RtmpType::kVideo: return OnMedia(message);
    case RtmpType::kDataAmf0:
    case RtmpType::kDataAmf3: return OnData(message);
    case RtmpType::kCommandAmf0:
    case RtmpType::kCommandAmf3: return OnCommandMessage(now, message);
    default: return std::nullopt;  // the chunk reader has obeyed the rest, or nobody needs it
  }
}

void RtmpSession::OnControl(const RtmpMessage& message) {
  ByteReader reader(message.payload);
  if (message.type == RtmpType::kUserControl) {
    const auto event = ParseRtmpUserControl(message.payload);
    if (event && event->type == RtmpEventType::kPingRequest) {
      SendUserControl(RtmpEventType::kPingResponse, event->value);
    }
    return;
  }
  const uint32_t window = reader.U32();
  if (!reader.ok()) return;
  // A peer that limits us wants to hear of the same window (section 5.4.5).
  if (message.type == RtmpType::kSetPeerBandwidth) {
    SendU32(RtmpType::kWindowAckSize, window);
  } else {
    peer_window_ = std::max(window, kMinWindow);
  }
}

std::optional<RtmpEvent> RtmpSession::OnMedia(const RtmpMessage& message) {
  Stream* stream = Find(message.stream_id);
  if (stream == nullptr || stream->state != State::kPublishing || message.payload.empty()) return std::nullopt;
  const bool video = message.type == RtmpType::kVideo;
  const int64_t time =
      stream->timeline.Extend(video ? Timeline::Track::kVideo : Timeline::Track::kAudio, message.timestamp);
  return RtmpMedia{.stream_id = stream->id, .video = video, .timestamp_ms = time, .data = message.payload};
}

std::optional<RtmpEvent> RtmpSession::OnData(const RtmpMessage& message) {
  const Stream* stream = Find(message.stream_id);
  if (stream == nullptr || stream->state != State::kPublishing) return std::nullopt;
  Bytes payload = message.payload;
  // The AMF3 form has one byte in front, and then mostly AMF0 all the same.
  if (message.type == RtmpType::kDataAmf3 && !payload.empty()) payload = payload.subspan(1);
  auto metadata = ParseMetadata(payload);
  // A hint that cannot be read is no reason to end a call.
  if (!metadata.ok()) return std::nullopt;
  return RtmpMetadata{.stream_id = stream->id, .metadata = std::move(*metadata)};
}

// ---- output

void RtmpSession::Answer(const RtmpMessage& message) {
  if (out_.empty()) answers_ = 0;
  const size_t before = out_.size();
  AppendRtmpMessage(message, out_chunk_size_, out_.tail());
  answers_ += out_.size() - before;
  if (answers_ > kMaxAnswers) Close(ErrorCode::kLimit, "the client does not read the answers to its messages");
}

void RtmpSession::SendControl(RtmpType type, Bytes payload) {
  Answer({.chunk_stream = kControlChunkStream, .type = type, .payload = payload});
}

void RtmpSession::SendU32(RtmpType type, uint32_t value) {
  std::byte payload[4];
  StoreU32(payload, value);
  SendControl(type, payload);
}

void RtmpSession::SendUserControl(RtmpEventType type, uint32_t value) {
  std::byte payload[6];
  StoreU16(payload, static_cast<uint16_t>(type));
  StoreU32(payload + 2, value);
  SendControl(RtmpType::kUserControl, payload);
}

Bytes RtmpSession::PrepareOutput(Time now) {
  if (out_.empty()) last_sent_ = now;
  for (const auto& stream : streams_) {
    if (stream->state != State::kPlaying || stream->paused) continue;
    while (out_.size() < kLowWater) {
      const auto item = stream->queue->Pop();
      if (!item) break;
      RtmpMessage message = {.stream_id = stream->id, .timestamp = item->timestamp_ms, .payload = item->frame->data};
      message.type = static_cast<RtmpType>(item->frame->tag_type());
      message.chunk_stream = message.type == RtmpType::kVideo   ? kVideoChunkStream
                             : message.type == RtmpType::kAudio ? kAudioChunkStream
                                                                : kDataChunkStream;
      AppendRtmpMessage(message, out_chunk_size_, out_.tail());
    }
  }
  return out_.bytes();
}

void RtmpSession::Sent(Time now, size_t n) {
  if (n > 0) last_sent_ = now;
  out_.Take(n);
}

void RtmpSession::Push(uint32_t stream_id, FlvFrameRef frame) {
  Stream* stream = Find(stream_id);
  if (stream == nullptr || stream->state != State::kPlaying) return;
  if (stream->paused && !frame->is_config()) return;
  stream->queue->Push(std::move(frame));
}

bool RtmpSession::TakeKeyframeRequest(uint32_t stream_id) {
  Stream* stream = Find(stream_id);
  return stream != nullptr && stream->queue && stream->queue->TakeKeyframeRequest();
}

const FrameQueue* RtmpSession::queue(uint32_t stream_id) const {
  const Stream* stream = Find(stream_id);
  return stream == nullptr ? nullptr : stream->queue.get();
}

// ---- time

Time RtmpSession::NextTimer() const {
  if (closed_) return Time::Never();
  Time next = next_ping_;
  if (!HasAccepted()) next = std::min(next, started_ + config_.authenticate_within);
  return next;
}

void RtmpSession::OnTimer(Time now) {
  if (closed_) return;
  if (!HasAccepted() && now >= started_ + config_.authenticate_within) {
    return Close(ErrorCode::kUnavailable, "no stream was accepted in time");
  }
  if (now < next_ping_) return;
  next_ping_ = now + config_.ping_interval;
  const bool publishes = std::any_of(streams_.begin(), streams_.end(),
                                     [](const auto& stream) { return stream->state == State::kPublishing; });
  if (publishes && now - last_received_ >= config_.idle_limit) {
    return Close(ErrorCode::kUnavailable, "nothing came from the publisher any more");
  }
  if (!out_.empty() && now - last_sent_ >= config_.idle_limit) {
    return Close(ErrorCode::kUnavailable, "the client takes nothing any more");
  }
  if (phase_ == Phase::kMessages && connected_) {
    SendUserControl(RtmpEventType::kPingRequest, static_cast<uint32_t>((now - started_).ms()));
  }
}

}  // namespace duet
