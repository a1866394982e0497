// The client's reading side: what a server answers and announces.
#include <limits>
#include <utility>

#include "wire/json_text.h"
#include "wire/signal.h"
#include "wire/signal_reader.h"

namespace duet::signal {
namespace {

namespace json = boost::json;

// Of any array in a server's messages.
constexpr size_t kMaxElements = 4096;
constexpr int64_t kMaxInteger = std::numeric_limits<int64_t>::max();
constexpr int kWorstGrade = 6;

std::vector<StreamState> ReadStreams(ObjectReader& owner) {
  std::vector<StreamState> streams;
  owner.ForEach("streams", kMaxElements, [&](ObjectReader& stream) {
    StreamState state;
    state.stream = stream.Enum<StreamType>("stream");
    state.audio = stream.Bool("audio");
    state.video = stream.Bool("video");
    streams.push_back(state);
  });
  return streams;
}

std::vector<SlotInfo> ReadSlots(ObjectReader& owner) {
  std::vector<SlotInfo> slots;
  owner.ForEach("slots", kMaxElements, [&](ObjectReader& slot) {
    SlotInfo info;
    info.mid = slot.String("mid");
    info.user_id = slot.UserId("userId");
    info.stream = slot.Enum<StreamType>("stream");
    info.kind = slot.Enum<MediaKind>("kind");
    slots.push_back(std::move(info));
  });
  return slots;
}

Speakers ReadSpeakers(ObjectReader& owner) {
  Speakers result;
  owner.ForEach("speakers", kMaxElements, [&](ObjectReader& speaker) {
    std::string user_id = speaker.UserId("userId");
    constexpr int64_t kLoudest = 100;
    result.speakers.push_back({std::move(user_id), static_cast<int>(speaker.Integer("level", 0, kLoudest))});
  });
  return result;
}

std::vector<PlayInfo> ReadPlay(ObjectReader& owner) {
  std::vector<PlayInfo> play;
  owner.ForEach("play", kMaxElements, [&](ObjectReader& entry) {
    PlayInfo info;
    info.stream.user_id = entry.UserId("userId");
    info.stream.stream = entry.Enum<StreamType>("stream");
    info.stream.audio = entry.Bool("audio");
    info.stream.video = entry.Bool("video");
    info.flv = entry.OptionalString("flv");
    info.rtmp = entry.OptionalString("rtmp");
    play.push_back(std::move(info));
  });
  return play;
}

MediaUrls ReadUrls(ObjectReader& owner) {
  MediaUrls urls;
  if (owner.Has("push")) {
    owner.Object("push", [&](ObjectReader& push) { urls.push_rtmp = push.OptionalString("rtmp"); });
  }
  urls.play = ReadPlay(owner);
  urls.url_seconds = owner.Integer("urlSeconds", 0, kMaxInteger);
  return urls;
}

int ReadGrade(ObjectReader& owner, std::string_view name) {
  return static_cast<int>(owner.Integer(name, 0, kWorstGrade));
}

EnterResult ReadEnterResult(ObjectReader& reader) {
  EnterResult result;
  result.protocol = static_cast<int>(reader.Integer("protocol", 0, std::numeric_limits<int32_t>::max()));
  result.session = reader.String("session");
  result.resume = reader.String("resume");
  result.resumed = reader.Bool("resumed");
  if (reader.Has("urlSeconds")) {
    result.urls = ReadUrls(reader);
  } else {
    result.answer = reader.String("answer");
    result.slots = ReadSlots(reader);
  }
  reader.ForEach("members", kMaxElements, [&](ObjectReader& member) {
    MemberInfo info;
    info.user_id = member.UserId("userId");
    info.role = member.Enum<Role>("role");
    info.paused = member.Bool("paused");
    info.streams = ReadStreams(member);
    result.members.push_back(std::move(info));
  });
  reader.Object("room", [&](ObjectReader& room) {
    result.room.name = room.Room("id");
    result.room.capacity = static_cast<uint32_t>(room.Integer("capacity", 0, std::numeric_limits<uint32_t>::max()));
    result.room.created_unix_ms = room.Integer("createdAt", 0, kMaxInteger);
  });
  result.seat_seconds = reader.Integer("seatSeconds", 0, kMaxInteger);
  reader.ForEach("iceServers", kMaxElements, [&](ObjectReader& server) {
    IceServer info;
    info.urls = server.Strings("urls", kMaxElements);
    info.username = server.OptionalString("username");
    info.credential = server.OptionalString("credential");
    result.ice_servers.push_back(std::move(info));
  });
  return result;
}

decltype(Response::body) ReadResult(Method method, ObjectReader& reader) {
  switch (method) {
    case Method::kEnter: return ReadEnterResult(reader);
    case Method::kNegotiate: {
      NegotiateResult result;
      result.answer = reader.String("answer");
      result.slots = ReadSlots(reader);
      return result;
    }
    case Method::kSubscribe: return SubscribeResult{reader.OptionalString("mid")};
    case Method::kMessage: return MessageResult{static_cast<uint64_t>(reader.Integer("seq", 0, kMaxInteger))};
    case Method::kPing: return PingResult{reader.Integer("time", 0, kMaxInteger)};
    case Method::kUrls: return ReadUrls(reader);
    case Method::kExit:
    case Method::kPublish:
    case Method::kUnsubscribe:
    case Method::kSwitchRole:
    case Method::kStats: return Empty{};
  }
  return Empty{};  // every Method is above
}

SignalError ReadError(ObjectReader& reader) {
  constexpr int64_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  SignalError error;
  error.code = static_cast<int>(reader.Integer("code", kMin, kMax));
  error.name = kUnknownErrorName;
  error.message = reader.String("message");
  if (!reader.Has("data")) return error;
  reader.Object("data", [&](ObjectReader& data) {
    if (const ErrorInfo* info = FindErrorByName(data.OptionalString("name").value_or(""))) error.name = info->name;
    if (const auto detail = data.OptionalInteger("detail", kMin, kMax)) error.detail = static_cast<int>(*detail);
  });
  return error;
}

MessageEvent ReadMessageEvent(ObjectReader& params) {
  MessageEvent event;
  event.user_id = params.UserId("userId");
  event.cmd_id = static_cast<int>(params.Integer("cmdId", 1, 10));
  event.seq = static_cast<uint64_t>(params.Integer("seq", 0, kMaxInteger));
  event.data = params.Base64("data");
  return event;
}

QualityReport ReadQualityReport(ObjectReader& params) {
  QualityReport report;
  report.uplink = ReadGrade(params, "uplink");
  report.downlink = ReadGrade(params, "downlink");
  params.ForEach("members", kMaxElements, [&](ObjectReader& member) {
    MemberQuality quality;
    quality.user_id = member.UserId("userId");
    quality.uplink = ReadGrade(member, "uplink");
    quality.downlink = ReadGrade(member, "downlink");
    report.members.push_back(std::move(quality));
  });
  return report;
}

// Nothing for a name that is not known.
std::optional<Notification> ReadNotification(std::string_view name, ObjectReader& params) {
  if (name == "memberJoined") {
    std::string user_id = params.UserId("userId");
    return MemberJoined{std::move(user_id), params.Enum<Role>("role")};
  }
  if (name == "memberLeft") {
    std::string user_id = params.UserId("userId");
    return MemberLeft{std::move(user_id), params.Enum<LeaveReason>("reason")};
  }
  if (name == "memberPaused") return MemberPaused{params.UserId("userId")};
  if (name == "memberResumed") return MemberResumed{params.UserId("userId")};
  if (name == "streams") {
    std::string user_id = params.UserId("userId");
    return Streams{std::move(user_id), ReadStreams(params)};
  }
  if (name == "slots") return Slots{ReadSlots(params)};
  if (name == "quality") return ReadQualityReport(params);
  if (name == "bitrateLimit") {
    const StreamType stream = params.Enum<StreamType>("stream");
    return BitrateLimit{stream,
                        static_cast<uint32_t>(params.Integer("maxBitrate", 0, std::numeric_limits<uint32_t>::max()))};
  }
  if (name == "layers") {
    const StreamType stream = params.Enum<StreamType>("stream");
    return Layers{stream, params.Strings("active", kMaxElements)};
  }
  if (name == "play") return Play{ReadPlay(params)};
  if (name == "videoCodec") return VideoCodec{params.OptionalEnum<VideoCodecName>("codec")};
  if (name == "speakers") return ReadSpeakers(params);
  if (name == "message") return ReadMessageEvent(params);
  if (name == "kicked") return Kicked{params.Enum<KickReason>("reason")};
  if (name == "dismissed") return Dismissed{};
  if (name == "draining") return Draining{params.OptionalString("reconnectTo")};
  return std::nullopt;
}

Result<ServerMessage> ReadAnswer(const json::object& message, ObjectReader& reader,
                                 std::span<const PendingRequest> pending) {
  Response response;
  response.id = ReadId(message);
  // A message that the server could not read at all is answered with id null.
  const bool is_error = reader.Has("error");
  const PendingRequest* request = nullptr;
  for (const auto& candidate : pending)
    if (candidate.id == response.id) request = &candidate;
  if (request == nullptr && !(is_error && std::holds_alternative<std::monostate>(response.id)))
    return Error{ErrorCode::kNotFound, "an answer to a request that is not pending"};

  if (is_error) {
    reader.Object("error", [&](ObjectReader& error) { response.body = ReadError(error); });
  } else {
    reader.Object("result", [&](ObjectReader& result) { response.body = ReadResult(request->method, result); });
  }
  return ServerMessage(std::move(response));
}

Result<ServerMessage> ReadAnnouncement(ObjectReader& reader) {
  const std::string name = reader.String("method");
  std::optional<Notification> notification;
  reader.Object("params", [&](ObjectReader& params) { notification = ReadNotification(name, params); });
  if (reader.ok() && !notification)
    return Error{ErrorCode::kUnsupported, "there is no notification \"" + Excerpt(name) + "\""};
  return ServerMessage(std::move(notification).value_or(Dismissed{}));  // not looked at when the reader failed
}

}  // namespace

Result<ServerMessage> ParseServerMessage(std::string_view text, std::span<const PendingRequest> pending) {
  const auto parsed = ParseJson(text, kMaxServerMessageBytes, {});
  if (!parsed.ok()) return parsed.error();
  const json::object* message = parsed->if_object();
  if (message == nullptr) return Error{ErrorCode::kMalformed, "a message must be one object"};

  std::optional<SignalError> problem;
  ObjectReader reader(*message, "", problem);
  if (reader.String("jsonrpc") != "2.0")
    reader.FailMember(SignalErrorKind::kInvalidRequest, "jsonrpc", "must be \"2.0\"");
  if (problem) return Error{ErrorCode::kMalformed, problem->message};
  auto result = reader.Has("method") ? ReadAnnouncement(reader) : ReadAnswer(*message, reader, pending);
  if (problem) return Error{ErrorCode::kMalformed, problem->message};
  return result;
}

}  // namespace duet::signal
