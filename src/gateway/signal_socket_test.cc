// Signalling sessions over real WebSockets on loopback, with Control played by the test.
#include "gateway/signal_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/test_doors.h"

namespace duet {
namespace {

using testing::HasSubstr;

constexpr std::string_view kPing = R"({"jsonrpc":"2.0","id":5,"method":"ping","params":{}})";

class SignalSocketTest : public testing::Test {
 protected:
  void Open(const DoorOptions& options = {}) {
    client_.reset();
    doors_ = std::make_unique<TestDoors>(Pages(), AppRegistry(), options);
    client_ = std::make_unique<TestWebSocket>(doors_->http_port);
    ASSERT_TRUE(client_->connected());
    session_ = doors_->backend.NextOf<SessionOpened>().session;
  }
  void SetUp() override { Open(); }
  void ExpectClosed() { EXPECT_EQ(doors_->backend.NextOf<SessionClosed>().session, session_); }

  std::unique_ptr<TestDoors> doors_;
  std::unique_ptr<TestWebSocket> client_;
  SessionId session_;
};

TEST_F(SignalSocketTest, CarriesRequestsAndAnswers) {
  client_->Send(kPing);
  const ControlInput input = doors_->backend.NextOf<signal::Request>();
  EXPECT_EQ(input.session, session_);
  const auto& request = std::get<signal::Request>(input.what);
  doors_->Deliver({session_, signal::Response{request.id, signal::PingResult{42}}});
  EXPECT_EQ(client_->Read(), R"({"jsonrpc":"2.0","id":5,"result":{"time":42}})");
  doors_->Deliver({session_, signal::Notification(signal::MemberPaused{"bob"})});
  EXPECT_THAT(client_->Read(), HasSubstr("memberPaused"));
  client_->Close();
  ExpectClosed();
}

TEST_F(SignalSocketTest, AnswersGarbageItself) {
  client_->Send("{");
  EXPECT_THAT(client_->Read(), HasSubstr("parse_error"));
  EXPECT_TRUE(doors_->backend.idle());
}

TEST_F(SignalSocketTest, TellsWhenTheClientIsGoneWithoutAWord) {
  client_->Drop();
  ExpectClosed();
}

TEST_F(SignalSocketTest, KnowsItsSessionsApart) {
  TestWebSocket other(doors_->http_port);
  const SessionId second = doors_->backend.NextOf<SessionOpened>().session;
  EXPECT_NE(second, session_);
  doors_->Deliver({second, signal::Notification(signal::MemberPaused{"second"})});
  doors_->Deliver({session_, signal::Notification(signal::MemberPaused{"first"})});
  doors_->Deliver({SessionId(999), signal::Notification(signal::MemberPaused{"nobody"})});
  EXPECT_THAT(client_->Read(), HasSubstr("first"));
  EXPECT_THAT(other.Read(), HasSubstr("second"));
}

TEST_F(SignalSocketTest, ClosesWithTheCodeOfControlAfterWhatWasSaid) {
  doors_->OnIoThread([&] {
    std::vector<ControlOutput> outputs;
    outputs.push_back({session_, signal::Notification(signal::Draining{})});
    outputs.push_back({session_, CloseSession{CloseCode::kDraining, "the server is stopping"}});
    outputs.push_back({session_, signal::Notification(signal::MemberPaused{"too late"})});
    doors_->hub.Deliver(std::move(outputs));
  });
  EXPECT_THAT(client_->Read(), HasSubstr("draining"));
  EXPECT_EQ(client_->Read(), "");
  EXPECT_EQ(client_->CloseCode(), 4003);
  EXPECT_EQ(client_->CloseReason(), "the server is stopping");
  ExpectClosed();
}

TEST_F(SignalSocketTest, TextFramesOnly) {
  client_->Send(kPing, true);
  EXPECT_EQ(client_->CloseCode(), websocket::close_code::unknown_data);
  ExpectClosed();
}

TEST_F(SignalSocketTest, MessagesAreBounded) {
  std::string fits(kPing);
  fits.resize(64 * 1024, ' ');
  client_->Send(fits);
  doors_->backend.NextOf<signal::Request>();
  client_->Send(fits + " ");
  EXPECT_EQ(client_->CloseCode(), websocket::close_code::too_big);
  ExpectClosed();
}

TEST_F(SignalSocketTest, FloodsAreCutOff) {
  for (int i = 0; i < 2000; ++i) client_->Send("{");
  while (!client_->Read().empty()) {}
  ExpectClosed();
  EXPECT_THAT(doors_->log.text(), HasSubstr("signalling closed: too many requests"));
}

TEST_F(SignalSocketTest, WaitsForRoomInControlAndLosesNothing) {
  doors_->backend.SetFull(true);
  const size_t before = doors_->backend.offered();
  client_->Send(kPing);
  client_->Send(R"({"jsonrpc":"2.0","id":6,"method":"exit","params":{}})");
  doors_->backend.WaitForOffers(before + 3);  // tried again and again
  EXPECT_TRUE(doors_->backend.idle());
  doors_->backend.SetFull(false);
  const auto first = doors_->backend.NextOf<signal::Request>();
  const auto second = doors_->backend.NextOf<signal::Request>();
  EXPECT_TRUE(std::holds_alternative<signal::Ping>(std::get<signal::Request>(first.what).body));
  EXPECT_TRUE(std::holds_alternative<signal::Exit>(std::get<signal::Request>(second.what).body));
}

TEST_F(SignalSocketTest, ClientsThatDoNotReadAreCutOff) {
  // Far more than the kernel buffers on both sides plus the queue.
  const std::string large(60'000, 'x');
  size_t sessions = 1;
  for (int i = 0; i < 1000 && sessions == 1; ++i) {
    doors_->Deliver({session_, signal::Notification(signal::MemberPaused{large})});
    doors_->OnIoThread([&] { sessions = doors_->hub.size(); });
  }
  ExpectClosed();
  EXPECT_THAT(doors_->log.text(), HasSubstr("does not read its messages"));
}

TEST_F(SignalSocketTest, BurstsWithinTheQueueArrive) {
  doors_->OnIoThread([&] {
    std::vector<ControlOutput> outputs;
    for (size_t i = 0; i < kMaxQueuedMessages; ++i)
      outputs.push_back({session_, signal::Notification(signal::MemberPaused{std::to_string(i)})});
    doors_->hub.Deliver(std::move(outputs));
  });
  for (size_t i = 0; i < kMaxQueuedMessages; ++i)
    EXPECT_THAT(client_->Read(), HasSubstr("\"" + std::to_string(i) + "\""));
}

TEST_F(SignalSocketTest, SilentClientsAreClosed) {
  DoorOptions options;
  options.timeouts.signal_idle = Duration::Millis(50);
  Open(options);
  // Nobody reads, so nobody answers the ping.
  ExpectClosed();
}

TEST_F(SignalSocketTest, OnlyAtItsAddress) {
  TestWebSocket elsewhere(doors_->http_port, "/v1/other");
  EXPECT_FALSE(elsewhere.connected());
  TestWebSocket with_query(doors_->http_port, "/v1/signal?x=1");
  EXPECT_TRUE(with_query.connected());
}

TEST_F(SignalSocketTest, StopsWithOpenSocketsAndWithoutRoomInControl) {
  doors_->backend.SetFull(true);
  const size_t before = doors_->backend.offered();
  client_->Send(kPing);
  doors_->backend.WaitForOffers(before + 1);
  doors_->Stop();  // joins
  EXPECT_EQ(doors_->hub.size(), 0u);
  EXPECT_EQ(doors_->guard.size(), 0u);
}

}  // namespace
}  // namespace duet
