#include <gtest/gtest.h>

#include <vector>

#include "core/speakers/active_speakers.h"
#include "core/speakers/speaker_level.h"

namespace duet {
namespace {

constexpr AudioLevel kVoice{.voice = true, .minus_dbov = 30};
constexpr AudioLevel kLoudVoice{.voice = true, .minus_dbov = 18};
constexpr AudioLevel kSilence{.voice = false, .minus_dbov = 127};
constexpr AudioLevel kNoise{.voice = false, .minus_dbov = 30};

// A packet every 20 ms from `now` on.
void Feed(SpeakerLevel& level, Time& now, AudioLevel with, int64_t ms) {
  for (; ms > 0; ms -= 20) level.OnLevel(now = now + Duration::Millis(20), with);
}

class SpeakerLevelTest : public testing::Test {
 protected:
  SpeakerLevelTest() { level_.OnLevel(now_, kSilence); }
  SpeakerLevel level_;
  Time now_ = Time::FromMillis(1'000'000);
};

TEST_F(SpeakerLevelTest, VolumeIsAScaleInDecibels) {
  const struct {
    uint8_t minus_dbov;
    int volume;
  } cases[] = {{127, 0}, {65, 0}, {60, 10}, {40, 50}, {30, 70}, {15, 100}, {0, 100}};
  for (const auto& c : cases) {
    SpeakerLevel level;
    Time now = now_;
    Feed(level, now, {.voice = false, .minus_dbov = c.minus_dbov}, 1000);
    EXPECT_EQ(level.volume(), c.volume) << int{c.minus_dbov};
  }
}

TEST_F(SpeakerLevelTest, VolumeRisesFastAndFallsSlowly) {
  Feed(level_, now_, kVoice, 60);
  EXPECT_GT(level_.volume(), 60);
  Feed(level_, now_, kSilence, 60);
  EXPECT_GT(level_.volume(), 30);
  Feed(level_, now_, kSilence, 340);
  EXPECT_LE(level_.volume(), 2);
}

TEST_F(SpeakerLevelTest, SpeakingBeginsAfter200MsAndEndsAfter800) {
  Feed(level_, now_, kVoice, 180);
  EXPECT_FALSE(level_.speaking());
  Feed(level_, now_, kVoice, 20);
  EXPECT_TRUE(level_.speaking());
  Feed(level_, now_, kSilence, 780);
  EXPECT_TRUE(level_.speaking());
  Feed(level_, now_, kSilence, 20);
  EXPECT_FALSE(level_.speaking());
}

TEST_F(SpeakerLevelTest, PausesBetweenWordsDoNotEndIt) {
  for (int i = 0; i < 20; ++i) {
    Feed(level_, now_, kVoice, 200);
    EXPECT_TRUE(level_.speaking());
    Feed(level_, now_, kSilence, 600);
    EXPECT_TRUE(level_.speaking());
  }
}

TEST_F(SpeakerLevelTest, ASlamOfADoorIsNoSpeech) {
  Feed(level_, now_, kLoudVoice, 100);
  Feed(level_, now_, kSilence, 400);
  Feed(level_, now_, kLoudVoice, 100);
  EXPECT_FALSE(level_.speaking());
}

TEST_F(SpeakerLevelTest, NoiseCountsOnlyWhileTheSourceHasNoVoiceBit) {
  Feed(level_, now_, kNoise, 1000);
  EXPECT_TRUE(level_.speaking()) << "perhaps it never sets the bit";
  Feed(level_, now_, kVoice, 20);
  Feed(level_, now_, kNoise, 800);
  EXPECT_FALSE(level_.speaking());
  EXPECT_EQ(level_.volume(), 70) << "it is as loud as before";
  Feed(level_, now_, {.voice = true, .minus_dbov = 50}, 1000);
  EXPECT_FALSE(level_.speaking()) << "a whisper far away";
}

TEST_F(SpeakerLevelTest, ASourceThatStopsSendingDecays) {
  Feed(level_, now_, kVoice, 1000);
  level_.Advance(now_ + Duration::Millis(100));
  EXPECT_EQ(level_.volume(), 70) << "its next packet may be on its way";
  level_.Advance(now_ + Duration::Millis(500));
  EXPECT_LE(level_.volume(), 1);
  EXPECT_TRUE(level_.speaking());
  level_.Advance(now_ + Duration::Millis(800));
  EXPECT_FALSE(level_.speaking());
}

TEST_F(SpeakerLevelTest, AGapBeforeAPacketIsSilence) {
  Feed(level_, now_, kVoice, 1000);
  level_.OnLevel(now_ + Duration::Seconds(5), kVoice);
  EXPECT_FALSE(level_.speaking()) << "120 ms of speech after 5 s of nothing";
}

TEST_F(SpeakerLevelTest, TimeDoesNotGoBack) {
  Feed(level_, now_, kVoice, 1000);
  level_.OnLevel(now_ - Duration::Seconds(1), kSilence);
  level_.Advance(now_ - Duration::Seconds(1));
  EXPECT_EQ(level_.volume(), 70);
  EXPECT_TRUE(level_.speaking());
}

class ActiveSpeakersTest : public testing::Test {
 protected:
  static constexpr UptrackId kA{1}, kB{2}, kC{3};
  using Ids = std::vector<UptrackId>;

  // Each source sends its level for so long; Update every 100 ms. How often the list has changed.
  int Run(int64_t ms, std::vector<std::pair<UptrackId, AudioLevel>> sources) {
    int changes = 0;
    for (int64_t i = 20; i <= ms; i += 20) {
      now_ = now_ + Duration::Millis(20);
      for (const auto& [id, level] : sources) speakers_.OnLevel(id, now_, level);
      if (i % 100 == 0 && speakers_.Update(now_)) ++changes;
    }
    return changes;
  }
  Ids active() const { return Ids(speakers_.active().begin(), speakers_.active().end()); }

  ActiveSpeakers speakers_{16};
  Time now_ = Time::FromMillis(1'000'000);
};

TEST_F(ActiveSpeakersTest, WhoSpeaksIsNamed) {
  EXPECT_EQ(Run(1000, {{kA, kSilence}, {kB, kSilence}}), 0);
  EXPECT_EQ(active(), Ids());
  EXPECT_EQ(Run(1000, {{kA, kVoice}, {kB, kSilence}}), 1);
  EXPECT_EQ(active(), Ids({kA}));
  EXPECT_EQ(speakers_.Volume(kA), 70);
  EXPECT_EQ(speakers_.Volume(kB), 0);
  EXPECT_EQ(speakers_.Volume(kC), 0) << "not known";
  EXPECT_EQ(Run(2000, {{kA, kSilence}, {kB, kVoice}}), 2) << "B comes, A goes";
  EXPECT_EQ(active(), Ids({kB}));
}

TEST_F(ActiveSpeakersTest, TheDominantOneStaysFirst) {
  Run(2000, {{kA, kVoice}});
  // Louder by less than the margin, however long.
  Run(5000, {{kA, kVoice}, {kB, {.voice = true, .minus_dbov = 26}}});
  EXPECT_EQ(active(), Ids({kA, kB}));
  // Much louder, but only for a moment.
  Run(400, {{kA, kVoice}, {kB, kLoudVoice}});
  Run(2000, {{kA, kVoice}, {kB, kVoice}});
  EXPECT_EQ(active(), Ids({kA, kB}));
  EXPECT_EQ(Run(4000, {{kA, kVoice}, {kB, kLoudVoice}}), 1);
  EXPECT_EQ(active(), Ids({kB, kA}));
}

TEST_F(ActiveSpeakersTest, TheNextFollowsAtOnceWhenTheDominantOneIsSilent) {
  Run(3000, {{kA, kLoudVoice}, {kB, kVoice}, {kC, {.voice = true, .minus_dbov = 40}}});
  EXPECT_EQ(active(), Ids({kA, kB, kC}));
  Run(900, {{kA, kSilence}, {kB, kVoice}, {kC, {.voice = true, .minus_dbov = 40}}});
  EXPECT_EQ(active(), Ids({kB, kC}));
}

TEST_F(ActiveSpeakersTest, SourcesThatStopSendingDisappear) {
  Run(2000, {{kA, kVoice}, {kB, kVoice}});
  EXPECT_EQ(Run(1000, {{kB, kVoice}}), 1);
  EXPECT_EQ(active(), Ids({kB}));
  speakers_.Remove(kB);
  EXPECT_TRUE(speakers_.Update(now_));
  EXPECT_EQ(active(), Ids());
  EXPECT_EQ(speakers_.Volume(kB), 0);
  EXPECT_FALSE(speakers_.Update(now_));
}

TEST_F(ActiveSpeakersTest, Bounded) {
  std::vector<std::pair<UptrackId, AudioLevel>> crowd;
  for (uint64_t i = 1; i <= 30; ++i) {
    crowd.emplace_back(UptrackId(i), AudioLevel{.voice = true, .minus_dbov = static_cast<uint8_t>(49 - i)});
  }
  Run(3000, crowd);
  // Of the 16 that fit, the eight loudest.
  EXPECT_EQ(active(), Ids({UptrackId(16), UptrackId(15), UptrackId(14), UptrackId(13), UptrackId(12), UptrackId(11),
                           UptrackId(10), UptrackId(9)}));
  EXPECT_EQ(speakers_.Volume(UptrackId(17)), 0);
  speakers_.Remove(UptrackId(3));
  crowd.erase(crowd.begin() + 2);
  Run(6000, crowd);
  EXPECT_EQ(active().front(), UptrackId(16)) << "17 has the free place and is hardly louder";
  EXPECT_EQ(active()[1], UptrackId(17));
}

TEST_F(ActiveSpeakersTest, TheDominantOneIsNotCrowdedOut) {
  Run(2000, {{kA, {.voice = true, .minus_dbov = 40}}});
  std::vector<std::pair<UptrackId, AudioLevel>> crowd = {{kA, {.voice = true, .minus_dbov = 40}}};
  for (uint64_t i = 2; i <= 12; ++i) crowd.emplace_back(UptrackId(i), AudioLevel{.voice = true, .minus_dbov = 36});
  Run(5000, crowd);
  EXPECT_EQ(active().size(), ActiveSpeakers::kMaxActive);
  EXPECT_EQ(active().front(), kA);
}

}  // namespace
}  // namespace duet
