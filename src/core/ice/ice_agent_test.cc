#include "core/ice/ice_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/ice/ice_test_support.h"

namespace duet {
namespace {

using Refusal = IceAgent::Refusal;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

const Endpoint kA{IpAddress::V4(192, 0, 2, 1), 5000};
const Endpoint kB{IpAddress::V4(192, 0, 2, 2), 5000};
const Endpoint kSix{IpAddress::Parse("2001:db8::7").value(), 6000};

Time At(double seconds) { return Time::FromMicros(1'700'000'000'000'000 + static_cast<int64_t>(seconds * 1e6)); }
Endpoint Numbered(int n) { return {IpAddress::V4(198, 51, 100, 1), static_cast<uint16_t>(1000 + n)}; }

class IceAgentTest : public testing::Test {
 protected:
  IceAgent::Outcome Feed(double seconds, const Endpoint& from, const CheckSpec& spec) {
    out_.Clear();
    const auto bytes = MakeCheck(spec);
    return agent_.OnStun(At(seconds), from, StunMessage::Parse(bytes).value(), out_);
  }
  IceAgent::Outcome Check(double seconds, const Endpoint& from) { return Feed(seconds, from, {}); }
  IceAgent::Outcome Nominate(double seconds, const Endpoint& from) {
    return Feed(seconds, from, {.use_candidate = true});
  }
  // The one datagram that was sent, which must have gone to `to`.
  StunMessage Answer(const Endpoint& to) {
    EXPECT_THAT(out_.queued(), SizeIs(1));
    EXPECT_EQ(out_.queued()[0].to, to);
    return StunMessage::Parse(out_.queued()[0].packet->bytes()).value();
  }

  PacketPool pool_{8};
  Outbox out_{pool_};
  IceAgent agent_{kServer, kClient};
};

TEST_F(IceAgentTest, AnswersWithTheAddressItSaw) {
  for (const Endpoint& from : {kA, kSix}) {
    EXPECT_TRUE(Check(0, from).authentic);
    const StunMessage answer = Answer(from);
    EXPECT_EQ(answer.message_class(), StunClass::kSuccess);
    EXPECT_EQ(answer.transaction_id(), TransactionOf(1));
    EXPECT_EQ(answer.XorMappedAddress(), from);
    EXPECT_TRUE(answer.CheckIntegrity(kServer.password));
    EXPECT_TRUE(answer.CheckFingerprint());
    EXPECT_TRUE(agent_.IsKnown(from));
  }
}

TEST_F(IceAgentTest, RefusesWithTheRightAnswerAndRemembersNothing) {
  struct Case {
    const char* name;
    CheckSpec spec;
    Refusal refusal;
    int code;  // 0: no answer
    bool answered_with_integrity;
  };
  const Case cases[] = {
      {"response", {.message_class = StunClass::kSuccess}, Refusal::kNotARequest, 0, false},
      {"indication", {.message_class = StunClass::kIndication}, Refusal::kNotARequest, 0, false},
      {"other method", {.method = 0x003}, Refusal::kNotARequest, 0, false},
      {"no username", {.username = ""}, Refusal::kBadRequest, 400, false},
      {"no integrity", {.password = ""}, Refusal::kBadRequest, 400, false},
      {"not our ufrag", {.username = "abcd:clie"}, Refusal::kUnauthenticated, 401, false},
      {"no colon", {.username = "serv"}, Refusal::kUnauthenticated, 401, false},
      {"empty ufrag", {.username = ":clie"}, Refusal::kUnauthenticated, 401, false},
      {"wrong password", {.password = kClient.password}, Refusal::kUnauthenticated, 401, false},
      {"wrong password, nominating",
       {.password = kClient.password, .use_candidate = true},
       Refusal::kUnauthenticated,
       401,
       false},
      {"unknown attribute", {.extra_attribute = 0x7777}, Refusal::kUnknownAttribute, 420, true},
      {"role conflict", {.controlled = true}, Refusal::kRoleConflict, 487, true},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto outcome = Feed(0, kA, c.spec);
    EXPECT_EQ(outcome.refusal, c.refusal) << ToString(outcome.refusal);
    EXPECT_FALSE(outcome.authentic || outcome.first_check || outcome.selected_changed);
    EXPECT_EQ(agent_.selected(), std::nullopt);
    EXPECT_FALSE(agent_.IsKnown(kA));
    EXPECT_TRUE(agent_.NextTimer().is_never());
    if (c.code == 0) {
      EXPECT_THAT(out_.queued(), IsEmpty());
      continue;
    }
    const StunMessage answer = Answer(kA);
    EXPECT_EQ(answer.message_class(), StunClass::kError);
    ASSERT_TRUE(answer.ErrorResponse());
    EXPECT_EQ(answer.ErrorResponse()->code, c.code);
    EXPECT_EQ(answer.has_integrity(), c.answered_with_integrity);
    EXPECT_EQ(answer.CheckIntegrity(kServer.password), c.answered_with_integrity);
    EXPECT_TRUE(answer.CheckFingerprint());
  }
}

TEST_F(IceAgentTest, NamesTheUnknownAttribute) {
  Feed(0, kA, {.extra_attribute = 0x7777});
  const auto listed = Answer(kA).Find(StunAttribute::kUnknownAttributes);
  ASSERT_TRUE(listed && listed->size() == 2);
  EXPECT_EQ(LoadU16(listed->data()), 0x7777);
  // One that need not be understood is no reason to refuse.
  EXPECT_TRUE(Feed(0, kA, {.extra_attribute = 0xC001}).authentic);
}

TEST_F(IceAgentTest, FingerprintMayBeMissingButNotWrong) {
  auto bytes = MakeCheck({});
  bytes.back() ^= std::byte{1};
  EXPECT_EQ(agent_.OnStun(At(0), kA, StunMessage::Parse(bytes).value(), out_).refusal, Refusal::kBadFingerprint);
  EXPECT_THAT(out_.queued(), IsEmpty());
  EXPECT_TRUE(Feed(0, kA, {.fingerprint = false}).authentic);
}

TEST_F(IceAgentTest, EveryFlippedBitIsRefused) {
  const auto original = MakeCheck({.use_candidate = true, .fingerprint = false});
  for (size_t bit = 0; bit < original.size() * 8; ++bit) {
    auto bytes = original;
    bytes[bit / 8] ^= std::byte{static_cast<uint8_t>(1 << (bit % 8))};
    const auto message = StunMessage::Parse(bytes);
    if (!message.ok()) continue;
    out_.Clear();
    EXPECT_FALSE(agent_.OnStun(At(0), kA, *message, out_).authentic) << bit;
    ASSERT_EQ(agent_.selected(), std::nullopt) << bit;
  }
}

TEST_F(IceAgentTest, FollowsNominations) {
  struct Step {
    double at;
    Endpoint from;
    bool nominate;
    Endpoint selected;
    bool nominated;
  };
  const Step steps[] = {
      {0.0, kA, false, kA, false},    // the first valid address serves until something is nominated
      {0.1, kB, false, kA, false},    //
      {0.2, kB, true, kB, true},      // nominated
      {0.3, kA, false, kB, true},     // a check alone changes nothing
      {0.4, kA, true, kA, true},      // the newest nomination wins
      {0.5, kSix, true, kSix, true},  // over families too
      {0.6, kSix, false, kSix, true},
  };
  std::optional<Endpoint> before;
  for (const Step& step : steps) {
    SCOPED_TRACE(step.at);
    const auto outcome = Feed(step.at, step.from, {.use_candidate = step.nominate});
    EXPECT_TRUE(outcome.authentic);
    EXPECT_EQ(outcome.first_check, step.at == 0);
    EXPECT_EQ(outcome.selected_changed, before != step.selected);
    EXPECT_EQ(agent_.selected(), step.selected);
    EXPECT_EQ(agent_.nominated(), step.nominated);
    before = agent_.selected();
  }
}

TEST_F(IceAgentTest, RebindingOfANatIsFollowed) {
  Nominate(0, kA);
  EXPECT_TRUE(Nominate(5, kB).selected_changed);
  EXPECT_THAT(agent_.selected(), Optional(kB));
}

TEST_F(IceAgentTest, MediaFromAnUnknownAddressIsFollowedButRenewsNoConsent) {
  EXPECT_FALSE(agent_.Follow(At(0), kA).authentic) << "nothing is known of the remote yet";
  Nominate(0, kA);
  EXPECT_FALSE(agent_.Follow(At(1), kA).authentic) << "it is known there";
  EXPECT_TRUE(agent_.Follow(At(1), kB).selected_changed);
  EXPECT_THAT(agent_.selected(), Optional(kB));
  EXPECT_FALSE(agent_.ConsentExpired(At(29)));
  EXPECT_TRUE(agent_.ConsentExpired(At(30))) << "as of the check from the former address";
}

TEST_F(IceAgentTest, ACheckTakesThePathBackFromWhoOnlyCopiedPackets) {
  Nominate(0, kA);
  agent_.Follow(At(1), kB);
  EXPECT_TRUE(Nominate(2, kA).selected_changed);
  EXPECT_THAT(agent_.selected(), Optional(kA));
}

TEST_F(IceAgentTest, SilentSelectedAddressIsLeftForOneThatSpeaks) {
  Nominate(0, kA);
  EXPECT_FALSE(Check(6.9, kB).selected_changed);
  EXPECT_TRUE(Check(7.1, kB).selected_changed);
  EXPECT_THAT(agent_.selected(), Optional(kB));
  EXPECT_FALSE(agent_.nominated());
  EXPECT_FALSE(Check(7.2, kA).selected_changed);
}

TEST_F(IceAgentTest, AConnectionThatEndedIsLeftAtOnce) {
  const Endpoint over_tcp{kA.ip, kA.port, Transport::kTcp};
  Nominate(0, over_tcp);
  EXPECT_FALSE(Check(0.1, kA).selected_changed) << "the same address over UDP is another one";
  agent_.OnConnectionEnded(kA);
  EXPECT_FALSE(Check(0.2, kB).selected_changed) << "not the selected one";
  agent_.OnConnectionEnded(over_tcp);
  EXPECT_THAT(agent_.selected(), Optional(over_tcp)) << "consent is what decides";
  EXPECT_EQ(agent_.NextTimer(), At(30));
  EXPECT_TRUE(Check(0.3, kB).selected_changed);
  EXPECT_FALSE(Check(0.4, over_tcp).selected_changed) << "it is good again, and so is the other";
}

TEST_F(IceAgentTest, AConnectionThatCameBackIsGoodAgain) {
  Nominate(0, kA);
  agent_.OnConnectionEnded(kA);
  Check(0.1, kA);
  EXPECT_FALSE(Check(0.2, kB).selected_changed);
}

TEST_F(IceAgentTest, KnowsABoundedNumberOfAddresses) {
  Nominate(0, Numbered(0));
  for (int n = 1; n < static_cast<int>(IceAgent::kMaxAddresses); ++n) {
    EXPECT_EQ(Check(0.01 * n, Numbered(n)).forgotten, std::nullopt);
  }
  Check(1, Numbered(1));
  // The selected one is the oldest, and stays; 1 was heard again, so 2 goes.
  EXPECT_THAT(Check(1.1, Numbered(16)).forgotten, Optional(Numbered(2)));
  EXPECT_THAT(Nominate(1.2, Numbered(17)).forgotten, Optional(Numbered(3)));
  EXPECT_FALSE(agent_.IsKnown(Numbered(2)));
  EXPECT_TRUE(agent_.IsKnown(Numbered(0)));
  EXPECT_THAT(agent_.selected(), Optional(Numbered(17)));
  // Now the first one is like any other.
  EXPECT_THAT(Check(1.3, Numbered(18)).forgotten, Optional(Numbered(0)));
}

TEST_F(IceAgentTest, ConsentIsRenewedByChecksFromTheSelectedAddress) {
  EXPECT_FALSE(agent_.ConsentExpired(At(1000)));  // nothing to expire
  Nominate(0, kA);
  EXPECT_EQ(agent_.NextTimer(), At(30));
  Check(5, kA);
  EXPECT_EQ(agent_.NextTimer(), At(35));
  // Neither another address nor a forged message renews it.
  Check(6, kB);
  Feed(7, kA, {.password = "guessed"});
  EXPECT_EQ(agent_.NextTimer(), At(35));

  agent_.OnTimer(At(34.999));
  EXPECT_FALSE(agent_.ConsentExpired(At(34.999)));
  EXPECT_THAT(agent_.selected(), Optional(kA));
  EXPECT_TRUE(agent_.ConsentExpired(At(35)));
  agent_.OnTimer(At(35));
  EXPECT_EQ(agent_.selected(), std::nullopt);
  EXPECT_TRUE(agent_.NextTimer().is_never());
}

TEST_F(IceAgentTest, LostConsentComesBackWithNewCredentialsOnly) {
  Nominate(0, kA);
  // Also when the timer was late.
  EXPECT_EQ(Nominate(30, kA).refusal, Refusal::kConsentLost);
  EXPECT_THAT(out_.queued(), IsEmpty());
  agent_.OnTimer(At(30.5));
  EXPECT_EQ(Nominate(31, kA).refusal, Refusal::kConsentLost);

  agent_.Restart({"new1", "another-password-of-22"}, kClient);
  EXPECT_FALSE(agent_.ConsentExpired(At(32)));
  EXPECT_EQ(Nominate(32, kA).refusal, Refusal::kUnauthenticated);  // the former ones are used up
  EXPECT_TRUE(Feed(33, kA, {.username = "new1:clie", .password = "another-password-of-22"}).selected_changed);
}

TEST_F(IceAgentTest, RestartKeepsMediaAndTheFormerCredentialsUntilTheNewNomination) {
  const CheckSpec fresh{.username = "new1:clie", .password = "another-password-of-22"};
  Nominate(0, kA);
  agent_.Restart({"new1", "another-password-of-22"}, kClient);
  EXPECT_THAT(agent_.selected(), Optional(kA));
  EXPECT_TRUE(Check(1, kA).authentic);
  EXPECT_TRUE(Answer(kA).CheckIntegrity(kServer.password));
  // The former ufrag does not go with the new password.
  EXPECT_FALSE(Feed(1, kA, {.password = fresh.password}).authentic);

  EXPECT_TRUE(Feed(2, kB, fresh).authentic);
  EXPECT_TRUE(Answer(kB).CheckIntegrity(fresh.password));
  EXPECT_THAT(agent_.selected(), Optional(kA));
  EXPECT_TRUE(Nominate(3, kA).authentic);

  CheckSpec nominating = fresh;
  nominating.use_candidate = true;
  EXPECT_TRUE(Feed(4, kB, nominating).selected_changed);
  EXPECT_EQ(Nominate(5, kA).refusal, Refusal::kUnauthenticated);
  EXPECT_THAT(agent_.selected(), Optional(kB));
}

TEST_F(IceAgentTest, SecondRestartBeforeTheFirstWasUsed) {
  Nominate(0, kA);
  agent_.Restart({"new1", "another-password-of-22"}, kClient);
  agent_.Restart({"new2", "third-password-of-22-xx"}, kClient);
  EXPECT_TRUE(Check(1, kA).authentic);  // what the remote still uses
  EXPECT_FALSE(Feed(1, kA, {.username = "new1:clie", .password = "another-password-of-22"}).authentic);
  EXPECT_TRUE(Feed(1, kA, {.username = "new2:clie", .password = "third-password-of-22-xx"}).authentic);
}

TEST_F(IceAgentTest, EmptyPoolCostsTheAnswerOnly) {
  std::vector<PacketRef> all;
  while (pool_.in_use() < pool_.capacity()) all.push_back(pool_.Acquire());
  EXPECT_TRUE(Nominate(0, kA).authentic);
  EXPECT_THAT(out_.queued(), IsEmpty());
  EXPECT_FALSE(Feed(0, kB, {.password = "guessed"}).authentic);
  EXPECT_THAT(agent_.selected(), Optional(kA));
}

}  // namespace
}  // namespace duet
