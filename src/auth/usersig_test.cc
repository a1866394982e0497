// The verdicts on UserSigs and privateMapKeys: the golden vectors, their altered twins, and tokens of our own.
#include "auth/usersig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <functional>
#include <sstream>

#include "auth/map_key.h"
#include "auth/token.h"
#include "wire/json_text.h"

namespace duet {

// How a failure looks in a failed expectation.
void PrintTo(const SigFailure& failure, std::ostream* out) { *out << NameOf(failure.error) << ": " << failure.message; }

namespace {

namespace json = boost::json;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1'700'000'100;

struct Vector {
  std::string name;
  App app;
  std::string user_id;
  int64_t time = 0;
  int64_t expire = 0;
  bool is_map_key = false;
  uint32_t room_number = 0;
  std::string room_name;
  uint32_t privileges = 0;
  std::string userbuf;
  std::string content;
  std::string hmac;
  std::string token;

  RoomRef room() const { return room_name.empty() ? RoomRef(room_number) : RoomRef(std::string_view(room_name)); }
};

std::vector<Vector> LoadVectors() {
  std::ifstream file(DUET_SOURCE_DIR "/tests/golden/usersig-vectors.json");
  std::stringstream text;
  text << file.rdbuf();
  const json::value vectors = json::parse(text.str());
  std::vector<Vector> out;
  for (const json::value& value : vectors.as_array()) {
    const json::object& o = value.as_object();
    Vector v;
    v.name = o.at("name").as_string();
    v.app = {.sdk_app_id = o.at("sdkAppID").to_number<uint32_t>(),
             .secret_key = std::string(o.at("secretKey").as_string())};
    v.user_id = o.at("userID").as_string();
    v.time = o.at("time").to_number<int64_t>();
    v.expire = o.at("expire").to_number<int64_t>();
    v.content = o.at("signedContent").as_string();
    v.hmac = o.at("hmac").as_string();
    v.token = o.at("token").as_string();
    if (o.contains("userbuf")) {
      v.is_map_key = true;
      v.room_number = o.at("roomID").to_number<uint32_t>();
      v.room_name = o.at("strRoomID").as_string();
      v.privileges = o.at("privilegeMap").to_number<uint32_t>();
      v.userbuf = o.at("userbuf").as_string();
    }
    out.push_back(std::move(v));
  }
  return out;
}

class UserSigVectorTest : public ::testing::TestWithParam<Vector> {
 protected:
  void SetUp() override { ASSERT_TRUE(apps_.Add(GetParam().app).ok()); }

  Result<VerifiedSig, SigFailure> VerifySig(std::string_view token, int64_t now = kNow) {
    return VerifyUserSig(apps_, GetParam().app.sdk_app_id, GetParam().user_id, token, now);
  }
  Result<VerifiedMapKey, SigFailure> VerifyKey(std::string_view token, int64_t now = kNow) {
    const Vector& v = GetParam();
    return VerifyPrivateMapKey(apps_, v.app.sdk_app_id, v.user_id, token, now, v.room());
  }
  AppRegistry apps_;
};

TEST_P(UserSigVectorTest, ContentAndSignature) {
  const Vector& v = GetParam();
  const auto token = DecodeToken(v.token);
  ASSERT_TRUE(token.ok()) << token.error().message;
  EXPECT_EQ(SignedContent(*token), v.content);
  EXPECT_EQ(EncodeBase64(token->signature), v.hmac);
  EXPECT_EQ(EncodeBase64(Sign(v.app.secret_key, v.content)), v.hmac);
  EXPECT_EQ(token->time_unix_s, v.time);
  EXPECT_EQ(token->expire_s, v.expire);
}

TEST_P(UserSigVectorTest, Verifies) {
  const auto sig = VerifySig(GetParam().token);
  ASSERT_TRUE(sig.ok()) << sig.error().message;
  EXPECT_EQ(sig->app, apps_.Find(GetParam().app.sdk_app_id));
  EXPECT_EQ(sig->expires_unix_s, GetParam().time + GetParam().expire);
  if (!GetParam().is_map_key) return;
  const auto key = VerifyKey(GetParam().token);
  ASSERT_TRUE(key.ok()) << key.error().message;
  EXPECT_EQ(key->privileges, GetParam().privileges);
}

// What we make says the same as the vector; compression and member order are free.
TEST_P(UserSigVectorTest, OursHasTheSameContent) {
  const Vector& v = GetParam();
  const auto expire = static_cast<uint32_t>(v.expire);
  const std::string made = v.is_map_key ? CreatePrivateMapKey(v.app, v.user_id, v.room(), v.privileges, v.time, expire)
                                        : CreateUserSig(v.app, v.user_id, v.time, expire);
  const auto ours = DecodeToken(made), theirs = DecodeToken(v.token);
  ASSERT_TRUE(ours.ok() && theirs.ok());
  EXPECT_EQ(*ours, *theirs);
  EXPECT_EQ(ours->userbuf.value_or(""), v.userbuf);
}

TEST_P(UserSigVectorTest, ExpiresToTheSecond) {
  const int64_t end = GetParam().time + GetParam().expire;
  EXPECT_TRUE(VerifySig(GetParam().token, end - 1).ok());
  const auto late = VerifySig(GetParam().token, end);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().error, SigError::kSigExpired);
  if (!GetParam().is_map_key) return;
  EXPECT_TRUE(VerifyKey(GetParam().token, end - 1).ok());
  EXPECT_EQ(VerifyKey(GetParam().token, end).error().error, SigError::kMapKeyExpired);
}

TEST_P(UserSigVectorTest, FiveMinutesOfSkewAreAllowed) {
  const int64_t time = GetParam().time;
  EXPECT_TRUE(VerifySig(GetParam().token, time - 300).ok());
  EXPECT_EQ(VerifySig(GetParam().token, time - 301).error().error, SigError::kSigFromFuture);
}

// A changed character leaves the token unreadable or breaks its signature. Or it points deflate to another copy of the
// same text: then the token says the same, and that is all that may ever be accepted.
TEST_P(UserSigVectorTest, NoAlteredCharacterChangesWhatIsAccepted) {
  const std::string& token = GetParam().token;
  const auto original = DecodeToken(token);
  ASSERT_TRUE(original.ok());
  size_t refused = 0;
  for (size_t i = 0; i < token.size(); ++i) {
    for (const char replacement : {'A', 'b', '7', '*', '-', '_'}) {
      if (token[i] == replacement) continue;
      std::string altered = token;
      altered[i] = replacement;
      if (VerifySig(altered).ok()) {
        EXPECT_EQ(*DecodeToken(altered), *original) << "character " << i << " " << replacement;
      } else {
        ++refused;
      }
    }
    EXPECT_FALSE(VerifySig(token.substr(0, i)).ok()) << "first " << i << " characters";
  }
  EXPECT_GT(refused, token.size() * 5 - 10);
}

// Every signed member, changed inside an otherwise perfect token.
TEST_P(UserSigVectorTest, AlteredMembersBreakTheSignature) {
  const struct {
    const char* what;
    std::function<void(Token&)> alter;
    SigError cause;
  } kTwins[] = {
      {"user", [](Token& t) { t.user_id += "x"; }, SigError::kSigBadSignature},
      {"app", [](Token& t) { t.sdk_app_id ^= 1; }, SigError::kSigWrongApp},
      {"time", [](Token& t) { t.time_unix_s += 1; }, SigError::kSigBadSignature},
      {"expire", [](Token& t) { t.expire_s += 1; }, SigError::kSigBadSignature},
      {"signature", [](Token& t) { t.signature[31] ^= std::byte{1}; }, SigError::kSigBadSignature},
      {"userbuf", [](Token& t) { t.userbuf = t.userbuf ? "AAAA" : ""; }, SigError::kSigBadSignature},
      {"userbuf removed or made", [](Token& t) { t.userbuf = t.userbuf ? std::nullopt : std::optional("AAAA"); },
       SigError::kSigBadSignature},
  };
  for (const auto& twin : kTwins) {
    auto token = DecodeToken(GetParam().token);
    ASSERT_TRUE(token.ok());
    twin.alter(*token);
    const auto result = VerifySig(EncodeToken(*token));
    ASSERT_FALSE(result.ok()) << twin.what;
    EXPECT_EQ(result.error().error, twin.cause) << twin.what << ": " << result.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, UserSigVectorTest, ::testing::ValuesIn(LoadVectors()), [](const auto& golden) {
  std::string name = golden.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(UserSigVectors, ThereAreFive) { EXPECT_EQ(LoadVectors().size(), 5u); }

// ---- causes and their sentences

class UserSigTest : public ::testing::Test {
 protected:
  UserSigTest() {
    EXPECT_TRUE(apps_.Add(pro_).ok());
    EXPECT_TRUE(apps_.Add(dev_).ok());
  }

  SigFailure Refused(std::string_view token, std::string_view user = "alice", int64_t now = kNow) {
    const auto result = VerifyUserSig(apps_, pro_.sdk_app_id, user, token, now);
    EXPECT_FALSE(result.ok());
    return result.ok() ? SigFailure{} : result.error();
  }
  SigFailure KeyRefused(std::string_view token, const RoomRef& room = 1234u, int64_t now = kNow) {
    const auto result = VerifyPrivateMapKey(apps_, pro_.sdk_app_id, "alice", token, now, room);
    EXPECT_FALSE(result.ok());
    return result.ok() ? SigFailure{} : result.error();
  }
  // A privateMapKey around any userbuf, rightly signed.
  std::string KeyAround(const MapKey& key) { return CreateUserSig(pro_, "alice", kNow, 3600, EncodeMapKey(key)); }
  MapKey GoodKey() const {
    return {.account = "alice",
            .sdk_app_id = pro_.sdk_app_id,
            .room = 1234u,
            .expires_unix_s = static_cast<uint32_t>(kNow + 3600),
            .privileges = kAllPrivileges};
  }

  const App pro_{.sdk_app_id = 1400000001, .secret_key = std::string(64, 'a'), .environment = "PRO"};
  const App dev_{.sdk_app_id = 1400000002, .secret_key = std::string(64, 'b'), .environment = "DEV"};
  AppRegistry apps_;
};

TEST_F(UserSigTest, UnknownAppIsNamed) {
  const auto result = VerifyUserSig(apps_, 7, "alice", CreateUserSig(pro_, "alice", kNow, 60), kNow);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().error, SigError::kAppUnknown);
  EXPECT_THAT(result.error().message, HasSubstr("sdkAppID 7"));
}

TEST_F(UserSigTest, MalformedSaysWhat) {
  const SigFailure failure = Refused("not a token");
  EXPECT_EQ(failure.error, SigError::kSigMalformed);
  EXPECT_EQ(
      failure.message,
      "The UserSig cannot be read: its character 4 is white space (was it broken into lines when it was copied?).");
}

TEST_F(UserSigTest, WrongAppNamesBothAndTheEnvironment) {
  const SigFailure failure = Refused(CreateUserSig(dev_, "alice", kNow, 60));
  EXPECT_EQ(failure.error, SigError::kSigWrongApp);
  EXPECT_THAT(failure.message, HasSubstr("1400000002 (environment DEV), not for 1400000001"));
}

TEST_F(UserSigTest, KeyOfAnotherEnvironmentIsNamed) {
  App mixed_up = dev_;
  mixed_up.sdk_app_id = pro_.sdk_app_id;
  const SigFailure failure = Refused(CreateUserSig(mixed_up, "alice", kNow, 60));
  EXPECT_EQ(failure.error, SigError::kSigOtherEnvironment);
  EXPECT_THAT(failure.message, HasSubstr("key of the environment DEV"));
  EXPECT_THAT(failure.message, HasSubstr("belongs to PRO"));
  EXPECT_EQ(failure.message.find(dev_.secret_key), std::string::npos);
}

TEST_F(UserSigTest, KeyOfNobody) {
  App foreign = pro_;
  foreign.secret_key = std::string(64, 'c');
  EXPECT_EQ(Refused(CreateUserSig(foreign, "alice", kNow, 60)).error, SigError::kSigBadSignature);
}

TEST_F(UserSigTest, WrongUserNamesBoth) {
  const SigFailure failure = Refused(CreateUserSig(pro_, "bob", kNow, 60));
  EXPECT_EQ(failure.error, SigError::kSigWrongUser);
  EXPECT_THAT(failure.message, HasSubstr("user \"bob\", not for \"alice\""));
}

TEST_F(UserSigTest, ExpiredSaysSinceWhen) {
  const SigFailure failure = Refused(CreateUserSig(pro_, "alice", kNow, 60), "alice", kNow + 60 + 7200);
  EXPECT_EQ(failure.error, SigError::kSigExpired);
  EXPECT_THAT(failure.message, HasSubstr("expired at 2023-11-14 22:16:00 UTC, 2 hours ago"));
}

TEST_F(UserSigTest, FromFutureSaysHowFar) {
  const SigFailure failure = Refused(CreateUserSig(pro_, "alice", kNow + 600, 60));
  EXPECT_EQ(failure.error, SigError::kSigFromFuture);
  EXPECT_THAT(failure.message, HasSubstr("10 minutes ahead"));
}

// A forged token tells nothing but that it is forged.
TEST_F(UserSigTest, SignatureIsJudgedBeforeUserAndTime) {
  App foreign = pro_;
  foreign.secret_key = "x";
  EXPECT_EQ(Refused(CreateUserSig(foreign, "bob", 1, 1)).error, SigError::kSigBadSignature);
}

TEST_F(UserSigTest, ExtremeTimesDoNotOverflow) {
  Token token;
  token.user_id = "alice";
  token.sdk_app_id = pro_.sdk_app_id;
  token.time_unix_s = 0;
  token.expire_s = int64_t{1} << 53;
  token.signature = Sign(pro_.secret_key, SignedContent(token));
  EXPECT_TRUE(VerifyUserSig(apps_, pro_.sdk_app_id, "alice", EncodeToken(token), kNow).ok());
  token.time_unix_s = int64_t{1} << 53;
  token.signature = Sign(pro_.secret_key, SignedContent(token));
  EXPECT_EQ(Refused(EncodeToken(token)).error, SigError::kSigFromFuture);
}

TEST_F(UserSigTest, UserIds) {
  for (const char* good : {"a", "alice", "\u5f20\u4e09", "with space", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(IsValidUserId(good)) << good;
    EXPECT_TRUE(VerifyUserSig(apps_, pro_.sdk_app_id, good, CreateUserSig(pro_, good, kNow, 60), kNow).ok()) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string(129, 'x'), std::string("a\nb"), std::string("\xc3"), std::string("\xed\xa0\x80")})
    EXPECT_FALSE(IsValidUserId(bad)) << bad;
}

TEST_F(UserSigTest, MapKeyOfItsRoomIsAccepted) {
  const auto key = VerifyPrivateMapKey(
      apps_, pro_.sdk_app_id, "alice",
      CreatePrivateMapKey(pro_, "alice", 1234u, kMayEnter | kMayReceiveVideo, kNow, 60), kNow, 1234u);
  ASSERT_TRUE(key.ok()) << key.error().message;
  EXPECT_EQ(key->privileges, kMayEnter | kMayReceiveVideo);
  EXPECT_EQ(key->expires_unix_s, kNow + 60);
}

TEST_F(UserSigTest, MapKeyOfAnotherRoom) {
  const std::string number = CreatePrivateMapKey(pro_, "alice", 1234u, kAllPrivileges, kNow, 60);
  const std::string name = CreatePrivateMapKey(pro_, "alice", std::string_view("1234"), kAllPrivileges, kNow, 60);
  EXPECT_EQ(KeyRefused(number, 1235u).error, SigError::kMapKeyWrongRoom);
  EXPECT_THAT(KeyRefused(number, 1235u).message, HasSubstr("the room 1234, not for 1235."));
  EXPECT_EQ(KeyRefused(number, std::string_view("1234")).error, SigError::kMapKeyWrongRoom);
  EXPECT_THAT(KeyRefused(name, 1234u).message, HasSubstr("\"1234\", not for 1234 (numeric rooms"));
}

TEST_F(UserSigTest, MapKeyCauses) {
  const auto with = [&](auto change) {
    MapKey key = GoodKey();
    change(key);
    return KeyAround(key);
  };
  ASSERT_TRUE(VerifyPrivateMapKey(apps_, pro_.sdk_app_id, "alice", KeyAround(GoodKey()), kNow, 1234u).ok());
  EXPECT_EQ(KeyRefused(with([](MapKey& k) { k.account = "bob"; })).error, SigError::kMapKeyWrongUser);
  EXPECT_EQ(KeyRefused(with([](MapKey& k) { k.sdk_app_id = 7; })).error, SigError::kMapKeyWrongApp);
  EXPECT_EQ(KeyRefused(with([](MapKey& k) { k.privileges = kAllPrivileges & ~kMayEnter; })).error,
            SigError::kMapKeyPrivilege);
  EXPECT_EQ(KeyRefused(with([](MapKey& k) { k.expires_unix_s = kNow; })).error, SigError::kMapKeyExpired);
  EXPECT_EQ(KeyRefused(CreateUserSig(pro_, "alice", kNow, 60)).error, SigError::kMapKeyMalformed);
  EXPECT_EQ(KeyRefused("?").error, SigError::kMapKeyMalformed);
  EXPECT_EQ(KeyRefused(CreatePrivateMapKey(dev_, "alice", 1234u, 255, kNow, 60)).error, SigError::kMapKeyWrongApp);
  EXPECT_EQ(KeyRefused(CreatePrivateMapKey(pro_, "bob", 1234u, 255, kNow, 60)).error, SigError::kMapKeyWrongUser);
  App foreign = pro_;
  foreign.secret_key = "x";
  EXPECT_EQ(KeyRefused(CreatePrivateMapKey(foreign, "alice", 1234u, 255, kNow, 60)).error,
            SigError::kMapKeyBadSignature);
  EXPECT_EQ(VerifyPrivateMapKey(apps_, 7, "alice", "", kNow, 1u).error().error, SigError::kAppUnknown);
}

// An expiry beyond the 32 bits of the field ends with them instead of wrapping into the past.
TEST_F(UserSigTest, MapKeyExpiryDoesNotWrap) {
  const int64_t late = int64_t{4'294'967'295} - 10;
  const std::string token = CreatePrivateMapKey(pro_, "alice", 1234u, 255, late, 86'400);
  const auto key = VerifyPrivateMapKey(apps_, pro_.sdk_app_id, "alice", token, late, 1234u);
  ASSERT_TRUE(key.ok()) << key.error().message;
  EXPECT_EQ(key->expires_unix_s, 4'294'967'295);
}

TEST(MapKeyTest, EveryTruncationAndExtensionIsRefused) {
  for (const MapKey& key :
       {MapKey{.account = "alice", .sdk_app_id = 1, .room = 7u, .expires_unix_s = 2, .privileges = 3},
        MapKey{.account = "", .sdk_app_id = 1, .room = std::string("seven")}}) {
    auto bytes = EncodeMapKey(key);
    ASSERT_TRUE(DecodeMapKey(bytes).ok());
    EXPECT_EQ(*DecodeMapKey(bytes), key);
    for (size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(DecodeMapKey(Bytes(bytes).first(n)).ok()) << n;
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(DecodeMapKey(bytes).ok());
  }
}

TEST(MapKeyTest, RoomsHaveLimits) {
  EXPECT_FALSE(DecodeMapKey(EncodeMapKey({.room = 0u})).ok());
  EXPECT_FALSE(DecodeMapKey(EncodeMapKey({.room = std::string()})).ok());
  EXPECT_TRUE(DecodeMapKey(EncodeMapKey({.room = std::string(64, 'r')})).ok());
  EXPECT_FALSE(DecodeMapKey(EncodeMapKey({.room = std::string(65, 'r')})).ok());
  auto unknown = EncodeMapKey({.room = 7u});
  unknown[0] = std::byte{2};
  EXPECT_FALSE(DecodeMapKey(unknown).ok());
}

TEST(MapKeyTest, AccountsOfSignersThatKeepOneByteOfEachCharacter) {
  EXPECT_TRUE(AccountIs("alice", "alice"));
  EXPECT_FALSE(AccountIs("alice", "alicf"));
  EXPECT_FALSE(AccountIs("", "a"));
  EXPECT_TRUE(AccountIs("\u5f20\u4e09", "\u5f20\u4e09"));
  EXPECT_TRUE(AccountIs("\x20\x09", "\u5f20\u4e09"));
  EXPECT_TRUE(AccountIs(std::string("\x3d\x00", 2), "\xf0\x9f\x98\x80"));  // U+1F600 = D83D DE00
  EXPECT_FALSE(AccountIs("\x20", "\u5f20\u4e09"));
}

}  // namespace
}  // namespace duet
