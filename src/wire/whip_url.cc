#include "wire/whip_url.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace duet {
namespace {

constexpr std::string_view kPrefixes[] = {"/v1/whip/", "/v1/whep/", "/whip/", "/whep/"};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing: a broken escape or a control character. A plus is a plus.
std::optional<std::string> Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || HexDigit(text[i + 1]) < 0 || HexDigit(text[i + 2]) < 0) return std::nullopt;
      c = static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    }
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  return out;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<uint32_t> ParseNumber(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!IsNumber(text) || error != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

Error Wrong(std::string message) { return {ErrorCode::kMalformed, std::move(message)}; }
Error Unknown() { return {ErrorCode::kNotFound, "there is no such address"}; }

// The value of a parameter; empty when it is missing.
Result<std::string> Parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    std::optional<std::string> value = Decode(pair.substr(equals + 1));
    if (!value) return Wrong("the parameter " + std::string(name) + " has a broken escape or a control character");
    return *std::move(value);
  }
  return std::string();
}

Result<signal::RoomName> ParseRoom(std::string name, bool numeric) {
  if (numeric) {
    const auto number = ParseNumber(name);
    if (!number) return Wrong("the room must be a number from 1 to 4294967295");
    return signal::RoomName{*number};
  }
  if (name.empty() || name.size() > signal::kMaxRoomNameBytes) return Wrong("the room's name must have 1 to 64 bytes");
  return signal::RoomName{std::move(name)};
}

Status ReadQuery(std::string_view query, WhipEndpoint& endpoint) {
  const Result<std::string> stream = Parameter(query, "stream");
  const Result<std::string> quality = Parameter(query, "quality");
  Result<std::string> viewer = Parameter(query, "userid");
  Result<std::string> key = Parameter(query, "privatemapkey");
  for (const Result<std::string>* value : {&stream, &quality, &std::as_const(viewer), &std::as_const(key)})
    if (!value->ok()) return value->error();
  if (!stream->empty()) {
    const auto parsed = signal::ParseEnum<signal::StreamType>(*stream);
    if (!parsed) return Wrong("stream must be main or aux");
    endpoint.stream = *parsed;
  }
  if (!quality->empty()) {
    const auto parsed = signal::ParseEnum<signal::Quality>(*quality);
    if (!parsed) return Wrong("quality must be main, small or auto");
    endpoint.quality = *parsed;
  }
  endpoint.viewer = *std::move(viewer);
  if (endpoint.viewer.size() > signal::kMaxUserIdBytes) return Wrong("userid must have 1 to 128 bytes");
  if (!key->empty()) endpoint.private_map_key = *std::move(key);
  return Ok{};
}

}  // namespace

bool IsWhipPath(std::string_view path) {
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [&](auto prefix) { return path.starts_with(prefix); });
}

Result<WhipTarget> ParseWhipTarget(std::string_view target) {
  if (target.size() > kMaxWhipUrlBytes) return Error{ErrorCode::kLimit, "the address is over 8 KiB"};
  target = target.substr(0, target.find('#'));
  std::string_view path = target.substr(0, target.find('?'));
  std::string_view query = target.substr(path.size());
  if (!query.empty()) query.remove_prefix(1);
  const auto prefix =
      std::find_if(std::begin(kPrefixes), std::end(kPrefixes), [&](auto p) { return path.starts_with(p); });
  if (prefix == std::end(kPrefixes)) return Unknown();
  const bool full = prefix->starts_with("/v1/");
  path.remove_prefix(prefix->size());

  std::vector<std::string> parts;
  constexpr size_t kMostParts = 3;
  for (bool more = true; more;) {
    const std::string_view part = path.substr(0, path.find('/'));
    more = part.size() < path.size();
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (parts.size() == kMostParts) return Unknown();
    std::optional<std::string> decoded = Decode(part);
    if (!decoded) return Wrong("the path has a broken escape or a control character");
    parts.push_back(*std::move(decoded));
  }
  if (full && parts.size() == 2 && parts[0] == "sessions") {
    if (parts[1].empty() || parts[1].size() > kMaxWhipSessionBytes) return Unknown();
    return WhipTarget(WhipSessionUrl{std::move(parts[1])});
  }
  if (parts.size() != (full ? 3 : 2)) return Unknown();

  WhipEndpoint endpoint{.watch = prefix->ends_with("whep/")};
  if (full) {
    endpoint.sdk_app_id = ParseNumber(parts[0]);
    if (!endpoint.sdk_app_id) return Wrong("the sdkAppID must be a number from 1 to 4294967295");
    parts.erase(parts.begin());
  }
  const Result<std::string> numeric = Parameter(query, "use_number_room_id");
  if (!numeric.ok()) return numeric.error();
  const bool is_number = IsNumber(parts[0]) && *numeric != "0";
  auto room = ParseRoom(std::move(parts[0]), is_number);
  if (!room.ok()) return room.error();
  endpoint.room = *std::move(room);
  endpoint.user_id = std::move(parts[1]);
  if (endpoint.user_id.empty() || endpoint.user_id.size() > signal::kMaxUserIdBytes)
    return Wrong("the user ID must have 1 to 128 bytes");
  if (const Status read = ReadQuery(query, endpoint); !read.ok()) return read.error();
  return WhipTarget(std::move(endpoint));
}

}  // namespace duet
