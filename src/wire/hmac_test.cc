#include "wire/hmac.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <string>
#include <string_view>

namespace duet {
namespace {

std::string Expected(const EVP_MD* digest, std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  HMAC(digest, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), out.data(), &size);
  return {reinterpret_cast<const char*>(out.data()), size};
}

template <size_t kSize>
std::string Text(const std::array<std::byte, kSize>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Keys shorter than a block, as long and longer; messages that end around the ends of blocks.
TEST(HmacTest, IsWhatOpenSslSays) {
  for (size_t key_size = 0; key_size < 140; ++key_size) {
    const std::string key(key_size, static_cast<char>('a' + key_size % 26));
    for (size_t size = 0; size < 140; size += 1 + key_size % 3) {
      const std::string message(size, static_cast<char>(size));
      ASSERT_EQ(Text(HmacSha1(key, AsBytes(message))), Expected(EVP_sha1(), key, message)) << key_size << ' ' << size;
      ASSERT_EQ(Text(HmacSha256(key, AsBytes(message))), Expected(EVP_sha256(), key, message))
          << key_size << ' ' << size;
    }
  }
}

// RFC 2202 section 3 and RFC 4231 section 4.3, test cases 2.
TEST(HmacTest, IsWhatTheStandardsSay) {
  using namespace std::string_view_literals;  // there are zeros in it
  const std::string_view message = "what do ya want for nothing?";
  EXPECT_EQ(Text(HmacSha1("Jefe", AsBytes(message))),
            "\xef\xfc\xdf\x6a\xe5\xeb\x2f\xa2\xd2\x74\x16\xd5\xf1\x84\xdf\x9c\x25\x9a\x7c\x79"sv);
  EXPECT_EQ(Text(HmacSha256("Jefe", AsBytes(message))),
            "\x5b\xdc\xc1\x46\xbf\x60\x75\x4e\x6a\x04\x24\x26\x08\x95\x75\xc7\x5a\x00\x3f\x08\x9d\x27\x39\x83\x9d\xec"
            "\x58\xb9\x64\xec\x38\x43"sv);
}

}  // namespace
}  // namespace duet
