#include "wire/whip_url.h"

#include <gtest/gtest.h>

namespace duet {
namespace {

WhipEndpoint Endpoint(std::string_view target) {
  const auto parsed = ParseWhipTarget(target);
  EXPECT_TRUE(parsed.ok()) << target << ": " << (parsed.ok() ? "" : parsed.error().message);
  if (!parsed.ok() || !std::holds_alternative<WhipEndpoint>(*parsed)) return {};
  return std::get<WhipEndpoint>(*parsed);
}

std::string WhyNot(std::string_view target) {
  const auto parsed = ParseWhipTarget(target);
  return parsed.ok() ? "it is fine" : parsed.error().message;
}

TEST(WhipUrlTest, ReadsPublishers) {
  EXPECT_EQ(Endpoint("/v1/whip/1400000001/1234/alice"),
            (WhipEndpoint{.sdk_app_id = 1400000001, .room = {1234u}, .user_id = "alice"}));
  EXPECT_EQ(Endpoint("/v1/whip/7/lobby/alice?stream=aux&privatemapkey=abc*-_"),
            (WhipEndpoint{.sdk_app_id = 7,
                          .room = {std::string("lobby")},
                          .user_id = "alice",
                          .stream = signal::StreamType::kAux,
                          .private_map_key = "abc*-_"}));
  EXPECT_EQ(Endpoint("/whip/1234/alice"), (WhipEndpoint{.room = {1234u}, .user_id = "alice"}));
}

TEST(WhipUrlTest, ReadsViewers) {
  EXPECT_EQ(Endpoint("/v1/whep/7/1234/alice?stream=main&quality=small&userid=bob#here"),
            (WhipEndpoint{.watch = true,
                          .sdk_app_id = 7,
                          .room = {1234u},
                          .user_id = "alice",
                          .quality = signal::Quality::kSmall,
                          .viewer = "bob"}));
  EXPECT_EQ(Endpoint("/whep/1234/alice").quality, signal::Quality::kAuto);
}

TEST(WhipUrlTest, TellsNumbersFromNames) {
  EXPECT_EQ(Endpoint("/whip/1234/a").room, signal::RoomName{1234u});
  EXPECT_EQ(Endpoint("/whip/1234/a?use_number_room_id=0").room, signal::RoomName{std::string("1234")});
  EXPECT_EQ(Endpoint("/whip/12x/a").room, signal::RoomName{std::string("12x")});
}

TEST(WhipUrlTest, DecodesPartsAfterTakingThemApart) {
  const WhipEndpoint endpoint = Endpoint("/v1/whip/7/a%20room/user%2Fone%3F?userid=b%26c");
  EXPECT_EQ(endpoint.room, signal::RoomName{std::string("a room")});
  EXPECT_EQ(endpoint.user_id, "user/one?");
  EXPECT_EQ(endpoint.viewer, "b&c");
}

TEST(WhipUrlTest, ReadsSessions) {
  for (const std::string_view target : {"/v1/whip/sessions/0a1b", "/v1/whep/sessions/0a1b"}) {
    const auto parsed = ParseWhipTarget(target);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(std::get<WhipSessionUrl>(*parsed).id, "0a1b");
  }
}

TEST(WhipUrlTest, SaysWhatIsWrong) {
  EXPECT_EQ(WhyNot("/v1/whip/0/1/a"), "the sdkAppID must be a number from 1 to 4294967295");
  EXPECT_EQ(WhyNot("/v1/whip/x/1/a"), "the sdkAppID must be a number from 1 to 4294967295");
  EXPECT_EQ(WhyNot("/whip/4294967296/a"), "the room must be a number from 1 to 4294967295");
  EXPECT_EQ(WhyNot("/whip/0/a"), "the room must be a number from 1 to 4294967295");
  EXPECT_EQ(WhyNot("/whip//a"), "the room's name must have 1 to 64 bytes");
  EXPECT_EQ(WhyNot("/whip/" + std::string(65, 'r') + "/a"), "the room's name must have 1 to 64 bytes");
  EXPECT_EQ(WhyNot("/whip/1/"), "the user ID must have 1 to 128 bytes");
  EXPECT_EQ(WhyNot("/whip/1/a%0"), "the path has a broken escape or a control character");
  EXPECT_EQ(WhyNot("/whip/1/a%0a"), "the path has a broken escape or a control character");
  EXPECT_EQ(WhyNot("/whip/1/a?stream=sub"), "stream must be main or aux");
  EXPECT_EQ(WhyNot("/whep/1/a?quality=best"), "quality must be main, small or auto");
  EXPECT_EQ(WhyNot("/whep/1/a?userid=%"), "the parameter userid has a broken escape or a control character");
  EXPECT_EQ(WhyNot("/whep/1/a?userid=" + std::string(129, 'u')), "userid must have 1 to 128 bytes");
  EXPECT_EQ(WhyNot("/whep/1/a?x=" + std::string(9000, 'u')), "the address is over 8 KiB");
  for (const std::string_view unknown : {"/v1/whip/7/1234", "/v1/whip/7/1/a/b", "/whip/1", "/whip/1/a/b",
                                         "/v1/whap/7/1/a", "/v1/whip/sessions/", "/v1/whip/other/0a1b"})
    EXPECT_EQ(WhyNot(unknown), "there is no such address") << unknown;
}

TEST(WhipUrlTest, KnowsItsPaths) {
  EXPECT_TRUE(IsWhipPath("/v1/whip/anything"));
  EXPECT_TRUE(IsWhipPath("/whep/1/a"));
  EXPECT_FALSE(IsWhipPath("/v1/whipped"));
  EXPECT_FALSE(IsWhipPath("/whip"));
}

}  // namespace
}  // namespace duet
