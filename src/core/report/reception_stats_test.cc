#include "core/report/reception_stats.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "core/report/sender_stats.h"

namespace duet {
namespace {

constexpr Ssrc kStream{0xabcd};

Time At(double ms) { return Time::FromMicros(1'700'000'000'000'000 + static_cast<int64_t>(ms * 1000)); }

// Packets of the clock 90 kHz, 10 ms apart, on time.
void Get(ReceptionStats& stats, int64_t first, int64_t last) {
  for (int64_t seq = first; seq <= last; ++seq) {
    stats.OnPacket(At(static_cast<double>(seq) * 10), seq, static_cast<uint32_t>(seq * 900));
  }
}

TEST(ReceptionStats, CountsNothingBeforeTheFirstPacket) {
  ReceptionStats stats(90'000);
  EXPECT_FALSE(stats.started());
  const ReportBlock block = stats.MakeReportBlock(At(0), kStream);
  EXPECT_EQ(block.fraction_lost, 0);
  EXPECT_EQ(block.cumulative_lost, 0);
  EXPECT_EQ(block.last_sr, 0u);
  EXPECT_EQ(block.delay_since_last_sr, 0u);
}

TEST(ReceptionStats, LossOverTheWrap) {
  ReceptionStats stats(90'000);
  Get(stats, 65'530, 65'533);
  Get(stats, 65'538, 65'541);  // four of twelve are lost
  const ReportBlock block = stats.MakeReportBlock(At(1e6), kStream);
  EXPECT_EQ(block.ssrc, kStream);
  EXPECT_EQ(block.highest_sequence, 0x00010005u);
  EXPECT_EQ(block.cumulative_lost, 4);
  EXPECT_EQ(block.fraction_lost, 4 * 256 / 12);
}

TEST(ReceptionStats, CyclesAreCountedFromTheFirstPacket) {
  ReceptionStats stats(90'000);
  Get(stats, 3 * 65'536 + 7, 3 * 65'536 + 9);
  EXPECT_EQ(stats.extended_highest(), 9u);
}

TEST(ReceptionStats, FractionIsOfTheIntervalAndTheSumOfAll) {
  ReceptionStats stats(90'000);
  struct Step {
    int64_t first, last;  // received; what is between steps is lost
    int fraction;
    int32_t cumulative;
  };
  const Step steps[] = {
      {0, 99, 0, 0},            // nothing lost
      {200, 299, 128, 100},     // half
      {300, 399, 0, 100},       // none since
      {400, 399, 0, 100},       // nothing came, nothing was due
      {1400, 1400, 255, 1100},  // 1000 of 1001
  };
  for (const Step& step : steps) {
    Get(stats, step.first, step.last);
    const ReportBlock block = stats.MakeReportBlock(At(1e6), kStream);
    EXPECT_EQ(block.fraction_lost, step.fraction) << step.last;
    EXPECT_EQ(block.cumulative_lost, step.cumulative) << step.last;
  }
}

TEST(ReceptionStats, LatePacketsAndDuplicatesCountAsReceived) {
  ReceptionStats stats(90'000);
  Get(stats, 0, 4);
  Get(stats, 6, 9);
  EXPECT_EQ(stats.cumulative_lost(), 1);
  Get(stats, 5, 5);
  EXPECT_EQ(stats.cumulative_lost(), 0);
  Get(stats, 9, 9);
  const ReportBlock block = stats.MakeReportBlock(At(1e6), kStream);
  EXPECT_EQ(block.cumulative_lost, -1);
  EXPECT_EQ(block.fraction_lost, 0);
  EXPECT_EQ(block.highest_sequence, 9u);
}

TEST(ReceptionStats, CumulativeLossIsClampedToItsField) {
  ReceptionStats stats(90'000);
  int64_t seq = 0;
  for (; stats.cumulative_lost() <= 0x7FFFFF; seq += ReceptionStats::kMaxDropout) stats.OnPacket(At(0), seq, 0);
  EXPECT_EQ(stats.MakeReportBlock(At(0), kStream).cumulative_lost, 0x7FFFFF);

  ReceptionStats doubled(90'000);
  for (int n = 0; n < 0x800003; ++n) doubled.OnPacket(At(0), 5, 0);
  EXPECT_EQ(doubled.cumulative_lost(), -0x800002);
  EXPECT_EQ(doubled.MakeReportBlock(At(0), kStream).cumulative_lost, -0x800000);
}

TEST(ReceptionStats, AWideJumpBeginsAnew) {
  ReceptionStats stats(90'000);
  Get(stats, 0, 9);
  Get(stats, 9 + ReceptionStats::kMaxDropout, 9 + ReceptionStats::kMaxDropout);
  EXPECT_EQ(stats.cumulative_lost(), ReceptionStats::kMaxDropout - 1);
  Get(stats, 100'000, 100'009);
  EXPECT_EQ(stats.cumulative_lost(), 0);
  EXPECT_EQ(stats.MakeReportBlock(At(2e6), kStream).fraction_lost, 0);
}

TEST(ReceptionStats, IntervalsAreIndependentOfReports) {
  ReceptionStats stats(90'000);
  Get(stats, 0, 4);
  Get(stats, 10, 14);
  stats.MakeReportBlock(At(1e6), kStream);
  auto interval = stats.TakeInterval();
  EXPECT_EQ(interval.expected, 15);
  EXPECT_EQ(interval.lost, 5);
  Get(stats, 5, 9);  // late: more came than were due
  interval = stats.TakeInterval();
  EXPECT_EQ(interval.expected, 0);
  EXPECT_EQ(interval.lost, 0);
}

TEST(ReceptionStats, JitterIsZeroOnASteadyPathOverTheTimestampWrap) {
  ReceptionStats stats(90'000);
  for (int n = 0; n < 1000; ++n) stats.OnPacket(At(n * 10), n, 0xfffff000u + static_cast<uint32_t>(n) * 900);
  EXPECT_EQ(stats.jitter(), 0u);
}

// Against the formula of RFC 3550 section 6.4.1 in floating point.
TEST(ReceptionStats, JitterFollowsTheFormula) {
  for (const uint32_t rate : {8'000u, 48'000u, 90'000u}) {
    ReceptionStats stats(rate);
    double jitter = 0;
    double last_transit = 0;
    SeededRng rng(rate);
    for (int n = 0; n < 500; ++n) {
      const double arrival_ms = n * 20 + static_cast<double>(rng.Below(20));  // never overtakes the one before
      const auto timestamp = static_cast<uint32_t>(n) * (rate / 50);
      stats.OnPacket(At(arrival_ms), n, timestamp);
      const double transit = arrival_ms * rate / 1000 - timestamp;
      if (n > 0) jitter += (std::abs(transit - last_transit) - jitter) / 16;
      last_transit = transit;
    }
    EXPECT_GT(stats.jitter(), rate / 1000);
    EXPECT_NEAR(stats.jitter(), jitter, 2) << rate;
  }
}

TEST(ReceptionStats, JitterForgivesAClockThatWasSet) {
  ReceptionStats stats(90'000);
  for (int n = 0; n < 100; ++n) stats.OnPacket(At(n * 10), n, static_cast<uint32_t>(n) * 900);
  for (int n = 100; n < 200; ++n) stats.OnPacket(At(n * 10), n, 2'000'000'000 + static_cast<uint32_t>(n) * 900);
  EXPECT_EQ(stats.jitter(), 0u);
}

TEST(ReceptionStats, LongCallsAndHighRatesDoNotOverflow) {
  ReceptionStats stats(UINT32_MAX);
  for (int64_t day = 0; day < 1000; ++day) stats.OnPacket(At(static_cast<double>(day) * 86'400'000), day, 0);
  EXPECT_EQ(stats.received(), 1000);
}

TEST(ReceptionStats, TellsTheLastSenderReport) {
  ReceptionStats stats(48'000);
  stats.OnSenderReport(At(1000), 0x1122334455667788);
  ReportBlock block = stats.MakeReportBlock(At(1500), kStream);
  EXPECT_EQ(block.last_sr, 0x33445566u);
  EXPECT_EQ(block.delay_since_last_sr, 65536u / 2);
  stats.OnSenderReport(At(2000), 0x1122334555667788);
  block = stats.MakeReportBlock(At(2000), kStream);
  EXPECT_EQ(block.last_sr, 0x33455566u);
  EXPECT_EQ(block.delay_since_last_sr, 0u);
  EXPECT_EQ(stats.MakeReportBlock(At(1e12), kStream).delay_since_last_sr, 65'535u << 16);
}

TEST(SenderStats, FillsTheReport) {
  SenderStats stats;
  stats.OnSent(1200);
  stats.OnSent(0);
  const SenderReport report = stats.MakeReport(At(0), kStream, 77);
  EXPECT_EQ(report.sender_ssrc, kStream);
  EXPECT_EQ(report.ntp, At(0).ntp());
  EXPECT_EQ(report.rtp_timestamp, 77u);
  EXPECT_EQ(report.packets, 2u);
  EXPECT_EQ(report.octets, 1200u);
}

}  // namespace
}  // namespace duet
