#include "gateway/signal_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/test_backend.h"

namespace duet {
namespace {

using testing::HasSubstr;
using testing::Not;

Time At(int64_t ms) { return Time::FromMillis(1'000'000 + ms); }

constexpr std::string_view kPing = R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{}})";
constexpr std::string_view kEnter =
    R"({"jsonrpc":"2.0","id":7,"method":"enter","params":{"protocol":1,"sdkAppId":1400000001,"userId":"alice",)"
    R"("userSig":"TOPSECRET","room":1234,"privateMapKey":"MAPSECRET","resume":"RESUMESECRET","offer":"v=0","tracks":[]}})";

class SignalSessionTest : public testing::Test {
 protected:
  MemoryLog log_;
  SignalSession session_{SessionId(12), ClientAddress{"192.168.1.77", "calls.example.com", true}, Log(&log_)};
};

TEST_F(SignalSessionTest, PassesRequestsOn) {
  const auto incoming = session_.OnText(At(0), kPing);
  ASSERT_TRUE(incoming.input.has_value());
  EXPECT_EQ(incoming.input->session, SessionId(12));
  const auto* request = std::get_if<signal::Request>(&incoming.input->what);
  ASSERT_NE(request, nullptr);
  EXPECT_TRUE(std::holds_alternative<signal::Ping>(request->body));
  EXPECT_EQ(incoming.reply, "");
  EXPECT_FALSE(incoming.too_many);
}

TEST_F(SignalSessionTest, AnswersWhatIsNoRequest) {
  EXPECT_THAT(session_.OnText(At(0), "{").reply, HasSubstr("parse_error"));
  EXPECT_THAT(session_.OnText(At(0), R"({"jsonrpc":"2.0","id":"x","method":"dance"})").reply,
              testing::AllOf(HasSubstr("unknown_method"), HasSubstr(R"("id":"x")")));
}

TEST_F(SignalSessionTest, LimitsTheRate) {
  int passed = 0;
  int refused = 0;
  for (int i = 0; i < 150; ++i) {
    const auto incoming = session_.OnText(At(0), kPing);
    passed += incoming.input ? 1 : 0;
    refused += incoming.reply.find("rate_limited") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(passed, 100);
  EXPECT_EQ(refused, 50);
  EXPECT_THAT(session_.OnText(At(0), kPing).reply, HasSubstr(R"("id":1)"));
  EXPECT_TRUE(session_.OnText(At(20), kPing).input.has_value());
  // Garbage counts as well.
  EXPECT_THAT(session_.OnText(At(20), "{").reply, HasSubstr("rate_limited"));
}

TEST_F(SignalSessionTest, GivesUpOnAFlood) {
  bool too_many = false;
  size_t n = 0;
  while (!too_many && n < 10'000) {
    too_many = session_.OnText(At(0), kPing).too_many;
    ++n;
  }
  EXPECT_EQ(n, SignalSession::kRequestBurst + SignalSession::kRefusalBurst + 1);
}

TEST_F(SignalSessionTest, LogCarriesRoomAndUserOnceEntered) {
  session_.log().Info("before");
  session_.OnText(At(0), kEnter);
  session_.log().Info("asking");
  session_.OnResponse({signal::RequestId(int64_t{7}), signal::EnterResult{}});
  session_.log().Info("inside");
  session_.OnText(At(0), R"({"jsonrpc":"2.0","id":8,"method":"exit","params":{}})");
  session_.OnResponse({signal::RequestId(int64_t{8}), signal::Empty{}});
  session_.log().Info("after");
  EXPECT_EQ(log_.text(),
            "session=12|before\nsession=12|asking\nsession=12 room=1234 user=alice|inside\nsession=12|after\n");
}

TEST_F(SignalSessionTest, RefusedEnterLeavesTheLogAsItWas) {
  session_.OnText(At(0), kEnter);
  session_.OnResponse({signal::RequestId(int64_t{7}), signal::MakeError(signal::SignalErrorKind::kRoomFull, "full")});
  session_.log().Info("still outside");
  EXPECT_EQ(log_.text(), "session=12|still outside\n");
}

TEST_F(SignalSessionTest, SecretsStayOutOfTheLog) {
  session_.OnText(At(0), kEnter);
  session_.OnText(At(0), R"({"jsonrpc":"2.0","id":9,"method":"enter","params":{"userSig":"TOPSECRET"}})");
  EXPECT_THAT(log_.text(), Not(HasSubstr("SECRET")));
}

TEST_F(SignalSessionTest, OpensAndCloses) {
  const ControlInput opened = session_.Opened();
  const auto* what = std::get_if<SessionOpened>(&opened.what);
  ASSERT_NE(what, nullptr);
  EXPECT_EQ(what->remote, "192.168.1.77");
  what->log.Info("control");
  EXPECT_EQ(log_.text(), "session=12|control\n");
  EXPECT_TRUE(std::holds_alternative<SessionClosed>(session_.Closed().what));
}

}  // namespace
}  // namespace duet
