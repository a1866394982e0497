// WHIP and WHEP over real connections on loopback, with Control played by the test.
#include "gateway/whip_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "auth/usersig.h"
#include "gateway/test_doors.h"

namespace duet {
namespace {

using testing::HasSubstr;

constexpr uint32_t kDevApp = 1400000001;
constexpr uint32_t kOtherApp = 1400000002;
const std::string kOffer = "v=0\r\na=sendonly\r\na=recvonly\r\n";
using Answer = http::response<http::string_body>;

class WhipDoorTest : public testing::Test {
 protected:
  void SetUp() override { Open(true); }
  void Open(bool with_development_app) {
    client_.reset();
    doors_.reset();
    AppRegistry apps;
    App development{kDevApp, std::string(64, 'a'), "DEV"};
    development.development = true;
    if (with_development_app) {
      EXPECT_TRUE(apps.Add(development).ok());
    }
    EXPECT_TRUE(apps.Add({kOtherApp, std::string(64, 'b'), "PRO"}).ok());
    doors_ = std::make_unique<TestDoors>(Pages(), std::move(apps));
    client_ = std::make_unique<TestClient>(doors_->http_port);
  }

  void Send(const std::string& method, const std::string& target, const std::string& headers, const std::string& body) {
    client_->Write(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers +
                   "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  Answer Ask(const std::string& method, const std::string& target, const std::string& headers = "",
             const std::string& body = "") {
    Send(method, target, headers, body);
    return client_->Read();
  }
  void Post(const std::string& target, const std::string& headers = "") {
    Send("POST", target, "Content-Type: application/sdp\r\n" + headers, kOffer);
  }
  // What came to Control of a POST.
  signal::Enter NextEnter() {
    const auto opened = doors_->backend.NextOf<SessionOpened>();
    session_ = opened.session;
    EXPECT_TRUE(std::get<SessionOpened>(opened.what).silent);
    ControlInput input = doors_->backend.NextOf<signal::Request>();
    auto& request = std::get<signal::Request>(input.what);
    request_ = request.id;
    return std::get<signal::Enter>(request.body);
  }
  void Reply(decltype(signal::Response::body) body) {
    doors_->Deliver({session_, signal::Response{request_, std::move(body)}});
  }
  // A publisher that was let in; its Location.
  std::string Publish() {
    Post("/v1/whip/1400000002/7/alice", "Authorization: Bearer SIG\r\n");
    NextEnter();
    Reply(signal::EnterResult{.answer = "v=0 answer"});
    const Answer answer = client_->Read();
    EXPECT_EQ(answer.result_int(), 201);
    return std::string(answer[http::field::location]);
  }
  static std::string NameOf(const Answer& answer) {
    EXPECT_EQ(answer[http::field::content_type], "application/problem+json");
    EXPECT_EQ(answer[http::field::access_control_allow_origin], "*");
    return std::string(boost::json::parse(answer.body()).at("name").as_string());
  }

  std::unique_ptr<TestDoors> doors_;
  std::unique_ptr<TestClient> client_;
  SessionId session_;
  signal::RequestId request_;
};

TEST_F(WhipDoorTest, LetsAPublisherIn) {
  Post("/v1/whip/1400000002/7/alice?privatemapkey=KEY", "Authorization: Bearer SIG\r\n");
  const signal::Enter enter = NextEnter();
  EXPECT_EQ(enter.sdk_app_id, kOtherApp);
  EXPECT_EQ(enter.room, signal::RoomName{7u});
  EXPECT_EQ(enter.user_id, "alice");
  EXPECT_EQ(enter.user_sig, "SIG");
  EXPECT_EQ(enter.private_map_key, "KEY");
  EXPECT_EQ(enter.role, signal::Role::kAnchor);
  EXPECT_EQ(enter.recv_mode, 4);
  EXPECT_EQ(enter.offer, kOffer);
  Reply(signal::EnterResult{
      .answer = "v=0 answer",
      .ice_servers = {{.urls = {"turn:turn.example:3478"}, .username = "u", .credential = "c"}, {.urls = {"stun:s"}}}});
  const Answer answer = client_->Read();
  EXPECT_EQ(answer.result_int(), 201);
  EXPECT_EQ(answer.body(), "v=0 answer");
  EXPECT_EQ(answer[http::field::content_type], "application/sdp");
  EXPECT_THAT(std::string(answer[http::field::location]), testing::StartsWith("/v1/whip/sessions/"));
  EXPECT_EQ(answer[http::field::etag], "\"1\"");
  EXPECT_EQ(answer["Accept-Patch"], "application/trickle-ice-sdpfrag");
  EXPECT_EQ(answer[http::field::link],
            "<turn:turn.example:3478>; rel=\"ice-server\"; username=\"u\"; credential=\"c\"; "
            "credential-type=\"password\", <stun:s>; rel=\"ice-server\"");
  EXPECT_THAT(std::string(answer[http::field::access_control_expose_headers]), HasSubstr("Location, ETag, Link"));
  EXPECT_TRUE(doors_->backend.idle());
  EXPECT_THAT(doors_->log.text(), testing::Not(HasSubstr("SIG")));
}

TEST_F(WhipDoorTest, LetsAViewerIn) {
  Post("/v1/whep/1400000002/7/alice?stream=aux&quality=small&userid=bob", "Authorization: Bearer SIG\r\n");
  const signal::Enter enter = NextEnter();
  EXPECT_EQ(enter.user_id, "bob");
  EXPECT_EQ(enter.role, signal::Role::kAudience);
  for (const auto kind : {signal::MediaKind::kAudio, signal::MediaKind::kVideo}) {
    const ControlInput input = doors_->backend.NextOf<signal::Request>();
    EXPECT_EQ(std::get<signal::Subscribe>(std::get<signal::Request>(input.what).body),
              (signal::Subscribe{"alice", signal::StreamType::kAux, kind, signal::Quality::kSmall}));
    // Its answer is not the one that is waited for.
    doors_->Deliver({session_, signal::Response{std::get<signal::Request>(input.what).id, signal::SubscribeResult{}}});
  }
  Reply(signal::EnterResult{.answer = "v=0 answer"});
  const Answer answer = client_->Read();
  EXPECT_EQ(answer.result_int(), 201);
  EXPECT_THAT(std::string(answer[http::field::location]), testing::StartsWith("/v1/whep/sessions/"));
}

TEST_F(WhipDoorTest, TakesTheViewerFromTheToken) {
  const App app{kOtherApp, std::string(64, 'b'), "PRO"};
  Post("/v1/whep/1400000002/7/alice", "Authorization: bearer " + CreateUserSig(app, "carol", 1700000000, 60) + "\r\n");
  EXPECT_EQ(NextEnter().user_id, "carol");
}

TEST_F(WhipDoorTest, SignsForTheDevelopmentAppOnLoopback) {
  for (const auto& [target, headers, user] : std::initializer_list<std::array<std::string, 3>>{
           {"/v1/whip/1400000001/7/alice", "Authorization: Bearer unsigned\r\n", "alice"},
           {"/whip/7/alice", "", "alice"},
           {"/whep/7/alice?userid=bob", "", "bob"}}) {
    Open(true);
    Post(target, headers);
    const signal::Enter enter = NextEnter();
    EXPECT_EQ(enter.sdk_app_id, kDevApp);
    EXPECT_EQ(enter.user_id, user);
    EXPECT_TRUE(VerifyUserSig(doors_->apps, kDevApp, user, enter.user_sig, OsClock::UnixSeconds()).ok());
  }
  Open(true);
  Post("/whep/7/alice");
  EXPECT_THAT(NextEnter().user_id, testing::StartsWith("viewer-"));
}

TEST_F(WhipDoorTest, DemandsASignatureOtherwise) {
  for (const std::string headers : {"", "Authorization: Bearer unsigned\r\n", "Authorization: Basic abc\r\n"}) {
    Post("/v1/whip/1400000002/7/alice", headers);
    const Answer answer = client_->Read();
    EXPECT_EQ(answer.result_int(), 401);
    EXPECT_EQ(answer[http::field::www_authenticate], "Bearer");
    EXPECT_EQ(NameOf(answer), "sig_malformed");
  }
  Open(false);
  Post("/v1/whip/1400000001/7/alice");
  EXPECT_EQ(client_->Read().result_int(), 401);
  Post("/whip/7/alice");
  EXPECT_EQ(client_->Read().result_int(), 404);
  EXPECT_TRUE(doors_->backend.idle());
}

TEST_F(WhipDoorTest, PassesErrorsOfControlOn) {
  using signal::SignalErrorKind;
  for (const auto& [kind, status] :
       std::initializer_list<std::pair<SignalErrorKind, int>>{{SignalErrorKind::kSigExpired, 401},
                                                              {SignalErrorKind::kMapKeyWrongRoom, 403},
                                                              {SignalErrorKind::kRoomFull, 409},
                                                              {SignalErrorKind::kSdpInvalid, 400},
                                                              {SignalErrorKind::kNoCommonCodec, 422},
                                                              {SignalErrorKind::kServerDraining, 503}}) {
    Post("/v1/whip/1400000002/7/alice", "Authorization: Bearer SIG\r\n");
    NextEnter();
    Reply(signal::MakeError(kind, "Do this."));
    const Answer answer = client_->Read();
    EXPECT_EQ(answer.result_int(), static_cast<unsigned>(status));
    EXPECT_EQ(NameOf(answer), signal::InfoOf(kind).name);
    const auto problem = boost::json::parse(answer.body());
    EXPECT_EQ(problem.at("detail").as_string(), "Do this.");
    EXPECT_EQ(problem.at("code").to_number<int>(), signal::InfoOf(kind).code);
    EXPECT_EQ(doors_->backend.NextOf<SessionClosed>().session, session_) << "Control is told to forget it";
  }
}

TEST_F(WhipDoorTest, EndsOnDelete) {
  const std::string location = Publish();
  EXPECT_EQ(Ask("DELETE", location).result_int(), 200);
  EXPECT_EQ(doors_->backend.NextOf<SessionClosed>().session, session_);
  EXPECT_EQ(NameOf(Ask("DELETE", location)), "session_unknown");
}

TEST_F(WhipDoorTest, EndsWhenControlSaysSo) {
  const std::string location = Publish();
  doors_->Deliver({session_, CloseSession{CloseCode::kKicked, "media_timeout"}});
  EXPECT_EQ(doors_->backend.NextOf<SessionClosed>().session, session_);
  EXPECT_EQ(Ask("DELETE", location).result_int(), 404);
}

TEST_F(WhipDoorTest, EndsWhileItWaitsForTheAnswer) {
  Post("/v1/whip/1400000002/7/alice", "Authorization: Bearer SIG\r\n");
  NextEnter();
  doors_->Deliver({session_, CloseSession{CloseCode::kDraining, "the server is stopping"}});
  const Answer answer = client_->Read();
  EXPECT_EQ(answer.result_int(), 503);
  EXPECT_EQ(answer[http::field::retry_after], "5");
  EXPECT_EQ(doors_->backend.NextOf<SessionClosed>().session, session_);
}

TEST_F(WhipDoorTest, TakesTrickledCandidates) {
  const std::string location = Publish();
  const std::string type = "Content-Type: application/trickle-ice-sdpfrag\r\n";
  const std::string fragment = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n";
  EXPECT_EQ(Ask("PATCH", location, type + "If-Match: \"1\"\r\n", fragment).result_int(), 204);
  EXPECT_EQ(NameOf(Ask("PATCH", location, type, fragment)), "if_match_missing");
  EXPECT_EQ(Ask("PATCH", location, type, fragment).result_int(), 428);
  EXPECT_EQ(Ask("PATCH", location, type + "If-Match: \"2\"\r\n", fragment).result_int(), 412);
  EXPECT_EQ(Ask("PATCH", location, type + "If-Match: \"1\"\r\n", "{}").result_int(), 400);
  EXPECT_EQ(Ask("PATCH", location, "If-Match: \"1\"\r\n", fragment).result_int(), 415);
  EXPECT_TRUE(doors_->backend.idle());
}

TEST_F(WhipDoorTest, RestartsIce) {
  const std::string location = Publish();
  const std::string type = "Content-Type: application/trickle-ice-sdpfrag\r\n";
  Send("PATCH", location, type + "If-Match: *\r\n", "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n");
  const ControlInput input = doors_->backend.NextOf<RestartIce>();
  EXPECT_EQ(input.session, session_);
  EXPECT_EQ(std::get<RestartIce>(input.what).remote.ufrag, "abcd");
  doors_->Deliver({session_, IceRestarted{SdpFragment{.ice = SdpIce{"efgh", "2222222222222222222222"}}, "0"}});
  const Answer answer = client_->Read();
  EXPECT_EQ(answer.result_int(), 200);
  EXPECT_EQ(answer[http::field::content_type], "application/trickle-ice-sdpfrag");
  EXPECT_EQ(answer[http::field::etag], "\"2\"");
  EXPECT_THAT(answer.body(), HasSubstr("a=ice-ufrag:efgh\r\n"));
  EXPECT_EQ(Ask("PATCH", location, type + "If-Match: \"1\"\r\n").result_int(), 412) << "the ETag of before";
  EXPECT_EQ(Ask("PATCH", location, type + "If-Match: *\r\n", "a=mid:0\r\n").result_int(), 400) << "no credentials";
}

TEST_F(WhipDoorTest, TellsWhenThereIsNothingToRestart) {
  const std::string location = Publish();
  Send("PATCH", location, "Content-Type: application/trickle-ice-sdpfrag\r\nIf-Match: *\r\n",
       "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n");
  doors_->backend.NextOf<RestartIce>();
  doors_->Deliver({session_, IceRestarted{}});
  EXPECT_EQ(client_->Read().result_int(), 404);
}

TEST_F(WhipDoorTest, AnswersOptionsAndOtherMethods) {
  const Answer endpoint = Ask("OPTIONS", "/v1/whip/1400000001/7/alice", "Origin: https://example.org\r\n");
  EXPECT_EQ(endpoint.result_int(), 204);
  EXPECT_EQ(endpoint["Accept-Post"], "application/sdp");
  EXPECT_EQ(endpoint[http::field::access_control_allow_origin], "*");
  EXPECT_EQ(endpoint[http::field::access_control_allow_methods], "POST, OPTIONS");
  EXPECT_EQ(endpoint[http::field::access_control_allow_headers], "authorization, content-type, if-match");
  const Answer session = Ask("OPTIONS", "/v1/whep/sessions/abc");
  EXPECT_EQ(session[http::field::access_control_allow_methods], "DELETE, PATCH, OPTIONS");
  EXPECT_EQ(session["Accept-Patch"], "application/trickle-ice-sdpfrag");
  const Answer get = Ask("GET", "/v1/whip/1400000001/7/alice");
  EXPECT_EQ(get.result_int(), 405);
  EXPECT_EQ(get[http::field::allow], "POST, OPTIONS");
  EXPECT_EQ(Ask("POST", "/v1/whip/sessions/abc").result_int(), 405);
  EXPECT_EQ(Ask("GET", "/v1/whip/7").result_int(), 404);
  EXPECT_EQ(NameOf(Ask("POST", "/v1/whip/0/7/alice")), "bad_request");
  EXPECT_EQ(Ask("POST", "/whip/7/alice", "Content-Type: application/json\r\n", "{}").result_int(), 415);
}

TEST_F(WhipDoorTest, StopsWithSessionsAndWithWaitingClients) {
  Publish();
  Post("/v1/whip/1400000002/7/bob", "Authorization: Bearer SIG\r\n");
  NextEnter();
  doors_->Stop();
  EXPECT_EQ(doors_->whip.sessions(), 1u) << "the one that waited was given up";
}

TEST(OneWayOfferTest, MakesBothWaysOneWay) {
  const std::string section = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n";
  const std::string head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
  EXPECT_THAT(OneWayOffer(head + section + "a=sendrecv\r\n", false), HasSubstr("a=sendonly"));
  EXPECT_THAT(OneWayOffer(head + section + "a=sendrecv\r\n", true), HasSubstr("a=recvonly"));
  EXPECT_THAT(OneWayOffer(head + section, true), HasSubstr("a=recvonly")) << "both ways when nothing is said";
  const std::string plain = head + section + "a=sendonly\r\n";
  EXPECT_EQ(OneWayOffer(plain, false), plain);
  EXPECT_EQ(OneWayOffer("nonsense", false), "nonsense");
}

}  // namespace
}  // namespace duet
