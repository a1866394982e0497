#include "wire/rtmp_url.h"

#include <gtest/gtest.h>

namespace duet {
namespace {

using signal::RoomName;
using signal::StreamType;

RtmpPush Push(std::string_view app, std::string_view tc_url, std::string_view stream) {
  auto target = ParseRtmpTarget(app, tc_url, stream);
  EXPECT_TRUE(target.ok()) << (target.ok() ? "" : target.error().message);
  if (!target.ok() || !std::holds_alternative<RtmpPush>(*target)) return {};
  return std::get<RtmpPush>(*target);
}

TEST(RtmpUrl, PushHoweverTheClientCutsIt) {
  const std::string query = "sdkappid=1400000001&userid=b%6Fb&usersig=eJw-_*x+y&remark=from%20a%20phone";
  const struct {
    const char* what;
    std::string app, tc_url, stream;
  } cases[] = {
      {"ffmpeg, OBS", "push", "rtmp://h/push", "room1?" + query},
      {"a slash too many", "push/", "rtmp://h/push/", "/room1?" + query},
      {"all in the application", "push/room1", "rtmp://h/push/room1", "?" + query},
      {"query in the application", "push?" + query, "rtmp://h/push?" + query, "room1"},
      {"query in tcUrl only", "push", "rtmp://h/push?" + query, "room1"},
  };
  for (const auto& c : cases) {
    const RtmpPush push = Push(c.app, c.tc_url, c.stream);
    EXPECT_EQ(push.sdk_app_id, 1400000001u) << c.what;
    EXPECT_EQ(push.room, RoomName{std::string("room1")}) << c.what;
    EXPECT_EQ(push.user_id, "bob") << c.what;
    EXPECT_EQ(push.user_sig, "eJw-_*x+y") << c.what;
    EXPECT_EQ(push.remark, "from a phone") << c.what;
  }
}

TEST(RtmpUrl, NumericAndStringRooms) {
  const std::string_view query = "?sdkappid=1&userid=u&usersig=s";
  EXPECT_EQ(Push("push", "", "77" + std::string(query)).room, RoomName{std::string("77")});
  EXPECT_EQ(Push("push", "", "77" + std::string(query) + "&use_number_room_id=1").room, RoomName{77u});
  EXPECT_FALSE(ParseRtmpTarget("push", "", "0" + std::string(query) + "&use_number_room_id=1"));
  EXPECT_FALSE(ParseRtmpTarget("push", "", "4294967296" + std::string(query) + "&use_number_room_id=1"));
}

TEST(RtmpUrl, Play) {
  const auto play = [](std::string_view stream) {
    auto target = ParseRtmpTarget("live", "", stream);
    EXPECT_TRUE(target.ok()) << stream;
    return target.ok() ? std::get<RtmpPlay>(*target) : RtmpPlay();
  };
  const RtmpPlay number = play("1400000001_88_al_ice_aux?usersig=s&userid=bob");
  EXPECT_EQ(number.sdk_app_id, 1400000001u);
  EXPECT_EQ(number.room, RoomName{88u});
  EXPECT_EQ(number.publisher, "al_ice");
  EXPECT_EQ(number.stream, StreamType::kAux);
  EXPECT_EQ(number.user_id, "bob");
  EXPECT_EQ(play("1_88_a_main?usersig=s&userid=b&use_number_room_id=0").room, RoomName{std::string("88")});
  EXPECT_EQ(play("1_my%5Froom_a_main?usersig=s&userid=b").room, RoomName{std::string("my_room")});
}

TEST(RtmpUrl, PlayNameIsReadAsItWasWritten) {
  for (const RoomName& room : {RoomName{7u}, RoomName{std::string("a_b/c?d")}, RoomName{std::string("房间")}}) {
    for (const char* user : {"bob", "under_score_main", "a b&c"}) {
      const std::string name = RtmpPlayName(14, room, user, StreamType::kMain);
      const auto play = ParseFlvTarget("/live/" + name + ".flv", "userid=x&usersig=y");
      ASSERT_TRUE(play.ok()) << name;
      EXPECT_EQ(play->room, room) << name;
      EXPECT_EQ(play->publisher, user) << name;
    }
  }
}

TEST(RtmpUrl, RefusesWithWords) {
  const struct {
    const char *app, *stream, *words;
  } cases[] = {
      {"other", "x", "must begin with"},
      {"push", "room?userid=u&usersig=s", "sdkappid"},
      {"push", "room?sdkappid=1&usersig=s", "userid"},
      {"push", "room?sdkappid=1&userid=u", "usersig"},
      {"push", "?sdkappid=1&userid=u&usersig=s", "room"},
      {"push", "a/b?sdkappid=1&userid=u&usersig=s", "too many parts"},
      {"live", "nothing?userid=u&usersig=s", "stream's name"},
      {"live", "1_2_3_other?userid=u&usersig=s", "stream's name"},
      {"live", "1__3_main?userid=u&usersig=s", "room"},
      {"live", "1_2_main?userid=u&usersig=s", "stream's name"},
  };
  for (const auto& c : cases) {
    const auto target = ParseRtmpTarget(c.app, "", c.stream);
    ASSERT_FALSE(target.ok()) << c.app << "/" << c.stream;
    EXPECT_NE(target.error().message.find(c.words), std::string::npos) << target.error().message;
  }
  EXPECT_FALSE(ParseFlvTarget("/live/.flv", ""));
  EXPECT_FALSE(ParseFlvTarget("/live/1_2_3_main", "userid=u&usersig=s"));
  EXPECT_EQ(ParseRtmpTarget("push", "", std::string(4 * kMaxRtmpUrlBytes, 'a')).error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace duet
