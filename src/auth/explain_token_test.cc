#include "auth/explain_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/time_text.h"

namespace duet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kNow = 1'700'000'100;

std::vector<SigError> Causes(const TokenExplanation& explanation) {
  std::vector<SigError> out;
  for (const SigFailure& fault : explanation.faults) out.push_back(fault.error);
  return out;
}

class ExplainTokenTest : public ::testing::Test {
 protected:
  ExplainTokenTest() { EXPECT_TRUE(apps_.Add(app_).ok()); }
  const App app_{.sdk_app_id = 1400000001, .secret_key = "secret", .environment = "UAT"};
  AppRegistry apps_;
};

TEST_F(ExplainTokenTest, WithoutAKeyOnlyTheContent) {
  const auto e = ExplainToken(CreateUserSig(app_, "alice", kNow, 60), kNow);
  ASSERT_TRUE(e.token);
  EXPECT_EQ(e.token->user_id, "alice");
  EXPECT_EQ(e.signature, SignatureState::kUnchecked);
  EXPECT_EQ(e.expires_unix_s, kNow + 60);
  EXPECT_THAT(e.faults, IsEmpty());
  EXPECT_FALSE(e.map_key);
}

TEST_F(ExplainTokenTest, WithTheRegistryTheEnvironmentToo) {
  const auto e = ExplainToken(CreateUserSig(app_, "alice", kNow, 60), kNow, {.apps = &apps_});
  EXPECT_EQ(e.signature, SignatureState::kValid);
  EXPECT_EQ(e.environment, "UAT");
  EXPECT_THAT(e.faults, IsEmpty());
}

TEST_F(ExplainTokenTest, AGivenKeyIsUsedInsteadOfTheRegistry) {
  const std::string token = CreateUserSig(app_, "alice", kNow, 60);
  EXPECT_EQ(ExplainToken(token, kNow, {.secret_key = "secret"}).signature, SignatureState::kValid);
  const auto e = ExplainToken(token, kNow, {.apps = &apps_, .secret_key = "other"});
  EXPECT_EQ(e.signature, SignatureState::kInvalid);
  EXPECT_THAT(Causes(e), ElementsAre(SigError::kSigBadSignature));
}

TEST_F(ExplainTokenTest, AnAppThatNobodyKnows) {
  const App foreign{.sdk_app_id = 7, .secret_key = "x"};
  const auto e = ExplainToken(CreateUserSig(foreign, "alice", kNow, 60), kNow, {.apps = &apps_});
  EXPECT_EQ(e.signature, SignatureState::kUnchecked);
  EXPECT_THAT(Causes(e), ElementsAre(SigError::kAppUnknown));
}

TEST_F(ExplainTokenTest, UnreadableHasOneFault) {
  const auto e = ExplainToken("eJw", kNow, {.apps = &apps_, .user_id = "alice"});
  EXPECT_FALSE(e.token);
  EXPECT_EQ(e.signature, SignatureState::kUnread);
  EXPECT_THAT(Causes(e), ElementsAre(SigError::kSigMalformed));
}

TEST_F(ExplainTokenTest, AllFaultsAreCollected) {
  App foreign = app_;
  foreign.secret_key = "x";
  const auto e = ExplainToken(CreateUserSig(foreign, "bob", kNow - 100, 50), kNow,
                              {.apps = &apps_, .sdk_app_id = 9, .user_id = "alice"});
  EXPECT_THAT(Causes(e), ElementsAre(SigError::kSigWrongApp, SigError::kSigBadSignature, SigError::kSigWrongUser,
                                     SigError::kSigExpired));
}

TEST_F(ExplainTokenTest, AllFaultsOfAMapKey) {
  const MapKey inner{.account = "carol", .sdk_app_id = 9, .room = 5u, .expires_unix_s = kNow - 1, .privileges = 4};
  const std::string token = CreateUserSig(app_, "alice", kNow, 60, EncodeMapKey(inner));
  const auto e = ExplainToken(token, kNow, {.apps = &apps_, .user_id = "alice", .room = RoomRef(6u)});
  ASSERT_TRUE(e.map_key);
  EXPECT_EQ(*e.map_key, inner);
  EXPECT_EQ(e.expires_unix_s, kNow - 1);
  EXPECT_EQ(e.signature, SignatureState::kValid);
  EXPECT_THAT(Causes(e), ElementsAre(SigError::kMapKeyExpired, SigError::kMapKeyWrongApp, SigError::kMapKeyWrongRoom,
                                     SigError::kMapKeyPrivilege));
}

TEST_F(ExplainTokenTest, APlainUserSigIsNoMapKey) {
  const auto e = ExplainToken(CreateUserSig(app_, "alice", kNow, 60), kNow, {.apps = &apps_, .room = RoomRef(6u)});
  EXPECT_THAT(Causes(e), ElementsAre(SigError::kMapKeyMalformed));
  EXPECT_EQ(e.signature, SignatureState::kValid);
}

TEST_F(ExplainTokenTest, AUserbufThatIsNoMapKey) {
  const std::byte junk[] = {std::byte{9}};
  const auto e = ExplainToken(CreateUserSig(app_, "alice", kNow, 60, junk), kNow, {.apps = &apps_});
  EXPECT_THAT(Causes(e), ElementsAre(SigError::kMapKeyMalformed));
}

TEST(TimeTextTest, Dates) {
  EXPECT_EQ(UnixTimeText(0), "1970-01-01 00:00:00 UTC");
  EXPECT_EQ(UnixTimeText(951'782'399), "2000-02-28 23:59:59 UTC");
  EXPECT_EQ(UnixTimeText(951'782'400), "2000-02-29 00:00:00 UTC");
  EXPECT_EQ(UnixTimeText(951'868'800), "2000-03-01 00:00:00 UTC");
  EXPECT_EQ(UnixTimeText(1'700'000'000), "2023-11-14 22:13:20 UTC");
  EXPECT_EQ(UnixTimeText(4'107'542'399), "2100-02-28 23:59:59 UTC");
  EXPECT_EQ(UnixTimeText(4'107'542'400), "2100-03-01 00:00:00 UTC");
  EXPECT_EQ(UnixTimeText(253'402'300'799), "9999-12-31 23:59:59 UTC");
  EXPECT_EQ(UnixTimeText(253'402'300'800), "253402300800 s");
  EXPECT_EQ(UnixTimeText(-1), "-1 s");
}

TEST(TimeTextTest, Spans) {
  EXPECT_EQ(SecondsText(-5), "0 seconds");
  EXPECT_EQ(SecondsText(0), "0 seconds");
  EXPECT_EQ(SecondsText(1), "1 second");
  EXPECT_EQ(SecondsText(59), "59 seconds");
  EXPECT_EQ(SecondsText(60), "1 minute");
  EXPECT_EQ(SecondsText(7200), "2 hours");
  EXPECT_EQ(SecondsText(86'399), "23 hours");
  EXPECT_EQ(SecondsText(172'800), "2 days");
}

}  // namespace
}  // namespace duet
