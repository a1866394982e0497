#include "auth/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>

#include "wire/json_text.h"

namespace duet {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kSig = "rlPKLEVQ91+PydlteJSmIses1IPGbVrkdVh+mn07RKA=";

std::vector<std::byte> Zip(std::string_view plain) {
  uLongf size = compressBound(plain.size());
  std::vector<std::byte> out(size);
  EXPECT_EQ(
      compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(plain.data()), plain.size()),
      Z_OK);
  out.resize(size);
  return out;
}

std::string Wrap(std::string_view plain) { return EncodeBase64(Zip(plain)); }

std::string Escaped(std::string text) {
  for (char& c : text) c = c == '+' ? '*' : c == '/' ? '-' : c == '=' ? '_' : c;
  return text;
}

// A whole token's JSON in which one member's text is replaced; `value` empty removes the member.
std::string JsonWith(std::string_view name = "", std::string_view value = "") {
  std::string out = "{";
  const std::pair<std::string_view, std::string> members[] = {
      {"TLS.ver", "\"2.0\""},   {"TLS.identifier", "\"alice\""}, {"TLS.sdkappid", "1400000001"},
      {"TLS.expire", "604800"}, {"TLS.time", "1700000000"},      {"TLS.sig", "\"" + std::string(kSig) + "\""}};
  const auto append = [&](std::string_view key, std::string_view text) {
    if (text.empty()) return;
    if (out.size() > 1) out += ",";
    out.append("\"").append(key).append("\":").append(text);
  };
  bool used = name.empty();
  for (const auto& [key, text] : members) {
    append(key, key == name ? value : text);
    used |= key == name;
  }
  if (!used) append(name, value);
  return out + "}";
}

std::string ErrorOf(std::string_view token) {
  const auto result = DecodeToken(token);
  return result.ok() ? "none" : result.error().message;
}
std::string JsonErrorOf(std::string_view name, std::string_view value) { return ErrorOf(Wrap(JsonWith(name, value))); }

TEST(TokenTest, ReadsAllMembers) {
  const auto token = DecodeToken(Wrap(JsonWith()));
  ASSERT_TRUE(token.ok()) << token.error().message;
  EXPECT_EQ(token->user_id, "alice");
  EXPECT_EQ(token->sdk_app_id, 1400000001u);
  EXPECT_EQ(token->time_unix_s, 1700000000);
  EXPECT_EQ(token->expire_s, 604800);
  EXPECT_EQ(token->expires_unix_s(), 1700604800);
  EXPECT_EQ(EncodeBase64(token->signature), kSig);
  EXPECT_FALSE(token->userbuf);
}

TEST(TokenTest, NumbersMayBeDecimalStrings) {
  const auto plain = DecodeToken(Wrap(JsonWith()));
  for (const auto& [name, value] : {std::pair("TLS.sdkappid", "\"1400000001\""),
                                    std::pair("TLS.time", "\"1700000000\""), std::pair("TLS.expire", "\"604800\"")}) {
    const auto token = DecodeToken(Wrap(JsonWith(name, value)));
    ASSERT_TRUE(token.ok()) << name << ": " << token.error().message;
    EXPECT_EQ(*token, *plain) << name;
  }
}

TEST(TokenTest, UnknownMembersAreIgnored) { EXPECT_EQ(JsonErrorOf("TLS.more", "[1,{\"a\":null}]"), "none"); }

TEST(TokenTest, BothAlphabetsAreRead) {
  // Long enough to have every special character somewhere.
  std::string standard;
  for (int i = 0;
       standard.find('+') == standard.npos || standard.find('/') == standard.npos || !standard.ends_with("="); ++i) {
    ASSERT_LT(i, 100'000);
    standard = Wrap(JsonWith("TLS.identifier", "\"user" + std::to_string(i) + "\""));
  }
  const std::string escaped = Escaped(standard);
  EXPECT_NE(escaped, standard);
  const auto a = DecodeToken(standard), b = DecodeToken(escaped);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(*a, *b);

  std::string mixed = standard;
  mixed[mixed.find('+')] = '*';
  EXPECT_THAT(ErrorOf(mixed), HasSubstr("mixes"));
}

TEST(TokenTest, WrongMembersAreNamed) {
  const struct {
    const char* name;
    const char* value;
    const char* words;
  } kCases[] = {
      {"TLS.ver", "", "TLS.ver is missing"},
      {"TLS.ver", "2.0", "TLS.ver is not a string"},
      {"TLS.ver", "\"1.0\"", "version \"1.0\""},
      {"TLS.identifier", "", "TLS.identifier is missing"},
      {"TLS.identifier", "7", "TLS.identifier is not a string"},
      {"TLS.identifier", "\"\"", "user ID"},
      {"TLS.identifier", "\"a\\nTLS.sdkappid:1\"", "line breaks"},
      {"TLS.sdkappid", "", "TLS.sdkappid is missing"},
      {"TLS.sdkappid", "4294967296", "TLS.sdkappid is not a number"},
      {"TLS.sdkappid", "-1", "TLS.sdkappid is not a number"},
      {"TLS.sdkappid", "true", "TLS.sdkappid is not a number"},
      {"TLS.time", "", "TLS.time is missing"},
      {"TLS.time", "1.7e9", "TLS.time is not a number"},
      {"TLS.time", "\"01700000000\"", "TLS.time is not a number"},
      {"TLS.time", "\"+1700000000\"", "TLS.time is not a number"},
      {"TLS.time", "\"1700000000 \"", "TLS.time is not a number"},
      {"TLS.time", "\"-0\"", "TLS.time is not a number"},
      {"TLS.time", "\"\"", "TLS.time is not a number"},
      {"TLS.time", "9007199254740993", "TLS.time is not a number"},
      {"TLS.time", "18446744073709551615", "TLS.time is not a number"},
      {"TLS.expire", "", "TLS.expire is missing"},
      {"TLS.expire", "\"99999999999999999999\"", "TLS.expire is not a number"},
      {"TLS.expire", "null", "TLS.expire is not a number"},
      {"TLS.sig", "", "TLS.sig is missing"},
      {"TLS.sig", "\"####\"", "TLS.sig is not base64"},
      {"TLS.sig", "\"AAAA\"", "3 bytes instead of the 32"},
      {"TLS.userbuf", "7", "TLS.userbuf is not a string"},
      {"TLS.userbuf", "\"A\"", "TLS.userbuf is not base64"},
      {"TLS.userbuf", "\"AAAA\\n\"", "TLS.userbuf is not base64"},
  };
  for (const auto& c : kCases)
    EXPECT_THAT(JsonErrorOf(c.name, c.value), HasSubstr(c.words)) << c.name << " " << c.value;
}

TEST(TokenTest, UserIdLimitsCountBytes) {
  const std::string longest(128, 'x'), longer(129, 'x');
  EXPECT_EQ(JsonErrorOf("TLS.identifier", "\"" + longest + "\""), "none");
  EXPECT_THAT(JsonErrorOf("TLS.identifier", "\"" + longer + "\""), HasSubstr("128 bytes"));
  std::string wide;
  for (int i = 0; i < 43; ++i) wide += "\u5f20";  // 129 bytes
  EXPECT_THAT(JsonErrorOf("TLS.identifier", "\"" + wide + "\""), HasSubstr("128 bytes"));
  EXPECT_THAT(JsonErrorOf("TLS.identifier", "\"\xff\""), HasSubstr("not JSON"));
}

TEST(TokenTest, WrongWrappingIsNamed) {
  EXPECT_EQ(ErrorOf(""), "it is empty");
  EXPECT_THAT(ErrorOf(std::string(4097, 'A')), HasSubstr("longer than 4096"));
  EXPECT_THAT(ErrorOf("eJw1\njU0="), HasSubstr("character 5 is white space"));
  EXPECT_THAT(ErrorOf("eJw1%2B"), HasSubstr("character 5 does not belong"));
  EXPECT_THAT(ErrorOf(std::string("eJw1\0", 5)), HasSubstr("character 5 does not belong"));
  EXPECT_THAT(ErrorOf("eJw1="), HasSubstr("wrong length or ending"));
  EXPECT_THAT(ErrorOf(EncodeBase64(AsBytes("hello"))), HasSubstr("not zlib"));
  EXPECT_THAT(ErrorOf(Wrap("hello")), HasSubstr("not JSON"));
  EXPECT_THAT(ErrorOf(Wrap("[]")), HasSubstr("not an object"));
  EXPECT_THAT(ErrorOf(Wrap(JsonWith() + "x")), HasSubstr("not JSON"));
  EXPECT_THAT(ErrorOf(Wrap(JsonWith("deep", "[[[[[[[[]]]]]]]]"))), HasSubstr("not JSON"));
}

TEST(TokenTest, EveryTruncationIsRefused) {
  const std::string whole = Wrap(JsonWith());
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_NE(ErrorOf(whole.substr(0, n)), "none") << n;
  auto zipped = Zip(JsonWith());
  for (size_t n = 0; n < zipped.size(); ++n) EXPECT_NE(ErrorOf(EncodeBase64(Bytes(zipped).first(n))), "none") << n;
  zipped.push_back(std::byte{0});
  EXPECT_THAT(ErrorOf(EncodeBase64(zipped)), HasSubstr("1 bytes after its end"));
}

TEST(TokenTest, ZipBombIsNotUnpacked) {
  // 1.8 MB in less than 4 KiB of token.
  const auto bomb = Zip(std::string(1'800'000, ' '));
  const std::string text = EncodeBase64(bomb);
  ASSERT_LE(text.size(), 4096u);
  const auto result = DecodeToken(text);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kLimit);
  EXPECT_THAT(result.error().message, HasSubstr("more than 16384 bytes"));
}

TEST(InflateBoundedTest, TheLimitIsExact) {
  const std::string exact(1000, 'x');
  const auto whole = InflateBounded(Zip(exact), 1000);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(*whole, exact);
  EXPECT_EQ(InflateBounded(Zip(exact + "x"), 1000).error().code, ErrorCode::kLimit);
}

TEST(TokenTest, EncodeDecodeRoundTrip) {
  Token token;
  token.user_id = "\u5f20\u4e09 \"quoted\\\"";
  token.sdk_app_id = 4294967295u;
  token.time_unix_s = 1;
  token.expire_s = 4294967295;
  token.userbuf = "AAEC";
  token.userbuf_bytes = {std::byte{0}, std::byte{1}, std::byte{2}};
  token.signature = Sign("key", SignedContent(token));
  const std::string text = EncodeToken(token);
  EXPECT_EQ(text.find_first_of("+/="), text.npos);
  const auto back = DecodeToken(text);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, token);
  EXPECT_TRUE(SignatureFits(*back, "key"));
  EXPECT_FALSE(SignatureFits(*back, "kez"));
}

}  // namespace
}  // namespace duet
