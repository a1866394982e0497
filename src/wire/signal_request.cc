// The server's reading side: what clients ask.
#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "wire/json_text.h"
#include "wire/signal.h"
#include "wire/signal_reader.h"

namespace duet::signal {
namespace {

namespace json = boost::json;

// As many as an offer may have sections (kMaxSdpSections).
constexpr size_t kMaxTracks = 128;
// Holds the values of any usual message, so that reading one allocates only what is kept of it.
constexpr size_t kScratchBytes = 16 * 1024;

constexpr std::array<std::string_view, std::variant_size_v<RequestBody>> kMethodWords = {
    "enter",      "exit",    "negotiate", "publish", "subscribe", "unsubscribe",
    "switchRole", "message", "stats",     "ping",    "urls",
};

std::vector<TrackInfo> ReadTracks(ObjectReader& params) {
  std::vector<TrackInfo> tracks;
  params.ForEach("tracks", kMaxTracks, [&](ObjectReader& track) {
    TrackInfo info;
    info.mid = track.String("mid");
    info.kind = track.Enum<MediaKind>("kind");
    info.stream = track.Enum<StreamType>("stream");
    info.on = track.OptionalBool("on").value_or(true);
    for (const auto& earlier : tracks)
      if (earlier.mid == info.mid)
        track.FailMember(SignalErrorKind::kInvalidParams, "mid", "names the same section as an earlier one");
    tracks.push_back(std::move(info));
  });
  return tracks;
}

RequestBody ReadEnter(ObjectReader& params) {
  Enter enter;
  // First, because nothing else of another version's message can be judged.
  const int64_t protocol = params.Integer("protocol", 0, std::numeric_limits<int32_t>::max());
  if (protocol != kProtocolVersion)
    params.Fail(SignalErrorKind::kVersionUnsupported, "this server speaks version " + std::to_string(kProtocolVersion) +
                                                          " of the protocol, not " + std::to_string(protocol));
  enter.sdk_app_id = static_cast<uint32_t>(params.Integer("sdkAppId", 0, std::numeric_limits<uint32_t>::max()));
  enter.user_id = params.UserId("userId");
  enter.user_sig = params.String("userSig");
  enter.room = params.Room("room");
  enter.scene = params.OptionalEnum<Scene>("scene").value_or(Scene{});
  enter.role = params.OptionalEnum<Role>("role").value_or(Role{});
  enter.room_template = params.OptionalEnum<Template>("template").value_or(Template{});
  enter.private_map_key = params.OptionalString("privateMapKey");
  enter.recv_mode = static_cast<int>(params.OptionalInteger("recvMode", 1, 4).value_or(1));
  enter.cloudenv = params.OptionalString("cloudenv");
  enter.resume = params.OptionalString("resume");
  if (params.Has("client")) {
    params.Object("client", [&](ObjectReader& client) {
      enter.client.platform = client.OptionalString("platform").value_or("");
      enter.client.version = client.OptionalString("version").value_or("");
    });
  }
  enter.media = params.OptionalEnum<Media>("media").value_or(Media{});
  if (enter.media == Media::kRtmp) {
    for (const std::string_view name : {"offer", "tracks"}) {
      if (params.Has(name))
        params.FailMember(SignalErrorKind::kInvalidParams, name, "must be left out with \"media\": \"rtmp\"");
    }
    return enter;
  }
  enter.offer = params.String("offer");
  enter.tracks = ReadTracks(params);
  return enter;
}

RequestBody ReadNegotiate(ObjectReader& params) {
  Negotiate negotiate;
  negotiate.offer = params.String("offer");
  negotiate.tracks = ReadTracks(params);
  return negotiate;
}

RequestBody ReadPublish(ObjectReader& params) {
  Publish publish;
  publish.stream = params.Enum<StreamType>("stream");
  publish.audio = params.OptionalBool("audio");
  publish.video = params.OptionalBool("video");
  return publish;
}

RequestBody ReadSubscribe(ObjectReader& params) {
  Subscribe subscribe;
  subscribe.user_id = params.UserId("userId");
  subscribe.stream = params.Enum<StreamType>("stream");
  subscribe.kind = params.Enum<MediaKind>("kind");
  subscribe.quality = params.OptionalEnum<Quality>("quality").value_or(Quality{});
  return subscribe;
}

RequestBody ReadUnsubscribe(ObjectReader& params) {
  Unsubscribe unsubscribe;
  unsubscribe.user_id = params.UserId("userId");
  unsubscribe.stream = params.Enum<StreamType>("stream");
  unsubscribe.kind = params.Enum<MediaKind>("kind");
  return unsubscribe;
}

RequestBody ReadMessage(ObjectReader& params) {
  Message message;
  if (params.Has("to")) message.to = params.UserId("to");
  message.cmd_id = static_cast<int>(params.Integer("cmdId", 1, 10));
  message.data = params.Base64("data");
  if (message.data.size() > kMaxCustomMessageBytes)
    params.FailMember(SignalErrorKind::kMessageTooLarge, "data",
                      "has " + std::to_string(message.data.size()) + " bytes, at most " +
                          std::to_string(kMaxCustomMessageBytes) + " are allowed; send it in pieces");
  return message;
}

RequestBody ReadStats(const json::object& params, ObjectReader& reader) {
  Stats stats{json::serialize(params)};
  if (stats.json.size() > kMaxStatsBytes)
    reader.Fail(SignalErrorKind::kInvalidParams, "\"params\" of \"stats\" has " + std::to_string(stats.json.size()) +
                                                     " bytes, at most " + std::to_string(kMaxStatsBytes) +
                                                     " are allowed");
  return stats;
}

RequestBody ReadBody(Method method, const json::object& params, ObjectReader& reader) {
  switch (method) {
    case Method::kEnter: return ReadEnter(reader);
    case Method::kExit: return Exit{};
    case Method::kNegotiate: return ReadNegotiate(reader);
    case Method::kPublish: return ReadPublish(reader);
    case Method::kSubscribe: return ReadSubscribe(reader);
    case Method::kUnsubscribe: return ReadUnsubscribe(reader);
    case Method::kSwitchRole: return SwitchRole{reader.Enum<Role>("role")};
    case Method::kMessage: return ReadMessage(reader);
    case Method::kStats: return ReadStats(params, reader);
    case Method::kPing: return Ping{};
    case Method::kUrls: return Urls{};
  }
  return Ping{};  // every Method is above
}

SignalFailure Fail(RequestId id, SignalErrorKind kind, std::string message) {
  return {std::move(id), MakeError(kind, std::move(message))};
}

Result<Request, SignalFailure> ReadRequest(const json::object& message) {
  RequestId id = ReadId(message);
  if (std::holds_alternative<std::monostate>(id))
    return Fail(id, SignalErrorKind::kInvalidRequest, "\"id\" must be a whole number or a string");
  const json::value* version = message.if_contains("jsonrpc");
  if (version == nullptr || !version->is_string() || version->get_string() != "2.0")
    return Fail(id, SignalErrorKind::kInvalidRequest, "\"jsonrpc\" must be \"2.0\"");
  const json::value* name = message.if_contains("method");
  if (name == nullptr || !name->is_string())
    return Fail(id, SignalErrorKind::kInvalidRequest, "\"method\" must be a string");
  const std::string_view word(name->get_string().data(), name->get_string().size());
  const auto method = ParseEnum<Method>(word);
  if (!method) return Fail(id, SignalErrorKind::kUnknownMethod, "there is no method \"" + Excerpt(word) + "\"");

  const json::object no_params;
  const json::value* given = message.if_contains("params");
  const json::object* params = given == nullptr || given->is_null() ? &no_params : given->if_object();
  if (params == nullptr) return Fail(id, SignalErrorKind::kInvalidParams, "\"params\" must be an object");

  std::optional<SignalError> problem;
  ObjectReader reader(*params, "", problem);
  RequestBody body = ReadBody(*method, *params, reader);
  if (problem) return SignalFailure{std::move(id), *std::move(problem)};
  return Request{std::move(id), std::move(body)};
}

}  // namespace

template <>
std::span<const std::string_view> EnumWords<Method>() {
  return kMethodWords;
}

std::string_view ToString(Method method) { return kMethodWords[static_cast<size_t>(method)]; }

Result<Request, SignalFailure> ParseRequest(std::string_view text) {
  std::array<unsigned char, kScratchBytes> scratch;
  json::monotonic_resource memory(scratch.data(), scratch.size());
  const auto parsed = ParseJson(text, kMaxMessageBytes, &memory);
  if (!parsed.ok()) {
    const bool limit = parsed.error().code == ErrorCode::kLimit;
    return Fail({}, limit ? SignalErrorKind::kInvalidRequest : SignalErrorKind::kParseError, parsed.error().message);
  }
  if (const json::object* message = parsed->if_object()) return ReadRequest(*message);
  return Fail({}, SignalErrorKind::kInvalidRequest, "a message must be one object, not an array or a bare value");
}

}  // namespace duet::signal
