// The vectors of RFC 3711 appendix B and RFC 7714 sections 16 and 17.
#include <gtest/gtest.h>

#include "core/srtp/srtp_cm.h"
#include "core/srtp/srtp_gcm.h"
#include "core/srtp/srtp_key.h"
#include "core/srtp/srtp_test_util.h"

namespace duet {
namespace {

using testing::FromHex;
using testing::Packet;
using testing::ToHex;

SrtpSessionKeys SessionKeys(std::string_view key, std::string_view salt) {
  SrtpSessionKeys keys;
  const Packet k = FromHex(key);
  const Packet s = FromHex(salt);
  std::copy(k.begin(), k.end(), keys.cipher_key.begin());
  std::copy(s.begin(), s.end(), keys.salt.begin());
  return keys;
}

TEST(SrtpVectorsTest, KeyDerivationOfRfc3711B3) {
  const SrtpMasterKey master =
      MakeSrtpMasterKey(SrtpProfile::kAes128CmSha1_80, FromHex("E1F97A0D3E018BE0D64FA32C06DE4139"),
                        FromHex("0EC675AD498AFEEBB6960B3AABE6"));
  const SrtpSessionKeys keys = DeriveSrtpSessionKeys(master, SrtpStream::kRtp);
  EXPECT_EQ(ToHex(Bytes(keys.cipher_key).first(16)), "c61e7a93744f39ee10734afe3ff7a087");
  EXPECT_EQ(ToHex(keys.salt), "30cbbc08863d8c85d49db34a9ae1");
  EXPECT_EQ(ToHex(keys.auth_key), "cebe321f6ff7716b6fd4ab49af256a156d38baa4");
}

TEST(SrtpVectorsTest, KeyStreamOfRfc3711B2) {
  SrtpCm cm(SessionKeys("2B7E151628AED2A6ABF7158809CF4F3C", "F0F1F2F3F4F5F6F7F8F9FAFBFCFD"));
  Packet out(12 + 48 + SrtpCm::kTagSize);
  cm.SealRtp(Ssrc(0), 0, 12, Packet(48), out.data() + 12);
  EXPECT_EQ(ToHex(Bytes(out).subspan(12, 48)),
            "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0");
}

// RFC 2202 section 3, cases 1, 2 and 3: the HMAC under the tag.
TEST(SrtpVectorsTest, HmacSha1OfRfc2202) {
  EXPECT_EQ(ToHex(HmacSha1(Packet(20, std::byte{0x0b})).Sum(AsBytes("Hi "), AsBytes("There"))),
            "b617318655057264e28bc0b6fb378c8ef146be00");
  EXPECT_EQ(ToHex(HmacSha1(AsBytes("Jefe")).Sum(AsBytes("what do ya want for nothing?"), Bytes())),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(ToHex(HmacSha1(Packet(20, std::byte{0xaa})).Sum(Bytes(), Packet(50, std::byte{0xdd}))),
            "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
}

struct GcmVector {
  SrtpProfile profile;
  const char* key;
  const char* rtp;   // protected
  const char* rtcp;  // protected
};

constexpr GcmVector kGcmVectors[] = {
    {SrtpProfile::kAeadAes128Gcm, "000102030405060708090a0b0c0d0e0f",
     "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a"
     "51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
     "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda"
     "4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4"},
    {SrtpProfile::kAeadAes256Gcm, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02"
     "76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13",
     "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be"
     "8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4"},
};

TEST(SrtpVectorsTest, RtpOfRfc7714Section16) {
  const Packet plain = FromHex(
      "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465"
      "73207472 6573");
  for (const GcmVector& v : kGcmVectors) {
    SCOPED_TRACE(ToString(v.profile));
    const SrtpSessionKeys keys = SessionKeys(v.key, "517569642070726f2071756f");
    SrtpGcm seal(v.profile, keys, SrtpGcm::Direction::kSeal);
    Packet out(plain.size() + SrtpGcm::kTagSize);
    std::copy_n(plain.begin(), 12, out.begin());
    seal.SealRtp(Ssrc(0x5501a0b2), 0xf17b, Bytes(out).first(12), Bytes(plain).subspan(12), out.data() + 12);
    EXPECT_EQ(ToHex(out), ToHex(FromHex(v.rtp)));

    SrtpGcm open(v.profile, keys, SrtpGcm::Direction::kOpen);
    ASSERT_TRUE(open.OpenRtp(Ssrc(0x5501a0b2), 0xf17b, Bytes(out).first(12), MutableBytes(out).subspan(12)));
    EXPECT_EQ(ToHex(Bytes(out).first(plain.size())), ToHex(plain));
  }
}

TEST(SrtpVectorsTest, RtcpOfRfc7714Section17) {
  const Packet plain = FromHex(
      "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef"
      "deadbeef deadbeef");
  for (const GcmVector& v : kGcmVectors) {
    SCOPED_TRACE(ToString(v.profile));
    const SrtpSessionKeys keys = SessionKeys(v.key, "517569642070726f2071756f");
    SrtpGcm seal(v.profile, keys, SrtpGcm::Direction::kSeal);
    Packet out = plain;
    out.resize(plain.size() + kSrtcpMaxOverhead);
    seal.SealRtcp(0x5d4, out.data(), plain.size());
    EXPECT_EQ(ToHex(out), ToHex(FromHex(v.rtcp)));

    SrtpGcm open(v.profile, keys, SrtpGcm::Direction::kOpen);
    ASSERT_TRUE(open.OpenRtcp(0x5d4, out));
    EXPECT_EQ(ToHex(Bytes(out).first(plain.size())), ToHex(plain));
  }
}

TEST(SrtpVectorsTest, ProfilesHaveTheirRegisteredNames) {
  EXPECT_STREQ(ToString(SrtpProfile::kAeadAes128Gcm), "AEAD_AES_128_GCM");
  EXPECT_STREQ(ToString(SrtpProfile::kAeadAes256Gcm), "AEAD_AES_256_GCM");
  EXPECT_STREQ(ToString(static_cast<SrtpProfile>(2)), "unknown");
}

}  // namespace
}  // namespace duet
