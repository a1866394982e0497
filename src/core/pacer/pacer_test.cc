#include "core/pacer/pacer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace duet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Time kStart = Time::FromMillis(1'700'000'000'000);
Time At(double ms) { return kStart + Duration::Micros(static_cast<int64_t>(ms * 1000)); }

constexpr auto kAudio = PacketClass::kAudio;
constexpr auto kRepair = PacketClass::kRetransmission;
constexpr auto kVideo = PacketClass::kVideo;
constexpr auto kPadding = PacketClass::kPadding;

class PacerTest : public testing::Test {
 protected:
  PacerTest() { pacer_.SetTarget(400'000); }  // paced at 1 Mbit/s: 125 bytes a ms, 625 in a burst

  bool Put(double ms, PacketClass kind, uint64_t cookie, size_t size = 1000) {
    return pacer_.Enqueue(At(ms), kind, PacketRef(), size, cookie);
  }
  // Cookies of what leaves at this time.
  std::vector<uint64_t> Take(double ms) {
    std::vector<uint64_t> cookies;
    while (const auto due = pacer_.TakeDue(At(ms))) cookies.push_back(due->cookie);
    return cookies;
  }
  double NextMs() const { return static_cast<double>((pacer_.NextTimer() - kStart).us()) / 1000; }
  // Follows the timer until nothing is left; the time of the last packet.
  double Drain() {
    double ms = 0;
    while (pacer_.queued_packets() > 0) {
      ms = NextMs();
      EXPECT_TRUE(pacer_.TakeDue(pacer_.NextTimer()));
    }
    return ms;
  }
  Pacer pacer_;
};

TEST_F(PacerTest, AnIdlePacerLetsPacketsThrough) {
  EXPECT_TRUE(pacer_.NextTimer().is_never());
  EXPECT_TRUE(pacer_.TrySend(At(0), kVideo, 600));
  EXPECT_TRUE(pacer_.TrySend(At(0), kVideo, 600));  // the burst is not quite full
  EXPECT_FALSE(pacer_.TrySend(At(0), kVideo, 600));
  EXPECT_EQ(pacer_.queued_packets(), 0u);
  EXPECT_TRUE(pacer_.NextTimer().is_never());
  EXPECT_TRUE(pacer_.TrySend(At(20), kVideo, 600));
}

TEST_F(PacerTest, APacketLeavesWhenTheBucketHasDrained) {
  EXPECT_TRUE(pacer_.TrySend(At(0), kVideo, 1000));
  EXPECT_FALSE(pacer_.TrySend(At(0), kVideo, 1000));
  EXPECT_TRUE(Put(0, kVideo, 1));
  EXPECT_TRUE(Put(0, kVideo, 2));
  EXPECT_EQ(NextMs(), 3);  // (1000 - 625) / 125
  EXPECT_THAT(Take(2.9), IsEmpty());
  EXPECT_THAT(Take(3), ElementsAre(1));
  EXPECT_EQ(NextMs(), 11);
  EXPECT_THAT(Take(11), ElementsAre(2));
  EXPECT_TRUE(pacer_.NextTimer().is_never());
}

TEST_F(PacerTest, TheRateIsKept) {
  for (uint64_t n = 0; n < 31; ++n) EXPECT_TRUE(Put(0, kVideo, n));
  EXPECT_NEAR(Drain(), 30 * 8 - 5, 0.1);
}

TEST_F(PacerTest, AudioNeverWaitsAndTheOthersMakeRoom) {
  for (uint64_t n = 0; n < 5; ++n) Put(0, kVideo, n);
  Take(0);
  for (int n = 0; n < 10; ++n) EXPECT_TRUE(pacer_.TrySend(At(0), kAudio, 100));
  EXPECT_EQ(NextMs(), 11);
  // However much of it there is, video goes on.
  for (int n = 0; n < 10'000; ++n) EXPECT_TRUE(pacer_.TrySend(At(0), kAudio, 1000));
  EXPECT_LE(NextMs(), 250);
}

TEST_F(PacerTest, RepairsGoFirstAndEachClassInOrder) {
  pacer_.TrySend(At(0), kAudio, 2000);
  Put(0, kPadding, 30);
  Put(0, kVideo, 20);
  Put(0, kVideo, 21);
  Put(0, kRepair, 10);
  Put(0, kRepair, 11);
  std::vector<uint64_t> order;
  std::vector<PacketClass> kinds;
  while (pacer_.queued_packets() > 0) {
    const auto due = pacer_.TakeDue(pacer_.NextTimer());
    ASSERT_TRUE(due);
    EXPECT_EQ(due->size, 1000u);
    order.push_back(due->cookie);
    kinds.push_back(due->kind);
  }
  EXPECT_THAT(order, ElementsAre(10, 11, 20, 21, 30));
  EXPECT_THAT(kinds, ElementsAre(kRepair, kRepair, kVideo, kVideo, kPadding));
}

TEST_F(PacerTest, NothingOvertakesItsOwnClass) {
  pacer_.TrySend(At(0), kVideo, 1000);
  Put(0, kVideo, 1, 100);
  // The bucket is empty again, but a packet waits.
  EXPECT_FALSE(pacer_.TrySend(At(100), kVideo, 100));
  EXPECT_FALSE(pacer_.TrySend(At(100), kPadding, 100));
  EXPECT_TRUE(pacer_.TrySend(At(100), kRepair, 100));
  EXPECT_TRUE(pacer_.TrySend(At(100), kAudio, 100));
}

// A keyframe of 500 kB at 1 Mbit/s would take four seconds.
TEST_F(PacerTest, ALongQueueRaisesTheRate) {
  for (uint64_t n = 0; n < 500; ++n) EXPECT_TRUE(Put(0, kVideo, n));
  EXPECT_EQ(pacer_.queued_bytes(), 500'000u);
  EXPECT_NEAR(static_cast<double>(pacer_.pacing_bps()), 16e6, 1e3);
  EXPECT_LE(pacer_.queue_time(), Duration::Millis(251));
  const double ms = Drain();
  EXPECT_LE(ms, 251);
  EXPECT_GE(ms, 230);
  // And then it is over.
  EXPECT_EQ(pacer_.pacing_bps(), 1'000'000);
}

TEST_F(PacerTest, ALoweredTargetDrainsAnOldQueueInTimeToo) {
  pacer_.SetTarget(4'000'000);
  for (uint64_t n = 0; n < 100; ++n) Put(0, kVideo, n);
  Take(0);
  pacer_.SetTarget(30'000);
  EXPECT_LE(Drain(), 275);
}

TEST_F(PacerTest, TheQueueIsBounded) {
  for (uint64_t n = 0; n < PacerConfig().max_packets; ++n) ASSERT_TRUE(Put(0, kVideo, n));
  EXPECT_FALSE(Put(0, kVideo, 9999));
  EXPECT_FALSE(Put(0, kRepair, 9999));
  EXPECT_EQ(pacer_.queued_packets(), PacerConfig().max_packets);
  EXPECT_FALSE(Take(0).empty());
  EXPECT_TRUE(Put(0, kRepair, 9999));
}

TEST_F(PacerTest, PacketsAreHeldAndLetGo) {
  PacketPool pool(4);
  {
    Pacer pacer;
    pacer.TrySend(At(0), kVideo, 5000);
    for (int n = 0; n < 3; ++n) pacer.Enqueue(At(0), kVideo, pool.Acquire(), 1000, 0);
    EXPECT_EQ(pool.in_use(), 3u);
    EXPECT_TRUE(pacer.TakeDue(pacer.NextTimer())->packet);
    EXPECT_EQ(pool.in_use(), 2u);
    pacer.Clear();
    EXPECT_EQ(pool.in_use(), 0u);
    EXPECT_EQ(pacer.queued_packets(), 0u);
    EXPECT_EQ(pacer.queued_bytes(), 0u);
    EXPECT_TRUE(pacer.NextTimer().is_never());
    EXPECT_TRUE(pacer.Enqueue(At(0), kVideo, pool.Acquire(), 1000, 0));
  }
  EXPECT_EQ(pool.in_use(), 0u);
}

// ---- probes

constexpr ProbeCluster kProbe{.id = 7, .rate_bps = 2'000'000, .min_bytes = 3750, .min_packets = 5};

TEST_F(PacerTest, AProbeIsSentAtItsOwnRateWithPadding) {
  pacer_.StartProbe(At(0), kProbe);
  int packets = 0;
  double ms = 0;
  while (pacer_.probing()) {
    ms = NextMs();
    const size_t size = pacer_.PaddingDue(At(ms));
    ASSERT_EQ(size, 750u);
    ASSERT_TRUE(pacer_.TrySend(At(ms), kPadding, size));
    EXPECT_EQ(pacer_.last_probe(), 7);
    EXPECT_EQ(pacer_.PaddingDue(At(ms)), 0u);
    ++packets;
  }
  EXPECT_EQ(packets, 5);
  EXPECT_EQ(ms, 12);  // 4 * 750 bytes at 250 bytes a ms
  EXPECT_TRUE(pacer_.NextTimer().is_never());
  // It was not charged.
  EXPECT_TRUE(pacer_.TrySend(At(12), kVideo, 1000));
  EXPECT_EQ(pacer_.last_probe(), 0);
}

TEST_F(PacerTest, MediaServesAProbeFirst) {
  Put(0, kVideo, 1, 1000);
  pacer_.StartProbe(At(0), kProbe);
  EXPECT_EQ(pacer_.PaddingDue(At(0)), 0u);
  EXPECT_THAT(Take(0), ElementsAre(1));
  EXPECT_EQ(pacer_.last_probe(), 7);
  EXPECT_EQ(NextMs(), 4);
  EXPECT_FALSE(pacer_.TrySend(At(1), kVideo, 1000));
  EXPECT_TRUE(pacer_.TrySend(At(1), kAudio, 250));
  EXPECT_EQ(pacer_.last_probe(), 7);
  EXPECT_EQ(NextMs(), 5);
  EXPECT_TRUE(pacer_.TrySend(At(5), kVideo, 1000));
  EXPECT_EQ(pacer_.PaddingDue(At(9)), 750u);
}

TEST_F(PacerTest, WithoutPaddingAProbeWaitsForMediaAndIsGivenUp) {
  pacer_.StartProbe(At(0), kProbe);
  EXPECT_EQ(NextMs(), 0);
  pacer_.NoPadding();
  EXPECT_TRUE(pacer_.NextTimer().is_never());
  EXPECT_EQ(pacer_.PaddingDue(At(0)), 0u);
  EXPECT_TRUE(pacer_.TrySend(At(500), kVideo, 1000));
  EXPECT_EQ(pacer_.last_probe(), 7);
  EXPECT_TRUE(pacer_.probing());
  EXPECT_FALSE(pacer_.TakeDue(At(1001)));
  EXPECT_FALSE(pacer_.probing());
  EXPECT_TRUE(pacer_.TrySend(At(1002), kVideo, 1000));
  EXPECT_EQ(pacer_.last_probe(), 0);
}

TEST_F(PacerTest, ASmallProbeStillHasFivePackets) {
  pacer_.StartProbe(At(0), {.id = 1, .rate_bps = 100'000, .min_bytes = 187, .min_packets = 5});
  EXPECT_EQ(pacer_.PaddingDue(At(0)), 200u);
  for (int n = 0; n < 5; ++n) EXPECT_TRUE(pacer_.TrySend(pacer_.NextTimer(), kPadding, 200)) << n;
  EXPECT_FALSE(pacer_.probing());
}

// Following the timer never spins: at the time that it names something is due.
TEST_F(PacerTest, TheTimerIsHonest) {
  uint64_t random = 1;
  double ms = 0;
  size_t idle = 0;
  for (int n = 0; n < 20'000; ++n) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const uint64_t dice = random >> 40;
    ms += static_cast<double>(dice % 97) / 20;
    while (pacer_.NextTimer() <= At(ms)) {
      const Time due = std::max(pacer_.NextTimer(), kStart);
      bool sent = pacer_.TakeDue(due).has_value();
      if (const size_t size = pacer_.PaddingDue(due)) sent = pacer_.TrySend(due, kPadding, size) || sent;
      idle += sent ? 0 : 1;
    }
    const auto kind = static_cast<PacketClass>(dice % 3);
    const size_t size = 60 + dice % 1200;
    if (!pacer_.TrySend(At(ms), kind, size)) Put(ms, kind, 0, size);
    if (dice % 50 == 0) pacer_.SetTarget(static_cast<int64_t>(30'000 + dice % 5'000'000));
    if (dice % 70 == 0 && !pacer_.probing()) {
      pacer_.StartProbe(At(ms), {.id = 1, .rate_bps = 3'000'000, .min_bytes = 5000, .min_packets = 5});
    }
  }
  EXPECT_LE(idle, 20u);
}

}  // namespace
}  // namespace duet
