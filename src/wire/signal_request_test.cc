#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"
#include "wire/signal.h"

namespace duet::signal {
namespace {

using Kind = SignalErrorKind;

std::string Call(const std::string& method, const std::string& params) {
  return R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}";
}

// An `enter` with all that is required, and `more` in front of the rest: of a member that is there twice the last one
// counts, so `more` can add, and `after` can replace.
std::string EnterCall(const std::string& more = "", const std::string& after = "") {
  return Call("enter", "{" + more +
                           R"("protocol":1,"sdkAppId":1400000001,"userId":"alice","userSig":"sig","room":1234,)"
                           R"("offer":"v=0","tracks":[])" +
                           after + "}");
}

template <typename T>
T ParseBody(const std::string& text) {
  auto parsed = ParseRequest(text);
  EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().error.message) << "\n" << text;
  if (!parsed.ok() || !std::holds_alternative<T>(parsed->body)) {
    ADD_FAILURE() << "not the expected request: " << text;
    return T{};
  }
  return std::get<T>(parsed->body);
}

void ExpectFailure(const std::string& text, Kind kind, const std::string& message) {
  const auto parsed = ParseRequest(text);
  ASSERT_FALSE(parsed.ok()) << text;
  EXPECT_EQ(parsed.error().error.name, InfoOf(kind).name) << text << "\n" << parsed.error().error.message;
  EXPECT_EQ(parsed.error().error.code, InfoOf(kind).code);
  EXPECT_EQ(parsed.error().error.message.substr(0, message.size()), message) << text;
}

TEST(ParseRequest, EnterOfTheContract) {
  const Enter enter = ParseBody<Enter>(R"({"jsonrpc":"2.0","id":1,"method":"enter","params":{
      "protocol":1,
      "sdkAppId":1400000001,"userId":"alice","userSig":"eJy",
      "room":1234,
      "scene":"live","role":"audience","template":"1v1",
      "privateMapKey":"key","recvMode":4,"cloudenv":"PRO",
      "resume":"token",
      "client":{"platform":"web","version":"0.1.0"},
      "offer":"v=0\r\n",
      "tracks":[{"mid":"0","kind":"audio","stream":"main","on":true},
                {"mid":"1","kind":"video","stream":"aux","on":false},
                {"mid":"2","kind":"video","stream":"main"}]}})");
  Enter expected;
  expected.sdk_app_id = 1400000001;
  expected.user_id = "alice";
  expected.user_sig = "eJy";
  expected.room = RoomName{1234u};
  expected.scene = Scene::kLive;
  expected.role = Role::kAudience;
  expected.room_template = Template::k1v1;
  expected.private_map_key = "key";
  expected.recv_mode = 4;
  expected.cloudenv = "PRO";
  expected.resume = "token";
  expected.client = {"web", "0.1.0"};
  expected.offer = "v=0\r\n";
  expected.tracks = {{"0", MediaKind::kAudio, StreamType::kMain, true},
                     {"1", MediaKind::kVideo, StreamType::kAux, false},
                     {"2", MediaKind::kVideo, StreamType::kMain, true}};
  EXPECT_EQ(enter, expected);
}

TEST(ParseRequest, EnterDefaults) {
  const Enter enter = ParseBody<Enter>(EnterCall());
  EXPECT_EQ(enter.scene, Scene::kRtc);
  EXPECT_EQ(enter.role, Role::kAnchor);
  EXPECT_EQ(enter.room_template, Template::kCustom);
  EXPECT_EQ(enter.recv_mode, 1);
  EXPECT_EQ(enter.resume, std::nullopt);
  EXPECT_EQ(enter.cloudenv, std::nullopt);
  EXPECT_EQ(enter.private_map_key, std::nullopt);
  EXPECT_EQ(enter.client, ClientInfo());
  EXPECT_EQ(ParseBody<Enter>(EnterCall(R"("resume":null,"role":null,"recvMode":null,"client":null,)")), enter);
  EXPECT_EQ(ParseBody<Enter>(EnterCall(R"("color":{"of":["the",{"sky":"blue"}]},)")), enter) << "unknown members";
}

TEST(ParseRequest, EnterWithoutSdp) {
  const std::string head =
      R"({"protocol":1,"sdkAppId":1400000001,"userId":"alice","userSig":"sig","room":1234,"media":"rtmp")";
  const Enter enter = ParseBody<Enter>(Call("enter", head + "}"));
  EXPECT_EQ(enter.media, Media::kRtmp);
  EXPECT_EQ(enter.offer, "");
  ParseBody<Enter>(Call("enter", head + R"(,"offer":null,"tracks":null})"));
  ExpectFailure(Call("enter", head + R"(,"offer":"v=0"})"), Kind::kInvalidParams,
                R"("offer" must be left out with "media": "rtmp")");
  ExpectFailure(Call("enter", head + R"(,"tracks":[]})"), Kind::kInvalidParams,
                R"("tracks" must be left out with "media": "rtmp")");
  ExpectFailure(EnterCall("", R"(,"media":"smoke")"), Kind::kInvalidParams, R"("media")");
  EXPECT_EQ(ParseBody<Enter>(EnterCall("", R"(,"media":"webrtc")")).media, Media::kWebRtc);
  ParseBody<Urls>(Call("urls", "{}"));
}

TEST(ParseRequest, OtherRequests) {
  EXPECT_EQ(ParseBody<Exit>(Call("exit", "{}")), Exit{});
  EXPECT_EQ(ParseBody<Negotiate>(Call("negotiate", R"({"offer":"v=0","tracks":[]})")), (Negotiate{"v=0", {}}));
  EXPECT_EQ(ParseBody<Publish>(Call("publish", R"({"stream":"aux","video":false})")),
            (Publish{StreamType::kAux, std::nullopt, false}));
  EXPECT_EQ(ParseBody<Subscribe>(Call("subscribe", R"({"userId":"bob","stream":"main","kind":"video"})")),
            (Subscribe{"bob", StreamType::kMain, MediaKind::kVideo, Quality::kMain}));
  EXPECT_EQ(
      ParseBody<Subscribe>(Call("subscribe", R"({"userId":"b","stream":"aux","kind":"audio","quality":"small"})")),
      (Subscribe{"b", StreamType::kAux, MediaKind::kAudio, Quality::kSmall}));
  EXPECT_EQ(ParseBody<Unsubscribe>(Call("unsubscribe", R"({"userId":"b","stream":"aux","kind":"audio"})")),
            (Unsubscribe{"b", StreamType::kAux, MediaKind::kAudio}));
  EXPECT_EQ(ParseBody<SwitchRole>(Call("switchRole", R"({"role":"audience"})")), SwitchRole{Role::kAudience});
  EXPECT_EQ(ParseBody<Stats>(Call("stats", R"({ "a" : [1, 2] })")), Stats{R"({"a":[1,2]})"});
  EXPECT_EQ(ParseBody<Ping>(Call("ping", "{}")), Ping{});
  EXPECT_EQ(ParseBody<Ping>(R"({"jsonrpc":"2.0","id":1,"method":"ping"})"), Ping{}) << "params may be left out";
  EXPECT_EQ(ParseBody<Ping>(Call("ping", "null")), Ping{});

  const Message message = ParseBody<Message>(Call("message", R"({"to":"bob","cmdId":10,"data":"aGk="})"));
  EXPECT_EQ(message.to, "bob");
  EXPECT_EQ(message.cmd_id, 10);
  EXPECT_EQ(AsText(message.data), "hi");
  EXPECT_EQ(ParseBody<Message>(Call("message", R"({"cmdId":1,"data":""})")), (Message{std::nullopt, 1, {}}));
}

TEST(ParseRequest, Ids) {
  const auto id_of = [](const std::string& id) {
    return ParseRequest(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"ping"})");
  };
  EXPECT_EQ(id_of("7")->id, RequestId(int64_t{7}));
  EXPECT_EQ(id_of("-7")->id, RequestId(int64_t{-7}));
  EXPECT_EQ(id_of("9223372036854775807")->id, RequestId(int64_t{9223372036854775807}));
  EXPECT_EQ(id_of("\"x\"")->id, RequestId("x"));
  EXPECT_EQ(id_of("\"\"")->id, RequestId(""));
  for (const char* bad : {"null", "true", "1.5", "9223372036854775808", "[]", "{}"})
    ExpectFailure(std::string(R"({"jsonrpc":"2.0","id":)") + bad + R"(,"method":"ping"})", Kind::kInvalidRequest,
                  "\"id\" must be");
}

// The id is known although the rest is wrong, so that the answer finds its question.
TEST(ParseRequest, FailureCarriesTheId) {
  const auto failure = ParseRequest(R"({"jsonrpc":"2.0","id":"q","method":"dance"})");
  ASSERT_FALSE(failure.ok());
  EXPECT_EQ(failure.error().id, RequestId("q"));
  EXPECT_EQ(ParseRequest("{").error().id, RequestId());
}

TEST(ParseRequest, NotARequest) {
  ExpectFailure("", Kind::kParseError, "not JSON");
  ExpectFailure("{", Kind::kParseError, "not JSON");
  ExpectFailure(R"({"id":1}x)", Kind::kParseError, "not JSON");
  ExpectFailure("{\"id\":\"\xFF\"}", Kind::kParseError, "not JSON");
  ExpectFailure(R"({"id":"\ud800"})", Kind::kParseError, "not JSON");
  ExpectFailure("[]", Kind::kInvalidRequest, "a message must be one object");
  ExpectFailure("[{}]", Kind::kInvalidRequest, "a message must be one object");
  ExpectFailure("17", Kind::kInvalidRequest, "a message must be one object");
  ExpectFailure("{}", Kind::kInvalidRequest, "\"id\" must be");
  ExpectFailure(R"({"id":1,"method":"ping"})", Kind::kInvalidRequest, "\"jsonrpc\" must be \"2.0\"");
  ExpectFailure(R"({"id":1,"jsonrpc":2.0,"method":"ping"})", Kind::kInvalidRequest, "\"jsonrpc\" must be");
  ExpectFailure(R"({"id":1,"jsonrpc":"2.0"})", Kind::kInvalidRequest, "\"method\" must be a string");
  ExpectFailure(R"({"id":1,"jsonrpc":"2.0","method":5})", Kind::kInvalidRequest, "\"method\" must be a string");
  ExpectFailure(Call("dance", "{}"), Kind::kUnknownMethod, "there is no method \"dance\"");
  ExpectFailure(Call("Enter", "{}"), Kind::kUnknownMethod, "there is no method");
  ExpectFailure(Call("ping", "[]"), Kind::kInvalidParams, "\"params\" must be an object");
  ExpectFailure(Call("ping", "\"\""), Kind::kInvalidParams, "\"params\" must be an object");
}

TEST(ParseRequest, DepthAndSizeAreLimited) {
  const auto nested = [](size_t depth) {  // the message and its params are two of them
    return Call("stats", R"({"a":)" + std::string(depth - 2, '[') + std::string(depth - 2, ']') + "}");
  };
  EXPECT_TRUE(ParseRequest(nested(16)).ok());
  ExpectFailure(nested(17), Kind::kInvalidRequest, "objects and arrays nest deeper than 16");

  const auto long_offer = [](size_t bytes) {
    const std::string empty = EnterCall(R"("x":"",)");
    return EnterCall(R"("x":")" + std::string(bytes - empty.size(), 'x') + "\",");
  };
  ASSERT_EQ(long_offer(kMaxMessageBytes).size(), kMaxMessageBytes);
  EXPECT_TRUE(ParseRequest(long_offer(kMaxMessageBytes)).ok());
  ExpectFailure(long_offer(kMaxMessageBytes + 1), Kind::kInvalidRequest, "the message has 65537 bytes");
}

TEST(ParseRequest, EveryRequiredMemberOfEnterIsNamed) {
  const std::vector<std::pair<std::string, Kind>> required = {
      {"protocol", Kind::kInvalidParams}, {"sdkAppId", Kind::kInvalidParams}, {"userId", Kind::kUserIdInvalid},
      {"userSig", Kind::kInvalidParams},  {"room", Kind::kRoomIdInvalid},     {"offer", Kind::kInvalidParams},
      {"tracks", Kind::kInvalidParams},
  };
  for (const auto& [name, kind] : required) {
    std::string without = EnterCall();
    without.replace(without.find("\"" + name + "\""), name.size() + 2, "\"renamed\"");
    ExpectFailure(without, kind, "\"" + name + "\"");
    ExpectFailure(EnterCall("", ",\"" + name + "\":null"), kind, "\"" + name + "\"");
    ExpectFailure(EnterCall("", ",\"" + name + "\":true"), kind, "\"" + name + "\"");
  }
}

TEST(ParseRequest, WrongMembersOfEnter) {
  const auto with = [](const std::string& member) { return EnterCall("", "," + member); };
  const std::vector<std::pair<std::string, std::string>> table = {
      {R"("sdkAppId":-1)", "\"sdkAppId\" must be a whole number from 0 to 4294967295"},
      {R"("sdkAppId":4294967296)", "\"sdkAppId\" must be a whole number"},
      {R"("sdkAppId":"1400000001")", "\"sdkAppId\" must be a whole number"},
      {R"("sdkAppId":1.0)", "\"sdkAppId\" must be a whole number"},
      {R"("userSig":5)", "\"userSig\" must be a string"},
      {R"("scene":"RTC")", "\"scene\" must be \"rtc\" or \"live\""},
      {R"("role":"")", "\"role\" must be \"anchor\" or \"audience\""},
      {R"("role":1)", "\"role\" must be \"anchor\" or \"audience\""},
      {R"("template":"2v2")", "\"template\" must be \"custom\", \"1v1\" or \"grid\""},
      {R"("privateMapKey":{})", "\"privateMapKey\" must be a string"},
      {R"("recvMode":0)", "\"recvMode\" must be a whole number from 1 to 4"},
      {R"("recvMode":5)", "\"recvMode\" must be a whole number from 1 to 4"},
      {R"("cloudenv":1)", "\"cloudenv\" must be a string"},
      {R"("resume":false)", "\"resume\" must be a string"},
      {R"("client":"web")", "\"client\" must be an object"},
      {R"("client":{"platform":1})", "\"client.platform\" must be a string"},
      {R"("offer":["v=0"])", "\"offer\" must be a string"},
      {R"("tracks":{})", "\"tracks\" must be an array"},
      {R"("tracks":["0"])", "\"tracks[0]\" must be an object"},
      {R"("tracks":[{}])", "\"tracks[0].mid\" is missing"},
      {R"("tracks":[{"mid":0}])", "\"tracks[0].mid\" must be a string"},
      {R"("tracks":[{"mid":"0"}])", "\"tracks[0].kind\" is missing"},
      {R"("tracks":[{"mid":"0","kind":"text"}])", "\"tracks[0].kind\" must be \"audio\" or \"video\""},
      {R"("tracks":[{"mid":"0","kind":"audio"}])", "\"tracks[0].stream\" is missing"},
      {R"("tracks":[{"mid":"0","kind":"audio","stream":"main","on":1}])", "\"tracks[0].on\" must be true or false"},
      {R"("tracks":[{"mid":"0","kind":"audio","stream":"main"},{"mid":"0","kind":"audio","stream":"aux"}])",
       "\"tracks[1].mid\" names the same section as an earlier one"},
  };
  for (const auto& [member, message] : table) ExpectFailure(with(member), Kind::kInvalidParams, message);

  std::string many;
  for (int i = 0; i < 129; ++i)
    many += (i > 0 ? "," : "") + std::string(R"({"mid":")") + std::to_string(i) + R"(","kind":"audio","stream":"aux"})";
  ExpectFailure(with("\"tracks\":[" + many + "]"), Kind::kInvalidParams, "\"tracks\" may have at most 128 elements");
}

TEST(ParseRequest, AnotherVersionIsToldSoWhateverElseItSays) {
  ExpectFailure(Call("enter", R"({"protocol":2})"), Kind::kVersionUnsupported,
                "this server speaks version 1 of the protocol, not 2");
  ExpectFailure(Call("enter", R"({"protocol":0,"room":[]})"), Kind::kVersionUnsupported, "this server");
}

TEST(ParseRequest, Rooms) {
  const auto room = [](const std::string& json) { return EnterCall("", ",\"room\":" + json); };
  EXPECT_EQ(ParseBody<Enter>(room("1")).room, RoomName{1u});
  EXPECT_EQ(ParseBody<Enter>(room("4294967295")).room, RoomName{4294967295u});
  EXPECT_EQ(ParseBody<Enter>(room("\"1\"")).room, RoomName{std::string("1")});
  EXPECT_EQ(ParseBody<Enter>(room("\"" + std::string(64, 'r') + "\"")).room, RoomName{std::string(64, 'r')});
  for (const std::string& bad :
       {std::string("0"), std::string("-1"), std::string("4294967296"), std::string("18446744073709551616"),
        std::string("1.5"), std::string("\"\""), "\"" + std::string(65, 'r') + "\"", std::string("[1]")})
    ExpectFailure(room(bad), Kind::kRoomIdInvalid, "\"room\" must be a number from 1 to 4294967295 or a string of 1");
}

TEST(ParseRequest, UserIds) {
  const auto user = [](const std::string& id) { return EnterCall("", ",\"userId\":\"" + id + "\""); };
  EXPECT_EQ(ParseBody<Enter>(user("李雷")).user_id, "李雷");
  EXPECT_EQ(ParseBody<Enter>(user(std::string(128, 'u'))).user_id, std::string(128, 'u'));
  ExpectFailure(user(""), Kind::kUserIdInvalid, "\"userId\" must be a string of 1 to 128 bytes");
  ExpectFailure(user(std::string(129, 'u')), Kind::kUserIdInvalid, "\"userId\" must be");
  ExpectFailure(Call("subscribe", R"({"userId":"","stream":"main","kind":"audio"})"), Kind::kUserIdInvalid,
                "\"userId\"");
  ExpectFailure(Call("unsubscribe", R"({"stream":"main","kind":"audio"})"), Kind::kUserIdInvalid, "\"userId\"");
  ExpectFailure(Call("message", R"({"to":"","cmdId":1,"data":""})"), Kind::kUserIdInvalid, "\"to\"");
}

TEST(ParseRequest, WrongMembersOfTheOthers) {
  ExpectFailure(Call("negotiate", "{}"), Kind::kInvalidParams, "\"offer\" is missing");
  ExpectFailure(Call("negotiate", R"({"offer":"v=0"})"), Kind::kInvalidParams, "\"tracks\" is missing");
  ExpectFailure(Call("publish", "{}"), Kind::kInvalidParams, "\"stream\" is missing");
  ExpectFailure(Call("publish", R"({"stream":"main","audio":"yes"})"), Kind::kInvalidParams,
                "\"audio\" must be true or false");
  ExpectFailure(Call("subscribe", R"({"userId":"b"})"), Kind::kInvalidParams, "\"stream\" is missing");
  ExpectFailure(Call("subscribe", R"({"userId":"b","stream":"main","kind":"video","quality":"best"})"),
                Kind::kInvalidParams, "\"quality\" must be \"main\", \"small\" or \"auto\"");
  ExpectFailure(Call("switchRole", "{}"), Kind::kInvalidParams, "\"role\" is missing");
  ExpectFailure(Call("message", R"({"cmdId":0,"data":""})"), Kind::kInvalidParams, "\"cmdId\" must be a whole number");
  ExpectFailure(Call("message", R"({"cmdId":11,"data":""})"), Kind::kInvalidParams, "\"cmdId\" must be");
  ExpectFailure(Call("message", R"({"cmdId":1})"), Kind::kInvalidParams, "\"data\" is missing");
  ExpectFailure(Call("message", R"({"cmdId":1,"data":"aGk"})"), Kind::kInvalidParams, "\"data\" must be base64");
}

TEST(ParseRequest, MessageAndStatsAreLimited) {
  const auto message = [](size_t groups) {  // three bytes each
    std::string data;
    for (size_t i = 0; i < groups; ++i) data += "AAAA";
    return Call("message", R"({"cmdId":1,"data":")" + data + R"(AA=="})");
  };
  EXPECT_EQ(ParseBody<Message>(message(341)).data.size(), kMaxCustomMessageBytes);
  ExpectFailure(message(342), Kind::kMessageTooLarge, "\"data\" has 1027 bytes, at most 1024 are allowed");

  const auto stats = [](size_t bytes) { return Call("stats", R"({"a":")" + std::string(bytes - 8, 'x') + "\"}"); };
  EXPECT_EQ(ParseBody<Stats>(stats(kMaxStatsBytes)).json.size(), kMaxStatsBytes);
  ExpectFailure(stats(kMaxStatsBytes + 1), Kind::kInvalidParams, "\"params\" of \"stats\" has 4097 bytes");
}

TEST(RoomNames, NumbersAndStringsDiffer) {
  const RoomName number{7u};
  const RoomName string{std::string("7")};
  EXPECT_NE(number, string);
  EXPECT_EQ(number.ToString(), "7");
  EXPECT_EQ(string.ToString(), "\"7\"");
  EXPECT_FALSE(number.is_string());
  EXPECT_EQ(number.number(), 7u);
  EXPECT_EQ(number.text(), "");
  EXPECT_TRUE(string.is_string());
  EXPECT_EQ(string.number(), 0u);
  EXPECT_EQ(string.text(), "7");
  const std::unordered_set<RoomName> rooms = {number, string, RoomName{7u}};
  EXPECT_EQ(rooms.size(), 2u);
  EXPECT_LT(RoomName{7u}, RoomName{8u});
}

}  // namespace
}  // namespace duet::signal
