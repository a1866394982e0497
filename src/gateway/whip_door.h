// WhipDoor: WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03), the doors of clients that know no signalling but HTTP.
// docs/protocol.md section 4. To Control each is a session that hears no notifications and lives as long as its media.
//
//   POST endpoint ──> enter ──> 201, Location: session        PATCH session ──> trickle (nothing to do: the server is
//   DELETE session ─> left                                    ICE-lite) or an ICE restart with If-Match: *
//
// A session's URL cannot be guessed, and who knows it may end or restart the session. The I/O thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/app_registry.h"
#include "base/log.h"
#include "gateway/address_limiter.h"
#include "gateway/beast.h"
#include "gateway/http_message.h"
#include "gateway/signal_hub.h"
#include "io/os_rng.h"
#include "wire/signal.h"
#include "wire/whip_url.h"

namespace duet {

class WhipSession;

class WhipDoor {
 public:
  // POST and PATCH, per address; loopback, where load generators live, may do what it likes.
  static constexpr double kRequestsPerSecond = 20;
  static constexpr double kRequestBurst = 200;
  // How long Control may take to answer.
  static constexpr Duration kPatience = Duration::Seconds(10);

  // All references outlive it. `dev_signing`: callers on loopback need no UserSig for the development app.
  WhipDoor(SignalHub& hub, const AppRegistry& apps, bool dev_signing, Log log);
  ~WhipDoor();

  // Whether a request with this path is for this door.
  static bool Takes(std::string_view path) { return IsWhipPath(path); }

  asio::awaitable<HttpResponse> Answer(HttpRequest request);

  // The server is about to stop: after SignalHub::GiveUp nobody waits for answers any more.
  void GiveUp();

  size_t sessions() const { return sessions_.size(); }

 private:
  friend class WhipSession;
  struct Caller {
    uint32_t sdk_app_id = 0;
    std::string user_id;
    std::string user_sig;
  };
  using SessionPtr = std::shared_ptr<WhipSession>;

  asio::awaitable<HttpResponse> Open(const HttpRequest& request, const WhipEndpoint& endpoint);
  asio::awaitable<HttpResponse> Patch(const HttpRequest& request, const std::string& id);
  HttpResponse Delete(const std::string& id);
  // Who asks, or why it may not.
  Result<Caller, HttpResponse> CallerOf(const HttpRequest& request, const WhipEndpoint& endpoint);
  bool TakeRequest(const HttpRequest& request);
  SessionPtr Find(const std::string& id) const;
  // Takes the session out and tells Control. Does nothing a second time.
  void End(const std::string& id);

  SignalHub& hub_;
  const AppRegistry& apps_;
  const bool dev_signing_;
  Log log_;
  OsRng rng_;
  AddressLimiter limiter_{kRequestsPerSecond, kRequestBurst};
  std::unordered_map<std::string, SessionPtr> sessions_;
};

// The HTTP status for an error of the protocol.
int StatusOf(const signal::SignalError& error);

// `offer` with every section that does both ways made one way, which is all that WHIP (`watch` false: they send) and
// WHEP (they receive) know. An offer that cannot be read stays as it is.
std::string OneWayOffer(std::string offer, bool watch);

// A Link header (RFC 9725 section 4.6) with these; empty when there are none.
std::string LinkOf(const std::vector<signal::IceServer>& servers);

}  // namespace duet
