#include <gtest/gtest.h>

#include "bridge/flv_frames.h"
#include "gateway/flv_door.h"

namespace duet {
namespace {

constexpr std::byte kSome[] = {std::byte{0x11}, std::byte{0x90}, std::byte{0x56}, std::byte{0xe5}};
constexpr size_t kFlags = 4;  // in the header of the file
constexpr std::byte kBoth{5}, kVideoOnly{1};

constexpr FlvViewer::Clock::time_point kNow{};

// A second of pictures, as it is remembered of a group of pictures.
void BeginWithASecond(FlvViewer& viewer) {
  viewer.Take(MakeVideoConfigFrame(kSome, kSome), kNow);
  for (int64_t ms = 0; ms < 1000; ms += 40) viewer.Take(MakeVideoFrame(kSome, ms == 0, ms), kNow);
}

TEST(FlvViewer, ASecondThatComesAtOnceIsNoTimeInWhichSoundIsMissing) {
  FlvViewer viewer;
  BeginWithASecond(viewer);
  EXPECT_TRUE(viewer.PrepareOutput().empty()) << "which tracks there are is not known yet";
  viewer.Take(MakeAudioConfigFrame(kSome), kNow);
  viewer.Take(MakeAudioFrame(kSome, 1000), kNow);
  const Bytes out = viewer.PrepareOutput();
  ASSERT_GT(out.size(), kFlags);
  EXPECT_EQ(out[kFlags], kBoth);
}

TEST(FlvViewer, WithoutSoundThePictureBeginsSoon) {
  FlvViewer viewer;
  BeginWithASecond(viewer);
  const auto later = kNow + std::chrono::microseconds(FlvViewer::kSoundWait.us());
  EXPECT_EQ(viewer.begins_at(), later);
  viewer.Settle(later - std::chrono::microseconds(1));
  EXPECT_TRUE(viewer.PrepareOutput().empty());
  viewer.Settle(later);
  ASSERT_GT(viewer.PrepareOutput().size(), kFlags);
  EXPECT_EQ(viewer.PrepareOutput()[kFlags], kVideoOnly);
}

}  // namespace
}  // namespace duet
