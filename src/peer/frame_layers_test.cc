#include "peer/frame_layers.h"

#include <gtest/gtest.h>

#include <vector>

namespace duet {
namespace {

constexpr uint8_t kDescriptor = 12;

std::vector<std::byte> AsVector(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

class FrameLayersTest : public testing::Test {
 protected:
  FrameLayerReader::Reading Read(FrameLayerReader& reader, std::initializer_list<int> payload,
                                 std::initializer_list<int> descriptor = {}) {
    RtpHeaderWriter writer(packet_);
    writer.Begin({});
    if (descriptor.size() > 0) writer.AddExtension(kDescriptor, AsVector(descriptor));
    const size_t header = writer.Finish();
    const auto bytes = AsVector(payload);
    std::copy(bytes.begin(), bytes.end(), packet_.begin() + static_cast<std::ptrdiff_t>(header));
    return reader.Read(*ParseRtp(Bytes(packet_).first(header + bytes.size())), ++seq_, kDescriptor);
  }
  std::array<std::byte, 300> packet_{};
  int64_t seq_ = 0;
};

TEST_F(FrameLayersTest, Vp8WithTemporalLayers) {
  FrameLayerReader reader(CodecKind::kVp8);
  const auto key = Read(reader, {0x90, 0xf0, 0x80, 0x05, 1, 0x00, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0, 0, 0, 0});
  EXPECT_TRUE(key.starts_keyframe);
  EXPECT_TRUE(key.layers.known);
  EXPECT_EQ(key.layers.number, 5);
  EXPECT_TRUE(key.layers.opens_above);
  const auto next = Read(reader, {0x90, 0xf0, 0x80, 0x06, 1, 0xa0, 0x11, 0});
  EXPECT_FALSE(next.starts_keyframe);
  EXPECT_EQ(next.layers.temporal, 2);
  EXPECT_TRUE(next.layers.needs_base_only);
  EXPECT_EQ(next.layers.number, 6);
  EXPECT_EQ(next.layers.spatial_count, 1);
}

TEST_F(FrameLayersTest, Vp8WithoutPictureIdsIsEverybodys) {
  FrameLayerReader reader(CodecKind::kVp8);
  EXPECT_FALSE(Read(reader, {0x10, 0x11, 0}).layers.known);
}

TEST_F(FrameLayersTest, Vp9WithThreeSpatialLayers) {
  FrameLayerReader reader(CodecKind::kVp9);
  const auto key = Read(reader, {0xaa, 0x80, 0x05, 0x10, 1, 0x40, 0});
  EXPECT_TRUE(key.starts_keyframe);
  EXPECT_EQ(key.layers.spatial_count, 3);
  EXPECT_FALSE(key.layers.ends_frame);
  const auto top = Read(reader, {0xec, 0x80, 0x06, 0x55, 1, 0});
  EXPECT_FALSE(top.starts_keyframe);
  EXPECT_EQ(top.layers.spatial, 2);
  EXPECT_EQ(top.layers.temporal, 2);
  EXPECT_TRUE(top.layers.opens_above);
  EXPECT_TRUE(top.layers.ends_frame);
  EXPECT_EQ(top.layers.number, 6);
}

TEST_F(FrameLayersTest, LayersAboveTheThirdCountAsTheThird) {
  FrameLayerReader reader(CodecKind::kVp9);
  EXPECT_EQ(Read(reader, {0xaa, 0x80, 0x05, 0x10, 1, 0x80, 0}).layers.spatial_count, kMaxLayers);
  EXPECT_EQ(Read(reader, {0xec, 0x80, 0x06, 0x08, 1, 0}).layers.spatial, kMaxLayers - 1);
}

TEST_F(FrameLayersTest, Av1TellsOfLayersInTheDependencyDescriptor) {
  FrameLayerReader reader(CodecKind::kAv1);
  // Two temporal layers, a template and a decode target each: S/S and -/D, no references, no chains.
  //   structure 10000, offset 000000, targets 00001, layers 01 11, indications 10 10 00 01, references 0 0, chains 0, 0
  const auto key = Read(reader, {0x18, 0x30}, {0xc0, 0x00, 0x07, 0x80, 0x01, 0x7a, 0x10});
  EXPECT_TRUE(key.starts_keyframe);
  ASSERT_TRUE(key.layers.known);
  EXPECT_EQ(key.layers.temporal, 0);
  EXPECT_TRUE(key.layers.opens_above);
  const auto next = Read(reader, {0x10, 0x30}, {0xc1, 0x00, 0x08});
  EXPECT_FALSE(next.starts_keyframe);
  ASSERT_TRUE(next.layers.known);
  EXPECT_EQ(next.layers.temporal, 1);
  EXPECT_EQ(next.layers.number, key.layers.number + 1);
}

TEST_F(FrameLayersTest, Av1WithoutADescriptorIsEverybodys) {
  FrameLayerReader reader(CodecKind::kAv1);
  const auto key = Read(reader, {0x18, 0x30});
  EXPECT_TRUE(key.starts_keyframe);
  EXPECT_FALSE(key.layers.known);
}

}  // namespace
}  // namespace duet
