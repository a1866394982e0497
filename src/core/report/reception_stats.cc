#include "core/report/reception_stats.h"

#include <algorithm>

#include "base/check.h"
#include "base/seq.h"

namespace duet {

ReceptionStats::ReceptionStats(uint32_t clock_rate) : clock_rate_(clock_rate) { DUET_CHECK(clock_rate > 0); }

void ReceptionStats::Begin(Time now, int64_t seq, uint32_t rtp_timestamp) {
  started_ = true;
  first_ = highest_ = seq;
  received_ = 1;
  reported_ = taken_ = Mark{};
  began_ = now;
  last_transit_ = 0 - rtp_timestamp;
  jitter_q4_ = 0;
}

void ReceptionStats::OnPacket(Time now, int64_t seq, uint32_t rtp_timestamp) {
  if (!started_ || seq - highest_ > kMaxDropout) return Begin(now, seq, rtp_timestamp);
  ++received_;
  if (seq <= highest_) return;
  highest_ = seq;
  UpdateJitter(now, rtp_timestamp);
}

// RFC 3550 appendix A.8, with the jitter scaled by 16.
void ReceptionStats::UpdateJitter(Time now, uint32_t rtp_timestamp) {
  // In two parts: a product of all would overflow within the hour at the highest rate there is.
  const int64_t us = (now - began_).us();
  const int64_t arrival = us / 1'000'000 * clock_rate_ + us % 1'000'000 * clock_rate_ / 1'000'000;
  const uint32_t transit = static_cast<uint32_t>(arrival) - rtp_timestamp;
  const int64_t distance = std::abs(int64_t{WrapDistance(last_transit_, transit)});
  last_transit_ = transit;
  // No path varies by that much: the sender's clock was set anew.
  constexpr int64_t kMaxJumpSeconds = 5;
  if (distance > kMaxJumpSeconds * clock_rate_) return;
  jitter_q4_ += distance - ((jitter_q4_ + 8) >> 4);
}

void ReceptionStats::OnSenderReport(Time now, uint64_t ntp) {
  has_sender_report_ = true;
  last_sr_ = static_cast<uint32_t>(ntp >> 16);
  last_sr_at_ = now;
}

uint32_t ReceptionStats::extended_highest() const {
  const int64_t cycles = (highest_ >> 16) - (first_ >> 16);
  return (static_cast<uint32_t>(cycles) << 16) | static_cast<uint16_t>(highest_);
}

ReceptionStats::Interval ReceptionStats::Since(Mark& mark) const {
  const Mark now{expected(), received_};
  const Interval interval{.expected = now.expected - mark.expected,
                          .lost = (now.expected - mark.expected) - (now.received - mark.received)};
  mark = now;
  return {.expected = interval.expected, .lost = std::clamp<int64_t>(interval.lost, 0, interval.expected)};
}

ReceptionStats::Interval ReceptionStats::TakeInterval() { return Since(taken_); }

ReportBlock ReceptionStats::MakeReportBlock(Time now, Ssrc ssrc) {
  constexpr int64_t kMinLost = -0x800000;  // the field has 24 bits, signed
  constexpr int64_t kMaxLost = 0x7FFFFF;
  ReportBlock block;
  block.ssrc = ssrc;
  const Interval interval = Since(reported_);
  // All lost is 256/256, which eight bits cannot say.
  if (interval.lost > 0) {
    block.fraction_lost = static_cast<uint8_t>(std::min<int64_t>((interval.lost << 8) / interval.expected, 255));
  }
  block.cumulative_lost = static_cast<int32_t>(std::clamp(cumulative_lost(), kMinLost, kMaxLost));
  block.highest_sequence = extended_highest();
  block.jitter = jitter();
  if (has_sender_report_) {
    block.last_sr = last_sr_;
    constexpr Duration kLongest = Duration::Seconds(65'535);  // the field's whole seconds
    const Duration delay = std::clamp(now - last_sr_at_, Duration::Zero(), kLongest);
    block.delay_since_last_sr = static_cast<uint32_t>(delay.us() * 65536 / 1'000'000);
  }
  return block;
}

}  // namespace duet
