#include "wire/rtmp_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace duet {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What is no escape stays as it is. A plus is a plus: UserSigs of other libraries may hold one.
std::string Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string Encode(std::string_view text, bool underscores_too) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                       c == '.' || c == '~' || (c == '_' && !underscores_too);
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[static_cast<uint8_t>(c) >> 4];
      out += kHex[static_cast<uint8_t>(c) & 15];
    }
  }
  return out;
}

std::optional<uint32_t> ParseNumber(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Looks a key up in several queries, the first one first.
struct Queries {
  std::string_view parts[3];

  std::string Get(std::string_view key) const {
    for (std::string_view query : parts) {
      while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        const size_t equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == key) return Decode(pair.substr(equals + 1));
      }
    }
    return {};
  }
};

// Cuts "path?query" and returns the query.
std::string_view CutQuery(std::string_view& path) {
  const size_t mark = path.find('?');
  if (mark == std::string_view::npos) return {};
  const std::string_view query = path.substr(mark + 1);
  path = path.substr(0, mark);
  return query;
}

std::string_view TrimSlashes(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

Error Wrong(std::string message) { return {ErrorCode::kMalformed, std::move(message)}; }

Result<signal::RoomName> ParseRoom(std::string_view text, bool numeric) {
  if (numeric) {
    const auto number = ParseNumber(text);
    if (!number || *number == 0) return Wrong("the room must be a number from 1 to 4294967295");
    return signal::RoomName{*number};
  }
  std::string name = Decode(text);
  if (name.empty() || name.size() > signal::kMaxRoomNameBytes) return Wrong("the room's name must have 1 to 64 bytes");
  return signal::RoomName{std::move(name)};
}

// What both kinds of address say of whoever comes.
template <typename Target>
Status ReadCaller(const Queries& queries, Target& target) {
  target.user_id = queries.Get("userid");
  if (target.user_id.size() > signal::kMaxUserIdBytes) return Wrong("userid must have at most 128 bytes");
  target.user_sig = queries.Get("usersig");
  target.ticket = queries.Get("ticket");
  if (std::string key = queries.Get("privatemapkey"); !key.empty()) target.private_map_key = std::move(key);
  return Ok{};
}

void Put(std::string& query, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  if (!query.empty()) query += '&';
  query.append(key).append("=").append(Encode(value, false));
}

template <typename Target>
void PutCaller(std::string& query, const Target& target) {
  Put(query, "userid", target.user_id);
  Put(query, "usersig", target.user_sig);
  Put(query, "privatemapkey", target.private_map_key.value_or(""));
  Put(query, "ticket", target.ticket);
}

bool IsDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string PlayQuery(const RtmpPlay& play) {
  std::string query;
  PutCaller(query, play);
  if (play.room.is_string() && IsDigits(play.room.text())) Put(query, "use_number_room_id", "0");
  return query;
}

std::string PlayNameOf(const RtmpPlay& play) {
  return RtmpPlayName(play.sdk_app_id, play.room, play.publisher, play.stream);
}

Result<RtmpTarget> ParsePush(std::string_view room, const Queries& queries) {
  RtmpPush push;
  const auto app_id = ParseNumber(queries.Get("sdkappid"));
  if (!app_id) return Wrong("sdkappid is missing or no number");
  push.sdk_app_id = *app_id;
  auto name = ParseRoom(room, queries.Get("use_number_room_id") == "1");
  if (!name) return name.error();
  push.room = std::move(*name);
  push.remark = queries.Get("remark");
  if (auto status = ReadCaller(queries, push); !status) return status.error();
  return RtmpTarget(std::move(push));
}

Result<RtmpPlay> ParsePlay(std::string_view name, const Queries& queries) {
  constexpr const char* kForm = "the stream's name must be {sdkAppID}_{room}_{userID}_{main|aux}";
  RtmpPlay play;
  const size_t first = name.find('_');
  const size_t last = name.rfind('_');
  const size_t second = first == std::string_view::npos ? first : name.find('_', first + 1);
  if (second == std::string_view::npos || second >= last) return Wrong(kForm);
  const auto app_id = ParseNumber(name.substr(0, first));
  const auto stream = signal::ParseEnum<signal::StreamType>(name.substr(last + 1));
  if (!app_id || !stream) return Wrong(kForm);
  play.sdk_app_id = *app_id;
  play.stream = *stream;
  const std::string_view room = name.substr(first + 1, second - first - 1);
  auto room_name = ParseRoom(room, IsDigits(room) && queries.Get("use_number_room_id") != "0");
  if (!room_name) return room_name.error();
  play.room = std::move(*room_name);
  play.publisher = Decode(name.substr(second + 1, last - second - 1));
  if (play.publisher.empty() || play.publisher.size() > signal::kMaxUserIdBytes) return Wrong(kForm);
  if (auto status = ReadCaller(queries, play); !status) return status.error();
  return play;
}

}  // namespace

Result<RtmpTarget> ParseRtmpTarget(std::string_view app, std::string_view tc_url, std::string_view stream) {
  if (app.size() + tc_url.size() + stream.size() > 3 * kMaxRtmpUrlBytes) {
    return Error{ErrorCode::kLimit, "the address is too long"};
  }
  Queries queries;
  queries.parts[0] = CutQuery(stream);
  queries.parts[1] = CutQuery(app);
  queries.parts[2] = CutQuery(tc_url);
  const std::string path = std::string(TrimSlashes(app)) + "/" + std::string(TrimSlashes(stream));
  const std::string_view whole = path;
  const size_t slash = whole.find('/');
  const std::string_view door = whole.substr(0, slash);
  const std::string_view name = TrimSlashes(whole.substr(slash + 1));
  if (name.find('/') != std::string_view::npos) return Wrong("the address has too many parts");
  if (door == "push") return ParsePush(name, queries);
  if (door != "live") return Wrong("the address must begin with /push/ or /live/");
  auto play = ParsePlay(name, queries);
  if (!play) return play.error();
  return RtmpTarget(std::move(*play));
}

Result<RtmpPlay> ParseFlvTarget(std::string_view path, std::string_view query) {
  constexpr std::string_view kPrefix = "/live/";
  constexpr std::string_view kSuffix = ".flv";
  if (path.size() + query.size() > kMaxRtmpUrlBytes) return Error{ErrorCode::kLimit, "the address is too long"};
  if (!path.starts_with(kPrefix) || !path.ends_with(kSuffix) || path.size() < kPrefix.size() + kSuffix.size()) {
    return Wrong("the address must be /live/NAME.flv");
  }
  path.remove_prefix(kPrefix.size());
  path.remove_suffix(kSuffix.size());
  return ParsePlay(path, Queries{{query, {}, {}}});
}

std::string RtmpPlayName(uint32_t sdk_app_id, const signal::RoomName& room, std::string_view publisher,
                         signal::StreamType stream) {
  std::string name = std::to_string(sdk_app_id) + "_";
  name += room.is_string() ? Encode(room.text(), true) : std::to_string(room.number());
  name += "_" + Encode(publisher, false) + "_" + std::string(ToString(stream));
  return name;
}

std::string RtmpPushAddress(const RtmpPush& push) {
  std::string query;
  Put(query, "sdkappid", std::to_string(push.sdk_app_id));
  PutCaller(query, push);
  if (!push.room.is_string()) Put(query, "use_number_room_id", "1");
  const std::string room = push.room.is_string() ? Encode(push.room.text(), false) : std::to_string(push.room.number());
  return "push/" + room + "?" + query;
}

std::string RtmpPlayAddress(const RtmpPlay& play) { return "live/" + PlayNameOf(play) + "?" + PlayQuery(play); }

std::string FlvPlayAddress(const RtmpPlay& play) { return "live/" + PlayNameOf(play) + ".flv?" + PlayQuery(play); }

}  // namespace duet
