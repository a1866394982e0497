#include "core/layers/temporal_filter.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/rng.h"
#include "core/layers/test_vp8_source.h"

namespace duet {
namespace {

// The layers that pass, in order, '-' for a dropped picture.
std::string Layers(TestVp8Filter& filter, TestVp8Source& source, int pictures) {
  std::string text;
  for (int i = 0; i < pictures; ++i) {
    const TestPacket packet = source.Next();
    text += filter.Pass(packet.info, packet.seq) ? static_cast<char>('0' + packet.info.temporal_id) : '-';
  }
  return text;
}

TEST(TemporalFilter, AllPassUntilLessIsWanted) {
  TestVp8Filter filter;
  TestVp8Source source;
  EXPECT_EQ(Layers(filter, source, 8), "02120212");
  EXPECT_EQ(filter.open(), 2 + 5) << "layers that do not exist are open, too";
  filter.set_wanted(1);
  EXPECT_EQ(Layers(filter, source, 8), "0-1-0-1-");
  filter.set_wanted(0);
  EXPECT_EQ(Layers(filter, source, 8), "0---0---");
  EXPECT_EQ(filter.open(), 0);
}

TEST(TemporalFilter, GoesUpAtSyncPictures) {
  TestVp8Filter filter;
  TestVp8Source source;
  filter.set_wanted(0);
  EXPECT_EQ(Layers(filter, source, 12), "0---0---0---");
  filter.set_wanted(2);
  EXPECT_EQ(Layers(filter, source, 4), "0---") << "no sync picture in the second half";
  EXPECT_EQ(filter.open(), 0);
  // A sync picture of layer 2 goes; the next of it may need layer 1, which opens with its own.
  EXPECT_EQ(Layers(filter, source, 8), "02120212");
}

TEST(TemporalFilter, GoesUpAtAKeyframe) {
  TestVp8Filter filter;
  TestVp8Source source;
  filter.set_wanted(0);
  EXPECT_EQ(Layers(filter, source, 4), "0---");
  filter.set_wanted(1);
  TestPacket key = source.Next(true);
  EXPECT_TRUE(filter.Pass(key.info, key.seq));
  EXPECT_EQ(filter.open(), 1);
  filter.set_wanted(2);
  EXPECT_EQ(filter.open(), 2) << "nothing was dropped since the keyframe";
}

TEST(TemporalFilter, AKeyframeOpensThoughItsFirstPacketComesSecond) {
  TestVp8Filter filter;
  TestVp8Source source;
  const TestPacket first = source.Next();
  const TestPacket second = source.More(first);
  EXPECT_TRUE(filter.Pass(second.info, second.seq));
  EXPECT_EQ(filter.open(), 0);
  EXPECT_TRUE(filter.Pass(first.info, first.seq));
  EXPECT_EQ(filter.open(), TestVp8Filter::kMaxTemporalId);
}

TEST(TemporalFilter, DropsFromTheNextPictureOn) {
  TestVp8Filter filter;
  TestVp8Source source;
  EXPECT_EQ(Layers(filter, source, 1), "0");
  const TestPacket first = source.Next();
  ASSERT_EQ(first.info.temporal_id, 2);
  EXPECT_TRUE(filter.Pass(first.info, first.seq));
  filter.set_wanted(0);
  const TestPacket rest = source.More(first);
  EXPECT_TRUE(filter.Pass(rest.info, rest.seq)) << "the picture has begun";
  EXPECT_EQ(Layers(filter, source, 3), "--0");
  EXPECT_TRUE(filter.Pass(first.info, first.seq)) << "late: as its picture";
}

TEST(TemporalFilter, APictureThatWasDroppedStaysDropped) {
  TestVp8Filter filter;
  TestVp8Source source;
  filter.set_wanted(0);
  EXPECT_EQ(Layers(filter, source, 1), "0");
  const TestPacket sync = source.Next();
  EXPECT_FALSE(filter.Pass(sync.info, sync.seq));
  filter.set_wanted(2);
  const TestPacket rest = source.More(sync);
  EXPECT_FALSE(filter.Pass(rest.info, rest.seq)) << "half of it is gone";
}

TEST(TemporalFilter, RecoveredPicturesGoIfTheirLayerWasOpen) {
  TestVp8Filter filter;
  TestVp8Source source;
  EXPECT_EQ(Layers(filter, source, 1), "0");
  const TestPacket lost_open = source.Next();
  EXPECT_EQ(Layers(filter, source, 1), "1");
  filter.set_wanted(0);
  const TestPacket lost_closed = source.Next();
  ASSERT_EQ(lost_closed.info.temporal_id, 2);
  EXPECT_EQ(Layers(filter, source, 1), "0");
  EXPECT_TRUE(filter.Pass(lost_open.info, lost_open.seq));
  EXPECT_FALSE(filter.Pass(lost_closed.info, lost_closed.seq));
  // One of layer 1 or 2 was lost to the receiver for good, so they are closed until a sync picture.
  filter.set_wanted(2);
  EXPECT_EQ(Layers(filter, source, 3), "---");
  EXPECT_EQ(Layers(filter, source, 8), "02120212");
}

TEST(TemporalFilter, ShortPictureIdsOverALongGap) {
  TestVp8Filter filter;
  TestVp8Source source;
  source.long_picture_id = false;
  EXPECT_EQ(Layers(filter, source, 8), "02120212");
  for (int i = 0; i < 104; ++i) source.Next();
  EXPECT_EQ(Layers(filter, source, 8), "02120212");
}

TEST(TemporalFilter, StartSourceForgetsTheLayers) {
  TestVp8Filter filter;
  TestVp8Source source;
  filter.set_wanted(1);
  EXPECT_EQ(Layers(filter, source, 3), "0-1");
  filter.StartSource();
  EXPECT_EQ(filter.wanted(), 1);
  EXPECT_EQ(filter.open(), 0);
  TestVp8Source other(7, 7, 7, 10);
  EXPECT_EQ(Layers(filter, other, 4), "0-1-");
}

TEST(TemporalFilter, GoesUpAfterASwitchingUpPoint) {
  TemporalFilter filter;
  filter.set_wanted(0);
  EXPECT_TRUE(filter.Pass({.number = 1}));
  EXPECT_FALSE(filter.Pass({.number = 2, .temporal_id = 1, .opens_above = true}));
  filter.set_wanted(2);
  EXPECT_FALSE(filter.Pass({.number = 3, .temporal_id = 1}));
  EXPECT_FALSE(filter.Pass({.number = 4, .temporal_id = 2, .opens_above = true})) << "its own layer is still closed";
  EXPECT_TRUE(filter.Pass({.number = 5, .opens_above = true}));
  EXPECT_TRUE(filter.Pass({.number = 6, .temporal_id = 2}));
  EXPECT_TRUE(filter.Pass({.number = 7, .temporal_id = 1}));
}

// Whatever is wanted when, and in whatever order packets come: a picture goes whole or not at all, and with each
// picture goes everything that it may refer to.
TEST(TemporalFilter, WhatGoesCanBeDecoded) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRng rng(seed);
    TestVp8Source source(static_cast<uint16_t>(rng.Below(0x8000)));
    source.long_picture_id = rng.Below(2) == 0;
    struct Picture {
      int layer;
      bool sync;
      bool key;
      int went = -1;
    };
    std::vector<Picture> pictures;
    std::vector<std::pair<size_t, TestPacket>> packets;
    for (size_t i = 0; i < 400; ++i) {
      const TestPacket packet = source.Next(rng.Below(60) == 0);
      const Vp8PayloadInfo& info = packet.info;
      pictures.push_back({info.temporal_id, info.layer_sync, info.starts_keyframe});
      packets.emplace_back(i, packet);
      while (rng.Below(2) == 0) packets.emplace_back(i, source.More(packet));
    }
    for (size_t i = 1; i + 6 < packets.size(); ++i)
      if (rng.Below(8) == 0) std::swap(packets[i], packets[i + 1 + rng.Below(5)]);

    TestVp8Filter filter;
    for (const auto& [index, packet] : packets) {
      if (rng.Below(40) == 0) filter.set_wanted(static_cast<int>(rng.Below(4)));
      const int went = filter.Pass(packet.info, packet.seq) ? 1 : 0;
      EXPECT_TRUE(pictures[index].went < 0 || pictures[index].went == went) << seed << " " << index;
      pictures[index].went = went;
    }
    std::array<int, 4> last{};  // of each layer; 1 = it went
    size_t whole = 0;
    for (const Picture& picture : pictures) {
      EXPECT_GE(picture.went, 0);
      if (picture.key) last = {1, 1, 1, 1};
      if (picture.went == 1) {
        ++whole;
        EXPECT_EQ(last[0], 1);
        for (int t = 1; t <= picture.layer && !picture.sync; ++t) EXPECT_EQ(last[static_cast<size_t>(t)], 1) << seed;
      } else {
        EXPECT_GT(picture.layer, 0);
      }
      // A picture that went without sync stands on a whole row; one that did not breaks it until the next sync picture.
      auto& own = last[static_cast<size_t>(picture.layer)];
      own = picture.went;
      if (picture.went == 0)
        for (size_t t = static_cast<size_t>(picture.layer); t < 4; ++t) last[t] = 0;
    }
    EXPECT_GT(whole, pictures.size() / 4);
  }
}

}  // namespace
}  // namespace duet
