// duet sig: what it prints and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "app/cli_harness.h"
#include "app/sig_options.h"

namespace duet {
namespace {

namespace json = boost::json;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kKey = "80a24b18cf6dcf20461f4110601929fb3d0eaad0107748095a5c807f4f9d16f5";

std::string Line(std::string text) {
  EXPECT_THAT(text, EndsWith("\n"));
  text.pop_back();
  EXPECT_EQ(text.find('\n'), text.npos);
  return text;
}

class SigCommandTest : public ::testing::Test {
 protected:
  // Arguments of `duet sig VERB` with the test's app and key.
  static std::vector<std::string> With(const std::string& verb, std::vector<std::string> more) {
    std::vector<std::string> args = {"sig", verb, "--app", "1400000001", "--key", kKey};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }
  std::string Token(std::vector<std::string> more) {
    const CliResult result = cli_.Run(With("create", std::move(more)));
    EXPECT_EQ(result.status, kExitOk) << result.err;
    EXPECT_EQ(result.err, "");
    return Line(result.out);
  }
  CliHarness cli_;
};

TEST_F(SigCommandTest, WhatIsCreatedVerifies) {
  const std::string token = Token({"--user", "alice", "--expire", "3600"});
  const CliResult result = cli_.Run(With("verify", {"--user", "alice", token}));
  EXPECT_EQ(result.status, kExitOk);
  EXPECT_EQ(result.out, "valid: alice of the app 1400000001; expires 2023-11-14 23:13:20 UTC, in 1 hour\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(SigCommandTest, TheGoldenTokenVerifies) {
  const std::string token =
      "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwok5mcmpUInilOzEgoLMFCUrQxMDCDCEyKRWFGQWpSpZmRmYWBgYQMRKMnOBIobmUJVQ0eLM"
      "dKCpRTkB3j6uYYGWhtoBlSk5JalewbmexanFhp4B7klhRdkpYRnauXkG5kHejrZKtQDCnjDO";
  EXPECT_EQ(cli_.Run(With("verify", {"--user", "alice", token})).status, kExitOk);
  const CliResult late = cli_.Run(With("verify", {"--user", "alice", "--at", "1700604800", token}));
  EXPECT_EQ(late.status, kExitNo);
  EXPECT_THAT(late.out, StartsWith("not valid: sig_expired: The UserSig expired at 2023-11-21 22:13:20 UTC"));
}

TEST_F(SigCommandTest, VerdictsAsJson) {
  const std::string token = Token({"--user", "alice"});
  const json::object yes =
      json::parse(Line(cli_.Run(With("verify", {"--user", "alice", "--json", token})).out)).as_object();
  EXPECT_EQ(yes.at("valid"), json::value(true));
  EXPECT_EQ(yes.at("userId"), json::value("alice"));
  EXPECT_EQ(yes.at("sdkAppId"), json::value(1400000001));
  EXPECT_EQ(yes.at("expiresAt"), json::value(1'700'086'400));
  const CliResult refused = cli_.Run(With("verify", {"--user", "bob", "--json", token}));
  EXPECT_EQ(refused.status, kExitNo);
  const json::object no = json::parse(Line(refused.out)).as_object();
  EXPECT_EQ(no.at("valid"), json::value(false));
  EXPECT_EQ(no.at("error"), json::value("sig_wrong_user"));
  EXPECT_THAT(std::string(no.at("message").as_string()), HasSubstr("\"alice\", not for \"bob\""));
}

TEST_F(SigCommandTest, MapKeys) {
  const std::string token = Token({"--user", "alice", "--room", "1234", "--rights", "42"});
  const CliResult yes = cli_.Run(With("verify", {"--user", "alice", "--room", "1234", token}));
  EXPECT_EQ(yes.status, kExitOk);
  EXPECT_THAT(yes.out, HasSubstr("may enter the room 1234, rights 42: enter, receive audio, receive video; expires"));
  const CliResult no = cli_.Run(With("verify", {"--user", "alice", "--room", "1235", token}));
  EXPECT_EQ(no.status, kExitNo);
  EXPECT_THAT(no.out, StartsWith("not valid: map_key_wrong_room: "));
  EXPECT_THAT(cli_.Run(With("verify", {"--user", "alice", "--room", "\"1234\"", token})).out,
              StartsWith("not valid: map_key_wrong_room: "));
  EXPECT_THAT(cli_.Run(With("verify", {"--user", "alice", "--room", "1", Token({"--user", "alice"})})).out,
              StartsWith("not valid: map_key_malformed: "));
  const json::object out =
      json::parse(Line(cli_.Run(With("create", {"--user", "a", "--room", "lobby", "--json"})).out)).as_object();
  EXPECT_TRUE(out.contains("privateMapKey"));
  EXPECT_FALSE(out.contains("userSig"));
}

TEST_F(SigCommandTest, UsageIsStatusTwo) {
  const struct {
    std::vector<std::string> args;
    const char* words;
  } kCases[] = {
      {{"sig"}, "A subcommand is required"},
      {{"sig", "verify", "--user", "alice"}, "TOKEN is required"},
      {{"sig", "verify", "x"}, "--user is required"},
      {{"sig", "create", "--app", "0", "--user", "a"}, "--app"},
      {{"sig", "create", "--app", "1", "--key", "k", "--user", "a", "--rights", "256", "--room", "1"}, "--rights"},
      {{"sig", "create", "--user", "a", "--nonsense"}, "--nonsense"},
      {{"sig", "create", "--key", "k", "--user", "a"}, "A key needs the sdkAppID that it belongs to: --app ID."},
      {{"sig", "create", "--app", "1", "--key", "k", "--key-file", "f", "--user", "a"}, "either --key or --key-file"},
      {{"sig", "create", "--app", "1", "--key", "k", "--user", ""}, "A user ID is 1 to 128 bytes"},
      {{"sig", "create", "--app", "1", "--key", "k", "--user", "a\nb"}, "A user ID is 1 to 128 bytes"},
      {{"sig", "create", "--app", "1", "--key", "k", "--user", "a", "--room", "0"}, "1 to 4294967295"},
      {{"sig", "create", "--app", "1", "--key", "k", "--user", "a", "--room", "4294967296"}, "quotation marks"},
      {{"sig", "create", "--app", "1", "--key", "two words", "--user", "a"}, "A secret key is"},
      {{"sig", "create", "--user", "a"}, "There is no app in the data directory"},
      {{"sig", "create", "--app", "1", "--key-file", "/no/such", "--user", "a"}, "Cannot read /no/such"},
      {{"sig", "verify", "--app", "1", "--key", "-", "--user", "a", "-"}, "cannot both come from the standard input"},
      {{"sig", "verify", "--app", "1", "--key", "-", "--user", "a", "x"}, "There is no key on the standard input"},
      {{"sig", "verify", "--app", "1", "--key", "k", "--user", "a", "-"}, "There is no token on the standard input"},
  };
  for (const auto& c : kCases) {
    const CliResult result = cli_.Run(c.args);
    EXPECT_EQ(result.status, kExitUsage) << c.words;
    EXPECT_THAT(result.err, HasSubstr(c.words));
    EXPECT_EQ(result.out, "") << c.words;
  }
}

TEST_F(SigCommandTest, KeysThatDoNotStandInTheProcessList) {
  const std::string token = Token({"--user", "alice"});
  const std::vector<std::string> verify = {"sig", "verify", "--app", "1400000001", "--user", "alice", token};
  const auto with = [&](std::vector<std::string> more) {
    auto args = verify;
    args.insert(args.end(), more.begin(), more.end());
    return args;
  };
  EXPECT_EQ(cli_.Run(with({"--key", "-"}), std::string(kKey) + "\n").status, kExitOk);
  EXPECT_EQ(cli_.Run(with({"--key", "-"}), "wrong\n").status, kExitNo);
  const auto file = cli_.home.Write("key.txt", std::string(kKey) + "\r\n");
  EXPECT_EQ(cli_.Run(with({"--key-file", file.string()})).status, kExitOk);
  cli_.variables["DUET_SECRET_KEY"] = kKey;
  EXPECT_EQ(cli_.Run(verify).status, kExitOk);
  // What is given by hand counts more.
  EXPECT_EQ(cli_.Run(with({"--key", "wrong"})).status, kExitNo);
}

TEST_F(SigCommandTest, TheTokenMayComeFromTheInput) {
  const std::string token = Token({"--user", "alice"});
  EXPECT_EQ(cli_.Run(With("verify", {"--user", "alice", "-"}), token + "\n").status, kExitOk);
}

TEST_F(SigCommandTest, AppsOutOfTheDataDirectory) {
  ASSERT_EQ(cli_.Run({"app", "create", "--env", "PRO"}).status, kExitOk);
  const std::string pro = Line(cli_.Run({"sig", "create", "--user", "alice"}).out);
  EXPECT_EQ(cli_.Run({"sig", "verify", "--user", "alice", pro}).status, kExitOk);

  ASSERT_EQ(cli_.Run({"app", "create", "--env", "UAT"}).status, kExitOk);
  const CliResult which = cli_.Run({"sig", "create", "--user", "alice"});
  EXPECT_EQ(which.status, kExitUsage);
  EXPECT_THAT(which.err,
              HasSubstr("several apps: 1400000001 (PRO), 1400000002 (UAT). Choose one with --app or --env."));
  const std::string uat = Line(cli_.Run({"sig", "create", "--user", "alice", "--env", "uat"}).out);
  EXPECT_EQ(cli_.Run({"sig", "verify", "--user", "alice", "--app", "1400000002", uat}).status, kExitOk);
  EXPECT_THAT(cli_.Run({"sig", "verify", "--user", "alice", "--env", "PRO", uat}).out,
              AllOf(HasSubstr("sig_wrong_app"), HasSubstr("environment UAT")));
  EXPECT_THAT(cli_.Run({"sig", "verify", "--user", "a", "--app", "7", uat}).err,
              HasSubstr("no app 7, only 1400000001"));
  EXPECT_THAT(cli_.Run({"sig", "verify", "--user", "a", "--env", "X", uat}).err, HasSubstr("environment X, only"));
}

// The mistake that the environments invite: the id of one with the key of another.
TEST_F(SigCommandTest, TheKeyOfAnotherEnvironmentIsNamed) {
  cli_.home.Write("apps.toml", std::string("[[app]]\nsdk_app_id = 1\nsecret_key = \"one\"\nenvironment = \"PRO\"\n") +
                                   "[[app]]\nsdk_app_id = 2\nsecret_key = \"two\"\nenvironment = \"DEV\"\n");
  cli_.variables["DUET_DATA"] = cli_.home.path().string();
  const std::string mixed = Line(cli_.Run({"sig", "create", "--app", "1", "--key", "two", "--user", "alice"}).out);
  const CliResult result = cli_.Run({"sig", "verify", "--app", "1", "--user", "alice", mixed});
  EXPECT_EQ(result.status, kExitNo);
  EXPECT_THAT(result.out, AllOf(HasSubstr("sig_other_environment"), HasSubstr("environment DEV")));
}

TEST_F(SigCommandTest, ExplainWithoutAnything) {
  const std::string token = Token({"--user", "alice", "--expire", "60"});
  const CliResult result = cli_.Run({"sig", "explain", token});
  EXPECT_EQ(result.status, kExitOk);
  EXPECT_EQ(result.out,
            "A UserSig\n"
            "  user        alice\n"
            "  sdkAppID    1400000001\n"
            "  made        2023-11-14 22:13:20 UTC (0 seconds ago)\n"
            "  valid for   1 minute\n"
            "  expires     2023-11-14 22:14:20 UTC (in 1 minute)\n"
            "  signature   not checked: give the secret key with --key, --key-file or DUET_SECRET_KEY\n"
            "\n"
            "Nothing is wrong with it, as far as can be said without the key.\n");
}

TEST_F(SigCommandTest, ExplainFindsEverything) {
  const std::string token = Token({"--user", "alice", "--room", "7", "--rights", "4", "--expire", "60"});
  cli_.now_unix_s += 3600;
  const CliResult result =
      cli_.Run({"sig", "explain", "--key", "wrong", "--user", "bob", "--room", "8", "--app", "9", token});
  EXPECT_EQ(result.status, kExitNo);
  for (const char* words : {"A privateMapKey\n", "room        7\n", "rights      4: send audio\n",
                            "does NOT fit the key", "map_key_wrong_app: ", "map_key_bad_signature: ",
                            "map_key_wrong_user: ", "map_key_expired: ", "map_key_wrong_room: ", "map_key_privilege: "})
    EXPECT_THAT(result.out, HasSubstr(words));
}

TEST_F(SigCommandTest, ExplainAsJson) {
  const std::string token = Token({"--user", "alice", "--room", "lobby"});
  const json::object good =
      json::parse(Line(cli_.Run({"sig", "explain", "--key", kKey, "--json", token}).out)).as_object();
  EXPECT_EQ(good.at("kind"), json::value("privateMapKey"));
  EXPECT_EQ(good.at("room"), json::value("lobby"));
  EXPECT_EQ(good.at("rights"), json::value(255));
  EXPECT_EQ(good.at("signature"), json::value("valid"));
  EXPECT_TRUE(good.at("faults").as_array().empty());
  const CliResult result = cli_.Run({"sig", "explain", "--json", "garbage!"});
  EXPECT_EQ(result.status, kExitNo);
  const json::object bad = json::parse(Line(result.out)).as_object();
  EXPECT_EQ(bad.at("kind"), json::value("unreadable"));
  EXPECT_EQ(bad.at("faults").at(0).at("error"), json::value("sig_malformed"));
}

TEST_F(SigCommandTest, HelpTeaches) {
  for (const char* verb : {"create", "verify", "explain"}) {
    const CliResult help = cli_.Run({"sig", verb, "--help"});
    EXPECT_EQ(help.status, kExitOk);
    EXPECT_THAT(help.out, AllOf(HasSubstr("Examples:"), HasSubstr("DUET_SECRET_KEY"), HasSubstr("--json")));
    EXPECT_EQ(help.err, "");
  }
}

TEST(ParseRoomTest, NumbersNamesAndQuotes) {
  EXPECT_EQ(*ParseRoom("1234"), OwnedRoom(1234u));
  EXPECT_EQ(*ParseRoom("4294967295"), OwnedRoom(4294967295u));
  EXPECT_EQ(*ParseRoom("lobby"), OwnedRoom(std::string("lobby")));
  EXPECT_EQ(*ParseRoom("12a"), OwnedRoom(std::string("12a")));
  EXPECT_EQ(*ParseRoom("-1"), OwnedRoom(std::string("-1")));
  EXPECT_EQ(*ParseRoom("\"1234\""), OwnedRoom(std::string("1234")));
  EXPECT_EQ(*ParseRoom(std::string(64, 'r')), OwnedRoom(std::string(64, 'r')));
  for (const std::string& bad :
       {std::string("0"), std::string("4294967296"), std::string("\"\""), std::string(65, 'r')})
    EXPECT_FALSE(ParseRoom(bad).ok()) << bad;
}

}  // namespace
}  // namespace duet
