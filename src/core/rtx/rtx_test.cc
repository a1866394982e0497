#include "core/rtx/rtx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace duet {
namespace {

using testing::ElementsAreArray;

constexpr Ssrc kPrimary{0x11111111};
constexpr Ssrc kRtx{0x22222222};
constexpr PayloadType kVideo{102};
constexpr PayloadType kVideoRtx{103};

std::vector<std::byte> Payload(size_t size) {
  std::vector<std::byte> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + 1);
  return bytes;
}

class RtxTest : public testing::Test {
 protected:
  PacketRef Make(const RtpHeaderFields& fields, Bytes payload, size_t padding, bool extensions) {
    PacketRef packet = pool_.Acquire();
    RtpHeaderWriter writer(packet->buffer());
    writer.Begin(fields);
    if (extensions) {
      writer.AddExtension(1, AsBytes("mid"));
      writer.AddExtension(3, AsBytes("ab"));
    }
    const size_t header = writer.Finish();
    ByteWriter rest(packet->buffer().subspan(header));
    rest.Write(payload);
    if (padding > 0) {
      rest.Zeros(padding - 1);
      rest.U8(static_cast<uint8_t>(padding));
    }
    packet->set_size(header + rest.size());
    return packet;
  }
  PacketPool pool_{4};
};

TEST_F(RtxTest, WrittenAndRestoredIsTheOriginal) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{2}, size_t{1200}}) {
    for (const size_t padding : {0, 1, 255}) {
      for (const bool extensions : {false, true}) {
        for (const uint16_t seq : {0, 1, 0x7fff, 0x8000, 0xffff}) {
          SCOPED_TRACE(testing::Message() << size << " " << padding << " " << extensions << " " << seq);
          const auto payload = Payload(size);
          const RtpHeaderFields original{.marker = extensions,
                                         .payload_type = kVideo,
                                         .sequence_number = seq,
                                         .timestamp = 0xfffffff0,
                                         .ssrc = kPrimary};
          const PacketRef expected = Make(original, payload, 0, extensions);

          std::vector<std::byte> wrapped(size + kRtxOverhead);
          ASSERT_EQ(WriteRtxPayload(seq, payload, wrapped), wrapped.size());
          RtpHeaderFields fields = original;
          fields.payload_type = kVideoRtx;
          fields.ssrc = kRtx;
          fields.sequence_number = 4711;
          fields.padding = padding > 0;
          const PacketRef packet = Make(fields, wrapped, padding, extensions);
          const auto view = ParseRtp(packet->bytes());
          ASSERT_TRUE(view);
          EXPECT_FALSE(IsRtxProbe(*view));
          ASSERT_TRUE(RestoreRtx(*packet, *view, kPrimary, kVideo));
          EXPECT_THAT(packet->bytes(), ElementsAreArray(expected->bytes()));
        }
      }
    }
  }
}

TEST_F(RtxTest, WithoutAnOriginalNothingChanges) {
  for (const size_t payload : {size_t{0}, size_t{1}}) {
    for (const size_t padding : {0, 200}) {
      const PacketRef packet =
          Make({.payload_type = kVideoRtx, .ssrc = kRtx, .padding = padding > 0}, Payload(payload), padding, true);
      const std::vector<std::byte> before(packet->bytes().begin(), packet->bytes().end());
      const auto view = ParseRtp(packet->bytes());
      ASSERT_TRUE(view);
      EXPECT_EQ(IsRtxProbe(*view), payload == 0);
      EXPECT_FALSE(RestoreRtx(*packet, *view, kPrimary, kVideo));
      EXPECT_THAT(packet->bytes(), ElementsAreArray(before));
    }
  }
}

TEST_F(RtxTest, WritesNothingWhereThereIsNoRoom) {
  std::vector<std::byte> out(11);
  EXPECT_EQ(WriteRtxPayload(1, Payload(10), out), 0u);
  EXPECT_EQ(WriteRtxPayload(1, Payload(9), out), 11u);
}

}  // namespace
}  // namespace duet
