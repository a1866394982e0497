#include "core/ice/ice_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/ice/ice_test_support.h"

namespace duet {
namespace {

using State = IceClient::State;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

const Endpoint kServerA{IpAddress::V4(203, 0, 113, 1), 40000};
const Endpoint kServerB{IpAddress::Parse("2001:db8::1").value(), 40000};
const Endpoint kHome{IpAddress::V4(192, 0, 2, 1), 5000};
const Endpoint kElsewhere{IpAddress::V4(192, 0, 2, 9), 5009};

Time At(int64_t ms) { return Time::FromMillis(1'700'000'000'000 + ms); }

class IceClientTest : public testing::Test {
 protected:
  // Runs every timer up to `until` and returns when something was sent, in ms. `deliver(ms, transmit)` sees each
  // datagram.
  template <typename F>
  std::vector<int64_t> RunUntil(int64_t until, F&& deliver) {
    std::vector<int64_t> sent;
    for (now_ = std::max(now_, client_.NextTimer()); now_ <= At(until); now_ = std::max(now_, client_.NextTimer())) {
      client_.OnTimer(now_, out_);
      std::vector<Transmit> queued(out_.queued().begin(), out_.queued().end());
      out_.Clear();
      for (const Transmit& transmit : queued) {
        sent.push_back((now_ - At(0)).ms());
        deliver(transmit);
      }
      if (client_.NextTimer() <= now_) now_ = now_ + Duration::Millis(1);
    }
    now_ = At(until);
    return sent;
  }
  std::vector<int64_t> RunInSilence(int64_t until) {
    return RunUntil(until, [](const Transmit&) {});
  }
  // The server hears from `from` and answers at once.
  void Exchange(const Transmit& transmit, const Endpoint& from) {
    const auto request = StunMessage::Parse(transmit.packet->bytes());
    ASSERT_TRUE(request.ok());
    Outbox answers(pool_);
    server_.OnStun(now_, from, *request, answers);
    for (const Transmit& answer : answers.queued()) {
      client_.OnStun(now_, transmit.to, StunMessage::Parse(answer.packet->bytes()).value());
    }
  }
  void Connect() {
    RunUntil(0, [&](const Transmit& t) { Exchange(t, kHome); });
    ASSERT_EQ(client_.state(), State::kConnected);
  }
  bool Answer(const Transmit& transmit, const Endpoint& from, StunClass message_class, std::string_view password,
              int code = 0) {
    const auto request = StunMessage::Parse(transmit.packet->bytes()).value();
    std::array<std::byte, 256> bytes;
    StunWriter writer(bytes, message_class, kStunBinding, request.transaction_id());
    if (code != 0) writer.AddErrorCode(code, "");
    if (!password.empty()) writer.AddMessageIntegrity(password);
    return client_.OnStun(now_, from, StunMessage::Parse(writer.message()).value());
  }

  PacketPool pool_{64};
  Outbox out_{pool_};
  SeededRng rng_{1};
  Time now_ = At(0);
  const Endpoint candidates_[2] = {kServerA, kServerB};
  IceClient client_{kClient, kServer, candidates_, {}, rng_};
  IceAgent server_{kServer, kClient};
};

TEST_F(IceClientTest, ConnectsToTheLiteAgentInOneRoundTrip) {
  EXPECT_EQ(client_.state(), State::kChecking);
  Connect();
  EXPECT_THAT(client_.selected(), Optional(kServerA));
  EXPECT_THAT(client_.mapped(), Optional(kHome));
  EXPECT_THAT(server_.selected(), Optional(kHome));
  EXPECT_TRUE(server_.nominated());
}

TEST_F(IceClientTest, RepeatsAsRfc8489SaysAndThenFails) {
  std::vector<StunTransactionId> ids;
  const auto sent = RunUntil(60'000, [&](const Transmit& t) {
    if (t.to == kServerA) ids.push_back(StunMessage::Parse(t.packet->bytes()).value().transaction_id());
  });
  EXPECT_THAT(sent, ElementsAre(0, 50, 500, 550, 1500, 1550, 3500, 3550, 7500, 7550, 15500, 15550, 31500, 31550));
  EXPECT_EQ(std::count(ids.begin(), ids.end(), ids[0]), IceClient::kMaxTries);
  EXPECT_EQ(client_.state(), State::kFailed);
  EXPECT_TRUE(client_.NextTimer().is_never());
  EXPECT_EQ(client_.last_error(), 0);
}

TEST_F(IceClientTest, WaitsForTheAnswerToTheLastTry) {
  RunInSilence(31'500 + 50 + 7'999);
  EXPECT_EQ(client_.state(), State::kChecking);
  RunInSilence(31'500 + 50 + 8'000);
  EXPECT_EQ(client_.state(), State::kFailed);
}

TEST_F(IceClientTest, TakesTheCandidateThatAnswers) {
  RunUntil(2000, [&](const Transmit& t) {
    if (t.to == kServerB) Exchange(t, kHome);
  });
  EXPECT_THAT(client_.selected(), Optional(kServerB));
}

TEST_F(IceClientTest, BelievesOnlyProperAnswers) {
  struct Case {
    const char* name;
    Endpoint from;
    StunClass message_class;
    std::string password;
  };
  const Case cases[] = {{"no integrity", kServerA, StunClass::kSuccess, ""},
                        {"wrong integrity", kServerA, StunClass::kSuccess, kClient.password},
                        {"from elsewhere", kElsewhere, StunClass::kSuccess, kServer.password},
                        {"not an answer", kServerA, StunClass::kRequest, kServer.password}};
  RunUntil(0, [&](const Transmit& t) {
    for (const Case& c : cases) {
      EXPECT_FALSE(Answer(t, c.from, c.message_class, c.password)) << c.name;
      EXPECT_EQ(client_.selected(), std::nullopt) << c.name;
    }
    // A transaction that was never begun.
    const auto made_up = MakeCheck({.message_class = StunClass::kSuccess});
    EXPECT_FALSE(client_.OnStun(now_, kServerA, StunMessage::Parse(made_up).value()));
    EXPECT_TRUE(Answer(t, kServerA, StunClass::kSuccess, kServer.password));
  });
  EXPECT_THAT(client_.selected(), Optional(kServerA));
}

TEST_F(IceClientTest, FailsWhenEveryCandidateRefuses) {
  RunUntil(100, [&](const Transmit& t) { Answer(t, t.to, StunClass::kError, "", 401); });
  EXPECT_EQ(client_.state(), State::kFailed);
  EXPECT_EQ(client_.last_error(), 401);
}

TEST_F(IceClientTest, AnErrorThatCouldBeProvedMustBe) {
  RunUntil(0, [&](const Transmit& t) { Answer(t, t.to, StunClass::kError, "", 487); });
  EXPECT_EQ(client_.last_error(), 0);
  RunUntil(500, [&](const Transmit& t) { Answer(t, t.to, StunClass::kError, kServer.password, 487); });
  EXPECT_EQ(client_.last_error(), 487);
}

TEST_F(IceClientTest, WithoutCandidatesFailsAtOnce) {
  client_.Restart(kClient, kServer, {});
  RunInSilence(0);
  EXPECT_EQ(client_.state(), State::kFailed);
}

TEST_F(IceClientTest, ConsentChecksAreSpreadAndKeepBothSidesAlive) {
  Connect();
  const auto sent = RunUntil(600'000, [&](const Transmit& t) { Exchange(t, kHome); });
  ASSERT_GT(sent.size(), 90u);
  int64_t before = 0;
  int64_t least = 1'000'000, most = 0;
  for (const int64_t at : sent) {
    least = std::min(least, at - before);
    most = std::max(most, at - before);
    before = at;
  }
  EXPECT_GE(least, 2000);
  EXPECT_LE(most, 3001);
  EXPECT_GT(most - least, 500);  // not a metronome
  EXPECT_EQ(client_.state(), State::kConnected);
  EXPECT_FALSE(server_.ConsentExpired(now_));
}

TEST_F(IceClientTest, ConsentExpiresOnBothSidesWhenNothingArrives) {
  Connect();
  RunInSilence(29'999);
  EXPECT_EQ(client_.state(), State::kConnected);
  EXPECT_FALSE(server_.ConsentExpired(now_));
  RunInSilence(30'000);
  EXPECT_EQ(client_.state(), State::kFailed);
  EXPECT_EQ(client_.selected(), std::nullopt);
  EXPECT_TRUE(server_.ConsentExpired(now_));
}

TEST_F(IceClientTest, OutageShorterThanTheTimeoutIsSurvived) {
  Connect();
  RunInSilence(23'000);
  RunUntil(60'000, [&](const Transmit& t) { Exchange(t, kHome); });
  EXPECT_EQ(client_.state(), State::kConnected);
  EXPECT_FALSE(server_.ConsentExpired(now_));
}

TEST_F(IceClientTest, ServerFollowsToANewAddressWithinOneConsentInterval) {
  Connect();
  RunUntil(6'000, [&](const Transmit& t) { Exchange(t, kElsewhere); });
  EXPECT_THAT(server_.selected(), Optional(kElsewhere));
  EXPECT_THAT(client_.mapped(), Optional(kElsewhere));
}

TEST_F(IceClientTest, ConsentCanBeRevoked) {
  Connect();
  RunUntil(6'000, [&](const Transmit& t) { Answer(t, t.to, StunClass::kError, kServer.password, 403); });
  EXPECT_EQ(client_.state(), State::kFailed);
}

TEST_F(IceClientTest, RestartGoesOverToNewCredentials) {
  Connect();
  const IceCredentials server{"new1", "another-password-of-22"};
  const IceCredentials client{"new2", "fourth-password-of-22-x"};
  server_.Restart(server, client);
  client_.Restart(client, server, candidates_);
  EXPECT_THAT(client_.selected(), Optional(kServerA));  // media goes on
  RunUntil(10, [&](const Transmit& t) { Exchange(t, kElsewhere); });
  EXPECT_EQ(client_.state(), State::kConnected);
  EXPECT_THAT(server_.selected(), Optional(kElsewhere));
}

}  // namespace
}  // namespace duet
