#include "core/layers/vp8_rewriter.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

#include "base/rng.h"
#include "base/seq.h"
#include "core/layers/test_vp8_source.h"

namespace duet {
namespace {

uint16_t Id(Vp8Rewriter& rewriter, const TestPacket& packet) {
  const auto numbers = rewriter.Rewrite(packet.info, packet.seq);
  EXPECT_TRUE(numbers.has_value());
  return numbers ? numbers->picture_id : 0xffff;
}

TEST(Vp8Rewriter, TheFirstSourceKeepsItsNumbers) {
  Vp8Rewriter rewriter;
  TestVp8Source source(0x7ffd, 254, 30);
  for (int i = 0; i < 20; ++i) {
    const TestPacket packet = source.Next();
    const Vp8Numbers same{packet.info.picture_id, packet.info.tl0_pic_idx, packet.info.key_idx};
    EXPECT_EQ(rewriter.Rewrite(packet.info, packet.seq), same);
  }
}

TEST(Vp8Rewriter, NumbersGoOnOverASwitch) {
  Vp8Rewriter rewriter;
  TestVp8Source a(0x7ff0, 250, 30, 70000);
  Vp8Numbers last;
  for (int i = 0; i < 13; ++i) {
    const TestPacket packet = a.Next();
    last = *rewriter.Rewrite(packet.info, packet.seq);
  }
  EXPECT_EQ(last, (Vp8Numbers{0x7ffd, 254, 31}));
  for (int round = 0; round < 40; ++round) {
    TestVp8Source b(static_cast<uint16_t>(round * 911), static_cast<uint8_t>(round * 77),
                    static_cast<uint8_t>(round * 13 % 32), 500);
    rewriter.StartSource();
    for (int i = 0; i < 7; ++i) {
      const TestPacket packet = b.Next();
      const auto numbers = rewriter.Rewrite(packet.info, packet.seq);
      ASSERT_TRUE(numbers);
      EXPECT_EQ(numbers->picture_id, (last.picture_id + 1) & 0x7fff);
      EXPECT_EQ(numbers->tl0_pic_idx, static_cast<uint8_t>(last.tl0_pic_idx + (packet.info.temporal_id == 0 ? 1 : 0)));
      EXPECT_EQ(numbers->key_idx, (last.key_idx + (i == 0 ? 1 : 0)) & 0x1f);
      last = *numbers;
    }
  }
}

TEST(Vp8Rewriter, WhatWasMissingBeforeASwitchLeavesNoGap) {
  Vp8Rewriter rewriter;
  TestVp8Source a(100, 50, 5, 70000);
  const uint16_t last = Id(rewriter, a.Next());
  a.Next();  // lost
  const TestPacket dropped = a.Next();
  rewriter.Drop(dropped.info, dropped.seq);
  rewriter.StartSource();
  TestVp8Source b(7, 7, 7, 500);
  EXPECT_EQ(Id(rewriter, b.Next()), last + 1);
}

TEST(Vp8Rewriter, ASwitchBeforeAnythingWasSentChangesNothing) {
  Vp8Rewriter rewriter;
  rewriter.StartSource();
  rewriter.StartSource();
  EXPECT_EQ(Id(rewriter, TestVp8Source(41).Next()), 42);
}

TEST(Vp8Rewriter, DroppedPicturesLeaveNoGap) {
  Vp8Rewriter rewriter;
  TestVp8Source source(0x7ffa);
  uint16_t expected = 0x7ffb;
  for (int i = 0; i < 300; ++i) {
    const TestPacket packet = source.Next();
    if (packet.info.temporal_id == 2) {
      rewriter.Drop(packet.info, packet.seq);
      EXPECT_FALSE(rewriter.Rewrite(packet.info, packet.seq)) << "dropped for good";
    } else {
      EXPECT_EQ(Id(rewriter, packet), expected);
      expected = (expected + 1) & 0x7fff;
    }
  }
}

TEST(Vp8Rewriter, LostPicturesKeepTheirNumberUntilTheyCome) {
  Vp8Rewriter rewriter;
  TestVp8Source source(99);
  EXPECT_EQ(Id(rewriter, source.Next()), 100);
  const TestPacket lost = source.Next();
  const TestPacket dropped = source.Next();
  rewriter.Drop(dropped.info, dropped.seq);
  const TestPacket lost_too = source.Next();
  EXPECT_EQ(Id(rewriter, source.Next()), 103);
  EXPECT_EQ(Id(rewriter, lost_too), 102);
  EXPECT_EQ(Id(rewriter, lost), 101);
  EXPECT_EQ(Id(rewriter, source.Next()), 104);
  rewriter.Drop(lost.info, lost.seq);
  EXPECT_EQ(Id(rewriter, source.Next()), 105) << "too late to close its gap";
}

TEST(Vp8Rewriter, WhatIsTooOldHasNoNumber) {
  Vp8Rewriter rewriter;
  TestVp8Source source;
  const TestPacket before = source.Next();
  const TestPacket first = source.Next();
  EXPECT_EQ(Id(rewriter, first), first.info.picture_id);
  EXPECT_FALSE(rewriter.Rewrite(before.info, before.seq)) << "before the start";
  for (int64_t i = 1; i < Vp8Rewriter::kWindow; ++i) Id(rewriter, source.Next());
  EXPECT_EQ(Id(rewriter, first), first.info.picture_id);
  Id(rewriter, source.Next());
  EXPECT_FALSE(rewriter.Rewrite(first.info, first.seq));
}

TEST(Vp8Rewriter, ShortIdsAfterLongOnes) {
  Vp8Rewriter rewriter;
  TestVp8Source a(0x1234);
  EXPECT_EQ(Id(rewriter, a.Next()), 0x1235);
  rewriter.StartSource();
  TestVp8Source b(120);
  b.long_picture_id = false;
  for (int i = 1; i <= 300; ++i) EXPECT_EQ(Id(rewriter, b.Next()), 0x1235 + i);
}

TEST(Vp8Rewriter, DescriptorsWithoutNumbersPass) {
  Vp8Rewriter rewriter;
  Vp8PayloadInfo info;
  info.valid = true;
  EXPECT_TRUE(rewriter.Rewrite(info, 1));
  rewriter.Drop(info, 2);
  rewriter.StartSource();
  EXPECT_EQ(Id(rewriter, TestVp8Source(41).Next()), 42) << "nothing to go on from";
}

// How a browser finds out whether it can decode a picture: by its layer, TL0PICIDX and Y, and it waits as long as a
// picture id is missing between the picture and one that it may refer to.
class Receiver {
 public:
  // False when the picture would have to wait.
  bool OnPicture(const Vp8PayloadInfo& info, const Vp8Numbers& numbers) {
    const int64_t id = Extend(numbers.picture_id);
    const int64_t tl0 = tl0_.Unwrap(numbers.tl0_pic_idx);
    const auto layer = static_cast<size_t>(info.temporal_id);
    if (info.starts_keyframe) {
      layers_.clear();
      layers_[tl0] = {id, -1, -1, -1};
      return true;
    }
    const auto base = layers_.find(layer == 0 ? tl0 - 1 : tl0);
    if (base == layers_.end()) return false;
    if (layer != 0 && !info.layer_sync) {
      for (size_t t = 0; t <= layer; ++t) {
        if (base->second[t] < 0) return false;
        for (int64_t between = base->second[t] + 1; between < id; ++between)
          if (!seen_.contains(between)) return false;
      }
    }
    auto last = base->second;
    last[layer] = id;
    layers_[tl0] = last;
    return true;
  }

 private:
  int64_t Extend(uint16_t id) {
    const int64_t extended = numbers_.Unwrap(id, true, ++count_);
    seen_[extended] = true;
    return extended;
  }
  PictureNumbers numbers_;
  int64_t count_ = 0;
  Unwrapper<uint8_t> tl0_;
  std::map<int64_t, bool> seen_;
  std::map<int64_t, std::array<int64_t, 4>> layers_;
};

TEST(Vp8Rewriter, ABrowserNeverWaits) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRng rng(seed);
    Vp8Rewriter rewriter;
    TestVp8Filter filter;
    Receiver receiver;
    TestVp8Source source;
    int sent = 0;
    for (int i = 0; i < 2000; ++i) {
      if (rng.Below(200) == 0) {
        source = TestVp8Source(static_cast<uint16_t>(rng.Below(0x8000)), static_cast<uint8_t>(rng.U32()),
                               static_cast<uint8_t>(rng.Below(32)), static_cast<int64_t>(rng.Below(1 << 20)));
        filter.StartSource();
        rewriter.StartSource();
      }
      if (rng.Below(30) == 0) filter.set_wanted(static_cast<int>(rng.Below(3)));
      const TestPacket packet = source.Next(rng.Below(300) == 0);
      if (!filter.Pass(packet.info, packet.seq)) {
        rewriter.Drop(packet.info, packet.seq);
        continue;
      }
      const auto numbers = rewriter.Rewrite(packet.info, packet.seq);
      ASSERT_TRUE(numbers);
      EXPECT_TRUE(receiver.OnPicture(packet.info, *numbers)) << seed << " " << i;
      ++sent;
    }
    EXPECT_GT(sent, 700);
  }
}

}  // namespace
}  // namespace duet
