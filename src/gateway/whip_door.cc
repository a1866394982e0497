#include "gateway/whip_door.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "auth/token.h"
#include "auth/usersig.h"
#include "gateway/submit.h"
#include "wire/sdp.h"
#include "wire/sdp_fragment.h"

namespace duet {
namespace {

using signal::SignalErrorKind;

constexpr int64_t kEnterId = 1;
constexpr int64_t kSubscribeId = 2;
constexpr std::string_view kSdpType = "application/sdp";
constexpr std::string_view kFragmentType = "application/trickle-ice-sdpfrag";
constexpr uint32_t kUnsignedSeconds = 3600;

// Players and publishers live on pages of other origins, and need to read these headers (RFC 9725 section 4.8).
HttpResponse AllowAnyOrigin(HttpResponse response) {
  response.Set("Access-Control-Allow-Origin", "*")
      .Set("Access-Control-Expose-Headers", "Location, ETag, Link, Accept-Patch, Accept-Post, Retry-After");
  return response;
}

HttpResponse Options(bool session) {
  HttpResponse response;
  response.status = 204;
  const std::string methods = session ? "DELETE, PATCH, OPTIONS" : "POST, OPTIONS";
  response.Set("Allow", methods)
      .Set(session ? "Accept-Patch" : "Accept-Post", std::string(session ? kFragmentType : kSdpType))
      .Set("Access-Control-Allow-Methods", methods)
      .Set("Access-Control-Allow-Headers", "authorization, content-type, if-match")
      .Set("Access-Control-Max-Age", "600");
  return response;
}

HttpResponse ErrorResponse(const signal::SignalError& error) {
  HttpResponse response = ProblemResponse(StatusOf(error), error.name, error.message, error.code);
  if (response.status == 401) response.Set("WWW-Authenticate", "Bearer");
  if (response.status == 503) response.Set("Retry-After", "5");
  return response;
}

HttpResponse NoSession() {
  return ProblemResponse(404, "session_unknown", "There is no such session. It may have ended; POST a new offer.");
}

HttpResponse Busy() {
  HttpResponse response = ProblemResponse(503, "server_busy", "The server is busy. Try again in a moment.");
  return std::move(response.Set("Retry-After", "5"));
}

bool IsType(std::string_view content_type, std::string_view wanted) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return std::equal(content_type.begin(), content_type.end(), wanted.begin(), wanted.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

// The token of "Bearer TOKEN"; empty when there is none.
std::string_view BearerOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() < kScheme.size() || !IsType(authorization.substr(0, kScheme.size() - 1), "bearer"))
    return {};
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  while (authorization.ends_with(' ')) authorization.remove_suffix(1);
  return authorization;
}

// What the sections that send are, where they are not the main stream, which Control takes them for.
std::vector<signal::TrackInfo> TracksOf(const std::string& offer, const WhipEndpoint& endpoint) {
  std::vector<signal::TrackInfo> tracks;
  if (endpoint.watch || endpoint.stream == signal::StreamType::kMain) return tracks;
  const auto parsed = ParseSdp(offer);
  if (!parsed.ok()) return tracks;
  for (const MediaSection& section : parsed->sections) {
    const bool audio = section.kind == SectionKind::kAudio;
    if (!audio && section.kind != SectionKind::kVideo) continue;
    if (section.rejected() || section.direction == SdpDirection::kRecvOnly) continue;
    if (section.direction == SdpDirection::kInactive) continue;
    tracks.push_back(
        {section.mid, audio ? signal::MediaKind::kAudio : signal::MediaKind::kVideo, endpoint.stream, true});
  }
  return tracks;
}

}  // namespace

// One publisher or viewer: what Control says to it.
class WhipSession final : public SignalOutlet, public std::enable_shared_from_this<WhipSession> {
 public:
  using Reply = std::variant<std::monostate, signal::Response, IceRestarted>;

  WhipSession(WhipDoor& door, std::string id, asio::any_io_executor executor)
      : door_(door), id_(std::move(id)), session_(door.hub_.Add(this)), executor_(std::move(executor)) {}
  ~WhipSession() override { door_.hub_.Remove(session_); }

  const std::string& id() const { return id_; }
  SessionId session() const { return session_; }
  bool ended() const { return ended_; }
  bool waiting() const { return timer_ != nullptr; }
  std::string etag() const { return "\"" + std::to_string(ice_generation_) + "\""; }
  void CountRestart() { ++ice_generation_; }
  const asio::any_io_executor& executor() const { return executor_; }

  // The next answer of Control; monostate when none came in time or the session ended.
  asio::awaitable<Reply> Wait() {
    if (std::holds_alternative<std::monostate>(reply_) && !ended_ && !door_.hub_.given_up()) {
      asio::steady_timer timer(executor_, std::chrono::microseconds(WhipDoor::kPatience.us()));
      timer_ = &timer;
      co_await timer.async_wait(kAwait);
      timer_ = nullptr;
    }
    co_return std::exchange(reply_, std::monostate());
  }
  // Whoever waits goes on with what there is.
  void Wake() {
    if (timer_ != nullptr) timer_->cancel();
  }

  void Deliver(ControlOutput&& output) override {
    const std::shared_ptr<WhipSession> alive = shared_from_this();  // End lets go of it
    if (auto* response = std::get_if<signal::Response>(&output.what)) {
      if (response->id != signal::RequestId(kEnterId)) return;
      reply_ = std::move(*response);
    } else if (auto* restarted = std::get_if<IceRestarted>(&output.what)) {
      reply_ = std::move(*restarted);
    } else if (std::holds_alternative<CloseSession>(output.what)) {
      ended_ = true;
      door_.End(id_);
    } else {
      return;
    }
    Wake();
  }

 private:
  WhipDoor& door_;
  const std::string id_;
  const SessionId session_;
  const asio::any_io_executor executor_;
  asio::steady_timer* timer_ = nullptr;  // of the one that waits
  Reply reply_;
  uint32_t ice_generation_ = 1;
  bool ended_ = false;  // Control has closed it
};

int StatusOf(const signal::SignalError& error) {
  const signal::ErrorInfo* info = signal::FindErrorByName(error.name);
  switch (info != nullptr ? info->kind : SignalErrorKind::kInternalError) {
    case SignalErrorKind::kAppUnknown:
    case SignalErrorKind::kSigMalformed:
    case SignalErrorKind::kSigWrongApp:
    case SignalErrorKind::kSigWrongUser:
    case SignalErrorKind::kSigExpired:
    case SignalErrorKind::kSigFromFuture:
    case SignalErrorKind::kSigBadSignature:
    case SignalErrorKind::kSigOtherEnvironment:
    case SignalErrorKind::kTicketInvalid:
    case SignalErrorKind::kTicketExpired: return 401;
    case SignalErrorKind::kMapKeyMalformed:
    case SignalErrorKind::kMapKeyWrongApp:
    case SignalErrorKind::kMapKeyWrongUser:
    case SignalErrorKind::kMapKeyExpired:
    case SignalErrorKind::kMapKeyBadSignature:
    case SignalErrorKind::kMapKeyWrongRoom:
    case SignalErrorKind::kMapKeyPrivilege:
    case SignalErrorKind::kMapKeyRequired:
    case SignalErrorKind::kNotAllowed: return 403;
    case SignalErrorKind::kStreamNotFound: return 404;
    case SignalErrorKind::kRoomFull: return 409;
    case SignalErrorKind::kNoCommonCodec: return 422;
    case SignalErrorKind::kRateLimited: return 429;
    case SignalErrorKind::kServerDraining:
    case SignalErrorKind::kServerBusy: return 503;
    case SignalErrorKind::kInternalError: return 500;
    default: return 400;
  }
}

std::string OneWayOffer(std::string offer, bool watch) {
  const std::string_view wanted = watch ? "a=recvonly" : "a=sendonly";
  // As almost all are: nothing to do, and not worth reading it twice.
  if (offer.find("a=sendrecv") == std::string::npos && offer.find(wanted) != std::string::npos) return offer;
  auto parsed = ParseSdp(offer);
  if (!parsed.ok()) return offer;
  for (MediaSection& section : parsed->sections) {
    if (section.is_rtp() && section.direction == SdpDirection::kSendRecv)
      section.direction = watch ? SdpDirection::kRecvOnly : SdpDirection::kSendOnly;
  }
  return WriteSdp(*parsed);
}

std::string LinkOf(const std::vector<signal::IceServer>& servers) {
  std::string link;
  for (const signal::IceServer& server : servers) {
    for (const std::string& url : server.urls) {
      if (!link.empty()) link += ", ";
      link += "<" + url + ">; rel=\"ice-server\"";
      if (server.username) link += "; username=\"" + *server.username + "\"";
      if (server.credential) link += "; credential=\"" + *server.credential + "\"; credential-type=\"password\"";
    }
  }
  return link;
}

WhipDoor::WhipDoor(SignalHub& hub, const AppRegistry& apps, bool dev_signing, Log log)
    : hub_(hub), apps_(apps), dev_signing_(dev_signing), log_(std::move(log)) {}

WhipDoor::~WhipDoor() = default;

asio::awaitable<HttpResponse> WhipDoor::Answer(HttpRequest request) {
  const Result<WhipTarget> target = ParseWhipTarget(request.target);
  if (!target.ok()) {
    const bool unknown = target.error().code == ErrorCode::kNotFound;
    co_return AllowAnyOrigin(
        unknown ? ProblemResponse(404, "not_found", "This server has no such endpoint.")
                : ProblemResponse(400, "bad_request", "The address is wrong: " + target.error().message + "."));
  }
  if (const auto* endpoint = std::get_if<WhipEndpoint>(&*target)) {
    if (request.method == "OPTIONS") co_return AllowAnyOrigin(Options(false));
    if (request.method != "POST") co_return AllowAnyOrigin(MethodNotAllowed("POST, OPTIONS"));
    co_return AllowAnyOrigin(co_await Open(request, *endpoint));
  }
  const std::string& id = std::get<WhipSessionUrl>(*target).id;
  if (request.method == "OPTIONS") co_return AllowAnyOrigin(Options(true));
  if (request.method == "DELETE") co_return AllowAnyOrigin(Delete(id));
  if (request.method == "PATCH") co_return AllowAnyOrigin(co_await Patch(request, id));
  co_return AllowAnyOrigin(MethodNotAllowed("DELETE, PATCH, OPTIONS"));
}

bool WhipDoor::TakeRequest(const HttpRequest& request) {
  return request.remote.is_loopback() || limiter_.Take(hub_.Now(), request.remote);
}

Result<WhipDoor::Caller, HttpResponse> WhipDoor::CallerOf(const HttpRequest& request, const WhipEndpoint& endpoint) {
  const App* development = dev_signing_ ? apps_.FindDevelopment() : nullptr;
  if (!endpoint.sdk_app_id && development == nullptr) {
    return ProblemResponse(404, "not_found",
                           "This server has no development app. Use /v1/whip/{sdkAppID}/{room}/{userID}.");
  }
  Caller caller;
  caller.sdk_app_id = endpoint.sdk_app_id ? *endpoint.sdk_app_id : development->sdk_app_id;
  caller.user_id = endpoint.watch ? endpoint.viewer : endpoint.user_id;
  const std::string_view token = BearerOf(request.authorization);
  if (!token.empty() && token != "unsigned") {
    caller.user_sig = token;
    if (caller.user_id.empty()) {
      // Who watches is who the token was made for; whether it was is checked by Control.
      const auto decoded = DecodeToken(token);
      caller.user_id = decoded.ok() ? decoded->user_id : "viewer";
    }
    return caller;
  }
  if (development == nullptr || caller.sdk_app_id != development->sdk_app_id || !request.remote.is_loopback()) {
    HttpResponse response = ErrorResponse(signal::MakeError(
        SignalErrorKind::kSigMalformed, "Send the UserSig of the user as a token: Authorization: Bearer USERSIG."));
    return response;
  }
  if (caller.user_id.empty()) caller.user_id = "viewer-" + rng_.Hex(6);
  caller.user_sig = CreateUserSig(*development, caller.user_id, OsClock::UnixSeconds(), kUnsignedSeconds);
  return caller;
}

asio::awaitable<HttpResponse> WhipDoor::Open(const HttpRequest& request, const WhipEndpoint& endpoint) {
  if (!IsType(request.content_type, kSdpType))
    co_return ProblemResponse(415, "media_type", "Send the SDP offer with Content-Type: application/sdp.");
  if (!TakeRequest(request))
    co_return ErrorResponse(signal::MakeError(SignalErrorKind::kRateLimited,
                                              "Too many requests from your address: at most 20 per second."));
  Result<Caller, HttpResponse> caller = CallerOf(request, endpoint);
  if (!caller.ok()) co_return caller.error();

  signal::Enter enter{.sdk_app_id = caller->sdk_app_id,
                      .user_id = caller->user_id,
                      .user_sig = std::move(caller->user_sig),
                      .room = endpoint.room,
                      .role = endpoint.watch ? signal::Role::kAudience : signal::Role::kAnchor,
                      .private_map_key = endpoint.private_map_key,
                      .recv_mode = 4,
                      .client = {endpoint.watch ? "whep" : "whip", "-"},
                      .offer = OneWayOffer(request.body, endpoint.watch)};
  enter.tracks = TracksOf(enter.offer, endpoint);

  const auto session = std::make_shared<WhipSession>(*this, rng_.Hex(16), co_await asio::this_coro::executor);
  sessions_.emplace(session->id(), session);
  const SessionId id = session->session();
  const Log log = log_.With("session", std::to_string(id.value()));
  std::vector<ControlInput> inputs;
  inputs.push_back({id, SessionOpened{.remote = request.remote.ToString(), .log = log, .silent = true}});
  inputs.push_back({id, signal::Request{kEnterId, std::move(enter)}});
  for (const signal::MediaKind kind : {signal::MediaKind::kAudio, signal::MediaKind::kVideo}) {
    if (!endpoint.watch) break;
    inputs.push_back({id, signal::Request{kSubscribeId, signal::Subscribe{endpoint.user_id, endpoint.stream, kind,
                                                                          endpoint.quality}}});
  }
  for (ControlInput& input : inputs) {
    const bool submitted = co_await SubmitToControl(hub_, std::move(input));
    if (!submitted) break;
  }
  WhipSession::Reply reply = co_await session->Wait();
  auto* response = std::get_if<signal::Response>(&reply);
  if (response == nullptr || session->ended()) {
    End(session->id());
    co_return Busy();
  }
  if (const auto* error = std::get_if<signal::SignalError>(&response->body)) {
    End(session->id());
    co_return ErrorResponse(*error);
  }
  auto& result = std::get<signal::EnterResult>(response->body);
  HttpResponse created = TextResponse(201, std::string(kSdpType), std::move(result.answer));
  created.Set("Location", std::string(endpoint.watch ? "/v1/whep" : "/v1/whip") + "/sessions/" + session->id())
      .Set("ETag", session->etag())
      .Set("Accept-Patch", std::string(kFragmentType))
      .Set("Cache-Control", "no-store");
  if (std::string link = LinkOf(result.ice_servers); !link.empty()) created.Set("Link", std::move(link));
  co_return created;
}

asio::awaitable<HttpResponse> WhipDoor::Patch(const HttpRequest& request, const std::string& id) {
  const SessionPtr session = Find(id);
  if (session == nullptr) co_return NoSession();
  if (!IsType(request.content_type, kFragmentType))
    co_return ProblemResponse(415, "media_type",
                              "Send the fragment with Content-Type: application/trickle-ice-sdpfrag.");
  if (!TakeRequest(request))
    co_return ErrorResponse(signal::MakeError(SignalErrorKind::kRateLimited,
                                              "Too many requests from your address: at most 20 per second."));
  if (request.if_match.empty())
    co_return ProblemResponse(428, "if_match_missing",
                              "Say with If-Match which ICE session you mean: its ETag, or * to restart ICE.");
  const bool restart = request.if_match == "*";
  if (!restart && request.if_match != session->etag())
    co_return ProblemResponse(412, "if_match_wrong", "This ICE session is over: ICE was restarted since.");
  const Result<SdpFragment> fragment = ParseSdpFragment(request.body);
  if (!fragment.ok())
    co_return ErrorResponse(signal::MakeError(SignalErrorKind::kSdpInvalid,
                                              "The fragment cannot be read: " + fragment.error().message + "."));
  if (!restart) {
    // An ICE-lite server answers checks and sends none, so it has no use for candidates.
    HttpResponse done;
    done.status = 204;
    co_return done;
  }
  if (!fragment->ice)
    co_return ErrorResponse(signal::MakeError(SignalErrorKind::kSdpInvalid,
                                              "An ICE restart needs new credentials: a=ice-ufrag and a=ice-pwd."));
  if (session->waiting())
    co_return ProblemResponse(409, "restart_pending", "An ICE restart of this session is being answered already.");
  ControlInput input{session->session(), RestartIce{IceCredentials{fragment->ice->ufrag, fragment->ice->pwd}}};
  const bool submitted = co_await SubmitToControl(hub_, std::move(input));
  WhipSession::Reply reply;
  if (submitted) reply = co_await session->Wait();
  const auto* restarted = std::get_if<IceRestarted>(&reply);
  if (session->ended() || (restarted != nullptr && !restarted->fragment)) co_return NoSession();
  if (restarted == nullptr) co_return Busy();
  session->CountRestart();
  HttpResponse response =
      TextResponse(200, std::string(kFragmentType), WriteSdpFragment(*restarted->fragment, restarted->mid));
  response.Set("ETag", session->etag()).Set("Cache-Control", "no-store");
  co_return response;
}

HttpResponse WhipDoor::Delete(const std::string& id) {
  if (Find(id) == nullptr) return NoSession();
  End(id);
  HttpResponse response;
  return std::move(response.Set("Cache-Control", "no-store"));
}

WhipDoor::SessionPtr WhipDoor::Find(const std::string& id) const {
  const auto found = sessions_.find(id);
  return found != sessions_.end() ? found->second : nullptr;
}

void WhipDoor::GiveUp() {
  for (const auto& [id, session] : sessions_) session->Wake();
}

void WhipDoor::End(const std::string& id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  const SessionPtr session = std::move(found->second);
  sessions_.erase(found);
  ControlInput closed{session->session(), SessionClosed{}};
  asio::co_spawn(session->executor(), SubmitToControl(hub_, std::move(closed)), asio::detached);
}

}  // namespace duet
