#include "auth/app_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/sig_error.h"
#include "wire/signal_error.h"

namespace duet {
namespace {

using ::testing::HasSubstr;

TEST(AppRegistryTest, FindsByIdAndEnvironment) {
  AppRegistry apps;
  EXPECT_TRUE(apps.empty());
  ASSERT_TRUE(apps.Add({.sdk_app_id = 1, .secret_key = "a", .environment = "PRO"}).ok());
  ASSERT_TRUE(apps.Add({.sdk_app_id = 2, .secret_key = "b", .environment = "DEV", .development = true}).ok());
  ASSERT_TRUE(apps.Add({.sdk_app_id = 3, .secret_key = "c", .environment = "PRO"}).ok());
  EXPECT_EQ(apps.Find(2)->secret_key, "b");
  EXPECT_EQ(apps.Find(4), nullptr);
  EXPECT_EQ(apps.FindByEnvironment("pro")->sdk_app_id, 1u);
  EXPECT_EQ(apps.FindByEnvironment("PR"), nullptr);
  EXPECT_EQ(apps.FindDevelopment()->sdk_app_id, 2u);
  EXPECT_EQ(apps.apps().size(), 3u);
}

TEST(AppRegistryTest, RefusesWhatIsTakenOrTooMuch) {
  AppRegistry apps;
  ASSERT_TRUE(apps.Add({.sdk_app_id = 1, .secret_key = "a", .development = true}).ok());
  EXPECT_THAT(apps.Add({.sdk_app_id = 1, .secret_key = "b"}).error().message, HasSubstr("1 is taken"));
  EXPECT_THAT(apps.Add({.sdk_app_id = 2, .secret_key = "b", .development = true}).error().message,
              HasSubstr("only one development app"));
  for (uint32_t id = 2; id <= AppRegistry::kMaxApps; ++id)
    ASSERT_TRUE(apps.Add({.sdk_app_id = id, .secret_key = "k"}).ok());
  EXPECT_EQ(apps.Add({.sdk_app_id = 1000, .secret_key = "k"}).error().code, ErrorCode::kLimit);
}

TEST(AppRegistryTest, ChecksTheParts) {
  const App good{.sdk_app_id = 1, .secret_key = "k", .environment = "my-env_2"};
  EXPECT_TRUE(CheckApp(good).ok());
  const auto with = [&](auto change) {
    App app = good;
    change(app);
    return CheckApp(app);
  };
  EXPECT_THAT(with([](App& a) { a.sdk_app_id = 0; }).error().message, HasSubstr("sdkAppID"));
  for (const std::string& key : {std::string(), std::string("a b"), std::string("a\n"), std::string(257, 'k')})
    EXPECT_THAT(with([&](App& a) { a.secret_key = key; }).error().message, HasSubstr("secret key")) << key;
  for (const std::string& name : {std::string(), std::string("a b"), std::string("\u5f20"), std::string(33, 'e')})
    EXPECT_THAT(with([&](App& a) { a.environment = name; }).error().message, HasSubstr("environment")) << name;
}

// The names are the protocol's.
TEST(SigErrorTest, EveryNameIsAnErrorOfTheProtocol) {
  for (int i = 0; i <= static_cast<int>(SigError::kMapKeyRequired); ++i) {
    const auto name = NameOf(static_cast<SigError>(i));
    EXPECT_NE(signal::FindErrorByName(name), nullptr) << name;
    EXPECT_NE(name, "internal_error");
  }
}

}  // namespace
}  // namespace duet
