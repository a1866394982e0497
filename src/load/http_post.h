// The least HTTP/1.1 that WHIP and WHEP need: one request, one connection, no TLS. Blocking, which is what measuring a
// server's answer wants.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace duet::load {

struct HttpReply {
  int status = 0;
  std::string location;  // as it was sent
  std::string body;
};

// `url`: http://HOST:PORT/PATH with HOST an IPv4 address or "localhost". `token` empty: no Authorization. kMalformed:
// the URL or the answer cannot be read; kUnavailable: nobody answers.
Result<HttpReply> HttpRequestTo(std::string_view method, const std::string& url, std::string_view content_type,
                                std::string_view token, std::string_view body);

// `location` may be a whole URL or a path of `base`'s server.
std::string ResolveUrl(const std::string& base, const std::string& location);

}  // namespace duet::load
