#include "load/http_post.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "io/bound_socket.h"

namespace duet::load {
namespace {

struct Url {
  std::string host;
  uint16_t port = 80;
  std::string path = "/";
};

Result<Url> ParseUrl(const std::string& text) {
  const Error wrong{ErrorCode::kMalformed, "\"" + text + "\" is not a URL of the form http://HOST:PORT/PATH"};
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) return wrong;
  Url url;
  const size_t slash = std::min(text.find('/', kScheme.size()), text.size());
  std::string authority = text.substr(kScheme.size(), slash - kScheme.size());
  if (slash < text.size()) url.path = text.substr(slash);
  if (const size_t colon = authority.find(':'); colon != std::string::npos) {
    const char* end = authority.data() + authority.size();
    if (std::from_chars(authority.data() + colon + 1, end, url.port).ptr != end) return wrong;
    authority.resize(colon);
  }
  url.host = authority == "localhost" ? "127.0.0.1" : authority;
  return url;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

// The value of a header in the head of an answer.
std::string_view HeaderOf(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !EqualIgnoringCase(line.substr(0, colon), name)) continue;
    const std::string_view value = line.substr(colon + 1);
    return value.substr(std::min(value.find_first_not_of(' '), value.size()));
  }
  return {};
}

Result<OwnedFd> Connect(const Url& url) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(url.port);
  if (inet_pton(AF_INET, url.host.c_str(), &address.sin_addr) != 1)
    return Error{ErrorCode::kMalformed, "\"" + url.host + "\" is not an IPv4 address"};
  OwnedFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return Error{ErrorCode::kUnavailable, "nobody listens at " + url.host + ":" + std::to_string(url.port)};
  return fd;
}

}  // namespace

Result<HttpReply> HttpRequestTo(std::string_view method, const std::string& url, std::string_view content_type,
                                std::string_view token, std::string_view body) {
  const Result<Url> parsed = ParseUrl(url);
  if (!parsed.ok()) return parsed.error();
  const Result<OwnedFd> fd = Connect(*parsed);
  if (!fd.ok()) return fd.error();
  std::string request;
  request.append(method).append(" ").append(parsed->path).append(" HTTP/1.1\r\nHost: ").append(parsed->host);
  if (!content_type.empty()) request.append("\r\nContent-Type: ").append(content_type);
  if (!token.empty()) request.append("\r\nAuthorization: Bearer ").append(token);
  request.append("\r\nConnection: close\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  request.append(body);
  if (send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return Error{ErrorCode::kUnavailable, url + " takes no request"};

  const Error broken{ErrorCode::kMalformed, url + " gives no HTTP answer"};
  std::string answer;
  size_t wanted = std::string::npos;
  while (answer.size() < wanted) {
    char block[8192];
    const ssize_t n = recv(fd->get(), block, sizeof(block), 0);
    if (n <= 0) break;
    answer.append(block, static_cast<size_t>(n));
    const size_t head = answer.find("\r\n\r\n");
    if (head == std::string::npos || wanted != std::string::npos) continue;
    const std::string_view length = HeaderOf(std::string_view(answer).substr(0, head + 2), "content-length");
    size_t bytes = 0;
    if (!length.empty() && std::from_chars(length.data(), length.data() + length.size(), bytes).ec == std::errc())
      wanted = head + 4 + bytes;
  }
  const size_t head = answer.find("\r\n\r\n");
  if (head == std::string::npos || !answer.starts_with("HTTP/1.")) return broken;
  HttpReply reply;
  const size_t space = answer.find(' ');
  std::from_chars(answer.data() + space + 1, answer.data() + head, reply.status);
  reply.location = HeaderOf(std::string_view(answer).substr(0, head + 2), "location");
  reply.body = answer.substr(head + 4);
  return reply;
}

std::string ResolveUrl(const std::string& base, const std::string& location) {
  if (!location.starts_with('/')) return location;
  constexpr size_t kBehindScheme = 7;
  return base.substr(0, base.find('/', kBehindScheme)) + location;
}

}  // namespace duet::load
