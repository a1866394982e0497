// The writing side of both ends. Members stand in the order of docs/protocol.md.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "wire/json_text.h"
#include "wire/signal.h"
#include "wire/signal_reader.h"

namespace duet::signal {
namespace {

namespace json = boost::json;

json::value IdValue(const RequestId& id) {
  if (const auto* number = std::get_if<int64_t>(&id)) return *number;
  if (const auto* text = std::get_if<std::string>(&id)) return json::string(*text);
  return nullptr;
}

json::value OrNull(const std::optional<std::string>& text) {
  if (!text) return nullptr;
  return json::string(*text);
}

void PutIf(json::object& object, std::string_view name, const std::optional<std::string>& text) {
  if (text) object.emplace(name, *text);
}

// Before ToArray, which calls them.
json::value ToJson(const std::string& text) { return json::string(text); }
json::object ToJson(const StreamState& s);
json::object ToJson(const SlotInfo& s);
json::object ToJson(const TrackInfo& t);
json::object ToJson(const MemberInfo& m);
json::object ToJson(const MemberQuality& m);
json::object ToJson(const IceServer& s);
json::object ToJson(const Speaker& s);
json::object ToJson(const PlayInfo& p);

// The elements of `items`, each as ToJson says.
template <typename T>
json::array ToArray(const std::vector<T>& items) {
  json::array array;
  array.reserve(items.size());
  for (const auto& item : items) array.emplace_back(ToJson(item));
  return array;
}

json::value ToJson(const RoomName& room) {
  if (room.is_string()) return json::string(room.text());
  return room.number();
}
json::object ToJson(const StreamState& s) {
  return {{"stream", ToString(s.stream)}, {"audio", s.audio}, {"video", s.video}};
}
json::object ToJson(const SlotInfo& s) {
  return {{"mid", s.mid}, {"userId", s.user_id}, {"stream", ToString(s.stream)}, {"kind", ToString(s.kind)}};
}
json::object ToJson(const TrackInfo& t) {
  return {{"mid", t.mid}, {"kind", ToString(t.kind)}, {"stream", ToString(t.stream)}, {"on", t.on}};
}
json::object ToJson(const MemberInfo& m) {
  return {{"userId", m.user_id}, {"role", ToString(m.role)}, {"paused", m.paused}, {"streams", ToArray(m.streams)}};
}
json::object ToJson(const MemberQuality& m) {
  return {{"userId", m.user_id}, {"uplink", m.uplink}, {"downlink", m.downlink}};
}
json::object ToJson(const IceServer& s) {
  json::object object{{"urls", ToArray(s.urls)}};
  PutIf(object, "username", s.username);
  PutIf(object, "credential", s.credential);
  return object;
}

json::object ToJson(const PlayInfo& p) {
  json::object object{{"userId", p.stream.user_id},
                      {"stream", ToString(p.stream.stream)},
                      {"audio", p.stream.audio},
                      {"video", p.stream.video}};
  PutIf(object, "flv", p.flv);
  PutIf(object, "rtmp", p.rtmp);
  return object;
}

// ---- Bodies of responses

json::object ToJson(const Empty&) { return {}; }
void PutUrls(json::object& result, const MediaUrls& urls) {
  if (urls.push_rtmp) result.emplace("push", json::object{{"rtmp", *urls.push_rtmp}});
  result.emplace("play", ToArray(urls.play));
  result.emplace("urlSeconds", urls.url_seconds);
}
json::object ToJson(const MediaUrls& r) {
  json::object result;
  PutUrls(result, r);
  return result;
}
json::object ToJson(const EnterResult& r) {
  json::object result{{"protocol", r.protocol}, {"session", r.session}, {"resume", r.resume}, {"resumed", r.resumed}};
  if (!r.urls) result.emplace("answer", r.answer);
  result.emplace("members", ToArray(r.members));
  if (r.urls) {
    PutUrls(result, *r.urls);
  } else {
    result.emplace("slots", ToArray(r.slots));
  }
  result.emplace(
      "room",
      json::object{{"id", ToJson(r.room.name)}, {"capacity", r.room.capacity}, {"createdAt", r.room.created_unix_ms}});
  result.emplace("seatSeconds", r.seat_seconds);
  result.emplace("iceServers", ToArray(r.ice_servers));
  return result;
}
json::object ToJson(const NegotiateResult& r) { return {{"answer", r.answer}, {"slots", ToArray(r.slots)}}; }
json::object ToJson(const SubscribeResult& r) { return {{"mid", OrNull(r.mid)}}; }
json::object ToJson(const MessageResult& r) { return {{"seq", r.seq}}; }
json::object ToJson(const PingResult& r) { return {{"time", r.unix_ms}}; }
json::object ToJson(const SignalError& e) {
  json::object data{{"name", e.name}};
  if (e.detail) data.emplace("detail", *e.detail);
  return {{"code", e.code}, {"message", e.message}, {"data", std::move(data)}};
}

// ---- Notifications

constexpr std::string_view NameOf(const MemberJoined&) { return "memberJoined"; }
constexpr std::string_view NameOf(const MemberLeft&) { return "memberLeft"; }
constexpr std::string_view NameOf(const MemberPaused&) { return "memberPaused"; }
constexpr std::string_view NameOf(const MemberResumed&) { return "memberResumed"; }
constexpr std::string_view NameOf(const Streams&) { return "streams"; }
constexpr std::string_view NameOf(const Slots&) { return "slots"; }
constexpr std::string_view NameOf(const QualityReport&) { return "quality"; }
constexpr std::string_view NameOf(const BitrateLimit&) { return "bitrateLimit"; }
constexpr std::string_view NameOf(const Layers&) { return "layers"; }
constexpr std::string_view NameOf(const Speakers&) { return "speakers"; }
constexpr std::string_view NameOf(const Play&) { return "play"; }
constexpr std::string_view NameOf(const VideoCodec&) { return "videoCodec"; }
constexpr std::string_view NameOf(const MessageEvent&) { return "message"; }
constexpr std::string_view NameOf(const Kicked&) { return "kicked"; }
constexpr std::string_view NameOf(const Dismissed&) { return "dismissed"; }
constexpr std::string_view NameOf(const Draining&) { return "draining"; }

json::object ToJson(const MemberJoined& n) { return {{"userId", n.user_id}, {"role", ToString(n.role)}}; }
json::object ToJson(const MemberLeft& n) { return {{"userId", n.user_id}, {"reason", ToString(n.reason)}}; }
json::object ToJson(const MemberPaused& n) { return {{"userId", n.user_id}}; }
json::object ToJson(const MemberResumed& n) { return {{"userId", n.user_id}}; }
json::object ToJson(const Streams& n) { return {{"userId", n.user_id}, {"streams", ToArray(n.streams)}}; }
json::object ToJson(const Slots& n) { return {{"slots", ToArray(n.slots)}}; }
json::object ToJson(const QualityReport& n) {
  return {{"uplink", n.uplink}, {"downlink", n.downlink}, {"members", ToArray(n.members)}};
}
json::object ToJson(const BitrateLimit& n) {
  return {{"stream", ToString(n.stream)}, {"maxBitrate", n.max_bitrate_kbps}};
}
json::object ToJson(const Layers& n) { return {{"stream", ToString(n.stream)}, {"active", ToArray(n.active)}}; }
json::object ToJson(const Speaker& s) { return {{"userId", s.user_id}, {"level", s.level}}; }
json::object ToJson(const Speakers& n) { return {{"speakers", ToArray(n.speakers)}}; }
json::object ToJson(const Play& n) { return {{"play", ToArray(n.play)}}; }
json::object ToJson(const VideoCodec& n) {
  if (!n.codec) return {{"codec", nullptr}};
  return {{"codec", ToString(*n.codec)}};
}
json::object ToJson(const MessageEvent& n) {
  return {{"userId", n.user_id}, {"cmdId", n.cmd_id}, {"seq", n.seq}, {"data", EncodeBase64(n.data)}};
}
json::object ToJson(const Kicked& n) { return {{"reason", ToString(n.reason)}}; }
json::object ToJson(const Dismissed&) { return {}; }
json::object ToJson(const Draining& n) { return {{"reconnectTo", OrNull(n.reconnect_to)}}; }

// ---- Requests

json::object ToJson(const Enter& r) {
  json::object params{{"protocol", r.protocol},   {"sdkAppId", r.sdk_app_id},
                      {"userId", r.user_id},      {"userSig", r.user_sig},
                      {"room", ToJson(r.room)},   {"scene", ToString(r.scene)},
                      {"role", ToString(r.role)}, {"template", ToString(r.room_template)}};
  PutIf(params, "privateMapKey", r.private_map_key);
  params.emplace("recvMode", r.recv_mode);
  PutIf(params, "cloudenv", r.cloudenv);
  params.emplace("resume", OrNull(r.resume));
  params.emplace("client", json::object{{"platform", r.client.platform}, {"version", r.client.version}});
  if (r.media == Media::kRtmp) {
    params.emplace("media", ToString(r.media));
    return params;
  }
  params.emplace("offer", r.offer);
  params.emplace("tracks", ToArray(r.tracks));
  return params;
}
json::object ToJson(const Exit&) { return {}; }
json::object ToJson(const Negotiate& r) { return {{"offer", r.offer}, {"tracks", ToArray(r.tracks)}}; }
json::object ToJson(const Publish& r) {
  json::object params{{"stream", ToString(r.stream)}};
  if (r.audio) params.emplace("audio", *r.audio);
  if (r.video) params.emplace("video", *r.video);
  return params;
}
json::object ToJson(const Subscribe& r) {
  return {{"userId", r.user_id},
          {"stream", ToString(r.stream)},
          {"kind", ToString(r.kind)},
          {"quality", ToString(r.quality)}};
}
json::object ToJson(const Unsubscribe& r) {
  return {{"userId", r.user_id}, {"stream", ToString(r.stream)}, {"kind", ToString(r.kind)}};
}
json::object ToJson(const SwitchRole& r) { return {{"role", ToString(r.role)}}; }
json::object ToJson(const Message& r) {
  json::object params;
  PutIf(params, "to", r.to);
  params.emplace("cmdId", r.cmd_id);
  params.emplace("data", EncodeBase64(r.data));
  return params;
}
json::object ToJson(const Stats& r) {
  auto parsed = ParseJson(r.json, kMaxMessageBytes, {});
  if (!parsed.ok() || !parsed->is_object()) return {};
  return std::move(parsed->get_object());
}
json::object ToJson(const Ping&) { return {}; }
json::object ToJson(const Urls&) { return {}; }

std::string Serialize(json::object message) { return RepairUtf8(json::serialize(message)); }

}  // namespace

std::string Encode(const Response& response) {
  json::object message{{"jsonrpc", "2.0"}, {"id", IdValue(response.id)}};
  std::visit([&]<typename T>(
                 const T& body) { message.emplace(std::is_same_v<T, SignalError> ? "error" : "result", ToJson(body)); },
             response.body);
  return Serialize(std::move(message));
}

std::string Encode(const Notification& notification) {
  json::object message{{"jsonrpc", "2.0"}};
  std::visit(
      [&](const auto& body) {
        message.emplace("method", NameOf(body));
        message.emplace("params", ToJson(body));
      },
      notification);
  return Serialize(std::move(message));
}

std::string Encode(const Request& request) {
  json::object message{{"jsonrpc", "2.0"}, {"id", IdValue(request.id)}, {"method", ToString(MethodOf(request.body))}};
  std::visit([&](const auto& body) { message.emplace("params", ToJson(body)); }, request.body);
  return Serialize(std::move(message));
}

}  // namespace duet::signal
