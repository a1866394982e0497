// Any address, cut like "app|tcUrl|stream": an error with words, or parts within their limits that are the same after
// writing and reading them.
#include <cstdlib>

#include "wire/rtmp_url.h"

namespace {

using namespace duet;

void Check(bool condition) {
  if (!condition) std::abort();
}

std::string_view CutAt(std::string_view& text, char mark) {
  const std::string_view part = text.substr(0, text.find(mark));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return part;
}

void CheckRoom(const signal::RoomName& room) {
  Check(room.is_string() ? !room.text().empty() && room.text().size() <= signal::kMaxRoomNameBytes
                         : room.number() != 0);
}

void CheckPlay(const RtmpPlay& play) {
  CheckRoom(play.room);
  Check(!play.publisher.empty() && play.publisher.size() <= signal::kMaxUserIdBytes);
  Check(play.user_id.size() <= signal::kMaxUserIdBytes);
  const std::string address = "/" + FlvPlayAddress(play);
  if (address.size() > kMaxRtmpUrlBytes) return;  // escapes lengthen it
  const size_t mark = address.find('?');
  const auto again = ParseFlvTarget(address.substr(0, mark), address.substr(mark + 1));
  Check(again.ok() && *again == play);
}

void CheckPush(RtmpPush push) {
  CheckRoom(push.room);
  Check(push.user_id.size() <= signal::kMaxUserIdBytes);
  push.remark.clear();
  const std::string address = RtmpPushAddress(push);
  if (address.size() > kMaxRtmpUrlBytes) return;
  const auto again = ParseRtmpTarget("push", "", std::string_view(address).substr(5));
  Check(again.ok() && std::get<RtmpPush>(*again) == push);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view stream = text;
  const std::string_view app = CutAt(stream, '|');
  const std::string_view tc_url = CutAt(stream, '|');
  const auto target = ParseRtmpTarget(app, tc_url, stream);
  if (!target.ok()) {
    Check(!target.error().message.empty());
  } else if (const auto* play = std::get_if<RtmpPlay>(&*target)) {
    CheckPlay(*play);
  } else {
    CheckPush(std::get<RtmpPush>(*target));
  }
  std::string_view query = text;
  const std::string_view path = CutAt(query, '?');
  if (const auto play = ParseFlvTarget(path, query); play.ok()) CheckPlay(*play);
  return 0;
}
