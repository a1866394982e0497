#include "core/dtls/dtls_record.h"

#include <gtest/gtest.h>

#include <vector>

namespace duet {
namespace {

using Datagram = std::vector<std::byte>;

Datagram Record(uint8_t type, uint16_t epoch, uint16_t length, uint16_t version = 0xfefd) {
  Datagram out(13 + length);
  StoreU8(&out[0], type);
  StoreU16(&out[1], version);
  StoreU16(&out[3], epoch);
  StoreU16(&out[11], length);
  return out;
}

Datagram operator+(Datagram a, const Datagram& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(DtlsRecordTest, WholeRecordsOfKnownTypes) {
  EXPECT_TRUE(LooksLikeDtls(Record(22, 0, 200, 0xfeff)));  // a ClientHello has the version of DTLS 1.0 outside
  EXPECT_TRUE(LooksLikeDtls(Record(20, 0, 1) + Record(22, 1, 40)));
  EXPECT_TRUE(LooksLikeDtls(Record(21, 0, 2)));
  EXPECT_TRUE(LooksLikeDtls(Record(23, 1, 24)));
  EXPECT_TRUE(LooksLikeDtls(Record(22, 0, 0)));

  EXPECT_FALSE(LooksLikeDtls(Bytes()));
  EXPECT_FALSE(LooksLikeDtls(Record(19, 0, 10)));
  EXPECT_FALSE(LooksLikeDtls(Record(24, 0, 10)));
  EXPECT_FALSE(LooksLikeDtls(Record(22, 0, 10, 0x0303)));
  EXPECT_FALSE(LooksLikeDtls(Record(23, 0, 30)));  // application data in clear
}

TEST(DtlsRecordTest, EncryptedRecordsHaveRoomForNonceAndTag) {
  for (uint16_t length = 0; length < 30; ++length) {
    EXPECT_EQ(LooksLikeDtls(Record(22, 1, length)), length >= kDtlsMinEncrypted) << length;
    EXPECT_EQ(LooksLikeDtls(Record(22, 0, 5) + Record(21, 65535, length)), length >= kDtlsMinEncrypted) << length;
  }
}

TEST(DtlsRecordTest, TruncatedAnywhere) {
  const Datagram good = Record(22, 0, 5) + Record(22, 1, 40);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(LooksLikeDtls(Bytes(good).first(size)), size == 18) << size;  // 18: just the first record
  }
  EXPECT_FALSE(LooksLikeDtls(good + Datagram(1)));
}

}  // namespace
}  // namespace duet
