#include "gateway/http_message.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>

namespace duet {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// Cuts the part up to `separator` off the front of `text`.
std::string_view NextPart(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return Trim(part);
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

// A weight of "q=0", "q=0.0", ... refuses.
bool IsZeroWeight(std::string_view parameter) {
  if (parameter.size() < 3 || (parameter[0] != 'q' && parameter[0] != 'Q') || parameter[1] != '=') return false;
  return parameter.find_first_not_of("0.", 2) == parameter.npos;
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

HttpResponse TextResponse(int status, std::string content_type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.Set("Content-Type", std::move(content_type));
  response.body = std::make_shared<const std::string>(std::move(body));
  return response;
}

HttpResponse ProblemResponse(int status, std::string_view name, std::string_view detail, int code) {
  boost::json::object problem = {{"title", ReasonOf(status)}, {"status", status}, {"detail", detail}, {"name", name}};
  if (code != 0) problem["code"] = code;
  HttpResponse response = TextResponse(status, "application/problem+json", boost::json::serialize(problem));
  response.Set("Cache-Control", "no-store");
  return response;
}

HttpResponse MethodNotAllowed(std::string allowed) {
  HttpResponse response = ProblemResponse(405, "method_not_allowed", "This address takes only " + allowed + ".");
  response.Set("Allow", std::move(allowed));
  return response;
}

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    default: return "Error";
  }
}

Result<std::string> PathOfTarget(std::string_view target) {
  const Error malformed{ErrorCode::kMalformed, "the request target is not a path"};
  std::string_view encoded = target.substr(0, target.find_first_of("?#"));
  if (encoded.empty() || encoded[0] != '/') return malformed;
  std::string path;
  for (size_t i = 0; i < encoded.size(); ++i) {
    char c = encoded[i];
    if (c == '%') {
      if (i + 2 >= encoded.size()) return malformed;
      const int high = HexDigit(encoded[i + 1]);
      const int low = HexDigit(encoded[i + 2]);
      if (high < 0 || low < 0) return malformed;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return malformed;
    path += c;
  }
  return path;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view entry = NextPart(accept_encoding, ',');
    const std::string_view coding = NextPart(entry, ';');
    const bool wanted = !IsZeroWeight(Trim(entry));
    if (EqualsIgnoringCase(coding, "gzip")) return wanted;
    if (coding == "*") any = wanted;
  }
  return any;
}

bool MatchesEtag(std::string_view if_none_match, std::string_view etag) {
  const auto opaque = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
  while (!if_none_match.empty()) {
    const std::string_view candidate = NextPart(if_none_match, ',');
    if (candidate == "*" || opaque(candidate) == opaque(etag)) return true;
  }
  return false;
}

}  // namespace duet
