#include "core/srtp/aes_gcm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace duet {
namespace {

using Direction = AesGcm::Direction;
using Provider = AesGcm::Provider;

std::vector<std::byte> Pattern(size_t size, size_t seed) {
  std::vector<std::byte> out(size);
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(seed + 31 * i + i / 7);
  return out;
}

std::vector<std::byte> Seal(AesGcm& cipher, const AesGcm::Iv& iv, Bytes aad, Bytes plain) {
  std::vector<std::byte> out(plain.size() + AesGcm::kTagSize);
  cipher.Seal(iv, aad, plain, out.data());
  return out;
}

// Where there is one provider only, it is compared with itself.
TEST(AesGcmTest, ProvidersAgreeForAllSizes) {
  for (const size_t key_size : {16, 32}) {
    const auto key = Pattern(key_size, 3);
    AesGcm fastest(key, Direction::kSeal);
    AesGcm evp(key, Direction::kSeal, Provider::kOpenSsl);
    AesGcm fastest_open(key, Direction::kOpen);
    AesGcm evp_open(key, Direction::kOpen, Provider::kOpenSsl);
    for (size_t size = 0; size < 1400; size += size < 300 ? 1 : 37) {
      AesGcm::Iv iv;
      std::copy_n(Pattern(iv.size(), size).begin(), iv.size(), iv.begin());
      const auto aad = Pattern(12 + 4 * (size % 9), size);
      const auto plain = Pattern(size, size + 1);
      auto sealed = Seal(fastest, iv, aad, plain);
      ASSERT_EQ(sealed, Seal(evp, iv, aad, plain)) << size;
      auto copy = sealed;
      ASSERT_TRUE(fastest_open.Open(iv, aad, sealed)) << size;
      ASSERT_TRUE(evp_open.Open(iv, aad, copy)) << size;
      ASSERT_TRUE(std::equal(plain.begin(), plain.end(), sealed.begin())) << size;
      ASSERT_TRUE(std::equal(plain.begin(), plain.end(), copy.begin())) << size;
    }
  }
}

TEST(AesGcmTest, SealsInPlace) {
  const auto key = Pattern(16, 1);
  const auto aad = Pattern(12, 2);
  const auto plain = Pattern(1126, 3);
  for (const Provider provider : {Provider::kFastest, Provider::kOpenSsl}) {
    AesGcm seal(key, Direction::kSeal, provider);
    auto in_place = plain;
    in_place.resize(plain.size() + AesGcm::kTagSize);
    seal.Seal({}, aad, Bytes(in_place).first(plain.size()), in_place.data());
    EXPECT_EQ(in_place, Seal(seal, {}, aad, plain));
  }
}

TEST(AesGcmTest, WhatWasAlteredDoesNotOpen) {
  const auto key = Pattern(16, 1);
  const auto aad = Pattern(12, 2);
  for (const Provider provider : {Provider::kFastest, Provider::kOpenSsl}) {
    AesGcm seal(key, Direction::kSeal, provider);
    AesGcm open(key, Direction::kOpen, provider);
    const auto sealed = Seal(seal, {}, aad, Pattern(40, 3));
    for (size_t i = 0; i < sealed.size(); ++i) {
      auto forged = sealed;
      forged[i] ^= std::byte{0x80};
      EXPECT_FALSE(open.Open({}, aad, forged)) << i;
    }
    for (size_t i = 0; i < aad.size(); ++i) {
      auto other = aad;
      other[i] ^= std::byte{1};
      auto copy = sealed;
      EXPECT_FALSE(open.Open({}, other, copy)) << i;
    }
    auto copy = sealed;
    EXPECT_FALSE(open.Open({std::byte{1}}, aad, copy));
    copy = sealed;
    EXPECT_TRUE(open.Open({}, aad, copy));
  }
}

}  // namespace
}  // namespace duet
