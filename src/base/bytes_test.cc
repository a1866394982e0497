#include "base/bytes.h"

#include <gtest/gtest.h>

#include <array>

namespace duet {
namespace {

constexpr std::array<std::byte, 8> kBytes = {std::byte{0x01}, std::byte{0x23}, std::byte{0x45}, std::byte{0x67},
                                             std::byte{0x89}, std::byte{0xab}, std::byte{0xcd}, std::byte{0xef}};

TEST(ByteReader, ReadsNetworkByteOrder) {
  EXPECT_EQ(ByteReader(kBytes).U8(), 0x01);
  EXPECT_EQ(ByteReader(kBytes).U16(), 0x0123);
  EXPECT_EQ(ByteReader(kBytes).U24(), 0x012345u);
  EXPECT_EQ(ByteReader(kBytes).U32(), 0x01234567u);
  EXPECT_EQ(ByteReader(kBytes).U64(), 0x0123456789abcdefu);
}

TEST(ByteReader, KeepsItsPlace) {
  ByteReader reader(kBytes);
  reader.Skip(1);
  EXPECT_EQ(reader.U24(), 0x234567u);
  EXPECT_EQ(reader.position(), 4u);
  EXPECT_EQ(reader.remaining(), 4u);
  EXPECT_EQ(reader.rest().data(), kBytes.data() + 4);
  EXPECT_EQ(reader.Read(3).size(), 3u);
  EXPECT_EQ(reader.U8(), 0xef);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0u);
  EXPECT_TRUE(reader.Read(0).empty());
  EXPECT_TRUE(reader.ok()) << "nothing is not past the end";
}

TEST(ByteReader, StaysFailed) {
  ByteReader reader(Bytes(kBytes).first(3));
  EXPECT_EQ(reader.U32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U8(), 0) << "although three bytes are left";
  EXPECT_TRUE(reader.Read(1).empty());
  EXPECT_TRUE(reader.rest().empty());
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(ByteReader, HugeLengthsDoNotWrap) {
  ByteReader reader(kBytes);
  reader.Skip(4);
  EXPECT_TRUE(reader.Read(static_cast<size_t>(-1)).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, NothingToRead) {
  ByteReader reader{Bytes()};
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.U8(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteWriter, WritesWhatTheReaderReads) {
  std::array<std::byte, 18> buffer;
  ByteWriter writer(buffer);
  writer.U8(0xfe);
  writer.U16(0xdcba);
  writer.U24(0x98765432);  // the low 24 bits
  writer.U32(0x01020304);
  writer.U64(0x05060708090a0b0c);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(writer.remaining(), 0u);
  ByteReader reader(writer.written());
  EXPECT_EQ(reader.U8(), 0xfe);
  EXPECT_EQ(reader.U16(), 0xdcba);
  EXPECT_EQ(reader.U24(), 0x765432u);
  EXPECT_EQ(reader.U32(), 0x01020304u);
  EXPECT_EQ(reader.U64(), 0x05060708090a0b0cu);
}

TEST(ByteWriter, StaysFailedAndWritesNothing) {
  std::array<std::byte, 4> buffer{};
  ByteWriter writer(MutableBytes(buffer).first(3));
  writer.U16(0x1122);
  writer.U16(0x3344);
  EXPECT_FALSE(writer.ok());
  writer.U8(0x55);
  writer.Write(AsBytes("x"));
  writer.Zeros(1);
  EXPECT_EQ(writer.size(), 2u);
  EXPECT_EQ(LoadU32(buffer.data()), 0x11220000u);
}

TEST(ByteWriter, Patch) {
  std::array<std::byte, 4> buffer{};
  ByteWriter writer(buffer);
  writer.U16(0);
  writer.U8(9);
  writer.PatchU16(0, 0xabcd);
  writer.PatchU16(2, 0xffff);  // only one byte of it is written yet: refused
  EXPECT_EQ(LoadU32(buffer.data()), 0xabcd0900u);
}

TEST(Bytes, Text) {
  EXPECT_EQ(AsText(AsBytes("abc")), "abc");
  EXPECT_EQ(AsBytes("").size(), 0u);
}

}  // namespace
}  // namespace duet
