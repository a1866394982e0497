#include "app/apps_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "app/cli_harness.h"
#include "app/files.h"
#include "io/os_rng.h"

namespace duet {
namespace {

using ::testing::HasSubstr;

mode_t ModeOf(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

TEST(AppsFileTest, RoundTrip) {
  AppRegistry apps;
  ASSERT_TRUE(apps.Add({.sdk_app_id = 1, .secret_key = "with\"quote\\and", .environment = "PRO"}).ok());
  ASSERT_TRUE(
      apps.Add({.sdk_app_id = 4294967295, .secret_key = "k", .environment = "UAT", .require_private_map_key = true})
          .ok());
  ASSERT_TRUE(apps.Add({.sdk_app_id = 3, .secret_key = "k", .environment = "DEV", .development = true}).ok());
  const auto back = ParseApps(PrintApps(apps), "apps.toml");
  ASSERT_TRUE(back.ok()) << back.error().message;
  ASSERT_EQ(back->apps().size(), apps.apps().size());
  for (size_t i = 0; i < apps.apps().size(); ++i) EXPECT_EQ(back->apps()[i], apps.apps()[i]);
}

TEST(AppsFileTest, NothingThereIsNoApps) {
  const TemporaryDirectory dir;
  const auto apps = LoadApps(dir / "missing");
  ASSERT_TRUE(apps.ok());
  EXPECT_TRUE(apps->empty());
}

TEST(AppsFileTest, ErrorsNameTheLine) {
  const auto error_of = [](const std::string& text) { return ParseApps(text, "apps.toml").error().message; };
  EXPECT_EQ(error_of("sdk_app_id = 1\n"), "apps.toml, line 1: sdk_app_id stands outside of an [[app]].");
  EXPECT_EQ(error_of("[[apps]]\nsdk_app_id = 1\n"), "apps.toml, line 1: there is no [[apps]], only [[app]].");
  EXPECT_THAT(error_of("[[app]]\nsdk_app_id = 1\nkey = \"x\"\n"), HasSubstr("apps.toml, line 3: an app has no key"));
  EXPECT_EQ(error_of("[[app]]\nsdk_app_id = 4294967296\n"), "apps.toml, line 2: sdk_app_id is not a number.");
  EXPECT_EQ(error_of("[[app]]\nsdk_app_id = \"7x\"\n"), "apps.toml, line 2: sdk_app_id is not a number.");
  EXPECT_EQ(error_of("[[app]]\nsdk_app_id = [1]\n"), "apps.toml, line 2: sdk_app_id takes one value.");
  EXPECT_EQ(error_of("[[app]]\ndevelopment = 1\n"), "apps.toml, line 2: development is neither true nor false.");
  EXPECT_THAT(error_of("\n[[app]]\nsdk_app_id = 1\n"), HasSubstr("apps.toml, line 2: A secret key is"));
  EXPECT_THAT(error_of("[[app]]\nsdk_app_id = 1\nsecret_key = \"k\"\n[[app]]\nsdk_app_id = 1\nsecret_key = \"k\"\n"),
              HasSubstr("apps.toml, line 4: The sdkAppID 1 is taken"));
  EXPECT_THAT(error_of("[[app]\n"), HasSubstr("apps.toml, line 1: "));
}

TEST(AppsFileTest, CreatedAppsAreKeptForTheOwnerOnly) {
  const TemporaryDirectory dir;
  OsRng rng;
  const auto data = dir / "deep/data";
  const auto first = CreateApp(data, {}, rng);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->sdk_app_id, 1400000001u);
  EXPECT_EQ(first->environment, "PRO");
  EXPECT_THAT(first->secret_key, ::testing::MatchesRegex("[0-9a-f]{64}"));
  const auto second = CreateApp(data, {.environment = "UAT", .require_private_map_key = true}, rng);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->sdk_app_id, 1400000002u);
  EXPECT_NE(second->secret_key, first->secret_key);

  EXPECT_EQ(ModeOf(AppsFile(data)), mode_t{0600});
  EXPECT_EQ(ModeOf(data), mode_t{0700});
  EXPECT_FALSE(OthersMayRead(AppsFile(data)));
  const auto apps = LoadApps(data);
  ASSERT_TRUE(apps.ok());
  EXPECT_EQ(*apps->Find(1400000001), *first);
  EXPECT_EQ(*apps->Find(1400000002), *second);
  // Nothing half-written stays behind.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(data), std::filesystem::directory_iterator()), 1);
}

TEST(AppsFileTest, ARefusedAppChangesNothing) {
  const TemporaryDirectory dir;
  OsRng rng;
  ASSERT_TRUE(CreateApp(dir.path(), {}, rng).ok());
  const std::string before = ReadFile(AppsFile(dir.path()));
  EXPECT_THAT(CreateApp(dir.path(), {.environment = "no spaces"}, rng).error().message, HasSubstr("environment"));
  EXPECT_EQ(ReadFile(AppsFile(dir.path())), before);
}

TEST(AppsFileTest, AFileWithAMistakeIsNotOverwritten) {
  const TemporaryDirectory dir;
  OsRng rng;
  dir.Write("apps.toml", "[[app]]\nsdk_app_id = oops\n");
  EXPECT_THAT(CreateApp(dir.path(), {}, rng).error().message, HasSubstr("line 2"));
  EXPECT_EQ(ReadFile(dir / "apps.toml"), "[[app]]\nsdk_app_id = oops\n");
}

TEST(AppsFileTest, ThoseWhoCreateAtOnceAllSucceed) {
  const TemporaryDirectory dir;
  constexpr size_t kCreators = 8;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kCreators; ++i)
    threads.emplace_back([&] {
      OsRng rng;
      EXPECT_TRUE(CreateApp(dir.path(), {}, rng).ok());
    });
  for (auto& thread : threads) thread.join();
  const auto apps = LoadApps(dir.path());
  ASSERT_TRUE(apps.ok());
  EXPECT_EQ(apps->apps().size(), kCreators);
}

TEST(AppsFileTest, TheDevelopmentAppIsMadeOnce) {
  const TemporaryDirectory dir;
  OsRng rng;
  const auto made = FindOrCreateDevelopmentApp(dir.path(), rng);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_TRUE(made->development);
  EXPECT_EQ(made->environment, "DEV");
  const auto found = FindOrCreateDevelopmentApp(dir.path(), rng);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, *made);
}

TEST(FilesTest, ErrorsNameThePathAndTheReason) {
  const TemporaryDirectory dir;
  const auto file = dir.Write("file", "x");
  EXPECT_EQ(MakeDataDirectory(file).error().message,
            file.string() + " is not a directory. Choose another one with --data.");
  EXPECT_THAT(MakeDataDirectory(file / "below").error().message, HasSubstr("Not a directory"));
  EXPECT_THAT(MakeDataDirectory("/proc/duet").error().message, HasSubstr("Cannot make the directory /proc/duet: "));
  EXPECT_EQ(ReadTextFile(dir / "none").error().code, ErrorCode::kNotFound);
  EXPECT_THAT(ReadTextFile(dir.path()).error().message, HasSubstr("Is a directory"));
  EXPECT_EQ(ReadTextFile(file, 0).error().code, ErrorCode::kLimit);
  EXPECT_THAT(WriteFileAtomically(dir / "none/file", "x", 0600).error().message,
              HasSubstr("Cannot write into " + (dir / "none").string()));
}

}  // namespace
}  // namespace duet
