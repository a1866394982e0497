#include "core/rtmp/frame_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/rtmp/flv_muxer.h"
#include "wire/test_bytes.h"

namespace duet {
namespace {

using testing::ElementsAre;

FlvFrameRef Frame(FlvFrame::Kind kind, int64_t time_ms, bool keyframe = false, size_t size = 8) {
  FlvFrame frame = {.kind = kind, .keyframe = keyframe, .timestamp_ms = time_ms};
  frame.data.resize(size);
  return std::make_shared<const FlvFrame>(std::move(frame));
}
FlvFrameRef Key(int64_t time_ms) { return Frame(FlvFrame::Kind::kVideo, time_ms, true); }
FlvFrameRef Delta(int64_t time_ms) { return Frame(FlvFrame::Kind::kVideo, time_ms); }
FlvFrameRef Sound(int64_t time_ms) { return Frame(FlvFrame::Kind::kAudio, time_ms); }
FlvFrameRef VideoConfig() { return Frame(FlvFrame::Kind::kVideoConfig, 0); }
FlvFrameRef AudioConfig() { return Frame(FlvFrame::Kind::kAudioConfig, 0); }

// "K" keyframe, "P" picture, "A" sound, "VC", "AC", "M", each with its time.
std::vector<std::string> PopAll(FrameQueue& queue) {
  std::vector<std::string> items;
  while (const auto item = queue.Pop()) {
    static constexpr const char* kNames[] = {"M", "VC", "AC", "P", "A"};
    const FlvFrame& frame = *item->frame;
    items.push_back((frame.keyframe ? "K" : kNames[static_cast<int>(frame.kind)]) + std::to_string(item->timestamp_ms));
  }
  return items;
}

TEST(FrameQueue, BeginsAtAKeyframe) {
  FrameQueue queue;
  queue.Push(VideoConfig());
  queue.Push(AudioConfig());
  queue.Push(Sound(1000));
  queue.Push(Delta(1010));
  queue.Push(Key(1040));
  queue.Push(Sound(1050));
  queue.Push(Delta(1080));
  EXPECT_THAT(PopAll(queue), ElementsAre("VC0", "AC0", "K0", "A10", "P40"));
  EXPECT_TRUE(queue.TakeKeyframeRequest());
  EXPECT_EQ(queue.dropped_frames(), 2u);
}

TEST(FrameQueue, SoundDoesNotWaitForEver) {
  FrameQueue queue;
  queue.Push(Sound(0));
  queue.Push(Sound(999));
  EXPECT_TRUE(queue.empty());
  queue.Push(Sound(1000));
  queue.Push(Key(1020));
  EXPECT_THAT(PopAll(queue), ElementsAre("A0", "K20"));

  FrameQueue audio_only({.expect_video = false});
  audio_only.Push(Sound(50));
  EXPECT_THAT(PopAll(audio_only), ElementsAre("A0"));
}

TEST(FrameQueue, LateTrackBringsItsConfiguration) {
  FrameQueue queue;
  queue.Push(VideoConfig());
  queue.Push(Key(0));
  EXPECT_THAT(PopAll(queue), ElementsAre("VC0", "K0"));
  queue.Push(AudioConfig());
  queue.Push(Sound(500));
  queue.Push(Delta(510));
  EXPECT_THAT(PopAll(queue), ElementsAre("AC500", "A500", "P510"));
  // A new size in the middle: only what comes behind it gets the new configuration.
  queue.Push(Delta(540));
  queue.Push(VideoConfig());
  queue.Push(Key(580));
  EXPECT_THAT(PopAll(queue), ElementsAre("P540", "VC580", "K580"));
}

TEST(FrameQueue, MoreThanASecondBehindJumpsToTheNewestKeyframe) {
  FrameQueue queue;
  queue.Push(VideoConfig());
  queue.Push(Key(0));
  EXPECT_THAT(PopAll(queue), ElementsAre("VC0", "K0"));
  for (int t = 40; t <= 1000; t += 40) queue.Push(t == 600 ? Key(t) : Delta(t));
  queue.Push(Delta(1040));
  EXPECT_EQ(queue.jumps(), 0u) << "1000 ms is still allowed";
  queue.Push(Delta(1080));
  EXPECT_EQ(queue.jumps(), 1u);
  EXPECT_EQ(queue.delay().ms(), 480);
  const auto items = PopAll(queue);
  EXPECT_EQ(items.front(), "K600");
  EXPECT_EQ(items.back(), "P1080");
  EXPECT_FALSE(queue.TakeKeyframeRequest()) << "nothing has to be asked for";
}

TEST(FrameQueue, WhatAStreamBeginsWithIsNoBacklog) {
  FrameQueue queue;
  queue.Push(Key(0));
  for (int t = 40; t <= 1400; t += 40) queue.Push(Delta(t));
  EXPECT_EQ(queue.jumps(), 0u);
  ASSERT_TRUE(queue.Pop());
  queue.Push(Delta(1440));
  EXPECT_EQ(queue.jumps(), 0u) << "the rest is on its way";
  for (int i = 0; i < 15; ++i) ASSERT_TRUE(queue.Pop());
  for (int t = 1480; t <= 1800; t += 40) queue.Push(Delta(t));
  EXPECT_EQ(queue.jumps(), 1u) << "it had caught up, and is too slow";
}

TEST(FrameQueue, WithoutAKeyframePicturesStopUntilTheNext) {
  FrameQueue queue;
  queue.Push(Key(0));
  EXPECT_THAT(PopAll(queue), ElementsAre("K0"));
  for (int t = 40; t <= 1080; t += 40) queue.Push(Delta(t));
  EXPECT_EQ(queue.jumps(), 1u);
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.TakeKeyframeRequest());
  queue.Push(Delta(1120));
  queue.Push(Sound(1125));
  queue.Push(Key(1160));
  queue.Push(Delta(1200));
  EXPECT_THAT(PopAll(queue), ElementsAre("A1125", "K1160", "P1200"));
}

TEST(FrameQueue, TenSecondStallIsBackAtLiveAtOnce) {
  FrameQueue queue;
  queue.Push(Key(0));
  EXPECT_THAT(PopAll(queue), ElementsAre("K0"));
  int64_t newest = 0;
  for (int64_t t = 20; t < 10'000; t += 20) {
    queue.Push(t % 2000 == 0 ? Key(t) : t % 40 == 0 ? Delta(t) : Sound(t));
    newest = t;
    ASSERT_LE(queue.delay().ms(), 1000) << t;
  }
  const auto items = PopAll(queue);
  ASSERT_FALSE(items.empty());
  EXPECT_EQ(items.back().substr(1), std::to_string(newest));
}

TEST(FrameQueue, LimitsOfFramesAndBytes) {
  FrameQueue frames({.max_frames = 4});
  frames.Push(Key(0));
  for (int t = 1; t <= 10; ++t) frames.Push(Delta(t));
  EXPECT_GE(frames.jumps(), 1u);
  FrameQueue bytes({.max_bytes = 100});
  bytes.Push(Frame(FlvFrame::Kind::kVideo, 0, true, 60));
  bytes.Push(Frame(FlvFrame::Kind::kVideo, 1, false, 60));
  EXPECT_TRUE(bytes.empty());
  EXPECT_TRUE(bytes.TakeKeyframeRequest());
}

TEST(FrameQueue, TimesNeverGoBack) {
  FrameQueue queue;
  queue.Push(Key(5000));
  queue.Push(Sound(4990));
  queue.Push(Delta(5040));
  queue.Push(Sound(5010));
  EXPECT_THAT(PopAll(queue), ElementsAre("K0", "A0", "P40", "A10"));
  // The source began anew.
  queue.Push(Key(7));
  queue.Push(Sound(27));
  EXPECT_THAT(PopAll(queue), ElementsAre("K40", "A60"));
}

TEST(FrameQueue, TracksThatAreApartDoNotGoBack) {
  FrameQueue queue;
  queue.Push(Key(0));
  queue.Push(Delta(500));
  queue.Push(Delta(950));
  EXPECT_THAT(PopAll(queue), ElementsAre("K0", "P500", "P950"));
  queue.Push(Delta(1900));
  queue.Push(Sound(20));
  queue.Push(Delta(1940));
  queue.Push(Sound(40));
  EXPECT_THAT(PopAll(queue), ElementsAre("P1900", "A20", "P1940", "A40"));
}

TEST(FlvMuxer, WritesTagsAndLeavesTheBacklogInTheQueue) {
  FlvMuxer muxer(true, true);
  muxer.Push(VideoConfig());
  muxer.Push(Key(1000));
  muxer.Push(Sound(1020));
  const Bytes first = muxer.PrepareOutput();
  const std::string text = ToHex(first);
  EXPECT_EQ(text.substr(0, 26), ToHex(FlvFileHeader(true, true)));
  const std::string tag = "09 000008 000000 00 000000 0000000000000000 00000013";
  EXPECT_EQ(text.substr(26, 46), ToHex(Hex(tag)));
  EXPECT_EQ(text.size(), 26 + 3 * 46u);
  muxer.Sent(first.size());
  EXPECT_TRUE(muxer.PrepareOutput().empty());

  muxer.Push(Frame(FlvFrame::Kind::kVideo, 1040, true, 40'000));
  muxer.Push(Delta(1080));
  const size_t prepared = muxer.PrepareOutput().size();
  EXPECT_EQ(prepared, 40'015u) << "a frame is never cut; the next one waits in the queue";
  EXPECT_FALSE(muxer.queue().empty());
}

}  // namespace
}  // namespace duet
