#include "gateway/http_message.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace duet {
namespace {

TEST(HttpMessage, PathsAreDecodedOnce) {
  const std::pair<const char*, const char*> good[] = {
      {"/", "/"},
      {"/a/b.js?x=/../y", "/a/b.js"},
      {"/?roomID=1&userSig=secret", "/"},
      {"/a%20b", "/a b"},
      {"/%2e%2e/x", "/../x"},
      {"/%252e", "/%2e"},
      {"/%E4%BD%A0", "/\xe4\xbd\xa0"},
      {"/a#b", "/a"},
  };
  for (const auto& [target, path] : good) {
    const auto result = PathOfTarget(target);
    ASSERT_TRUE(result.ok()) << target;
    EXPECT_EQ(*result, path);
  }
  for (const char* target : {"", "*", "http://host/", "a", "?x", "/%", "/%4", "/%zz", "/%00", "/a%0ab", "/%7f"})
    EXPECT_FALSE(PathOfTarget(target).ok()) << target;
}

TEST(HttpMessage, AcceptsGzip) {
  for (const char* value : {"gzip", "deflate, gzip;q=1.0, *;q=0.5", "GZip", "*", " gzip ;q=0.1", "br,gzip"})
    EXPECT_TRUE(AcceptsGzip(value)) << value;
  for (const char* value : {"", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "identity", "*, gzip;q=0", "xgzip"})
    EXPECT_FALSE(AcceptsGzip(value)) << value;
}

TEST(HttpMessage, MatchesEtag) {
  EXPECT_TRUE(MatchesEtag("W/\"a\"", "W/\"a\""));
  EXPECT_TRUE(MatchesEtag("\"b\", \"a\"", "W/\"a\""));
  EXPECT_TRUE(MatchesEtag("*", "W/\"a\""));
  EXPECT_FALSE(MatchesEtag("", "W/\"a\""));
  EXPECT_FALSE(MatchesEtag("\"b\"", "W/\"a\""));
}

TEST(HttpMessage, Problems) {
  const HttpResponse response = ProblemResponse(404, "not_found", "a \"quoted\" word");
  EXPECT_EQ(response.header("Content-Type"), "application/problem+json");
  const auto body = boost::json::parse(*response.body).as_object();
  EXPECT_EQ(body.at("status"), 404);
  EXPECT_EQ(body.at("title"), "Not Found");
  EXPECT_EQ(body.at("name"), "not_found");
  EXPECT_EQ(body.at("detail"), "a \"quoted\" word");
  EXPECT_EQ(MethodNotAllowed("GET").header("Allow"), "GET");
}

}  // namespace
}  // namespace duet
