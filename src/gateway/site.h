// Site: what the HTTP doors answer, from a request to a response. docs/protocol.md section 3. No sockets; the I/O
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "auth/app_registry.h"
#include "base/log.h"
#include "gateway/address_limiter.h"
#include "gateway/http_message.h"
#include "gateway/pages.h"
#include "gateway/signal_backend.h"
#include "io/clock.h"

namespace duet {

// The path of the signalling WebSocket.
inline constexpr std::string_view kSignalPath = "/v1/signal";

struct SiteOptions {
  std::string version;
  std::vector<std::string> lan_urls;
  std::vector<IpAddress> own_addresses;  // callers from here count as being in the LAN
  bool dev_signing = true;
  bool debug = false;
};

class Site {
 public:
  // /v1/dev/usersig, per address.
  static constexpr double kSignaturesPerSecond = 5;
  static constexpr double kSignatureBurst = 50;
  static constexpr uint32_t kMaxSignatureSeconds = 30 * 86'400;
  static constexpr uint32_t kDefaultSignatureSeconds = 86'400;

  // All references outlive it.
  Site(SiteOptions options, const AppRegistry& apps, Pages pages, const SignalBackend& backend, const OsClock& clock,
       Log log);

  HttpResponse Answer(const HttpRequest& request);

  // /readyz says 503 from now on.
  void SetDraining() { draining_ = true; }
  bool signs() const { return options_.dev_signing && apps_.FindDevelopment() != nullptr; }
  bool pages_built() const { return pages_.built(); }

 private:
  HttpResponse Config(const HttpRequest& request) const;
  HttpResponse SignForDevelopment(const HttpRequest& request);
  HttpResponse Counts(const HttpRequest& request) const;
  HttpResponse Health(const HttpRequest& request, bool good) const;
  bool IsLan(const IpAddress& remote) const;

  const SiteOptions options_;
  const AppRegistry& apps_;
  const Pages pages_;
  const SignalBackend& backend_;
  const OsClock& clock_;
  Log log_;
  AddressLimiter signature_limiter_{kSignaturesPerSecond, kSignatureBurst};
  bool draining_ = false;
};

// Puts the headers on that every answer of the server has: what a page may load and from where, no guessing of types,
// and no URL (it may hold a signature) to other sites.
void AddSecurityHeaders(HttpResponse& response);

}  // namespace duet
