// The way through the server and back, without the network: FLV from FFmpeg into RTP payloads, those into FLV again,
// which FFmpeg decodes. And the two halves on their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <deque>
#include <functional>
#include <map>

#include "bridge/egress.h"
#include "bridge/flv_frames.h"
#include "bridge/ingest.h"
#include "bridge/test_media.h"
#include "core/rtmp/flv_muxer.h"
#include "wire/test_bytes.h"

namespace duet {
namespace {

using testing::HasSubstr;

constexpr Time kStart = Time::FromMillis(1'000'000);

std::string Run(const std::string& command) {
  std::string output;
  std::array<char, 4096> buffer;
  FILE* pipe = popen((command + " 2>&1 </dev/null").c_str(), "r");
  while (pipe != nullptr && fgets(buffer.data(), buffer.size(), pipe) != nullptr) output += buffer.data();
  EXPECT_TRUE(pipe != nullptr && pclose(pipe) == 0) << command << "\n" << output;
  return output;
}

// White pictures and a tone together, for 100 ms of every second.
const std::vector<TestTag>& Beeps() {
  static const std::vector<TestTag> tags = EncodeFlv(
      "-f lavfi -i \"color=black:size=320x240:rate=25,geq=lum='if(lt(mod(T,1),0.1),235,16)':cb=128:cr=128\" "
      "-f lavfi -i \"aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=44100\" -t 4 "
      "-pix_fmt yuv420p -c:v libx264 -preset ultrafast -bf 0 -g 25 -c:a aac -b:a 96k");
  return tags;
}

// Carries packets from an Ingest to an Egress and what comes out into an FLV stream; `lost` packets vanish.
struct Loop {
  SeededRng rng{11};
  Ingest ingest{rng};
  Egress egress = Egress::Create().value();
  FlvMuxer muxer{true, true};
  std::vector<std::byte> flv;
  std::map<bool, int64_t> seq = {{false, 500}, {true, 900}};
  std::map<bool, std::vector<Time>> sent;
  std::vector<FlvFrameRef> frames;
  Duration video_late;     // the picture takes so much longer
  Duration watched_from;   // the viewer comes then, and gets all pictures until then at once, and no sound
  Duration reports_after;  // sender reports come so much later than the viewer
  struct Cached {
    int64_t seq;
    IngestPacket packet;
    std::vector<std::byte> payload;
  };
  std::deque<Cached> cached;
  std::map<bool, bool> begun;

  void Report(Time now, const IngestPacket& packet) {
    egress.OnSenderReport(now, packet.video, packet.captured, packet.rtp_timestamp);
  }

  void TakeCached(Time now) {
    for (; !cached.empty(); cached.pop_front()) {
      const Cached& old = cached.front();
      if (!std::exchange(begun[true], true) && reports_after == Duration::Zero()) Report(now, old.packet);
      egress.OnVideo(now, old.seq, old.packet.rtp_timestamp, old.packet.marker, old.payload);
    }
  }

  void Step(Time now) {
    while (const auto packet = ingest.Pop(now)) {
      sent[packet->video].push_back(now);
      const int64_t number = seq[packet->video]++;
      if (now < kStart + watched_from) {
        if (packet->video) cached.push_back({number, *packet, {packet->payload.begin(), packet->payload.end()}});
        continue;
      }
      TakeCached(now);
      const bool first = !std::exchange(begun[packet->video], true);
      const bool reports = now >= kStart + watched_from + reports_after;
      if (reports && (first || number % 25 == 0)) Report(now, *packet);
      if (packet->video) {
        egress.OnVideo(now + video_late, number, packet->rtp_timestamp, packet->marker, packet->payload);
      } else {
        egress.OnAudio(now, number, packet->rtp_timestamp, packet->payload);
      }
    }
    if (now >= egress.NextTimer()) egress.OnTimer(now);
    while (auto frame = egress.Pop()) {
      frames.push_back(frame);
      muxer.Push(std::move(frame));
    }
    while (true) {
      const Bytes out = muxer.PrepareOutput();
      if (out.empty()) break;
      flv.insert(flv.end(), out.begin(), out.end());
      muxer.Sent(out.size());
    }
  }

  void RunAll(const std::vector<TestTag>& tags) {
    for (const TestTag& tag : tags) {
      const bool video = tag.header.type == 9;
      if (tag.header.type == 18) continue;
      const Time arrival = kStart + Duration::Millis(tag.header.timestamp_ms);
      while (ingest.NextTimer() <= arrival) Step(ingest.NextTimer());
      ingest.OnMedia(arrival, video, tag.header.timestamp_ms, tag.data);
      Step(arrival);
    }
    while (!ingest.NextTimer().is_never()) Step(ingest.NextTimer());
  }

  // Lines of "first time of a white picture / a tone", per second.
  struct Marks {
    std::vector<double> white, tone;
  };
  Marks Measure() const {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("duet-loop-" + std::to_string(getpid()) + ".flv")).string();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(flv.data()), static_cast<std::streamsize>(flv.size()));
    const std::string report = Run("ffmpeg -hide_banner -nostats -v info -i " + path +
                                   " -vf blackdetect=d=0.3:pic_th=0.9 -af silencedetect=n=-30dB:d=0.3 -f null -");
    std::filesystem::remove(path);
    EXPECT_THAT(report, testing::Not(HasSubstr("rror"))) << report;
    Marks marks;
    const auto collect = [&](const std::string& word, std::vector<double>& into) {
      for (size_t at = report.find(word); at != std::string::npos; at = report.find(word, at + 1)) {
        into.push_back(std::stod(report.substr(at + word.size())));
      }
    };
    collect("black_end:", marks.white);
    collect("silence_end: ", marks.tone);
    return marks;
  }
};

TEST(Bridge, SoundAndPictureStayTogetherThroughBothHalves) {
  Loop loop;
  loop.RunAll(Beeps());
  const auto marks = loop.Measure();
  ASSERT_GE(marks.white.size(), 3u);
  ASSERT_GE(marks.tone.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(marks.white[i], marks.tone[i], 0.045) << i;
    EXPECT_NEAR(marks.white[i], static_cast<double>(i) + 1, 0.1) << i;
  }
  size_t pictures = 0;
  for (const FlvFrameRef& frame : loop.frames) pictures += frame->kind == FlvFrame::Kind::kVideo ? 1 : 0;
  EXPECT_EQ(pictures, 100u);
}

TEST(Bridge, SenderReportsBringALatePictureBack) {
  Loop loop;
  loop.video_late = Duration::Millis(120);  // what an arrival alone would make of it
  std::vector<TestTag> tags;
  for (uint32_t round = 0; round < 3; ++round) {
    for (TestTag tag : Beeps()) {
      tag.header.timestamp_ms += round * 4000;
      tags.push_back(tag);
    }
  }
  loop.RunAll(tags);
  const auto marks = loop.Measure();
  ASSERT_GE(marks.white.size(), 9u);
  ASSERT_GE(marks.tone.size(), 9u);
  EXPECT_NEAR(marks.white.back(), marks.tone.back(), 0.045);
}

// A viewer comes in the middle of a stream and gets its last keyframe and all since, nearly a second, at once.
void ComesLater(Duration reports_after) {
  Loop loop;
  loop.watched_from = Duration::Millis(900);
  loop.reports_after = reports_after;
  loop.RunAll(Beeps());
  std::map<bool, int64_t> last;
  for (const FlvFrameRef& frame : loop.frames) {
    if (frame->is_config()) continue;
    int64_t& before = last.try_emplace(frame->is_video(), frame->timestamp_ms).first->second;
    EXPECT_GE(frame->timestamp_ms, before) << (frame->is_video() ? "picture" : "sound");
    before = frame->timestamp_ms;
  }
  const auto marks = loop.Measure();
  ASSERT_GE(marks.white.size(), 2u);
  ASSERT_GE(marks.tone.size(), 1u);
  EXPECT_NEAR(marks.white.back(), marks.tone.back(), 0.045);
  EXPECT_NEAR(marks.white[marks.white.size() - 2], marks.white.back() - 1, 0.045);
}

TEST(Bridge, PicturesFromBeforeAViewerCameBelongToTheirTime) { ComesLater(Duration::Zero()); }

TEST(Bridge, ReportsThatComeLaterMoveNothingBack) { ComesLater(Duration::Millis(300)); }

TEST(Ingest, TellsInWordsWhatItCannotCarry) {
  SeededRng rng(1);
  Ingest ingest(rng);
  for (int i = 0; i < 3; ++i) ingest.OnMedia(kStart, true, i * 40, Hex("90 68766331 01"));
  const auto hevc = ingest.PopEvent();
  ASSERT_TRUE(hevc);
  EXPECT_EQ(hevc->what, IngestEvent::What::kUnsupported);
  EXPECT_THAT(hevc->words, HasSubstr("HEVC"));
  EXPECT_FALSE(ingest.PopEvent()) << "once, not for every frame";
  ingest.OnMedia(kStart + Ingest::kRepeat, false, 0, Hex("2f fffb"));
  EXPECT_THAT(ingest.PopEvent()->words, HasSubstr("MP3"));
  EXPECT_EQ(ingest.dropped_frames(), 4u);
  EXPECT_FALSE(ingest.Pop(kStart + Duration::Seconds(9)));
}

TEST(Ingest, BPicturesAreDroppedWithAnEvent) {
  const auto tags = EncodeFlv(
      "-f lavfi -i testsrc2=size=320x240:rate=25 -t 2 -pix_fmt yuv420p -c:v libx264 -preset veryfast -bf 2 -g 50 "
      "-x264-params b-pyramid=none:b-adapt=0");
  SeededRng rng(1);
  Ingest ingest(rng);
  std::vector<uint32_t> times;
  size_t frames = 0;
  for (const TestTag& tag : tags) {
    if (tag.header.type != 9) continue;
    const Time arrival = kStart + Duration::Millis(tag.header.timestamp_ms);
    ingest.OnMedia(arrival, true, tag.header.timestamp_ms, tag.data);
    while (const auto packet = ingest.Pop(arrival + Smoother::kMaxDelay)) {
      if (packet->marker) times.push_back(packet->rtp_timestamp);
    }
    ++frames;
  }
  EXPECT_GT(frames, 45u);
  EXPECT_NEAR(static_cast<double>(times.size()), 18, 2) << "every third picture of 50";
  for (size_t i = 1; i < times.size(); ++i) EXPECT_LE(times[i] - times[i - 1], 3 * 3600u + 90) << i;
  bool told = false;
  while (const auto event = ingest.PopEvent()) {
    if (event->what != IngestEvent::What::kBPictures) continue;
    told = true;
    EXPECT_THAT(event->words, testing::Not(HasSubstr("damaged")));
  }
  EXPECT_TRUE(told);
}

// What one connection brings: every tag `late(its time)` after it was made.
struct Brought {
  std::vector<std::pair<Time, IngestPacket>> packets;  // without payload
  std::vector<std::string> words;
  uint64_t dropped = 0;

  Brought(const std::vector<TestTag>& tags, const std::function<Duration(int64_t timestamp_ms)>& late) {
    SeededRng rng(1);
    Ingest ingest(rng);
    Time now = kStart;
    const auto take = [&](Time at) {
      while (const auto packet = ingest.Pop(at)) packets.emplace_back(at, *packet);
    };
    for (const TestTag& tag : tags) {
      if (tag.header.type == 18) continue;
      const Duration time = Duration::Millis(tag.header.timestamp_ms);
      const Time arrival = std::max(now, kStart + time + late(time.ms()));
      while (ingest.NextTimer() <= arrival) take(ingest.NextTimer());
      now = arrival;
      ingest.OnMedia(now, tag.header.type == 9, time.ms(), tag.data);
      take(now);
    }
    while (!ingest.NextTimer().is_never()) take(ingest.NextTimer());
    while (const auto event = ingest.PopEvent())
      if (!event->words.empty()) words.push_back(event->words);
    dropped = ingest.dropped_frames();
  }

  // The greatest age of what goes out from `from` to `to`, by its capture time.
  Duration Oldest(Time from, Time to) const {
    Duration oldest;
    for (const auto& [at, packet] : packets)
      if (at >= from && at <= to) oldest = std::max(oldest, at - packet.captured);
    return oldest;
  }
};

std::vector<TestTag> Rounds(uint32_t count) {
  std::vector<TestTag> tags;
  for (uint32_t round = 0; round < count; ++round) {
    for (TestTag tag : Beeps()) {
      tag.header.timestamp_ms += round * 4000;
      tags.push_back(tag);
    }
  }
  return tags;
}

TEST(Ingest, AfterAStallOnlyWhatIsLiveGoesOn) {
  // From second 3 on nothing comes for 10 s, then 8 s of it in each second.
  const auto late = [](int64_t ms) {
    return Duration::Millis(ms < 3000 ? 0 : std::max<int64_t>(0, 10'000 - (ms - 3000) * 7 / 8));
  };
  const Brought brought(Rounds(6), late);
  const Time end = kStart + Duration::Seconds(13);
  EXPECT_LE(brought.Oldest(end + Duration::Millis(1500), kStart + Duration::Seconds(24)).ms(), 150);
  size_t old = 0;
  for (const auto& [at, packet] : brought.packets)
    old += packet.video && packet.marker && at - packet.captured > Duration::Seconds(2);
  EXPECT_LE(old, 30u) << "no more than a group of pictures";
  EXPECT_GT(brought.dropped, 400u);
  ASSERT_FALSE(brought.words.empty());
  EXPECT_THAT(brought.words[0], HasSubstr("stood still"));
}

TEST(Ingest, AShortStallLosesNothing) {
  const auto late = [](int64_t ms) {
    return Duration::Millis(ms < 3000 || ms >= 4000 ? 0 : 1000 - (ms - 3000));  // a second, at once
  };
  const Brought brought(Rounds(2), late);
  size_t pictures = 0;
  for (const auto& [at, packet] : brought.packets) pictures += packet.video && packet.marker;
  EXPECT_EQ(pictures, 200u);
}

TEST(Ingest, ALongerWayIsTheNewMeasure) {
  const auto late = [](int64_t ms) { return Duration::Millis(ms < 3000 ? 0 : 2000); };
  const Brought brought(Rounds(3), late);
  std::map<bool, Time> last;
  Duration longest;
  for (const auto& [at, packet] : brought.packets) {
    if (last.contains(packet.video)) longest = std::max(longest, at - last[packet.video]);
    last[packet.video] = at;
  }
  EXPECT_LE(longest.ms(), 2000 + LiveGate::kPatience.ms() + 100);
  EXPECT_GT(last[true], kStart + Duration::Millis(13'800));
}

TEST(Ingest, LateSoundIsTaken) {
  SeededRng rng(1);
  Ingest ingest(rng);
  bool audio = false;
  Time first_audio;
  for (const TestTag& tag : Beeps()) {
    if (tag.header.type == 18) continue;
    const bool video = tag.header.type == 9;
    // The sound begins after 2 s, its configuration as well.
    const bool config = tag.data.size() > 1 && tag.data[1] == std::byte{0};
    if (!video && tag.header.timestamp_ms < 2000 && !config) continue;
    const Time arrival = kStart + Duration::Millis(tag.header.timestamp_ms);
    ingest.OnMedia(arrival, video, tag.header.timestamp_ms, tag.data);
    while (const auto packet = ingest.Pop(arrival)) {
      if (!packet->video && !audio) first_audio = arrival;
      audio |= !packet->video;
    }
  }
  ASSERT_TRUE(audio);
  EXPECT_LT((first_audio - kStart).ms(), 2150);
}

TEST(Egress, MicrophoneOffBecomesSilence) {
  Loop loop;
  Time now = kStart;
  int64_t last_tag = 0;
  for (const TestTag& tag : Beeps()) {
    if (tag.header.type != 8) continue;
    if (tag.header.timestamp_ms > 1000) break;
    last_tag = tag.header.timestamp_ms;
    now = kStart + Duration::Millis(last_tag);
    loop.ingest.OnMedia(now, false, tag.header.timestamp_ms, tag.data);
    loop.Step(now);
  }
  const size_t before = loop.frames.size();
  for (int i = 0; i < 100; ++i) {
    now = now + Duration::Millis(20);
    loop.Step(now);
  }
  EXPECT_NEAR(static_cast<double>(loop.frames.size() - before), 2000 / 21.33, 12);
  EXPECT_GT(loop.frames.back()->timestamp_ms, last_tag + 1700);
  for (size_t i = before + 1; i < loop.frames.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(loop.frames[i]->timestamp_ms - loop.frames[i - 1]->timestamp_ms), 21.5, 2.5);
  }
}

TEST(ReorderBuffer, PutsInOrderAndWaitsOnlySoLong) {
  ReorderBuffer buffer;
  const auto payload = Hex("01");
  const auto pop = [&](Time now) {
    const auto* packet = buffer.Pop(now);
    return packet == nullptr ? -1 : packet->seq;
  };
  buffer.Push(kStart, 10, 0, payload);
  EXPECT_EQ(pop(kStart), 10);
  buffer.Push(kStart, 12, 0, payload);
  buffer.Push(kStart, 13, 0, payload);
  EXPECT_EQ(pop(kStart), -1);
  EXPECT_EQ(buffer.NextTimer(), kStart + ReorderBuffer::kMaxWait);
  buffer.Push(kStart, 11, 0, payload);
  EXPECT_EQ(pop(kStart), 11);
  EXPECT_EQ(pop(kStart), 12);
  EXPECT_EQ(pop(kStart), 13);
  buffer.Push(kStart, 16, 0, payload);
  EXPECT_EQ(pop(kStart + Duration::Millis(79)), -1);
  EXPECT_EQ(pop(kStart + Duration::Millis(80)), 16);
  buffer.Push(kStart, 14, 0, payload);
  EXPECT_EQ(pop(kStart + Duration::Seconds(1)), -1) << "its time is over";
  for (int64_t seq = 1000; seq < 1040; ++seq) buffer.Push(kStart, seq, 0, payload);
  EXPECT_EQ(pop(kStart), 1008) << "the last 32 are kept";
}

}  // namespace
}  // namespace duet
