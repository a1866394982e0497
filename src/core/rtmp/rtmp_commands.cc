// The commands of RtmpSession (RTMP specification section 7.2) and the answers to them.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "core/rtmp/rtmp_session.h"

namespace duet {
namespace {

constexpr uint32_t kCommandChunkStream = 3;
constexpr size_t kMaxName = 8 * 1024;  // of an application, address or stream; a UserSig has up to 4 KiB
constexpr uint8_t kDynamicLimit = 2;   // of Set Peer Bandwidth (section 5.4.5)

std::string TextArgument(const std::vector<AmfValue>& arguments, size_t index) {
  return index < arguments.size() ? std::string(arguments[index].TextOr("")) : std::string();
}

void Add(AmfValue& object, std::string name, AmfValue value) {
  object.members.push_back({std::move(name), std::move(value)});
}

AmfValue Object() { return {.kind = AmfValue::Kind::kObject}; }

AmfValue Information(std::string_view level, std::string_view code, std::string_view words) {
  AmfValue information = Object();
  Add(information, "level", AmfValue::String(std::string(level)));
  Add(information, "code", AmfValue::String(std::string(code)));
  Add(information, "description", AmfValue::String(std::string(words)));
  return information;
}

}  // namespace

RtmpSession::Handler RtmpSession::FindHandler(std::string_view name) {
  struct Row {
    std::string_view name;
    Handler handler;
  };
  static constexpr Row kRows[] = {
      {"connect", &RtmpSession::OnConnect},
      {"createStream", &RtmpSession::OnCreateStream},
      {"publish", &RtmpSession::OnPublish},
      {"play", &RtmpSession::OnPlay},
      {"pause", &RtmpSession::OnPause},
      {"pauseRaw", &RtmpSession::OnPause},
      {"closeStream", &RtmpSession::OnEndOfStream},
      {"deleteStream", &RtmpSession::OnEndOfStream},
      {"FCUnpublish", &RtmpSession::OnUnpublish},
      {"getStreamLength", &RtmpSession::OnStreamLength},
      {"releaseStream", &RtmpSession::OnPolite},
      {"FCPublish", &RtmpSession::OnPolite},
      {"FCSubscribe", &RtmpSession::OnPolite},
      {"_checkbw", &RtmpSession::OnPolite},
      {"receiveAudio", &RtmpSession::OnIgnored},
      {"receiveVideo", &RtmpSession::OnIgnored},
      {"seek", &RtmpSession::OnIgnored},
      {"_result", &RtmpSession::OnIgnored},
      {"_error", &RtmpSession::OnIgnored},
      {"onStatus", &RtmpSession::OnIgnored},
  };
  for (const Row& row : kRows)
    if (row.name == name) return row.handler;
  return nullptr;
}

std::optional<RtmpEvent> RtmpSession::OnCommandMessage(Time now, const RtmpMessage& message) {
  Bytes payload = message.payload;
  if (message.type == RtmpType::kCommandAmf3 && !payload.empty()) payload = payload.subspan(1);
  AmfReader reader(payload);
  Command command{.stream_id = message.stream_id};
  auto name = reader.Read();
  auto transaction = name.ok() ? reader.Read() : name;
  if (!transaction.ok() || !name->is(AmfValue::Kind::kString)) {
    Close(ErrorCode::kMalformed, "an RTMP command that cannot be read");
    return std::nullopt;
  }
  command.name = std::move(name->text);
  command.transaction = transaction->NumberOr(0);
  for (bool first = true; !reader.at_end(); first = false) {
    auto value = reader.Read();
    if (!value.ok()) {
      Close(value.error().code, "an RTMP command that cannot be read: " + value.error().message);
      return std::nullopt;
    }
    if (first) {
      command.object = std::move(*value);
    } else {
      command.arguments.push_back(std::move(*value));
    }
  }
  const Handler handler = FindHandler(command.name);
  if (handler == &RtmpSession::OnConnect || (handler != nullptr && connected_)) return (this->*handler)(now, command);
  if (handler != nullptr) {
    Close(ErrorCode::kRefused, "an RTMP command before connect");
  } else if (command.transaction != 0) {
    AmfValue none = AmfValue::Null();
    command.name = "_error";
    SendResult(command, none, Information("error", "NetConnection.Call.Failed", "no such command"));
  }
  return std::nullopt;
}

// `command.name` is "_error" for an error; anything else is answered with _result.
void RtmpSession::SendResult(const Command& command, const AmfValue& properties, const AmfValue& information) {
  std::byte buffer[2048];
  AmfWriter writer(buffer);
  writer.String(command.name == "_error" ? "_error" : "_result");
  writer.Number(command.transaction);
  writer.Value(properties);
  if (!information.is(AmfValue::Kind::kUndefined)) writer.Value(information);
  DUET_CHECK(writer.ok());
  Answer({.chunk_stream = kCommandChunkStream, .type = RtmpType::kCommandAmf0, .payload = writer.written()});
}

void RtmpSession::SendStatus(uint32_t stream_id, std::string_view level, std::string_view code,
                             std::string_view words) {
  std::byte buffer[2048];
  AmfWriter writer(buffer);
  writer.String("onStatus");
  writer.Number(0);
  writer.Null();
  writer.Value(Information(level, code, words.substr(0, 1024)));
  DUET_CHECK(writer.ok());
  Answer({.chunk_stream = kCommandChunkStream,
          .type = RtmpType::kCommandAmf0,
          .stream_id = stream_id,
          .payload = writer.written()});
}

void RtmpSession::RejectConnect(const Command& command, std::string_view code, std::string_view words) {
  Command error = {.name = "_error", .transaction = command.transaction};
  SendResult(error, AmfValue::Null(), Information("error", code, words));
  Close(ErrorCode::kRefused, std::string(words));
}

std::optional<RtmpEvent> RtmpSession::OnConnect(Time, const Command& command) {
  constexpr std::string_view kRejected = "NetConnection.Connect.Rejected";
  if (connected_) {
    RejectConnect(command, kRejected, "connected already");
    return std::nullopt;
  }
  const AmfValue* app = command.object.Find("app");
  const AmfValue* tc_url = command.object.Find("tcUrl");
  if (app != nullptr) app_ = app->TextOr("");
  if (tc_url != nullptr) tc_url_ = tc_url->TextOr("");
  if (app_.size() > kMaxName || tc_url_.size() > kMaxName) {
    RejectConnect(command, kRejected, "the address is too long");
    return std::nullopt;
  }
  const std::string_view first = std::string_view(app_).substr(0, app_.find_first_of("/?"));
  if (std::find(config_.apps.begin(), config_.apps.end(), first) == config_.apps.end()) {
    RejectConnect(command, "NetConnection.Connect.InvalidApp", "the address must begin with /push/ or /live/");
    return std::nullopt;
  }
  connected_ = true;
  SendU32(RtmpType::kWindowAckSize, kWindowBytes);
  std::byte bandwidth[5];
  StoreU32(bandwidth, kWindowBytes);
  StoreU8(bandwidth + 4, kDynamicLimit);
  SendControl(RtmpType::kSetPeerBandwidth, bandwidth);
  SendU32(RtmpType::kSetChunkSize, kOutChunkSize);
  out_chunk_size_ = kOutChunkSize;

  AmfValue properties = Object();
  Add(properties, "fmsVer", AmfValue::String("FMS/3,0,1,123"));  // what clients look for to know what a server can do
  Add(properties, "capabilities", AmfValue::Number(31));
  AmfValue information = Information("status", "NetConnection.Connect.Success", "Connection succeeded.");
  Add(information, "objectEncoding", AmfValue::Number(0));
  SendResult(command, properties, information);
  return std::nullopt;
}

std::optional<RtmpEvent> RtmpSession::OnCreateStream(Time, const Command& command) {
  if (streams_.size() >= kMaxStreams) {
    Command error = {.name = "_error", .transaction = command.transaction};
    SendResult(error, AmfValue::Null(),
               Information("error", "NetConnection.Call.Failed", "at most 4 streams on one connection"));
    return std::nullopt;
  }
  auto stream = std::make_unique<Stream>();
  stream->id = next_stream_++;
  SendResult(command, AmfValue::Null(), AmfValue::Number(stream->id));
  streams_.push_back(std::move(stream));
  return std::nullopt;
}

// A publish or play is to be decided on by the caller.
std::optional<RtmpEvent> RtmpSession::Ask(RtmpRequest::What what, const Command& command) {
  const bool publish = what == RtmpRequest::What::kPublish;
  Stream* stream = Find(command.stream_id);
  std::string name = TextArgument(command.arguments, 0);
  if (stream == nullptr || stream->state != State::kIdle || name.size() > kMaxName) {
    SendStatus(command.stream_id, "error", publish ? "NetStream.Publish.BadName" : "NetStream.Play.Failed",
               stream == nullptr        ? "no such stream: createStream comes first"
               : name.size() > kMaxName ? "the stream's name is too long"
                                        : "the stream is used already");
    Close(ErrorCode::kRefused, "a stream that cannot be used");
    return std::nullopt;
  }
  stream->state = publish ? State::kPublishAsked : State::kPlayAsked;
  asked_ = stream;
  return RtmpRequest{.what = what, .stream_id = stream->id, .app = app_, .tc_url = tc_url_, .name = std::move(name)};
}

std::optional<RtmpEvent> RtmpSession::OnPublish(Time, const Command& command) {
  return Ask(RtmpRequest::What::kPublish, command);
}

std::optional<RtmpEvent> RtmpSession::OnPlay(Time, const Command& command) {
  return Ask(RtmpRequest::What::kPlay, command);
}

void RtmpSession::Accept(Time, uint32_t stream_id) {
  if (asked_ == nullptr || asked_->id != stream_id || closed_) return;
  Stream& stream = *std::exchange(asked_, nullptr);
  const bool publish = stream.state == State::kPublishAsked;
  SendUserControl(RtmpEventType::kStreamBegin, stream_id);
  if (publish) {
    stream.state = State::kPublishing;
    SendStatus(stream_id, "status", "NetStream.Publish.Start", "Publishing.");
    return;
  }
  stream.state = State::kPlaying;
  stream.queue = std::make_unique<FrameQueue>(config_.queue);
  SendStatus(stream_id, "status", "NetStream.Play.Reset", "Playing anew.");
  SendStatus(stream_id, "status", "NetStream.Play.Start", "Playing.");
}

void RtmpSession::Refuse(Time, uint32_t stream_id, RtmpRefusal refusal, std::string_view words) {
  if (asked_ == nullptr || asked_->id != stream_id || closed_) return;
  const bool publish = asked_->state == State::kPublishAsked;
  std::string_view code = "NetStream.Play.Failed";
  if (publish) {
    code = refusal == RtmpRefusal::kDenied ? "NetStream.Publish.Denied" : "NetStream.Publish.BadName";
  } else if (refusal == RtmpRefusal::kNotFound) {
    code = "NetStream.Play.StreamNotFound";
  }
  SendStatus(stream_id, "error", code, words);
  Close(ErrorCode::kRefused, std::string(words));
}

std::optional<RtmpEvent> RtmpSession::OnPause(Time, const Command& command) {
  Stream* stream = Find(command.stream_id);
  if (stream == nullptr || stream->state != State::kPlaying || command.arguments.empty()) return std::nullopt;
  const bool paused = command.arguments[0].boolean;
  SendStatus(stream->id, "status", paused ? "NetStream.Pause.Notify" : "NetStream.Unpause.Notify",
             paused ? "Paused." : "Playing.");
  if (paused == stream->paused) return std::nullopt;
  stream->paused = paused;
  stream->queue->Restart();
  return RtmpPaused{.stream_id = stream->id, .paused = paused};
}

// Makes the stream idle; the event tells, when it had been accepted.
std::optional<RtmpEvent> RtmpSession::End(Stream& stream, std::string_view words) {
  const State before = std::exchange(stream.state, State::kIdle);
  stream.queue.reset();
  stream.paused = false;
  stream.timeline = {};
  if (asked_ == &stream) asked_ = nullptr;
  if (before == State::kPublishing) {
    SendStatus(stream.id, "status", "NetStream.Unpublish.Success", words);
  }
  if (before != State::kPublishing && before != State::kPlaying) return std::nullopt;
  return RtmpStreamEnded{.stream_id = stream.id};
}

std::optional<RtmpEvent> RtmpSession::OnEndOfStream(Time, const Command& command) {
  const bool deletes = command.name == "deleteStream";
  uint32_t id = command.stream_id;
  if (deletes && !command.arguments.empty()) {
    const double number = command.arguments[0].NumberOr(0);
    id = number >= 1 && number < next_stream_ ? static_cast<uint32_t>(number) : 0;
  }
  Stream* stream = Find(id);
  if (stream == nullptr) return std::nullopt;
  auto event = End(*stream);
  if (deletes) std::erase_if(streams_, [&](const auto& s) { return s.get() == stream; });
  return event;
}

// Names its stream by name only; who publishes here publishes one.
std::optional<RtmpEvent> RtmpSession::OnUnpublish(Time, const Command& command) {
  if (command.transaction != 0) SendResult(command, AmfValue::Null(), {});
  for (const auto& stream : streams_)
    if (stream->state == State::kPublishing) return End(*stream);
  return std::nullopt;
}

void RtmpSession::EndStream(Time, uint32_t stream_id, std::string_view words) {
  Stream* stream = Find(stream_id);
  // The client may have ended it at the same moment.
  if (stream == nullptr || stream->state == State::kIdle) return;
  const State state = stream->state;
  End(*stream, words);
  if (state != State::kPlaying) {
    Close(ErrorCode::kRefused, std::string(words));
    return;
  }
  SendUserControl(RtmpEventType::kStreamEof, stream_id);
  SendStatus(stream_id, "status", "NetStream.Play.UnpublishNotify", words);
  SendStatus(stream_id, "status", "NetStream.Play.Stop", words);
}

std::optional<RtmpEvent> RtmpSession::OnStreamLength(Time, const Command& command) {
  SendResult(command, AmfValue::Null(), AmfValue::Number(0));  // live
  return std::nullopt;
}

// Commands that only want to hear that all is well.
std::optional<RtmpEvent> RtmpSession::OnPolite(Time, const Command& command) {
  if (command.transaction != 0) SendResult(command, AmfValue::Null(), {});
  return std::nullopt;
}

std::optional<RtmpEvent> RtmpSession::OnIgnored(Time, const Command&) { return std::nullopt; }

}  // namespace duet
