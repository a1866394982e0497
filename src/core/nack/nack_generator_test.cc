#include "core/nack/nack_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/rng.h"

namespace duet {
namespace {

using Arrival = NackGenerator::Arrival;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Duration kRtt = Duration::Millis(40);  // retries are 50 ms apart

Time At(double ms) { return Time::FromMicros(1'700'000'000'000'000 + static_cast<int64_t>(ms * 1000)); }

class NackGeneratorTest : public testing::Test {
 protected:
  Arrival Get(double ms, int64_t seq) { return nacks_.OnPacket(At(ms), seq); }
  void GetAll(double ms, int64_t first, int64_t last) {
    for (int64_t seq = first; seq <= last; ++seq) Get(ms, seq);
  }
  std::vector<uint16_t> Due(double ms, Duration rtt = kRtt, size_t room = 1000) {
    std::vector<uint16_t> out(room);
    out.resize(nacks_.Due(At(ms), rtt, out));
    return out;
  }
  NackGenerator nacks_;
};

TEST_F(NackGeneratorTest, AsksForNothingWhenAllArrives) {
  for (int64_t seq = 65'000; seq < 66'000; ++seq) {
    EXPECT_EQ(Get(static_cast<double>(seq), seq), Arrival::kNew);
    EXPECT_TRUE(nacks_.NextTimer().is_never());
  }
  EXPECT_THAT(Due(100'000), IsEmpty());
  EXPECT_FALSE(nacks_.TakeGivenUp());
}

TEST_F(NackGeneratorTest, AskedForAfterThreePacketsBehindTheGap) {
  GetAll(0, 100, 101);
  Get(1, 103);
  Get(2, 104);
  EXPECT_THAT(Due(2), IsEmpty());
  EXPECT_EQ(nacks_.NextTimer(), At(11));
  Get(3, 105);
  EXPECT_EQ(nacks_.NextTimer(), At(3));
  EXPECT_THAT(Due(3), ElementsAre(102));
}

TEST_F(NackGeneratorTest, AskedForAfterTenMilliseconds) {
  GetAll(0, 100, 101);
  Get(1, 104);
  EXPECT_THAT(Due(10.999), IsEmpty());
  EXPECT_THAT(Due(11), ElementsAre(102, 103));
}

TEST_F(NackGeneratorTest, EachGapWaitsForItsOwnThreePackets) {
  Get(0, 100);
  Get(1, 102);  // 101 is missing
  Get(2, 104);  // 103 too
  Get(3, 105);
  EXPECT_THAT(Due(3), ElementsAre(101));
  Get(4, 106);
  EXPECT_THAT(Due(4), ElementsAre(103));
}

TEST_F(NackGeneratorTest, AWideGapIsNotItsOwnProofOfReordering) {
  Get(0, 100);
  Get(1, 110);  // one packet behind nine missing ones
  EXPECT_THAT(Due(1), IsEmpty());
  Get(1, 111);
  Get(1, 112);
  EXPECT_THAT(Due(1), SizeIs(9));
}

TEST_F(NackGeneratorTest, ReorderedPacketsAreNotAskedFor) {
  Get(0, 100);
  Get(1, 102);
  EXPECT_EQ(Get(2, 101), Arrival::kLate);
  EXPECT_TRUE(nacks_.NextTimer().is_never());
  EXPECT_THAT(Due(50), IsEmpty());
}

TEST_F(NackGeneratorTest, TellsArrivalsApart) {
  struct Step {
    int64_t seq;
    Arrival arrival;
  };
  GetAll(0, 65'534, 65'536);
  Get(0, 65'539);
  Due(20);  // asks for 65537, 65538
  const Step steps[] = {{65'536, Arrival::kDuplicate},
                        {65'538, Arrival::kRecovered},
                        {65'538, Arrival::kDuplicate},
                        {65'541, Arrival::kNew},
                        {65'540, Arrival::kLate},
                        {65'537, Arrival::kRecovered},
                        {65'541, Arrival::kDuplicate},
                        {65'533, Arrival::kLate},  // before the first
                        {65'533, Arrival::kDuplicate},
                        {65'541 - NackGenerator::kWindow, Arrival::kDuplicate},
                        {65'542 - NackGenerator::kWindow, Arrival::kLate}};
  for (const Step& step : steps) EXPECT_EQ(Get(21, step.seq), step.arrival) << step.seq;
  EXPECT_EQ(nacks_.missing(), 0u);
}

TEST_F(NackGeneratorTest, WhatIsTooOldIsNotTakenForAMissingPacketOfTheSameSlot) {
  Get(0, 10'000);
  Get(0, 10'002);
  EXPECT_EQ(Get(0, 10'001 - NackGenerator::kWindow), Arrival::kDuplicate);
  EXPECT_THAT(Due(10), ElementsAre(10'001));
}

TEST_F(NackGeneratorTest, NumbersWrapOnTheWire) {
  GetAll(0, 65'530, 65'534);
  Get(1, 65'538);
  EXPECT_THAT(Due(11), ElementsAre(65'535, 0, 1));
}

TEST_F(NackGeneratorTest, RepeatsAreOneAndAQuarterRoundTripsApartWithinBounds) {
  struct Case {
    Duration rtt;
    double retry_ms;
  };
  for (const Case& c : {Case{Duration::Zero(), 20}, Case{Duration::Millis(4), 20}, Case{Duration::Millis(40), 50},
                        Case{Duration::Millis(100), 125}, Case{Duration::Millis(900), 200}}) {
    SCOPED_TRACE(c.rtt.ms());
    nacks_ = NackGenerator();
    Get(0, 10);
    Get(0, 12);
    EXPECT_THAT(Due(10, c.rtt), ElementsAre(11));
    EXPECT_EQ(nacks_.NextTimer(), At(10 + c.retry_ms));
    EXPECT_THAT(Due(10 + c.retry_ms - 0.001, c.rtt), IsEmpty());
    EXPECT_THAT(Due(10 + c.retry_ms, c.rtt), ElementsAre(11));
  }
}

TEST_F(NackGeneratorTest, WhatIsStillMissingAfterThreeTriesIsAskedForTwiceInARoundTrip) {
  Get(0, 10);
  Get(0, 12);
  for (const double ms : {10, 60, 110}) EXPECT_THAT(Due(ms, Duration::Millis(40)), ElementsAre(11));
  for (const double ms : {160, 185, 210}) {
    EXPECT_EQ(nacks_.NextTimer(), At(ms));
    EXPECT_THAT(Due(ms, Duration::Millis(40)), ElementsAre(11));
  }
}

TEST_F(NackGeneratorTest, GivesUpAfterTooManyTries) {
  Get(0, 10);
  Get(0, 12);
  int tries = 0;
  double ms = 10;
  for (; ms < 900; ms += 20) tries += static_cast<int>(Due(ms, Duration::Zero()).size());
  EXPECT_EQ(tries, NackGenerator::kMaxTries);
  EXPECT_TRUE(nacks_.TakeGivenUp());
  EXPECT_FALSE(nacks_.TakeGivenUp());
  EXPECT_TRUE(nacks_.NextTimer().is_never());
  EXPECT_EQ(Get(ms, 11), Arrival::kLate);  // it may come all the same
}

TEST_F(NackGeneratorTest, GivesUpAfterASecond) {
  Get(0, 10);
  Get(0, 12);
  for (const double ms : {10, 210, 410, 610, 810}) {
    EXPECT_THAT(Due(ms, Duration::Millis(400)), ElementsAre(11));
    EXPECT_FALSE(nacks_.TakeGivenUp());
  }
  EXPECT_EQ(nacks_.NextTimer(), At(1000));
  EXPECT_THAT(Due(1000, Duration::Millis(400)), IsEmpty());
  EXPECT_TRUE(nacks_.TakeGivenUp());
}

TEST_F(NackGeneratorTest, WhatFindsNoRoomIsDueAtOnce) {
  Get(0, 10);
  Get(0, 16);
  EXPECT_THAT(Due(10, kRtt, 2), ElementsAre(11, 12));
  EXPECT_LE(nacks_.NextTimer(), At(10));
  EXPECT_THAT(Due(10, kRtt, 2), ElementsAre(13, 14));
  EXPECT_THAT(Due(10, kRtt, 2), ElementsAre(15));
  EXPECT_THAT(Due(10, kRtt, 2), IsEmpty());
  EXPECT_EQ(nacks_.NextTimer(), At(60));
}

TEST_F(NackGeneratorTest, AKeyframeMakesWhatIsOlderNeedless) {
  Get(0, 10);
  Get(0, 13);
  Get(0, 16);
  nacks_.OnKeyframe(14);
  EXPECT_THAT(Due(10), ElementsAre(14, 15));
  nacks_.OnKeyframe(16);
  EXPECT_TRUE(nacks_.NextTimer().is_never());
  EXPECT_FALSE(nacks_.TakeGivenUp());
}

TEST_F(NackGeneratorTest, AWideJumpForgetsEverything) {
  Get(0, 10);
  Get(0, 12);
  Get(1, 12 + NackGenerator::kMaxGap + 2);
  EXPECT_TRUE(nacks_.TakeGivenUp());
  EXPECT_EQ(nacks_.missing(), 0u);
  EXPECT_THAT(Due(500), IsEmpty());
  EXPECT_EQ(Get(2, 10'000'000'000), Arrival::kNew);
  EXPECT_TRUE(nacks_.TakeGivenUp());
  EXPECT_EQ(Get(3, 10'000'000'000 - 1), Arrival::kLate);
}

TEST_F(NackGeneratorTest, TheLargestGapIsStillAskedFor) {
  Get(0, 0);
  Get(0, NackGenerator::kMaxGap + 1);
  EXPECT_FALSE(nacks_.TakeGivenUp());
  EXPECT_THAT(Due(10), SizeIs(NackGenerator::kMaxGap));
  Get(11, NackGenerator::kMaxGap + 3);  // one more is too many
  EXPECT_TRUE(nacks_.TakeGivenUp());
  EXPECT_EQ(nacks_.missing(), 0u);
}

TEST_F(NackGeneratorTest, WhatAnOutageTookIsNotAskedForAndSaysSoAtOnce) {
  Get(0, 10);
  Get(1, 12);
  Get(501, 12 + NackGenerator::kOutagePackets + 1);
  EXPECT_EQ(nacks_.NextTimer(), At(501));
  EXPECT_THAT(Due(501), IsEmpty());
  EXPECT_TRUE(nacks_.TakeGivenUp());
  EXPECT_TRUE(nacks_.NextTimer().is_never());
  EXPECT_EQ(nacks_.missing(), 0u);
}

TEST_F(NackGeneratorTest, AShorterSilenceOrFewerLossesAreNoOutage) {
  Get(0, 10);
  Get(499, 11 + NackGenerator::kOutagePackets);
  EXPECT_THAT(Due(600), SizeIs(NackGenerator::kOutagePackets));
  Get(1400, 11 + 2 * NackGenerator::kOutagePackets);
  EXPECT_FALSE(nacks_.TakeGivenUp());
  // A stream that was not sent for a while has lost nothing.
  nacks_ = NackGenerator();
  GetAll(0, 10, 12);
  Get(5000, 13);
  EXPECT_TRUE(nacks_.NextTimer().is_never());
  EXPECT_FALSE(nacks_.TakeGivenUp());
}

TEST_F(NackGeneratorTest, TimerMayBeCalledEarly) {
  Get(0, 10);
  Get(0, 12);
  for (double ms = 0; ms < 10; ms += 0.5) EXPECT_THAT(Due(ms), IsEmpty());
  EXPECT_EQ(nacks_.NextTimer(), At(10));
}

// A path that loses, reorders and doubles, with an honest sender at its end: everything comes in the end, nothing
// twice, nothing that was not sent.
TEST_F(NackGeneratorTest, RecoversEverythingFromALossyPath) {
  for (const uint64_t loss_percent : {1, 10, 30, 50}) {
    SCOPED_TRACE(loss_percent);
    nacks_ = NackGenerator();
    SeededRng rng(loss_percent);
    std::multimap<Time, int64_t> in_flight;
    std::set<int64_t> received;
    constexpr int64_t kFirst = 65'000;
    constexpr int64_t kCount = 4000;
    const auto send = [&](Time now, int64_t seq, int64_t delay_ms) {
      if (rng.Below(100) < loss_percent) return;
      in_flight.emplace(now + Duration::Millis(delay_ms + static_cast<int64_t>(rng.Below(4))), seq);
      if (rng.Below(50) == 0) in_flight.emplace(now + Duration::Millis(delay_ms + 6), seq);
    };
    int64_t next = kFirst;
    for (double ms = 0; ms < kCount * 4 + 3000; ms += 1) {
      const Time now = At(ms);
      if (static_cast<int64_t>(ms) % 4 == 0 && next < kFirst + kCount) send(now, next++, 20);
      while (!in_flight.empty() && in_flight.begin()->first <= now) {
        const int64_t seq = in_flight.begin()->second;
        in_flight.erase(in_flight.begin());
        const bool duplicate = nacks_.OnPacket(now, seq) == Arrival::kDuplicate;
        EXPECT_EQ(duplicate, !received.insert(seq).second) << seq;
      }
      if (nacks_.NextTimer() > now) continue;
      for (const uint16_t seq : Due(ms)) {
        // The number on the wire, extended near the newest one.
        const int64_t extended = next + static_cast<int16_t>(static_cast<uint16_t>(seq - static_cast<uint16_t>(next)));
        ASSERT_FALSE(received.contains(extended)) << "asked for what is here";
        ASSERT_LT(extended, next);
        send(now, extended, 40);
      }
    }
    const int64_t first_received = *received.begin();
    const int64_t lost = *received.rbegin() - first_received + 1 - static_cast<int64_t>(received.size());
    EXPECT_EQ(nacks_.missing(), 0u);
    if (loss_percent <= 30) {
      EXPECT_EQ(lost, 0);
      EXPECT_FALSE(nacks_.TakeGivenUp());
    } else {
      EXPECT_LT(lost, kCount / 100);  // 0.5^11 of them are unlucky
    }
  }
}

}  // namespace
}  // namespace duet
