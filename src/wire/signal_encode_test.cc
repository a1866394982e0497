// What is written, against the texts of the contract, and that the other side reads the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "wire/signal.h"

namespace duet::signal {
namespace {

std::vector<std::byte> BytesOf(std::string_view text) {
  const Bytes bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

EnterResult FullEnterResult() {
  EnterResult result;
  result.session = "s1";
  result.resume = "token";
  result.resumed = true;
  result.answer = "v=0\r\n";
  result.members = {{"bob", Role::kAudience, true, {{StreamType::kMain, true, false}, {StreamType::kAux, false, true}}},
                    {"李雷", Role::kAnchor, false, {}}};
  result.slots = {{"3", "bob", StreamType::kMain, MediaKind::kAudio},
                  {"4", "bob", StreamType::kAux, MediaKind::kVideo}};
  result.room = {RoomName{1234u}, 2, 1763890000000};
  result.seat_seconds = 90;
  result.ice_servers = {{{"turn:192.0.2.1:3478", "turns:192.0.2.1"}, "u", "p"}, {{"stun:192.0.2.1"}, {}, {}}};
  return result;
}

TEST(EncodeResponse, EnterOfTheContract) {
  EXPECT_EQ(Encode(Response{1, FullEnterResult()}),
            R"({"jsonrpc":"2.0","id":1,"result":{"protocol":1,"session":"s1","resume":"token","resumed":true,)"
            R"("answer":"v=0\r\n","members":[{"userId":"bob","role":"audience","paused":true,"streams":[)"
            R"({"stream":"main","audio":true,"video":false},{"stream":"aux","audio":false,"video":true}]},)"
            R"({"userId":"李雷","role":"anchor","paused":false,"streams":[]}],)"
            R"("slots":[{"mid":"3","userId":"bob","stream":"main","kind":"audio"},)"
            R"({"mid":"4","userId":"bob","stream":"aux","kind":"video"}],)"
            R"("room":{"id":1234,"capacity":2,"createdAt":1763890000000},"seatSeconds":90,)"
            R"("iceServers":[{"urls":["turn:192.0.2.1:3478","turns:192.0.2.1"],"username":"u","credential":"p"},)"
            R"({"urls":["stun:192.0.2.1"]}]}})");
}

MediaUrls FullUrls() {
  return {.push_rtmp = "rtmp://h:1935/push/1?x",
          .play = {{{"bob", StreamType::kMain, true, false}, "https://h/live/n.flv", "rtmp://h/live/n"},
                   {{"bob", StreamType::kAux, false, true}, {}, {}}},
          .url_seconds = 300};
}

EnterResult EnterResultWithoutSdp() {
  EnterResult result = FullEnterResult();
  result.answer.clear();
  result.slots.clear();
  result.urls = FullUrls();
  return result;
}

constexpr std::string_view kPlayText =
    R"("play":[{"userId":"bob","stream":"main","audio":true,"video":false,"flv":"https://h/live/n.flv",)"
    R"("rtmp":"rtmp://h/live/n"},{"userId":"bob","stream":"aux","audio":false,"video":true}])";

TEST(EncodeResponse, EnterWithoutSdpHasAddressesInPlaceOfAnswerAndSlots) {
  const std::string text = Encode(Response{1, EnterResultWithoutSdp()});
  EXPECT_EQ(text.find("\"answer\""), std::string::npos);
  EXPECT_EQ(text.find("\"slots\""), std::string::npos);
  EXPECT_NE(text.find(R"("push":{"rtmp":"rtmp://h:1935/push/1?x"},)" + std::string(kPlayText) +
                      R"(,"urlSeconds":300,"room":)"),
            std::string::npos)
      << text;
}

TEST(EncodeResponse, OtherResults) {
  EXPECT_EQ(Encode(Response{3, FullUrls()}),
            R"({"jsonrpc":"2.0","id":3,"result":{"push":{"rtmp":"rtmp://h:1935/push/1?x"},)" + std::string(kPlayText) +
                R"(,"urlSeconds":300}})");
  EXPECT_EQ(Encode(Response{3, MediaUrls{.url_seconds = 5}}),
            R"({"jsonrpc":"2.0","id":3,"result":{"play":[],"urlSeconds":5}})");

  EXPECT_EQ(Encode(Response{"x", Empty{}}), R"({"jsonrpc":"2.0","id":"x","result":{}})");
  EXPECT_EQ(Encode(Response{2, NegotiateResult{"v=0", {}}}),
            R"({"jsonrpc":"2.0","id":2,"result":{"answer":"v=0","slots":[]}})");
  EXPECT_EQ(Encode(Response{2, SubscribeResult{"4"}}), R"({"jsonrpc":"2.0","id":2,"result":{"mid":"4"}})");
  EXPECT_EQ(Encode(Response{2, SubscribeResult{}}), R"({"jsonrpc":"2.0","id":2,"result":{"mid":null}})");
  EXPECT_EQ(Encode(Response{2, MessageResult{7}}), R"({"jsonrpc":"2.0","id":2,"result":{"seq":7}})");
  EXPECT_EQ(Encode(Response{2, PingResult{1763890000000}}),
            R"({"jsonrpc":"2.0","id":2,"result":{"time":1763890000000}})");
}

TEST(EncodeResponse, Errors) {
  EXPECT_EQ(Encode(Response{1, MakeError(SignalErrorKind::kSigExpired, "make a new one")}),
            R"({"jsonrpc":"2.0","id":1,"error":{"code":-100018,"message":"make a new one",)"
            R"("data":{"name":"sig_expired","detail":70001}}})");
  EXPECT_EQ(
      Encode(Response{{}, MakeError(SignalErrorKind::kParseError, "not JSON")}),
      R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"not JSON","data":{"name":"parse_error"}}})");
}

TEST(EncodeResponse, IsAlwaysUtf8) {
  EXPECT_EQ(Encode(Response{1, MakeError(SignalErrorKind::kSdpInvalid, "mid \xE6\x9D")}),
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-41007,\"message\":\"mid \xEF\xBF\xBD\xEF\xBF\xBD\","
            "\"data\":{\"name\":\"sdp_invalid\"}}}");
}

TEST(EncodeNotification, TextsOfTheContract) {
  const std::pair<Notification, std::string> table[] = {
      {MemberJoined{"bob", Role::kAnchor}, R"("memberJoined","params":{"userId":"bob","role":"anchor"})"},
      {MemberLeft{"bob", LeaveReason::kTimeout}, R"("memberLeft","params":{"userId":"bob","reason":"timeout"})"},
      {MemberPaused{"bob"}, R"("memberPaused","params":{"userId":"bob"})"},
      {MemberResumed{"bob"}, R"("memberResumed","params":{"userId":"bob"})"},
      {Streams{"bob", {{StreamType::kMain, true, false}}},
       R"("streams","params":{"userId":"bob","streams":[{"stream":"main","audio":true,"video":false}]})"},
      {Slots{{{"3", "bob", StreamType::kMain, MediaKind::kAudio}}},
       R"("slots","params":{"slots":[{"mid":"3","userId":"bob","stream":"main","kind":"audio"}]})"},
      {QualityReport{1, 6, {{"bob", 2, 0}}},
       R"("quality","params":{"uplink":1,"downlink":6,"members":[{"userId":"bob","uplink":2,"downlink":0}]})"},
      {MessageEvent{"bob", 3, 7, BytesOf("hi")},
       R"("message","params":{"userId":"bob","cmdId":3,"seq":7,"data":"aGk="})"},
      {Kicked{KickReason::kMediaTimeout}, R"("kicked","params":{"reason":"media_timeout"})"},
      {Dismissed{}, R"("dismissed","params":{})"},
      {Draining{}, R"("draining","params":{"reconnectTo":null})"},
  };
  for (const auto& [notification, text] : table) {
    EXPECT_EQ(Encode(notification), R"({"jsonrpc":"2.0","method":)" + text + "}");
  }
}

TEST(RoundTrip, Requests) {
  Enter enter;
  enter.sdk_app_id = 4294967295;
  enter.user_id = "李雷";
  enter.user_sig = "sig";
  enter.room = RoomName{std::string("lobby")};
  enter.scene = Scene::kLive;
  enter.role = Role::kAudience;
  enter.room_template = Template::kGrid;
  enter.private_map_key = "key";
  enter.recv_mode = 3;
  enter.cloudenv = "DEV";
  enter.resume = "token";
  enter.client = {"native", "0.1.0"};
  enter.offer = "v=0\r\n\"\\\t";
  enter.tracks = {{"0", MediaKind::kVideo, StreamType::kAux, false}};
  Enter least;
  least.user_id = "a";
  least.room = RoomName{1u};

  const RequestBody bodies[] = {
      enter,
      least,
      Exit{},
      Negotiate{"v=0", {{"1", MediaKind::kAudio, StreamType::kMain, true}}},
      Publish{StreamType::kMain, true, std::nullopt},
      Publish{StreamType::kAux, std::nullopt, false},
      Subscribe{"bob", StreamType::kAux, MediaKind::kVideo, Quality::kAuto},
      Unsubscribe{"bob", StreamType::kMain, MediaKind::kAudio},
      SwitchRole{Role::kAudience},
      Message{"bob", 10, BytesOf("\x01\xFF")},
      Message{std::nullopt, 1, {}},
      Stats{R"({"fps":[29,30]})"},
      Ping{},
      Urls{},
      Enter{.user_id = "phone", .room = RoomName{7u}, .media = Media::kRtmp},
  };
  for (const RequestBody& body : bodies) {
    for (const RequestId& id : {RequestId(-5), RequestId("five")}) {
      const Request request{id, body};
      const auto again = ParseRequest(Encode(request));
      ASSERT_TRUE(again.ok()) << again.error().error.message << "\n" << Encode(request);
      EXPECT_EQ(*again, request) << Encode(request);
    }
  }
}

TEST(RoundTrip, Responses) {
  const std::pair<Method, decltype(Response::body)> table[] = {
      {Method::kEnter, FullEnterResult()},
      {Method::kEnter, EnterResultWithoutSdp()},
      {Method::kUrls, FullUrls()},
      {Method::kUrls, MediaUrls{}},
      {Method::kExit, Empty{}},
      {Method::kNegotiate, NegotiateResult{"v=0", {{"3", "bob", StreamType::kMain, MediaKind::kAudio}}}},
      {Method::kPublish, Empty{}},
      {Method::kSubscribe, SubscribeResult{"4"}},
      {Method::kSubscribe, SubscribeResult{}},
      {Method::kUnsubscribe, Empty{}},
      {Method::kSwitchRole, Empty{}},
      {Method::kMessage, MessageResult{uint64_t{1} << 62}},
      {Method::kStats, Empty{}},
      {Method::kPing, PingResult{1763890000000}},
      {Method::kPing, MakeError(SignalErrorKind::kRateLimited, "slower")},
      {Method::kEnter, MakeError(SignalErrorKind::kAppUnknown, "which?")},
  };
  for (const auto& [method, body] : table) {
    const Response response{9, body};
    const PendingRequest pending[] = {{8, Method::kMessage}, {9, method}, {"9", Method::kMessage}};
    const auto again = ParseServerMessage(Encode(response), pending);
    ASSERT_TRUE(again.ok()) << again.error().message << "\n" << Encode(response);
    ASSERT_TRUE(std::holds_alternative<Response>(*again));
    EXPECT_EQ(std::get<Response>(*again), response) << Encode(response);
  }
}

TEST(EncodeNotification, OfMembersWithoutSdp) {
  EXPECT_EQ(Encode(Notification(Play{FullUrls().play})),
            R"({"jsonrpc":"2.0","method":"play","params":{)" + std::string(kPlayText) + "}}");
  EXPECT_EQ(Encode(Notification(VideoCodec{VideoCodecName::kH264})),
            R"({"jsonrpc":"2.0","method":"videoCodec","params":{"codec":"h264"}})");
  EXPECT_EQ(Encode(Notification(VideoCodec{})), R"({"jsonrpc":"2.0","method":"videoCodec","params":{"codec":null}})");
}

TEST(RoundTrip, Notifications) {
  const Notification table[] = {
      MemberJoined{"bob", Role::kAudience},
      MemberLeft{"bob", LeaveReason::kRole},
      MemberPaused{"bob"},
      MemberResumed{"bob"},
      Streams{"bob", {{StreamType::kAux, false, true}, {StreamType::kMain, true, true}}},
      Slots{{{"3", "bob", StreamType::kMain, MediaKind::kAudio}}},
      Slots{},
      QualityReport{1, 6, {{"bob", 2, 0}}},
      BitrateLimit{StreamType::kAux, 450},
      Layers{StreamType::kMain, {"q", "f"}},
      Speakers{{{"alice", 80}, {"bob", 0}}},
      Play{FullUrls().play},
      Play{},
      VideoCodec{VideoCodecName::kH264},
      VideoCodec{},
      MessageEvent{"bob", 10, 7, BytesOf("hi")},
      Kicked{KickReason::kRemoved},
      Dismissed{},
      Draining{},
      Draining{"wss://other"},
  };
  for (const Notification& notification : table) {
    const auto again = ParseServerMessage(Encode(notification), {});
    ASSERT_TRUE(again.ok()) << again.error().message << "\n" << Encode(notification);
    ASSERT_TRUE(std::holds_alternative<Notification>(*again));
    EXPECT_EQ(std::get<Notification>(*again), notification) << Encode(notification);
  }
}

TEST(RoundTrip, EveryWord) {
  const auto check = []<typename E>(E) {
    for (size_t i = 0; i < EnumWords<E>().size(); ++i) {
      const auto value = static_cast<E>(i);
      EXPECT_EQ(ParseEnum<E>(ToString(value)), value) << ToString(value);
    }
    EXPECT_EQ(ParseEnum<E>("nonsense"), std::nullopt);
  };
  check(MediaKind{});
  check(StreamType{});
  check(Role{});
  check(Scene{});
  check(Template{});
  check(Quality{});
  check(LeaveReason{});
  check(KickReason{});
  check(Media{});
  check(VideoCodecName{});
  check(Method{});
}

TEST(ParseServerMessage, WhatAClientMustBearWith) {
  const PendingRequest pending[] = {{1, Method::kPing}};
  const auto code_of = [&](const std::string& text) {
    const auto parsed = ParseServerMessage(text, pending);
    return parsed.ok() ? std::optional<ErrorCode>() : parsed.error().code;
  };
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"result":{"time":5,"new":true}})"), std::nullopt);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":2,"result":{}})"), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":"1","result":{}})"), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":null,"result":{}})"), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","method":"party","params":{}})"), ErrorCode::kUnsupported);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1})"), ErrorCode::kMalformed);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"result":{"time":"5"}})"), ErrorCode::kMalformed);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","id":1,"result":[]})"), ErrorCode::kMalformed);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","method":"kicked","params":{"reason":"tired"}})"), ErrorCode::kMalformed);
  EXPECT_EQ(code_of(R"({"jsonrpc":"2.0","method":"kicked"})"), ErrorCode::kMalformed);
  EXPECT_EQ(code_of(R"({"id":1,"result":{"time":5}})"), ErrorCode::kMalformed);
  EXPECT_EQ(code_of("[]"), ErrorCode::kMalformed);
  EXPECT_EQ(code_of("{"), ErrorCode::kMalformed);
  EXPECT_EQ(code_of(std::string(kMaxServerMessageBytes + 1, ' ')), ErrorCode::kLimit);
}

TEST(ParseServerMessage, ErrorsThatItDoesNotKnow) {
  const auto error_of = [](const std::string& text) {
    const auto parsed = ParseServerMessage(text, {});
    EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().message);
    return parsed.ok() ? std::get<SignalError>(std::get<Response>(*parsed).body) : SignalError();
  };
  EXPECT_EQ(error_of(R"({"jsonrpc":"2.0","id":null,"error":{"code":-5,"message":"m","data":{"name":"too_loud"}}})"),
            (SignalError{-5, kUnknownErrorName, "m", std::nullopt}));
  EXPECT_EQ(error_of(R"({"jsonrpc":"2.0","id":null,"error":{"code":-5,"message":"m"}})"),
            (SignalError{-5, kUnknownErrorName, "m", std::nullopt}));
}

}  // namespace
}  // namespace duet::signal
