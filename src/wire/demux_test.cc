#include "wire/demux.h"

#include <gtest/gtest.h>

#include <array>

namespace duet {
namespace {

DatagramKind ClassifyFirst(uint8_t first, uint8_t second, size_t size) {
  std::array<std::byte, 64> datagram{};
  StoreU8(&datagram[0], first);
  StoreU8(&datagram[1], second);
  return Classify(Bytes(datagram).first(size));
}

TEST(Demux, EveryFirstByteGoesWhereRfc7983Says) {
  for (int first = 0; first < 256; ++first) {
    DatagramKind expected = DatagramKind::kUnknown;
    if (first <= 3) expected = DatagramKind::kStun;
    if (first >= 20 && first <= 63) expected = DatagramKind::kDtls;
    if (first >= 128 && first <= 191) expected = DatagramKind::kRtp;
    EXPECT_EQ(ClassifyFirst(static_cast<uint8_t>(first), 96, 64), expected) << first;
  }
}

TEST(Demux, RtcpIsToldByItsPacketTypes) {
  for (int second = 0; second < 256; ++second) {
    const bool rtcp = second >= 192 && second <= 223;
    EXPECT_EQ(ClassifyFirst(0x80, static_cast<uint8_t>(second), 64), rtcp ? DatagramKind::kRtcp : DatagramKind::kRtp)
        << second;
  }
}

TEST(Demux, AMarkerBitDoesNotTurnRtpIntoRtcp) {
  EXPECT_EQ(ClassifyFirst(0x90, 0x80 | 96, 64), DatagramKind::kRtp);
  EXPECT_EQ(ClassifyFirst(0x90, 0x80 | 127, 64), DatagramKind::kRtp);
  EXPECT_EQ(ClassifyFirst(0x90, 0x80 | 63, 64), DatagramKind::kRtp);
}

TEST(Demux, WhatIsShorterThanItsHeaderIsUnknown) {
  const struct {
    uint8_t first, second;
    size_t size;
    DatagramKind kind;
  } cases[] = {{0, 1, 20, DatagramKind::kStun},
               {22, 254, 13, DatagramKind::kDtls},
               {0x80, 96, 12, DatagramKind::kRtp},
               {0x80, 200, 8, DatagramKind::kRtcp}};
  for (const auto& c : cases) {
    EXPECT_EQ(ClassifyFirst(c.first, c.second, c.size), c.kind);
    for (size_t shorter = 0; shorter < c.size; ++shorter) {
      EXPECT_EQ(ClassifyFirst(c.first, c.second, shorter), DatagramKind::kUnknown) << c.size << " " << shorter;
    }
  }
}

}  // namespace
}  // namespace duet
