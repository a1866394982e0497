#include "wire/signal_types.h"

#include <array>

#include "base/check.h"

namespace duet::signal {
namespace {

constexpr std::array<std::string_view, 2> kMediaKindWords = {"audio", "video"};
constexpr std::array<std::string_view, 2> kStreamTypeWords = {"main", "aux"};
constexpr std::array<std::string_view, 2> kRoleWords = {"anchor", "audience"};
constexpr std::array<std::string_view, 2> kSceneWords = {"rtc", "live"};
constexpr std::array<std::string_view, 3> kTemplateWords = {"custom", "1v1", "grid"};
constexpr std::array<std::string_view, 3> kQualityWords = {"main", "small", "auto"};
constexpr std::array<std::string_view, 5> kLeaveReasonWords = {"exit", "timeout", "kicked", "replaced", "role"};
constexpr std::array<std::string_view, 3> kKickReasonWords = {"replaced", "removed", "media_timeout"};
constexpr std::array<std::string_view, 2> kMediaWords = {"webrtc", "rtmp"};
constexpr std::array<std::string_view, 1> kVideoCodecWords = {"h264"};

template <typename E>
std::string_view WordOf(E value) {
  const auto words = EnumWords<E>();
  const auto index = static_cast<size_t>(value);
  DUET_CHECK(index < words.size());
  return words[index];
}

}  // namespace

template <>
std::span<const std::string_view> EnumWords<MediaKind>() {
  return kMediaKindWords;
}
template <>
std::span<const std::string_view> EnumWords<StreamType>() {
  return kStreamTypeWords;
}
template <>
std::span<const std::string_view> EnumWords<Role>() {
  return kRoleWords;
}
template <>
std::span<const std::string_view> EnumWords<Scene>() {
  return kSceneWords;
}
template <>
std::span<const std::string_view> EnumWords<Template>() {
  return kTemplateWords;
}
template <>
std::span<const std::string_view> EnumWords<Quality>() {
  return kQualityWords;
}
template <>
std::span<const std::string_view> EnumWords<LeaveReason>() {
  return kLeaveReasonWords;
}
template <>
std::span<const std::string_view> EnumWords<KickReason>() {
  return kKickReasonWords;
}
template <>
std::span<const std::string_view> EnumWords<Media>() {
  return kMediaWords;
}
template <>
std::span<const std::string_view> EnumWords<VideoCodecName>() {
  return kVideoCodecWords;
}

std::string_view ToString(MediaKind value) { return WordOf(value); }
std::string_view ToString(StreamType value) { return WordOf(value); }
std::string_view ToString(Role value) { return WordOf(value); }
std::string_view ToString(Scene value) { return WordOf(value); }
std::string_view ToString(Template value) { return WordOf(value); }
std::string_view ToString(Quality value) { return WordOf(value); }
std::string_view ToString(LeaveReason value) { return WordOf(value); }
std::string_view ToString(KickReason value) { return WordOf(value); }
std::string_view ToString(Media value) { return WordOf(value); }
std::string_view ToString(VideoCodecName value) { return WordOf(value); }

std::string RoomName::ToString() const {
  if (is_string()) return '"' + std::string(text()) + '"';
  return std::to_string(number());
}

}  // namespace duet::signal
