// The signalling protocol as values: JSON-RPC 2.0 messages over a WebSocket, one object per text message, no batches.
// docs/protocol.md section 2 is the contract.
//
// Reading is strict where the contract speaks (types, ranges, required members) and tolerant where it does not: members
// that it does not know are ignored, null stands for an optional member that is missing, of a member that is there
// twice the last one counts. Everything here is stateless, and no exception leaves it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "wire/signal_error.h"
#include "wire/signal_types.h"

namespace duet::signal {

// The id of a JSON-RPC request. monostate is JSON's null: only in an answer to a message whose id could not be read.
using RequestId = std::variant<std::monostate, int64_t, std::string>;

// ---- Requests

struct ClientInfo {
  std::string platform;
  std::string version;
  bool operator==(const ClientInfo&) const = default;
};

struct Enter {
  int protocol = kProtocolVersion;  // ParseRequest lets only this version pass
  uint32_t sdk_app_id = 0;
  std::string user_id;   // 1..kMaxUserIdBytes bytes
  std::string user_sig;  // not looked into
  RoomName room;
  Scene scene{};
  Role role{};
  Template room_template{};
  std::optional<std::string> private_map_key;
  int recv_mode = 1;  // 1 all, 2 audio, 3 video, 4 nothing is subscribed by itself
  std::optional<std::string> cloudenv;
  std::optional<std::string> resume;
  ClientInfo client;
  Media media{};
  std::string offer;  // SDP, not looked into; empty, as `tracks`, when media is RTMP
  std::vector<TrackInfo> tracks;
  bool operator==(const Enter&) const = default;
};
struct Exit {
  bool operator==(const Exit&) const = default;
};
struct Negotiate {
  std::string offer;
  std::vector<TrackInfo> tracks;
  bool operator==(const Negotiate&) const = default;
};
struct Publish {
  StreamType stream{};
  std::optional<bool> audio;  // nothing: stays as it is
  std::optional<bool> video;
  bool operator==(const Publish&) const = default;
};
struct Subscribe {
  std::string user_id;
  StreamType stream{};
  MediaKind kind{};
  Quality quality{};
  bool operator==(const Subscribe&) const = default;
};
struct Unsubscribe {
  std::string user_id;
  StreamType stream{};
  MediaKind kind{};
  bool operator==(const Unsubscribe&) const = default;
};
struct SwitchRole {
  Role role{};
  bool operator==(const SwitchRole&) const = default;
};
struct Message {
  std::optional<std::string> to;  // nothing: everybody else in the room
  int cmd_id = 1;                 // 1..10
  std::vector<std::byte> data;    // at most kMaxCustomMessageBytes
  bool operator==(const Message&) const = default;
};
struct Stats {
  // An object as compact JSON, at most kMaxStatsBytes. Numbers with a fraction have an exponent: 2.95E1.
  std::string json = "{}";
  bool operator==(const Stats&) const = default;
};
struct Ping {
  bool operator==(const Ping&) const = default;
};
struct Urls {
  bool operator==(const Urls&) const = default;
};

// In the order of Method.
using RequestBody =
    std::variant<Enter, Exit, Negotiate, Publish, Subscribe, Unsubscribe, SwitchRole, Message, Stats, Ping, Urls>;
enum class Method : uint8_t {
  kEnter,
  kExit,
  kNegotiate,
  kPublish,
  kSubscribe,
  kUnsubscribe,
  kSwitchRole,
  kMessage,
  kStats,
  kPing,
  kUrls,
};
inline Method MethodOf(const RequestBody& body) { return static_cast<Method>(body.index()); }
template <>
std::span<const std::string_view> EnumWords<Method>();
std::string_view ToString(Method method);

struct Request {
  RequestId id;
  RequestBody body;
  bool operator==(const Request&) const = default;
};

// Why a message is not a request, ready to be answered: Response{failure.id, failure.error}.
struct SignalFailure {
  RequestId id;  // monostate when it could not be read
  SignalError error;
  bool operator==(const SignalFailure&) const = default;
};

// ---- Responses

struct RoomInfo {
  RoomName name;
  uint32_t capacity = 0;
  int64_t created_unix_ms = 0;
  bool operator==(const RoomInfo&) const = default;
};
// An RTCIceServer of WebRTC.
struct IceServer {
  std::vector<std::string> urls;
  std::optional<std::string> username;
  std::optional<std::string> credential;
  bool operator==(const IceServer&) const = default;
};

// Where a member without SDP plays a stream; an address is missing when that door is closed.
struct PlayInfo {
  PlayedStream stream;
  std::optional<std::string> flv;
  std::optional<std::string> rtmp;
  bool operator==(const PlayInfo&) const = default;
};
// The addresses of a member without SDP.
struct MediaUrls {
  std::optional<std::string> push_rtmp;  // nothing: the door is closed, or it may not publish
  std::vector<PlayInfo> play;
  int64_t url_seconds = 0;  // for which they are good to start with
  bool operator==(const MediaUrls&) const = default;
};

struct Empty {
  bool operator==(const Empty&) const = default;
};
struct EnterResult {
  int protocol = kProtocolVersion;
  std::string session;
  std::string resume;
  bool resumed = false;
  std::string answer;
  std::optional<MediaUrls> urls;    // in place of `answer` and `slots`, which are empty then
  std::vector<MemberInfo> members;  // the others
  std::vector<SlotInfo> slots;
  RoomInfo room;
  int64_t seat_seconds = 0;
  std::vector<IceServer> ice_servers;
  bool operator==(const EnterResult&) const = default;
};
struct NegotiateResult {
  std::string answer;
  std::vector<SlotInfo> slots;
  bool operator==(const NegotiateResult&) const = default;
};
struct SubscribeResult {
  std::optional<std::string> mid;  // nothing: not published yet, remembered
  bool operator==(const SubscribeResult&) const = default;
};
struct MessageResult {
  uint64_t seq = 0;
  bool operator==(const MessageResult&) const = default;
};
struct PingResult {
  int64_t unix_ms = 0;
  bool operator==(const PingResult&) const = default;
};

struct Response {
  RequestId id;
  std::variant<Empty, EnterResult, NegotiateResult, SubscribeResult, MessageResult, PingResult, MediaUrls, SignalError>
      body;
  bool operator==(const Response&) const = default;
};

// ---- Notifications

struct MemberJoined {
  std::string user_id;
  Role role{};
  bool operator==(const MemberJoined&) const = default;
};
struct MemberLeft {
  std::string user_id;
  LeaveReason reason{};
  bool operator==(const MemberLeft&) const = default;
};
// The member's connection is lost and its seat kept.
struct MemberPaused {
  std::string user_id;
  bool operator==(const MemberPaused&) const = default;
};
struct MemberResumed {
  std::string user_id;
  bool operator==(const MemberResumed&) const = default;
};
// The member's whole state.
struct Streams {
  std::string user_id;
  std::vector<StreamState> streams;
  bool operator==(const Streams&) const = default;
};
// The whole table; a mid that is missing is empty.
struct Slots {
  std::vector<SlotInfo> slots;
  bool operator==(const Slots&) const = default;
};
// Grades: 0 unknown, 1 best ... 5 very bad, 6 down.
struct MemberQuality {
  std::string user_id;
  int uplink = 0;
  int downlink = 0;
  bool operator==(const MemberQuality&) const = default;
};
struct QualityReport {
  int uplink = 0;
  int downlink = 0;
  std::vector<MemberQuality> members;
  bool operator==(const QualityReport&) const = default;
};
// What the receivers of one video stream of this member can take, so that it need not send more; 0 = as much as it
// likes.
struct BitrateLimit {
  StreamType stream{};
  uint32_t max_bitrate_kbps = 0;
  bool operator==(const BitrateLimit&) const = default;
};
// The encodings of one simulcast stream of this member, by rid, that somebody gets; the others need not be sent.
struct Layers {
  StreamType stream{};
  std::vector<std::string> active;
  bool operator==(const Layers&) const = default;
};
// Who is heard in the room, the loudest first; level 0..100. Who is missing is silent.
struct Speaker {
  std::string user_id;
  int level = 0;
  bool operator==(const Speaker&) const = default;
};
struct Speakers {
  std::vector<Speaker> speakers;
  bool operator==(const Speakers&) const = default;
};
struct MessageEvent {
  std::string user_id;
  int cmd_id = 1;
  uint64_t seq = 0;
  std::vector<std::byte> data;
  bool operator==(const MessageEvent&) const = default;
};
struct Kicked {
  KickReason reason{};
  bool operator==(const Kicked&) const = default;
};
struct Dismissed {
  bool operator==(const Dismissed&) const = default;
};
struct Draining {
  std::optional<std::string> reconnect_to;
  bool operator==(const Draining&) const = default;
};

// The whole table of a member without SDP.
struct Play {
  std::vector<PlayInfo> play;
  bool operator==(const Play&) const = default;
};
// What a member is to send as long as somebody in the room can see nothing else; nothing: what it likes.
struct VideoCodec {
  std::optional<VideoCodecName> codec;
  bool operator==(const VideoCodec&) const = default;
};

using Notification =
    std::variant<MemberJoined, MemberLeft, MemberPaused, MemberResumed, Streams, Slots, QualityReport, MessageEvent,
                 Kicked, Dismissed, Draining, BitrateLimit, Layers, Speakers, Play, VideoCodec>;

// ---- The server's side

// Reads one message of a client.
Result<Request, SignalFailure> ParseRequest(std::string_view text);
// Text fields must be UTF-8; what is not is sent with U+FFFD in its place.
std::string Encode(const Response& response);
std::string Encode(const Notification& notification);

// ---- The client's side

std::string Encode(const Request& request);

// A request that has not been answered yet. A result does not say what it is the result of, so the reader must know.
struct PendingRequest {
  RequestId id;
  Method method{};
};
using ServerMessage = std::variant<Response, Notification>;
// Reads one message of a server. kNotFound: an answer to none of `pending`; kUnsupported: a notification that this
// version does not know, to be ignored; kMalformed and kLimit: the server is broken.
Result<ServerMessage> ParseServerMessage(std::string_view text, std::span<const PendingRequest> pending);

}  // namespace duet::signal
