#include "peer/layer_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace duet {
namespace {

// A source of pictures in `spatial` layers, each part in two packets; temporal layers 0 2 1 2.
class LayerFilterTest : public testing::Test {
 protected:
  LayerFilterTest() : pool_(256) {}

  struct Picture {
    int temporal = 0;
    bool keyframe = false;
  };
  std::vector<ReceivedRtp> Make(const Picture& picture) {
    timestamp_ += 3000;
    ++number_;
    std::vector<ReceivedRtp> packets;
    for (int spatial = 0; spatial < spatial_; ++spatial) {
      for (const bool last : {false, true}) {
        ReceivedRtp& in = packets.emplace_back();
        in.packet = pool_.Acquire();
        in.seq = ++seq_;
        in.view.timestamp = timestamp_;
        in.view.marker = last && spatial + 1 == spatial_;
        in.codec = &codec_;
        in.starts_keyframe = picture.keyframe && spatial == 0 && !last;
        in.frame = {.known = true,
                    .spatial = static_cast<uint8_t>(spatial),
                    .temporal = static_cast<uint8_t>(picture.temporal),
                    .spatial_count = static_cast<uint8_t>(spatial_),
                    .ends_frame = last,
                    .opens_above = true,
                    .number = codec_.kind == CodecKind::kAv1 ? number_ * spatial_ + spatial : number_};
      }
    }
    return packets;
  }
  // What goes of the picture: for each packet its spatial layer, '.' behind the one with the marker, '-' for none.
  std::string Send(const std::vector<ReceivedRtp>& packets) {
    std::string text;
    for (const ReceivedRtp& in : packets) {
      const auto place = filter_.Accept(in);
      text += place ? std::to_string(in.frame.spatial) + (place->marker ? "." : "") : "-";
      if (place) numbers_.push_back(place->seq);
      if (place && place->numbers) frames_.push_back(place->numbers->picture_id);
    }
    return text;
  }
  void ExpectNoGaps() const {
    for (size_t i = 1; i < numbers_.size(); ++i) EXPECT_EQ(numbers_[i], numbers_[i - 1] + 1) << i;
  }

  PacketPool pool_;
  CodecConfig codec_{.kind = CodecKind::kVp9, .clock_rate = 90000};
  int spatial_ = 3;
  int64_t seq_ = 1000;
  int64_t number_ = 70;
  uint32_t timestamp_ = 0;
  LayerFilter filter_;
  std::vector<int64_t> numbers_;
  std::vector<uint16_t> frames_;
};

TEST_F(LayerFilterTest, SpatialLayersAboveGoWithoutAGapAndTheLastPacketEndsThePicture) {
  filter_.Start(seq_ + 1, 5);
  filter_.set_spatial(2);
  EXPECT_EQ(Send(Make({.keyframe = true})), "001122.");
  filter_.set_spatial(1);
  EXPECT_EQ(Send(Make({})), "0011.--");
  filter_.set_spatial(0);
  EXPECT_EQ(Send(Make({})), "00.----");
  EXPECT_EQ(Send(Make({})), "00.----");
  filter_.set_spatial(2);
  EXPECT_EQ(Send(Make({.keyframe = true})), "001122.");
  EXPECT_EQ(numbers_.front(), 5);
  ExpectNoGaps();
}

TEST_F(LayerFilterTest, APictureThatHasBegunGoesAsItBegan) {
  filter_.Start(seq_ + 1, 1);
  filter_.set_spatial(2);
  const auto packets = Make({.keyframe = true});
  EXPECT_EQ(Send({packets[0], packets[1]}), "00");
  filter_.set_spatial(0);
  EXPECT_EQ(Send({packets[2], packets[3], packets[4], packets[5]}), "1122.");
  EXPECT_EQ(Send(Make({})), "00.----");
}

TEST_F(LayerFilterTest, WhatComesLateGoesAsItsPictureDid) {
  filter_.Start(seq_ + 1, 1);
  filter_.set_spatial(2);
  const auto before = Make({.keyframe = true});
  EXPECT_EQ(Send({before[0], before[1], before[2], before[3], before[4]}), "00112");
  filter_.set_spatial(0);
  EXPECT_EQ(Send(Make({})), "00.----");
  EXPECT_EQ(Send({before[5]}), "2.");
  EXPECT_EQ(numbers_.back(), 6) << "its place was kept";
}

TEST_F(LayerFilterTest, APictureWhoseFirstPacketsComeLateGoesAsOne) {
  for (const bool up : {false, true}) {
    filter_.Start(seq_ + 1, 1);
    filter_.set_spatial(up ? 0 : 2);
    Send(Make({.keyframe = true}));
    filter_.set_spatial(up ? 2 : 0);
    const auto packets = Make({});
    EXPECT_EQ(Send({packets[2]}), up ? "1" : "-");
    EXPECT_EQ(Send({packets[0], packets[1]}), up ? "00" : "00.");
    EXPECT_EQ(Send({packets[3], packets[4], packets[5]}), up ? "122." : "---");
  }
}

TEST_F(LayerFilterTest, WhatComesLateIsOlderThanSeveralChanges) {
  filter_.Start(seq_ + 1, 1);
  filter_.set_spatial(2);
  const auto first = Make({.keyframe = true});
  EXPECT_EQ(Send({first[0], first[1], first[2], first[3], first[4]}), "00112");
  filter_.set_spatial(1);
  const auto second = Make({});
  EXPECT_EQ(Send({second[0], second[1], second[2]}), "001");
  filter_.set_spatial(0);
  EXPECT_EQ(Send(Make({})), "00.----");
  filter_.set_spatial(1);
  EXPECT_EQ(Send(Make({})), "0011.--");
  EXPECT_EQ(Send({first[5]}), "2.");
  EXPECT_EQ(Send({second[3], second[4]}), "1.-");
}

TEST_F(LayerFilterTest, LayersGoOnWhereTimestampsWrap) {
  timestamp_ = 0xffffffff - 7000;
  filter_.Start(seq_ + 1, 1);
  filter_.set_spatial(1);
  EXPECT_EQ(Send(Make({.keyframe = true})), "0011.--");
  filter_.set_spatial(0);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Send(Make({})), "00.----") << i;
  // For longer than half a circle: nobody may take it for what came before.
  for (int i = 0; i < 5; ++i) {
    timestamp_ += 0x3000'0000;
    EXPECT_EQ(Send(Make({})), "00.----") << i;
  }
}

TEST_F(LayerFilterTest, TemporalLayersAboveGoWithoutAGap) {
  filter_.Start(seq_ + 1, 1);
  filter_.set_spatial(0);
  filter_.set_temporal(1);
  EXPECT_EQ(Send(Make({.keyframe = true})), "00.----");
  EXPECT_EQ(Send(Make({.temporal = 2})), "------");
  EXPECT_EQ(Send(Make({.temporal = 1})), "00.----");
  filter_.set_temporal(0);
  EXPECT_EQ(Send(Make({.temporal = 2})), "------");
  EXPECT_EQ(Send(Make({})), "00.----");
  EXPECT_EQ(Send(Make({.temporal = 1})), "------");
  ExpectNoGaps();
}

TEST_F(LayerFilterTest, FrameNumbersOfAv1GoOnOverASwitch) {
  codec_.kind = CodecKind::kAv1;
  spatial_ = 1;
  filter_.Start(seq_ + 1, 1);
  EXPECT_EQ(Send(Make({.keyframe = true})), "00.");
  EXPECT_EQ(Send(Make({})), "00.");
  number_ = 3;  // somebody else
  seq_ = 20;
  filter_.Start(seq_ + 1, numbers_.back() + 1);
  EXPECT_EQ(Send(Make({.keyframe = true})), "00.");
  EXPECT_THAT(frames_, testing::ElementsAre(71, 71, 72, 72, 73, 73));
  ExpectNoGaps();
}

TEST_F(LayerFilterTest, WhatTellsOfNoLayersPassesWhole) {
  filter_.Start(seq_ + 1, 1);
  filter_.set_spatial(0);
  filter_.set_temporal(0);
  auto packets = Make({.temporal = 2, .keyframe = true});
  for (ReceivedRtp& in : packets) in.frame = {};
  std::string text;
  for (const ReceivedRtp& in : packets) text += filter_.Accept(in) ? '+' : '-';
  EXPECT_EQ(text, "++++++");
}

}  // namespace
}  // namespace duet
