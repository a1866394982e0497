// duet app, duet version and the help.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <regex>

#include "app/apps_file.h"
#include "app/cli_harness.h"
#include "app/settings.h"
#include "base/version.h"

namespace duet {
namespace {

namespace json = boost::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class AppCommandTest : public ::testing::Test {
 protected:
  App Stored(size_t index) { return LoadApps(cli_.home / ".duet")->apps()[index]; }
  CliHarness cli_;
};

TEST_F(AppCommandTest, CreatePrintsWhatItKeeps) {
  const CliResult result = cli_.Run({"app", "create"});
  EXPECT_EQ(result.status, kExitOk) << result.err;
  EXPECT_THAT(result.out, StartsWith("sdkAppID   1400000001\nsecretKey  " + Stored(0).secret_key + "\n\nKept in "));
  EXPECT_EQ(Stored(0).environment, "PRO");
  EXPECT_FALSE(Stored(0).require_private_map_key);
}

TEST_F(AppCommandTest, CreateWithEverything) {
  const TemporaryDirectory data;
  const CliResult result =
      cli_.Run({"app", "create", "--env", "UAT", "--require-map-key", "--data", data.path().string(), "--json"});
  EXPECT_EQ(result.status, kExitOk) << result.err;
  const json::object out = json::parse(result.out).as_object();
  const auto apps = LoadApps(data.path());
  ASSERT_TRUE(apps.ok());
  EXPECT_EQ(out.at("secretKey"), json::value(apps->apps()[0].secret_key));
  EXPECT_EQ(out.at("environment"), json::value("UAT"));
  EXPECT_TRUE(apps->apps()[0].require_private_map_key);
}

TEST_F(AppCommandTest, CreateSaysWhyNot) {
  EXPECT_THAT(cli_.Run({"app", "create", "--env", "not ok"}).err,
              HasSubstr("duet: The name of an environment is 1 to 32 letters"));
  const auto file = cli_.home.Write("file", "x");
  const CliResult result = cli_.Run({"app", "create", "--data", file.string()});
  EXPECT_EQ(result.status, kExitNo);
  EXPECT_EQ(result.err, "duet: " + file.string() + " is not a directory. Choose another one with --data.\n");
}

TEST_F(AppCommandTest, ListHidesKeysUnlessAsked) {
  ASSERT_EQ(cli_.Run({"app", "create"}).status, kExitOk);
  ASSERT_EQ(cli_.Run({"app", "create", "--env", "DEV", "--require-map-key"}).status, kExitOk);
  const std::string key = Stored(0).secret_key;
  EXPECT_EQ(cli_.Run({"app", "list"}).out,
            "sdkAppID    environment   secretKey    notes\n"
            "1400000001  PRO           (hidden)\n"
            "1400000002  DEV           (hidden)     needs a privateMapKey\n");
  EXPECT_THAT(cli_.Run({"app", "list", "--show-keys"}).out, HasSubstr("1400000001  PRO           " + key + "\n"));
  EXPECT_THAT(cli_.Run({"app", "list", "--json"}).out, Not(HasSubstr(key)));
  const json::array shown = json::parse(cli_.Run({"app", "list", "--json", "--show-keys"}).out).as_array();
  ASSERT_EQ(shown.size(), 2u);
  EXPECT_EQ(shown[0].at("secretKey"), json::value(key));
  EXPECT_EQ(shown[1].at("requirePrivateMapKey"), json::value(true));
}

TEST_F(AppCommandTest, ListOfNothing) {
  EXPECT_THAT(cli_.Run({"app", "list"}).out, StartsWith("No app yet."));
  EXPECT_EQ(cli_.Run({"app", "list", "--json"}).out, "[]\n");
}

TEST_F(AppCommandTest, ListWarnsOfKeysThatOthersCanRead) {
  ASSERT_EQ(cli_.Run({"app", "create"}).status, kExitOk);
  EXPECT_EQ(cli_.Run({"app", "list"}).err, "");
  const auto file = AppsFile(cli_.home / ".duet");
  std::filesystem::permissions(file, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  EXPECT_EQ(cli_.Run({"app", "list"}).err,
            "duet: Others can read the keys in " + file.string() + ". Run: chmod 600 " + file.string() + "\n");
}

TEST_F(AppCommandTest, ListOfAFileWithAMistake) {
  std::filesystem::create_directories(cli_.home / ".duet");
  cli_.home.Write(".duet/apps.toml", "[[app]]\nsdk_app_id = 0\nsecret_key = \"k\"\n");
  const CliResult result = cli_.Run({"app", "list"});
  EXPECT_EQ(result.status, kExitNo);
  EXPECT_THAT(result.err, HasSubstr("apps.toml, line 1: An sdkAppID is a number from 1"));
}

TEST_F(AppCommandTest, Version) {
  const std::string line = "duet " + std::string(kVersion) + "\n";
  EXPECT_EQ(cli_.Run({"version"}).out, line);
  const CliResult flag = cli_.Run({"--version"});
  EXPECT_EQ(flag.out, line);
  EXPECT_EQ(flag.status, kExitOk);
}

TEST_F(AppCommandTest, HelpOfTheProgram) {
  const CliResult help = cli_.Run({"--help"});
  EXPECT_EQ(help.status, kExitOk);
  for (const char* word : {"serve", "app", "sig", "version", "Start with:"}) EXPECT_THAT(help.out, HasSubstr(word));
  const CliResult nothing = cli_.Run({});
  EXPECT_EQ(nothing.status, kExitUsage);
  EXPECT_THAT(nothing.err, HasSubstr("subcommand is required"));
  EXPECT_EQ(cli_.Run({"frobnicate"}).status, kExitUsage);
}

// docs/commands.md speaks of every option.
TEST_F(AppCommandTest, TheDocumentationIsComplete) {
  const std::string documentation = ReadFile(DUET_SOURCE_DIR "/docs/commands.md");
  const std::regex option("--[a-z][a-z-]*");
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {}, {"app", "create"}, {"app", "list"}, {"sig", "create"}, {"sig", "verify"}, {"sig", "explain"}}) {
    std::vector<std::string> args = command;
    args.push_back("--help");
    const std::string help = cli_.Run(args).out;
    for (std::sregex_iterator it(help.begin(), help.end(), option), end; it != end; ++it)
      EXPECT_THAT(documentation, HasSubstr(it->str())) << help;
  }
}

TEST_F(AppCommandTest, HelpOfServeNamesEverySetting) {
  const CliResult help = cli_.Run({"serve", "--help"});
  EXPECT_EQ(help.status, kExitOk);
  for (const Setting& setting : Settings()) EXPECT_THAT(help.out, HasSubstr("  " + FlagOf(setting))) << setting.name;
  EXPECT_THAT(help.out, AllOf(HasSubstr("--ready-file"), HasSubstr("Examples:")));
}

}  // namespace
}  // namespace duet
