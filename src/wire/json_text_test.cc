#include "wire/json_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace duet {
namespace {

TEST(Base64, VectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [plain, encoded] : table) {
    EXPECT_EQ(EncodeBase64(AsBytes(plain)), encoded);
    const auto decoded = DecodeBase64(encoded);
    ASSERT_TRUE(decoded.has_value()) << encoded;
    EXPECT_EQ(AsText(*decoded), plain);
  }
}

TEST(Base64, EveryByteComesBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (size_t length = 0; length <= all.size(); ++length) {
    const std::string_view plain = std::string_view(all).substr(all.size() - length);
    EXPECT_EQ(AsText(DecodeBase64(EncodeBase64(AsBytes(plain))).value()), plain);
  }
}

TEST(Base64, IsStrict) {
  for (const char* text : {"Zg", "Zg=", "Z", "Zg===", "=", "====", "Z===", "Zm9v=", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n",
                           "Zm9-", "Zm_v", "Z=g=", "Zg==Zg=="})
    EXPECT_EQ(DecodeBase64(text), std::nullopt) << text;
}

TEST(Utf8, Lengths) {
  const std::pair<std::string_view, size_t> table[] = {
      {"", 0},
      {"a", 1},
      {std::string_view("\0", 1), 1},
      {"\xC2\x80", 2},
      {"\xE0\xA0\x80", 3},
      {"\xED\x9F\xBF", 3},
      {"\xEF\xBF\xBF", 3},
      {"\xF0\x90\x80\x80", 4},
      {"\xF4\x8F\xBF\xBF", 4},
      {"\x80", 0},              // a continuation by itself
      {"\xC1\xBF", 0},          // overlong
      {"\xE0\x9F\xBF", 0},      // overlong
      {"\xF0\x8F\xBF\xBF", 0},  // overlong
      {"\xED\xA0\x80", 0},      // surrogate
      {"\xF4\x90\x80\x80", 0},  // above U+10FFFF
      {"\xF5\x80\x80\x80", 0},
      {"\xC3", 0},  // cut off
      {"\xE2\x82", 0},
      {"\xE2\x82z", 0},
  };
  for (const auto& [text, length] : table) EXPECT_EQ(Utf8Length(text), length) << testing::PrintToString(text);
}

TEST(Utf8, Repair) {
  EXPECT_EQ(RepairUtf8("häß€😀"), "häß€😀");
  EXPECT_EQ(RepairUtf8("a\xE2\x82z"), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  EXPECT_EQ(RepairUtf8("\xFF€"), "\xEF\xBF\xBD€");
  EXPECT_EQ(RepairUtf8(""), "");
}

TEST(Excerpts, AreShortAndPrintable) {
  EXPECT_EQ(Excerpt("short"), "short");
  EXPECT_EQ(Excerpt("abcdef", 5), "abcde…");
  EXPECT_EQ(Excerpt("abcdef", 6), "abcdef");
  EXPECT_EQ(Excerpt("abc€", 5), "abc…") << "cut between characters";
  EXPECT_EQ(Excerpt("a\tb\x7F\xFF"), "a?b??");
}

}  // namespace
}  // namespace duet
