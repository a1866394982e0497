#include "gateway/site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "auth/usersig.h"
#include "gateway/test_backend.h"

namespace duet {
namespace {

using testing::HasSubstr;
using testing::Not;

const IpAddress kLan = IpAddress::V4(192, 168, 1, 77);
const IpAddress kPublic = IpAddress::V4(198, 51, 100, 9);
const IpAddress kOwn = IpAddress::V4(203, 0, 113, 5);

AppRegistry Apps(bool development) {
  AppRegistry apps;
  App app{1400000001, std::string(64, 'a'), "DEV"};
  app.development = development;
  EXPECT_TRUE(apps.Add(app).ok());
  EXPECT_TRUE(apps.Add({1400000002, std::string(64, 'b'), "PRO"}).ok());
  return apps;
}

class SiteTest : public testing::Test {
 protected:
  HttpResponse Ask(const std::string& method, const std::string& path, const std::string& body = "",
                   IpAddress remote = kLan) {
    return site_->Answer({.method = method, .path = path, .if_none_match = "", .body = body, .remote = remote});
  }
  void Make(bool development, bool dev_signing = true, bool debug = true) {
    apps_ = Apps(development);
    site_.emplace(SiteOptions{"1.2.3", {"https://192.168.1.5:8443/"}, {kOwn}, dev_signing, debug}, apps_, Pages(),
                  backend_, clock_, Log(&log_));
  }
  void SetUp() override { Make(true); }
  static boost::json::object Json(const HttpResponse& response) {
    return boost::json::parse(*response.body).as_object();
  }

  MemoryLog log_;
  FakeBackend backend_;
  OsClock clock_;
  AppRegistry apps_;
  std::optional<Site> site_;
};

TEST_F(SiteTest, Config) {
  const HttpResponse response = Ask("GET", "/v1/config");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(boost::json::parse(*response.body), boost::json::parse(R"({"version":"1.2.3","protocol":1,"dev":true,
      "sdkAppId":1400000001,"environments":[{"name":"DEV","sdkAppId":1400000001},{"name":"PRO","sdkAppId":1400000002}],
      "lanUrls":["https://192.168.1.5:8443/"]})"));
  EXPECT_THAT(*response.body, Not(HasSubstr(std::string(64, 'a'))));
  EXPECT_EQ(Ask("POST", "/v1/config").status, 405);
  EXPECT_EQ(Ask("OPTIONS", "/v1/config").status, 204);
}

TEST_F(SiteTest, ConfigWithoutADevelopmentApp) {
  Make(false);
  const auto config = Json(Ask("GET", "/v1/config"));
  EXPECT_EQ(config.at("dev"), false);
  EXPECT_FALSE(config.contains("sdkAppId"));
}

TEST_F(SiteTest, SignsForTheDevelopmentApp) {
  const HttpResponse response = Ask("POST", "/v1/dev/usersig", R"({"userId":"alice","expire":60})");
  ASSERT_EQ(response.status, 200) << *response.body;
  EXPECT_EQ(response.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(response.header("Cache-Control"), "no-store");
  const auto answer = Json(response);
  EXPECT_EQ(answer.at("sdkAppId"), 1400000001);
  EXPECT_EQ(answer.at("userId"), "alice");
  EXPECT_EQ(answer.at("expire"), 60);
  const std::string sig(answer.at("userSig").as_string());
  const auto verified = VerifyUserSig(apps_, 1400000001, "alice", sig, OsClock::UnixSeconds());
  ASSERT_TRUE(verified.ok());
  EXPECT_NEAR(static_cast<double>(verified->expires_unix_s - OsClock::UnixSeconds()), 60, 2);
  EXPECT_THAT(log_.text(), HasSubstr("user=alice"));
  EXPECT_THAT(log_.text(), Not(HasSubstr(sig)));
  EXPECT_EQ(Json(Ask("POST", "/v1/dev/usersig", R"({"userId":"bob"})")).at("expire"), 86400);
}

TEST_F(SiteTest, RefusesBadSignatureRequests) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "bad_request"},
      {"[]", "bad_request"},
      {"{", "bad_request"},
      {"{}", "user_id_invalid"},
      {R"({"userId":7})", "user_id_invalid"},
      {R"({"userId":""})", "user_id_invalid"},
      {R"({"userId":"a\nb"})", "user_id_invalid"},
      {R"({"userId":"a","expire":0})", "bad_request"},
      {R"({"userId":"a","expire":2592001})", "bad_request"},
      {R"({"userId":"a","expire":"60"})", "bad_request"},
      {R"({"userId":"a","expire":1.5})", "bad_request"},
  };
  for (const auto& [body, name] : cases) {
    const HttpResponse response = Ask("POST", "/v1/dev/usersig", body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(Json(response).at("name"), name) << body;
  }
  EXPECT_EQ(Ask("GET", "/v1/dev/usersig").status, 405);
  EXPECT_EQ(Ask("OPTIONS", "/v1/dev/usersig").status, 204);
}

TEST_F(SiteTest, SignsOnlyForTheLocalNetwork) {
  const std::string body = R"({"userId":"alice"})";
  EXPECT_EQ(Ask("POST", "/v1/dev/usersig", body, kPublic).status, 403);
  EXPECT_EQ(Ask("POST", "/v1/dev/usersig", body, kOwn).status, 200);
  EXPECT_EQ(Ask("POST", "/v1/dev/usersig", body, *IpAddress::Parse("::1")).status, 200);
}

TEST_F(SiteTest, SignsNotTooOften) {
  int good = 0;
  for (int i = 0; i < 200; ++i) good += Ask("POST", "/v1/dev/usersig", R"({"userId":"a"})").status == 200 ? 1 : 0;
  EXPECT_GE(good, Site::kSignatureBurst);
  EXPECT_LT(good, 200);
  EXPECT_EQ(Json(Ask("POST", "/v1/dev/usersig", R"({"userId":"a"})")).at("name"), "rate_limited");
  EXPECT_EQ(Ask("POST", "/v1/dev/usersig", R"({"userId":"a"})", IpAddress::V4(10, 0, 0, 1)).status, 200);
}

TEST_F(SiteTest, NoSigningWithoutADevelopmentApp) {
  Make(false);
  EXPECT_EQ(Ask("POST", "/v1/dev/usersig", R"({"userId":"alice"})").status, 404);
  Make(true, false, false);
  EXPECT_EQ(Ask("POST", "/v1/dev/usersig", R"({"userId":"alice"})").status, 404);
  EXPECT_EQ(Ask("GET", "/v1/debug/counts", "", IpAddress::V4(127, 0, 0, 1)).status, 404);
}

TEST_F(SiteTest, CountsForThisMachine) {
  ControlCounts counts;
  counts.rooms = 1;
  counts.members = 2;
  counts.workers.peers = 3;
  counts.workers.drops.Add(Drop::kReplay, 4);
  backend_.set_counts(counts);
  const auto json = Json(Ask("GET", "/v1/debug/counts", "", IpAddress::V4(127, 0, 0, 1)));
  EXPECT_EQ(json.at("rooms"), 1);
  EXPECT_EQ(json.at("members"), 2);
  EXPECT_EQ(json.at("peers"), 3);
  EXPECT_EQ(json.at("packetsInUse"), 0);
  EXPECT_EQ(json.at("drops").as_object().size(), 1u);
  EXPECT_EQ(Ask("GET", "/v1/debug/counts", "", kLan).status, 403);
}

TEST_F(SiteTest, HealthAndReadiness) {
  EXPECT_EQ(*Ask("GET", "/healthz").body, "ok\n");
  EXPECT_EQ(Ask("GET", "/readyz").status, 200);
  site_->SetDraining();
  EXPECT_EQ(Ask("GET", "/healthz").status, 200);
  EXPECT_EQ(Ask("GET", "/readyz").status, 503);
}

TEST_F(SiteTest, TheRest) {
  EXPECT_EQ(Ask("GET", "/v1/signal").status, 426);
  EXPECT_EQ(Ask("GET", "/v1/nothing").status, 404);
  EXPECT_EQ(Ask("GET", "/").status, 503);  // no pages here
}

TEST_F(SiteTest, SecurityHeaders) {
  HttpResponse response = Ask("GET", "/healthz");
  AddSecurityHeaders(response);
  EXPECT_THAT(std::string(response.header("Content-Security-Policy")), HasSubstr("connect-src 'self' ws: wss:"));
  EXPECT_EQ(response.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(response.header("Referrer-Policy"), "no-referrer");
  EXPECT_THAT(std::string(response.header("Permissions-Policy")), HasSubstr("camera=(self), microphone=(self)"));
}

}  // namespace
}  // namespace duet
