// The vocabulary of the signalling messages: closed sets of words, room names, and the records that several messages
// share. docs/protocol.md section 2.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace duet::signal {

inline constexpr int kProtocolVersion = 1;
inline constexpr size_t kMaxMessageBytes = 64 * 1024;  // of a whole message of a client
// Of a whole message of a server: 300 members and 128 sections, with room to spare.
inline constexpr size_t kMaxServerMessageBytes = 1024 * 1024;
inline constexpr size_t kMaxRoomNameBytes = 64;
inline constexpr size_t kMaxUserIdBytes = 128;
inline constexpr size_t kMaxCustomMessageBytes = 1024;  // `message.data`, decoded
inline constexpr size_t kMaxStatsBytes = 4 * 1024;      // `stats.params`, as compact JSON

// The first value of each is the protocol's default.
enum class MediaKind : uint8_t { kAudio, kVideo };
enum class StreamType : uint8_t { kMain, kAux };
enum class Role : uint8_t { kAnchor, kAudience };
enum class Scene : uint8_t { kRtc, kLive };
enum class Template : uint8_t { kCustom, k1v1, kGrid };
enum class Quality : uint8_t { kMain, kSmall, kAuto };  // which picture of a stream a subscriber wants
enum class LeaveReason : uint8_t { kExit, kTimeout, kKicked, kReplaced, kRole };
enum class KickReason : uint8_t { kReplaced, kRemoved, kMediaTimeout };
enum class Media : uint8_t { kWebRtc, kRtmp };  // how a member sends and receives
enum class VideoCodecName : uint8_t { kH264 };

// The word of the protocol, for instance "audio".
std::string_view ToString(MediaKind value);
std::string_view ToString(StreamType value);
std::string_view ToString(Role value);
std::string_view ToString(Scene value);
std::string_view ToString(Template value);
std::string_view ToString(Quality value);
std::string_view ToString(LeaveReason value);
std::string_view ToString(KickReason value);
std::string_view ToString(Media value);
std::string_view ToString(VideoCodecName value);

// All words of an enum, in the order of its values. E is one of the enums above.
template <typename E>
std::span<const std::string_view> EnumWords();
template <>
std::span<const std::string_view> EnumWords<MediaKind>();
template <>
std::span<const std::string_view> EnumWords<StreamType>();
template <>
std::span<const std::string_view> EnumWords<Role>();
template <>
std::span<const std::string_view> EnumWords<Scene>();
template <>
std::span<const std::string_view> EnumWords<Template>();
template <>
std::span<const std::string_view> EnumWords<Quality>();
template <>
std::span<const std::string_view> EnumWords<LeaveReason>();
template <>
std::span<const std::string_view> EnumWords<KickReason>();
template <>
std::span<const std::string_view> EnumWords<Media>();
template <>
std::span<const std::string_view> EnumWords<VideoCodecName>();

// The value whose word this is.
template <typename E>
std::optional<E> ParseEnum(std::string_view word) {
  const auto words = EnumWords<E>();
  for (size_t i = 0; i < words.size(); ++i)
    if (words[i] == word) return static_cast<E>(i);
  return std::nullopt;
}

// A numeric room or a string room. The room 7 and the room "7" are two rooms.
struct RoomName {
  std::variant<uint32_t, std::string> value;

  bool is_string() const { return std::holds_alternative<std::string>(value); }
  uint32_t number() const { return is_string() ? 0 : *std::get_if<uint32_t>(&value); }  // 0 for a string room
  std::string_view text() const { return is_string() ? *std::get_if<std::string>(&value) : std::string_view(); }

  // For logs: 7, or "7" with the quotation marks for a string room.
  std::string ToString() const;
  auto operator<=>(const RoomName&) const = default;
};

// What of one stream of a member is published.
struct StreamState {
  StreamType stream{};
  bool audio = false;
  bool video = false;
  bool operator==(const StreamState&) const = default;
};

// Who stands on a slot, a section on which the server sends.
struct SlotInfo {
  std::string mid;
  std::string user_id;
  StreamType stream{};
  MediaKind kind{};
  bool operator==(const SlotInfo&) const = default;
};

// What a sending section of an offer is.
struct TrackInfo {
  std::string mid;
  MediaKind kind{};
  StreamType stream{};
  bool on = true;
  bool operator==(const TrackInfo&) const = default;
};

// A stream that a member without SDP gets, and what of it.
struct PlayedStream {
  std::string user_id;
  StreamType stream{};
  bool audio = false;
  bool video = false;
  bool operator==(const PlayedStream&) const = default;
};

struct MemberInfo {
  std::string user_id;
  Role role{};
  bool paused = false;
  std::vector<StreamState> streams;
  bool operator==(const MemberInfo&) const = default;
};

}  // namespace duet::signal

template <>
struct std::hash<duet::signal::RoomName> {
  size_t operator()(const duet::signal::RoomName& name) const noexcept {
    // The variant's hash differs by alternative, so 7 and "7" part.
    return std::hash<std::variant<uint32_t, std::string>>{}(name.value);
  }
};
