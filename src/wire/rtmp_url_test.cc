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

// Whether that is enough depends on who comes from where, which is not known here.
TEST(RtmpUrl, WhoComesMayBeLeftOutOrHaveATicket) {
  const RtmpPush push = Push("push", "", "room?sdkappid=1&ticket=0a1b&privatemapkey=eJ%2A");
  EXPECT_EQ(push.user_id, "");
  EXPECT_EQ(push.user_sig, "");
  EXPECT_EQ(push.ticket, "0a1b");
  EXPECT_EQ(push.private_map_key, "eJ*");
  const auto play = ParseFlvTarget("/live/1_2_3_main.flv", "");
  ASSERT_TRUE(play.ok());
  EXPECT_EQ(play->user_id, "");
  EXPECT_EQ(play->private_map_key, std::nullopt);
  EXPECT_FALSE(ParseFlvTarget("/live/1_2_3_main.flv", "userid=" + std::string(129, 'u')));
}

TEST(RtmpUrl, AddressesAreReadAsTheyWereWritten) {
  for (const RoomName& room : {RoomName{7u}, RoomName{std::string("7")}, RoomName{std::string("a_b/c?d&e 房")}}) {
    const RtmpPush push{14, room, "al=ice&", "", std::nullopt, "abc", ""};
    const std::string push_address = RtmpPushAddress(push);
    const size_t slash = push_address.find('/');
    EXPECT_EQ(Push(push_address.substr(0, slash), "", push_address.substr(slash + 1)), push) << push_address;

    const RtmpPlay play{14, room, "bo_b", StreamType::kAux, "al ice", "", "key*-_", "abc"};
    const auto rtmp = ParseRtmpTarget("live", "", RtmpPlayAddress(play).substr(5));
    ASSERT_TRUE(rtmp.ok()) << RtmpPlayAddress(play);
    EXPECT_EQ(std::get<RtmpPlay>(*rtmp), play) << RtmpPlayAddress(play);
    const std::string flv_address = "/" + FlvPlayAddress(play);
    const size_t mark = flv_address.find('?');
    const auto flv = ParseFlvTarget(flv_address.substr(0, mark), flv_address.substr(mark + 1));
    ASSERT_TRUE(flv.ok()) << flv_address;
    EXPECT_EQ(*flv, play) << flv_address;
  }
}

TEST(RtmpUrl, RefusesWithWords) {
  const struct {
    const char *app, *stream, *words;
  } cases[] = {
      {"other", "x", "must begin with"},
      {"push", "room?userid=u&usersig=s", "sdkappid"},
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
