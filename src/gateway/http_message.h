// HTTP as the gateway's own code sees it: plain values, without Beast. Connections translate.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/endpoint.h"
#include "base/result.h"

namespace duet {

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // decoded, starts with '/'; the query is left out
  bool accepts_gzip = false;
  std::string if_none_match;
  std::string target;  // as it was sent: path and query, not decoded
  std::string authorization;
  std::string content_type;
  std::string if_match;
  std::string body;
  IpAddress remote;
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<const std::string> body;  // null = empty

  HttpResponse& Set(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  // The value of a header, spelled as it was set; empty when there is none.
  std::string_view header(std::string_view name) const;
};

HttpResponse TextResponse(int status, std::string content_type, std::string body);
// application/problem+json (RFC 9457). `name` is stable, one per cause; `detail` is a sentence that says what to do.
// `code`, where it is not 0, is the one of docs/protocol.md, "Errors".
HttpResponse ProblemResponse(int status, std::string_view name, std::string_view detail, int code = 0);
HttpResponse MethodNotAllowed(std::string allowed);

// The standard's words for a status, "Not Found".
std::string_view ReasonOf(int status);

// The path of a request target in origin form (RFC 9112 section 3.2.1), percent-decoded. kMalformed: not in that form,
// a broken escape, or a control character.
Result<std::string> PathOfTarget(std::string_view target);

// Whether a value of Accept-Encoding lets gzip through (RFC 9110 section 12.5.3; "*" counts).
bool AcceptsGzip(std::string_view accept_encoding);

// Whether a list of ETags (If-None-Match) contains this one; weak comparison.
bool MatchesEtag(std::string_view if_none_match, std::string_view etag);

}  // namespace duet
