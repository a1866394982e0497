// IngestLine and EgressLine, one behind the other as if a room were between them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bridge/egress_line.h"
#include "bridge/flv_frames.h"
#include "bridge/ingest_line.h"
#include "bridge/test_media.h"
#include "wire/avc.h"
#include "wire/rtp.h"
#include "wire/test_bytes.h"

namespace duet {
namespace {

constexpr Time kStart = Time::FromMillis(1'000'000);
// 320x240 constrained baseline, and a PPS.
constexpr std::string_view kSps = "6742c01ed90141fb0110000003001000000303c0f162e480";
constexpr std::string_view kPps = "68cb8cb2";

std::vector<std::byte> Config() { return MakeVideoConfigFrame(Hex(kSps), Hex(kPps))->data; }
std::vector<std::byte> Picture(bool key, size_t size = 20) {
  std::vector<std::byte> nal = Hex(key ? "65" : "41");
  nal.resize(size, std::byte{0x80});
  std::vector<std::byte> unit;
  AppendAvccNal(nal, unit);
  return MakeVideoFrame(unit, key, 0)->data;
}

struct Ends {
  explicit Ends(size_t capacity = MediaLine::kCapacity) : line(std::make_shared<MediaLine>(nullptr, capacity)) {}

  IngestLine MakeIngest(uint64_t first_id = 1) {
    return IngestLine(rng, {.line = line,
                            .audio = UptrackId(first_id),
                            .video = UptrackId(first_id + 1),
                            .audio_payload_type = PayloadType(111),
                            .video_payload_type = PayloadType(102)});
  }
  SeededRng rng{5};
  MediaLineRef line;
};

TEST(IngestLine, SaysWhatTimeItsTimestampsMean) {
  Ends ends;
  IngestLine ingest = ends.MakeIngest();
  ingest.OnMedia(kStart, true, 0, Config());
  for (int i = 0; i < 60; ++i) {
    const Time now = kStart + Duration::Millis(40 * i);
    ingest.OnMedia(now, true, 40 * i, Picture(i == 0));
    ingest.Run(now);
  }
  int references = 0;
  int packets = 0;
  for (const LineItem* item = ends.line->Front(); item != nullptr; item = ends.line->Front()) {
    EXPECT_TRUE(item->video);
    EXPECT_EQ(item->uptrack, UptrackId(2));
    if (item->kind == LineItem::Kind::kReference) {
      EXPECT_EQ(item->captured, kStart + Duration::Millis(40 * packets)) << "an even stream is not late";
      ++references;
    } else {
      EXPECT_EQ(item->starts_keyframe, packets == 0);
      ++packets;
    }
    ends.line->Pop();
  }
  EXPECT_EQ(packets, 60);
  EXPECT_EQ(references, 3) << "with the first packet, and every second";
}

TEST(IngestLine, AFullLineLosesPicturesUpToTheNextKeyframe) {
  Ends ends(4);
  IngestLine ingest = ends.MakeIngest();
  ingest.OnMedia(kStart, true, 0, Config());
  ingest.OnMedia(kStart, true, 0, Picture(true, 9000));  // 8 packets and a reference
  ingest.Run(kStart);
  EXPECT_EQ(ends.line->refused(), 1u);
  int64_t seq = 0;
  while (const LineItem* item = ends.line->Front()) {
    seq = item->seq;
    ends.line->Pop();
  }
  ingest.OnMedia(kStart + Duration::Millis(40), true, 40, Picture(false));
  ingest.Run(kStart + Duration::Millis(40));
  EXPECT_EQ(ends.line->Front(), nullptr) << "it stands on a picture with a hole";
  ingest.OnMedia(kStart + Duration::Millis(80), true, 80, Picture(true));
  ingest.Run(kStart + Duration::Millis(80));
  ASSERT_NE(ends.line->Front(), nullptr);
  EXPECT_TRUE(ends.line->Front()->starts_keyframe);
  EXPECT_GT(ends.line->Front()->seq, seq + 1) << "the room sees that something is missing";
}

TEST(Lines, SoundAndPictureGoThroughAndOnWhenThePublisherComesBack) {
  Ends ends;
  auto egress = EgressLine::Create(ends.line);
  ASSERT_TRUE(egress.ok());
  const auto tags = EncodeFlv(
      "-f lavfi -i color=red:size=320x240:rate=25 -f lavfi -i sine=frequency=1000:sample_rate=44100 -t 2 "
      "-pix_fmt yuv420p -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -c:a aac");
  std::vector<FlvFrameRef> frames;
  // Twice the same, with other tracks and 3 s between them.
  for (int round = 0; round < 2; ++round) {
    IngestLine ingest = ends.MakeIngest(static_cast<uint64_t>(10 * round + 1));
    const Time begin = kStart + Duration::Seconds(5) * round;
    for (const TestTag& tag : tags) {
      if (tag.header.type != 8 && tag.header.type != 9) continue;
      const Time now = begin + Duration::Millis(tag.header.timestamp_ms);
      ingest.OnMedia(now, tag.header.type == 9, tag.header.timestamp_ms, tag.data);
      ingest.Run(now);
      while (egress->Run(now)) continue;
      while (auto frame = egress->Pop()) frames.push_back(std::move(frame));
    }
  }
  int64_t last[2] = {-100, -100};  // AAC begins a frame before its first sample
  int count[2][2] = {};
  for (const FlvFrameRef& frame : frames) {
    if (frame->is_config()) continue;
    const size_t track = frame->is_video() ? 0 : 1;
    EXPECT_GE(frame->timestamp_ms, last[track]);
    last[track] = frame->timestamp_ms;
    ++count[track][frame->timestamp_ms < 4000 ? 0 : 1];
  }
  for (const int round : {0, 1}) {
    EXPECT_GE(count[0][round], 48) << "pictures of round " << round;
    EXPECT_GE(count[1][round], 80) << "sound of round " << round;
  }
  EXPECT_NEAR(static_cast<double>(last[0]), 6960, 100);
  EXPECT_NEAR(static_cast<double>(last[1]), 6960, 200);
}

}  // namespace
}  // namespace duet
