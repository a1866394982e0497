#include "gateway/site.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "auth/usersig.h"
#include "io/network_addresses.h"

namespace duet {
namespace {

namespace json = boost::json;

HttpResponse JsonResponse(const json::value& value) {
  HttpResponse response = TextResponse(200, "application/json", json::serialize(value));
  response.Set("Cache-Control", "no-store");
  return response;
}

// Pages of other origins (a development server on another port) may ask too.
HttpResponse AllowAnyOrigin(HttpResponse response) {
  response.Set("Access-Control-Allow-Origin", "*");
  return response;
}

HttpResponse Preflight(const std::string& methods) {
  HttpResponse response;
  response.status = 204;
  response.Set("Access-Control-Allow-Methods", methods)
      .Set("Access-Control-Allow-Headers", "content-type")
      .Set("Access-Control-Max-Age", "600");
  return AllowAnyOrigin(std::move(response));
}

bool IsRead(const HttpRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

struct SignatureRequest {
  std::string user_id;
  uint32_t expire_s = Site::kDefaultSignatureSeconds;
};

// The body of /v1/dev/usersig, or the problem with it.
Result<SignatureRequest, HttpResponse> ReadSignatureRequest(const std::string& body) {
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  const json::object* object = error ? nullptr : value.if_object();
  if (object == nullptr)
    return ProblemResponse(400, "bad_request", "The body must be a JSON object like {\"userId\":\"alice\"}.");
  SignatureRequest request;
  const json::value* user_id = object->if_contains("userId");
  if (user_id == nullptr || !user_id->is_string() || !IsValidUserId(user_id->get_string())) {
    return ProblemResponse(400, "user_id_invalid",
                           "userId must be a text of 1 to 128 bytes of UTF-8 without line breaks.");
  }
  request.user_id = user_id->get_string();
  const json::value* expire = object->if_contains("expire");
  if (expire != nullptr && !expire->is_null()) {
    const int64_t* seconds = expire->if_int64();
    if (seconds == nullptr || *seconds < 1 || *seconds > Site::kMaxSignatureSeconds) {
      return ProblemResponse(400, "bad_request", "expire must be a number of seconds from 1 to 2592000 (30 days).");
    }
    request.expire_s = static_cast<uint32_t>(*seconds);
  }
  return request;
}

json::object DropsOf(const DropCounters& drops) {
  json::object out;
  for (size_t i = 0; i < static_cast<size_t>(Drop::kCount); ++i) {
    const auto drop = static_cast<Drop>(i);
    if (drops[drop] > 0) out[ToString(drop)] = drops[drop];
  }
  return out;
}

}  // namespace

Site::Site(SiteOptions options, const AppRegistry& apps, Pages pages, const SignalBackend& backend,
           const OsClock& clock, Log log)
    : options_(std::move(options)),
      apps_(apps),
      pages_(std::move(pages)),
      backend_(backend),
      clock_(clock),
      log_(std::move(log)) {}

HttpResponse Site::Answer(const HttpRequest& request) {
  if (request.path == "/v1/config") return Config(request);
  if (request.path == "/v1/dev/usersig" && signs()) return SignForDevelopment(request);
  if (request.path == "/v1/debug/counts" && options_.debug) return Counts(request);
  if (request.path == "/healthz") return Health(request, true);
  if (request.path == "/readyz") return Health(request, !draining_);
  if (request.path == kSignalPath) {
    HttpResponse response = ProblemResponse(426, "upgrade_required", "This address speaks WebSocket.");
    return std::move(response.Set("Upgrade", "websocket"));
  }
  if (request.path.starts_with("/v1/")) {
    return ProblemResponse(404, "not_found", "This server has no such endpoint.");
  }
  return pages_.Answer(request);
}

HttpResponse Site::Health(const HttpRequest& request, bool good) const {
  if (!IsRead(request)) return MethodNotAllowed("GET, HEAD");
  if (!good) return ProblemResponse(503, "draining", "The server is stopping.");
  HttpResponse response = TextResponse(200, "text/plain; charset=utf-8", "ok\n");
  return std::move(response.Set("Cache-Control", "no-store"));
}

HttpResponse Site::Config(const HttpRequest& request) const {
  if (request.method == "OPTIONS") return Preflight("GET");
  if (!IsRead(request)) return MethodNotAllowed("GET, HEAD, OPTIONS");
  json::array environments;
  for (const App& app : apps_.apps())
    environments.push_back(json::object{{"name", app.environment}, {"sdkAppId", app.sdk_app_id}});
  json::object config = {{"version", options_.version},
                         {"protocol", signal::kProtocolVersion},
                         {"dev", signs()},
                         {"environments", std::move(environments)},
                         {"lanUrls", json::value_from(options_.lan_urls)}};
  if (const App* development = apps_.FindDevelopment()) config["sdkAppId"] = development->sdk_app_id;
  return AllowAnyOrigin(JsonResponse(config));
}

bool Site::IsLan(const IpAddress& remote) const {
  const auto& own = options_.own_addresses;
  return IsPrivateAddress(remote) || std::find(own.begin(), own.end(), remote) != own.end();
}

HttpResponse Site::SignForDevelopment(const HttpRequest& request) {
  if (!IsLan(request.remote)) {
    return ProblemResponse(403, "lan_only", "Development signatures are given only to addresses of the local network.");
  }
  if (request.method == "OPTIONS") return Preflight("POST");
  if (request.method != "POST") return AllowAnyOrigin(MethodNotAllowed("POST, OPTIONS"));
  if (!signature_limiter_.Take(clock_.Now(), request.remote)) {
    return AllowAnyOrigin(ProblemResponse(429, "rate_limited", "Too many signatures were asked for; wait a second."));
  }
  const Result<SignatureRequest, HttpResponse> wanted = ReadSignatureRequest(request.body);
  if (!wanted) return AllowAnyOrigin(wanted.error());
  const App& app = *apps_.FindDevelopment();
  log_.With("user", wanted->user_id).With("remote", request.remote.ToString()).Info("signed for the development app");
  const json::object answer = {
      {"sdkAppId", app.sdk_app_id},
      {"userId", wanted->user_id},
      {"userSig", CreateUserSig(app, wanted->user_id, OsClock::UnixSeconds(), wanted->expire_s)},
      {"expire", wanted->expire_s}};
  return AllowAnyOrigin(JsonResponse(answer));
}

HttpResponse Site::Counts(const HttpRequest& request) const {
  if (!request.remote.is_loopback())
    return ProblemResponse(403, "loopback_only", "Counts are shown only to this machine.");
  if (!IsRead(request)) return MethodNotAllowed("GET, HEAD");
  const ControlCounts counts = backend_.counts();
  const WorkerCounts& media = counts.workers;
  return JsonResponse(json::object{{"sessions", counts.sessions},
                                   {"rooms", counts.rooms},
                                   {"members", counts.members},
                                   {"pausedMembers", counts.paused_members},
                                   {"mediaRooms", media.rooms},
                                   {"peers", media.peers},
                                   {"uptracks", media.uptracks},
                                   {"downtracks", media.downtracks},
                                   {"sources", media.sources},
                                   {"taps", media.taps},
                                   {"addresses", media.addresses},
                                   {"packetsInUse", media.packets_in_use},
                                   {"tcpConnections", media.tcp_connections},
                                   {"packetsReceived", media.packets_received},
                                   {"packetsForwarded", media.packets_forwarded},
                                   {"drops", DropsOf(media.drops)}});
}

void AddSecurityHeaders(HttpResponse& response) {
  response
      .Set("Content-Security-Policy",
           "default-src 'self'; script-src 'self' blob:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
           "img-src 'self' data: blob:; media-src 'self' blob: mediastream:; font-src 'self' data:; "
           "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; "
           "frame-ancestors 'self'")
      .Set("X-Content-Type-Options", "nosniff")
      .Set("Referrer-Policy", "no-referrer")
      .Set("Permissions-Policy",
           "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), autoplay=(self)");
}

}  // namespace duet
