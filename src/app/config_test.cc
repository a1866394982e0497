// Where settings come from, which one counts, and what is said when one is wrong.
#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/cli_harness.h"
#include "app/settings.h"
#include "base/version.h"

namespace duet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    sources_.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto it = variables_.find(name);
      return it == variables_.end() ? std::nullopt : std::optional(it->second);
    };
    variables_["HOME"] = dir_.path().string();
    variables_["DUET_DATA"] = dir_.path().string();
  }

  ServeConfig Load() {
    auto config = LoadServeConfig(sources_);
    EXPECT_TRUE(config.ok()) << (config.ok() ? "" : config.error().message);
    return config.ok() ? *config : ServeConfig();
  }
  std::string ErrorOf() {
    const auto config = LoadServeConfig(sources_);
    EXPECT_FALSE(config.ok());
    return config.ok() ? "" : config.error().message;
  }
  std::string FileError(const std::string& text) {
    dir_.Write("duet.toml", text);
    return ErrorOf();
  }

  TemporaryDirectory dir_;
  std::map<std::string, std::string> variables_;
  ConfigSources sources_;
};

TEST_F(ConfigTest, DefaultsNeedNothing) {
  variables_.erase("DUET_DATA");
  const ServeConfig config = Load();
  ServeConfig defaults;
  defaults.data = dir_ / ".duet";
  EXPECT_EQ(config, defaults);
}

TEST_F(ConfigTest, FileThenEnvironmentThenFlags) {
  EXPECT_EQ(Load().https_port, 8443);
  dir_.Write("duet.toml", "https_port = 1001\nhttp_port = 1002\nmedia_port = 1003\n");
  EXPECT_EQ(Load().https_port, 1001);
  variables_["DUET_HTTPS_PORT"] = "2001";
  variables_["DUET_HTTP_PORT"] = "2002";
  sources_.flags = {{"https_port", "3001"}};
  const ServeConfig config = Load();
  EXPECT_EQ(config.https_port, 3001);
  EXPECT_EQ(config.http_port, 2002);
  EXPECT_EQ(config.media_port, 1003);
}

TEST_F(ConfigTest, TheDataDirectoryIsFoundFirst) {
  const TemporaryDirectory other;
  other.Write("duet.toml", "workers = 3\n");
  sources_.flags = {{"data", other.path().string()}};
  EXPECT_EQ(Load().data, other.path());
  EXPECT_EQ(Load().workers, 3u);
}

TEST_F(ConfigTest, ANamedFileMustExistAndIsTakenInsteadOfTheOtherOne) {
  dir_.Write("duet.toml", "workers = 3\n");
  sources_.file = dir_.Write("other.toml", "workers = 4\n");
  EXPECT_EQ(Load().workers, 4u);
  sources_.file = dir_ / "missing.toml";
  EXPECT_THAT(ErrorOf(), HasSubstr("Cannot read " + (dir_ / "missing.toml").string() + ": No such file"));
  sources_.file.reset();
  variables_["DUET_CONFIG"] = (dir_ / "other.toml").string();
  EXPECT_EQ(Load().workers, 4u);
  variables_["DUET_CONFIG"] = (dir_ / "missing.toml").string();
  EXPECT_THAT(ErrorOf(), HasSubstr("missing.toml: No such file"));
}

TEST_F(ConfigTest, EveryKindOfSetting) {
  dir_.Write("duet.toml",
             "public_address = [\"203.0.113.7\", \"2001:db8::7\"]\n"
             "https_address = \"[::1]\"\n"
             "http_address = \"0.0.0.0\"\n"
             "http = false\n"
             "dev = false\n"
             "tls_cert = \"cert.pem\"\n"
             "tls_key = \"/etc/key.pem\"\n"
             "pages = \"~/pages\"\n"
             "seat_seconds = 30\n"
             "log_level = \"debug\"\n"
             "log_format = \"json\"\n");
  const ServeConfig config = Load();
  EXPECT_THAT(config.public_address, ElementsAre(*IpAddress::Parse("203.0.113.7"), *IpAddress::Parse("2001:db8::7")));
  EXPECT_EQ(config.https_address, *IpAddress::Parse("::1"));
  EXPECT_EQ(config.http_address, IpAddress{});
  EXPECT_FALSE(config.http);
  EXPECT_EQ(config.dev, std::optional(false));
  EXPECT_EQ(config.tls_cert, dir_ / "cert.pem");
  EXPECT_EQ(config.tls_key, "/etc/key.pem");
  EXPECT_EQ(config.pages, dir_ / "pages");
  EXPECT_EQ(config.seat, Duration::Seconds(30));
  EXPECT_EQ(config.log_level, LogLevel::kDebug);
  EXPECT_EQ(config.log_format, LogFormat::kJson);
}

TEST_F(ConfigTest, ListsComeWithCommasOrAsRepeatedFlags) {
  variables_["DUET_PUBLIC_ADDRESS"] = "203.0.113.7, 203.0.113.8";
  EXPECT_EQ(Load().public_address.size(), 2u);
  sources_.flags = {{"public_address", "203.0.113.9"}, {"public_address", "::9"}};
  EXPECT_THAT(Load().public_address, ElementsAre(*IpAddress::Parse("203.0.113.9"), *IpAddress::Parse("::9")));
}

TEST_F(ConfigTest, TheLastFlagCounts) {
  sources_.flags = {{"dev", "true"}, {"dev", "false"}};
  EXPECT_EQ(Load().dev, std::optional(false));
}

TEST_F(ConfigTest, AnEmptyVariableIsNotSet) {
  variables_["DUET_WORKERS"] = "";
  EXPECT_EQ(Load().workers, 1u);
}

TEST_F(ConfigTest, ErrorsOfTheFileNameTheLine) {
  const std::string file = (dir_ / "duet.toml").string();
  EXPECT_EQ(FileError("# a comment\nhttps_prot = 1\n"),
            file + ", line 2: there is no setting https_prot. `duet serve --help` names them all.");
  EXPECT_EQ(FileError("https_port = 70000"), file + ", line 1: https_port: \"70000\" is not a number from 0 to 65535.");
  EXPECT_EQ(FileError("\n\nworkers = [1, 2]"), file + ", line 3: workers takes one value.");
  EXPECT_EQ(FileError("dev = \"maybe\""), file + ", line 1: dev: \"maybe\" is neither true nor false.");
  EXPECT_EQ(FileError("workers = 1.5"),
            file + ", line 1: workers is neither a text, a whole number, true or false, nor a list of these.");
  EXPECT_EQ(FileError("[server]\nworkers = 1"), file + ", line 1: there is no section [server].");
  EXPECT_EQ(FileError("workers = 1\n[[app]]\nx = 1"), file + ", line 2: there is no [[app]] in it.");
  EXPECT_EQ(FileError("data = \"/x\""),
            file + ", line 1: data cannot stand in the file, which is looked for in it. Use --data or DUET_DATA.");
  EXPECT_THAT(FileError("workers = 1\nworkers = 2\n"), HasSubstr(file + ", line 2: "));
  EXPECT_THAT(FileError("workers = \n"), HasSubstr(file + ", line 1: "));
  EXPECT_THAT(FileError("public_address = [\"0.0.0.0\"]"), HasSubstr("no address that a client could send to"));
  EXPECT_THAT(FileError("public_address = [[\"1.2.3.4\"]]"), HasSubstr("nor a list of these"));
}

TEST_F(ConfigTest, ErrorsOfVariablesAndFlagsNameThem) {
  variables_["DUET_LOG_LEVEL"] = "loud";
  EXPECT_EQ(ErrorOf(), "The environment variable DUET_LOG_LEVEL: \"loud\" is none of debug, info, warn and error.");
  variables_.erase("DUET_LOG_LEVEL");
  sources_.flags = {{"http_address", "localhost"}};
  EXPECT_EQ(ErrorOf(), "--http-address: \"localhost\" is not an IP address like 192.0.2.1 or 2001:db8::1.");
  sources_.flags = {{"log_format", "xml"}};
  EXPECT_EQ(ErrorOf(), "--log-format: \"xml\" is neither text nor json.");
  sources_.flags = {{"workers", ""}};
  EXPECT_EQ(ErrorOf(), "--workers: \"\" is not a number from 0 to 64.");
}

TEST_F(ConfigTest, WhatDoesNotGoTogether) {
  sources_.flags = {{"tls_cert", "a.pem"}};
  EXPECT_EQ(ErrorOf(), "tls_cert needs tls_key: the private key of the certificate.");
  sources_.flags = {{"tls_key", "a.pem"}};
  EXPECT_EQ(ErrorOf(), "tls_key needs tls_cert: the certificate that the key belongs to.");
  sources_.flags = {{"http", "false"}, {"https", "false"}};
  EXPECT_EQ(ErrorOf(), "Both doors are off. Leave https or http on.");
  sources_.flags = {{"media_port", "65530"}, {"workers", "7"}};
  EXPECT_EQ(ErrorOf(), "There are not 7 ports from media_port 65530 on, one for each worker.");
  sources_.flags = {{"media_tcp_port", "65530"}, {"workers", "7"}};
  EXPECT_EQ(ErrorOf(), "There are not 7 ports from media_tcp_port 65530 on, one for each worker.");
  sources_.flags = {{"media_tcp_port", "443"}, {"https_port", "443"}};
  EXPECT_EQ(ErrorOf(), "https_port is 443, and media over TCP has it too. Change one of them.");
  sources_.flags.push_back({"https_address", "192.0.2.1"});
  sources_.flags.push_back({"media_address", "192.0.2.2"});
  Load();
  sources_.flags = {{"media_port", "65530"}, {"workers", "6"}};
  Load();
  sources_.flags = {{"http_port", "8443"}};
  EXPECT_EQ(ErrorOf(), "https_port and http_port are both 8443. Change one of them.");
  sources_.flags = {{"rtmp_port", "8443"}};
  EXPECT_EQ(ErrorOf(), "https_port and rtmp_port are both 8443. Change one of them.");
  sources_.flags = {{"rtmps_port", "1935"}};
  EXPECT_EQ(ErrorOf(), "rtmp_port and rtmps_port are both 1935. Change one of them.");
  sources_.flags.push_back({"rtmps", "false"});
  Load();
  sources_.flags = {{"public_host", "a/b"}};
  EXPECT_THAT(ErrorOf(), HasSubstr("--public-host: \"a/b\" is no host name"));
  sources_.flags = {{"public_host", "[::1]"}};
  EXPECT_EQ(Load().public_host, "[::1]");
}

TEST_F(ConfigTest, NoHome) {
  variables_.clear();
  EXPECT_EQ(ErrorOf(), "There is no home directory. Say with --data where Duet may keep its files.");
}

// ---- the table of settings

TEST(SettingsTest, DefaultsOfTheTableAreTheDefaults) {
  for (const Setting& setting : Settings()) {
    if (!setting.default_is_value) continue;
    ServeConfig config;
    const std::string text(setting.default_text);
    const Status status = setting.apply(config, std::span(&text, 1));
    ASSERT_TRUE(status.ok()) << setting.name << " " << status.error().message;
    EXPECT_EQ(config, ServeConfig()) << setting.name;
  }
}

TEST(SettingsTest, EverySettingChangesSomething) {
  for (const Setting& setting : Settings()) {
    bool changed = false;
    for (const std::string text : {"false", "true", "19999", "31", "192.0.2.1", "debug", "json", "/x"}) {
      ServeConfig config;
      changed |= setting.apply(config, std::span(&text, 1)).ok() && !(config == ServeConfig());
    }
    EXPECT_TRUE(changed) << setting.name;
  }
}

TEST(SettingsTest, NamesAreUnique) {
  std::set<std::string> seen;
  for (const Setting& setting : Settings()) EXPECT_TRUE(seen.insert(FlagOf(setting)).second) << setting.name;
  EXPECT_EQ(FlagOf(*FindSetting("https_port")), "--https-port");
  EXPECT_EQ(VariableOf(*FindSetting("https_port")), "DUET_HTTPS_PORT");
  EXPECT_EQ(FindSetting("https-port"), nullptr);
}

// docs/configuration.md holds the tables exactly as the program knows them.
TEST(SettingsTest, TheDocumentationIsUpToDate) {
  const std::string text = ReadFile(DUET_SOURCE_DIR "/docs/configuration.md");
  EXPECT_NE(text.find(SettingsMarkdown()), std::string::npos) << "docs/configuration.md must contain this:\n"
                                                              << SettingsMarkdown();
}

TEST(VersionTest, IsTheOneOfTheBuild) {
  EXPECT_THAT(ReadFile(DUET_SOURCE_DIR "/CMakeLists.txt"), HasSubstr("project(duet VERSION " + std::string(kVersion)));
}

TEST(FindPagesTest, BesideTheProgramOfACheckout) {
  const TemporaryDirectory checkout;
  std::filesystem::create_directories(checkout / "build/release/bin");
  EXPECT_NE(FindPages(checkout / "build/release/bin"), checkout / "web/call/dist");
  std::filesystem::create_directories(checkout / "web/call/dist");
  checkout.Write("web/call/dist/index.html", "<html>");
  EXPECT_EQ(FindPages(checkout / "build/release/bin"), std::filesystem::canonical(checkout / "web/call/dist"));
}

}  // namespace
}  // namespace duet
