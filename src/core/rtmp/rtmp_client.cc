#include "core/rtmp/rtmp_client.h"

#include <algorithm>

#include "base/check.h"
#include "wire/rtmp_handshake.h"

namespace duet {
namespace {

constexpr double kConnect = 1;
constexpr double kCreateStream = 4;

}  // namespace

RtmpClient::RtmpClient(Rng& rng, RtmpClientConfig config) : config_(std::move(config)), c1_(kRtmpHandshakeBytes) {
  if (config_.digest) {
    WriteRtmpC1(0, rng, c1_);
  } else {
    rng.Fill(c1_);
    StoreU32(c1_.data() + 4, 0);
  }
  const std::byte c0{kRtmpVersion};
  out_.Append(Bytes(&c0, 1));
  out_.Append(c1_);
}

bool RtmpClient::ReadHandshake(Bytes& input) {
  constexpr size_t kWanted = 1 + 2 * kRtmpHandshakeBytes;
  const size_t n = std::min(kWanted - hello_.size(), input.size());
  hello_.insert(hello_.end(), input.begin(), input.begin() + static_cast<ptrdiff_t>(n));
  input = input.subspan(n);
  if (hello_.size() < kWanted) return false;
  if (!CheckRtmpS2(c1_, Bytes(hello_).subspan(1 + kRtmpHandshakeBytes))) {
    failed_ = true;
    words_ = "the server's handshake does not answer ours";
    return false;
  }
  out_.Append(Bytes(hello_).subspan(1, kRtmpHandshakeBytes));
  greeted_ = true;

  std::byte size[4];
  StoreU32(size, config_.chunk_size);
  AppendRtmpMessage({.chunk_stream = 2, .type = RtmpType::kSetChunkSize, .payload = size}, out_chunk_size_,
                    out_.tail());
  out_chunk_size_ = config_.chunk_size;
  std::vector<std::byte> buffer(config_.app.size() + config_.tc_url.size() + 256);
  AmfWriter writer(buffer);
  writer.String("connect");
  writer.Number(kConnect);
  writer.BeginObject();
  writer.Name("app");
  writer.String(config_.app);
  writer.Name("tcUrl");
  writer.String(config_.tc_url);
  writer.End();
  DUET_CHECK(writer.ok());
  Command(0, writer.written());
  return true;
}

void RtmpClient::Command(uint32_t stream_id, Bytes payload) {
  AppendRtmpMessage({.chunk_stream = 3, .type = RtmpType::kCommandAmf0, .stream_id = stream_id, .payload = payload},
                    out_chunk_size_, out_.tail());
}

std::optional<RtmpMessage> RtmpClient::Read(Bytes& input) {
  while (!failed_) {
    if (!greeted_ && !ReadHandshake(input)) return std::nullopt;
    const auto message = reader_.Read(input);
    if (!message.ok()) {
      failed_ = true;
      words_ = message.error().message;
      return std::nullopt;
    }
    if (!*message) return std::nullopt;
    switch ((*message)->type) {
      case RtmpType::kCommandAmf0: OnCommand((*message)->payload); break;
      case RtmpType::kAudio:
      case RtmpType::kVideo:
      case RtmpType::kDataAmf0: return **message;
      default: OnControl(**message); break;
    }
  }
  return std::nullopt;
}

void RtmpClient::OnControl(const RtmpMessage& message) {
  if (message.type == RtmpType::kAcknowledgement) {
    acknowledged_ = ByteReader(message.payload).U32();
  } else if (message.type == RtmpType::kWindowAckSize) {
    // Asks the server to acknowledge in the same way.
    AppendRtmpMessage({.chunk_stream = 2, .type = RtmpType::kWindowAckSize, .payload = message.payload},
                      out_chunk_size_, out_.tail());
  } else if (message.type == RtmpType::kUserControl) {
    const auto event = ParseRtmpUserControl(message.payload);
    if (event && event->type == RtmpEventType::kPingRequest) {
      ++pings_;
      std::byte pong[6];
      StoreU16(pong, static_cast<uint16_t>(RtmpEventType::kPingResponse));
      StoreU32(pong + 2, event->value);
      AppendRtmpMessage({.chunk_stream = 2, .type = RtmpType::kUserControl, .payload = pong}, out_chunk_size_,
                        out_.tail());
    }
  }
}

void RtmpClient::OnCommand(Bytes payload) {
  AmfReader reader(payload);
  const auto name = reader.Read();
  const auto transaction = reader.Read();
  const auto first = reader.Read();
  if (!name.ok() || !transaction.ok() || !first.ok()) return;
  const auto second = reader.at_end() ? Result<AmfValue>(AmfValue()) : reader.Read();
  if (!second.ok()) return;
  if (const AmfValue* code = second->Find("code")) status_ = code->TextOr("");
  if (const AmfValue* description = second->Find("description")) words_ = description->TextOr("");
  const AmfValue* level = second->Find("level");
  if (name->text == "_error" || (level != nullptr && level->TextOr("") == "error")) {
    failed_ = true;
  } else if (name->text == "_result") {
    OnResult(transaction->number, *second);
  } else if (status_ == "NetStream.Publish.Start" || status_ == "NetStream.Play.Start") {
    started_ = true;
  }
}

void RtmpClient::OnResult(double transaction, const AmfValue& value) {
  std::byte buffer[256];
  if (transaction == kCreateStream) {
    stream_id_ = static_cast<uint32_t>(value.NumberOr(0));
    Request();
  } else if (transaction == kConnect) {
    AmfWriter writer(buffer);
    writer.String("createStream");
    writer.Number(kCreateStream);
    writer.Null();
    Command(0, writer.written());
  }
}

void RtmpClient::Request() {
  std::vector<std::byte> buffer(config_.name.size() + 256);
  AmfWriter writer(buffer);
  writer.String(config_.publish ? "publish" : "play");
  writer.Number(5);
  writer.Null();
  writer.String(config_.name);
  if (config_.publish) writer.String("live");
  Command(stream_id_, writer.written());
}

void RtmpClient::Send(RtmpType type, uint32_t timestamp_ms, Bytes payload) {
  const uint32_t chunk_stream = type == RtmpType::kVideo ? 6 : type == RtmpType::kAudio ? 4 : 5;
  AppendRtmpMessage({.chunk_stream = chunk_stream,
                     .type = type,
                     .stream_id = stream_id_,
                     .timestamp = timestamp_ms,
                     .payload = payload},
                    out_chunk_size_, out_.tail());
}

void RtmpClient::Pause(bool paused) {
  std::byte buffer[64];
  AmfWriter writer(buffer);
  writer.String("pause");
  writer.Number(0);
  writer.Null();
  writer.Boolean(paused);
  writer.Number(0);
  Command(stream_id_, writer.written());
}

void RtmpClient::Stop() {
  std::byte buffer[64];
  AmfWriter writer(buffer);
  writer.String("deleteStream");
  writer.Number(0);
  writer.Null();
  writer.Number(stream_id_);
  Command(0, writer.written());
}

}  // namespace duet
