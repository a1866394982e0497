#include "core/report/ntp_mapper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/rng.h"

namespace duet {
namespace {

Time At(int64_t ms) { return Time::FromMillis(1'700'000'000'000 + ms); }
constexpr Duration kHour = Duration::Seconds(3600);

// A publisher whose clock is `ahead` of ours.
uint64_t TheirNtp(Time ours, Duration ahead) { return (ours + ahead).ntp(); }
double Ms(Duration d) { return static_cast<double>(d.us()) / 1000; }

TEST(NtpMapper, TheFirstReportIsTakenAtItsArrival) {
  for (const Duration ahead : {Duration::Zero(), kHour, Duration::Zero() - kHour}) {
    NtpMapper mapper;
    EXPECT_FALSE(mapper.valid());
    EXPECT_NEAR(Ms(mapper.OnSenderReport(At(30), TheirNtp(At(0), ahead)) - At(30)), 0, 0.01);
    EXPECT_TRUE(mapper.valid());
  }
}

TEST(NtpMapper, ASenderWithoutAClockIsTakenAtArrival) {
  NtpMapper mapper;
  EXPECT_EQ(mapper.OnSenderReport(At(30), 0), At(30));
  EXPECT_FALSE(mapper.valid());
}

// The point of it all: sound and picture that were captured at the same moment are mapped to the same moment, whatever
// the delays of their reports.
TEST(NtpMapper, TracksOfOnePublisherStayTogether) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRng rng(seed);
    NtpMapper mapper;
    const Duration ahead = Duration::Millis(static_cast<int64_t>(rng.Below(100'000'000)));
    std::optional<Duration> audio;  // mapped minus true, as of the last report
    std::optional<Duration> video;
    double worst_ms = 0;
    for (int64_t ms = 0; ms < 600'000; ms += 1000) {
      const Time arrival = At(ms) + Duration::Millis(20 + static_cast<int64_t>(rng.Below(200)));
      const Duration error = mapper.OnSenderReport(arrival, TheirNtp(At(ms), ahead)) - At(ms);
      video = error;
      if (ms % 5000 == 0) audio = error;
      worst_ms = std::max(worst_ms, std::abs(Ms(*audio - *video)));
    }
    EXPECT_LE(worst_ms, 5.0) << seed;
    // And near the truth: late by the least delay of the last reports, where the mean is 120 ms.
    EXPECT_GE(Ms(*video), 19.9) << seed;
    EXPECT_LE(Ms(*video), 60) << seed;
  }
}

TEST(NtpMapper, FollowsDrift) {
  for (const int64_t ppm : {-200, 200}) {
    NtpMapper mapper;
    double last_error_ms = 0;
    for (int64_t ms = 0; ms < 3'600'000; ms += 1000) {
      const Duration drift = Duration::Micros(ms * ppm / 1000);
      last_error_ms =
          Ms(mapper.OnSenderReport(At(ms) + Duration::Millis(20), TheirNtp(At(ms), kHour + drift)) - At(ms));
    }
    // 720 ms in an hour; what remains is the window of the least delay, 20 s of drift.
    EXPECT_NEAR(last_error_ms, 20, 5) << ppm;
  }
}

TEST(NtpMapper, ADelayedReportMovesNothing) {
  NtpMapper mapper;
  mapper.OnSenderReport(At(20), TheirNtp(At(0), kHour));
  const Time mapped = mapper.OnSenderReport(At(4000), TheirNtp(At(1000), kHour));  // 3 s in a queue
  EXPECT_NEAR(Ms(mapped - At(1000)), 20, 0.1);
}

TEST(NtpMapper, AClockThatWasSetIsFollowedAtOnce) {
  for (const Duration set : {Duration::Seconds(3), Duration::Seconds(-11), kHour * 24 * 365}) {
    NtpMapper mapper;
    mapper.OnSenderReport(At(20), TheirNtp(At(0), kHour));
    const Time mapped = mapper.OnSenderReport(At(1020), TheirNtp(At(1000), kHour + set));
    EXPECT_NEAR(Ms(mapped - At(1000)), 20, 0.1) << set.us();
  }
}

TEST(NtpMapper, MapsAnyTimeOfTheSameClock) {
  NtpMapper mapper;
  mapper.OnSenderReport(At(20), TheirNtp(At(0), kHour));
  EXPECT_NEAR(Ms(mapper.Map(TheirNtp(At(-5000), kHour)) - At(-5000)), 20, 0.01);
}

}  // namespace
}  // namespace duet
