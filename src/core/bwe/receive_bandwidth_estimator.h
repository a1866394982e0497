// ReceiveBandwidthEstimator: how much a sender may send to us, found out on our side, for senders that know no
// transport-wide feedback. It is told to them as REMB (draft-alvestrand-rmcat-remb-03).
//
//   abs-send-time, arrival ─> InterArrivalDelta ─> TrendlineEstimator ─┐ delay grows?
//   bytes ──────────────────> AckedBitrateEstimator ───────────────────┴─> AimdRateControl ─> REMB
//
// Told every second, and at once when it falls. Losses are the sender's to judge: receiver reports tell of them.
//
// Thread rule: owned by one Peer. No allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/bwe/acked_bitrate_estimator.h"
#include "core/bwe/aimd_rate_control.h"
#include "core/bwe/inter_arrival_delta.h"
#include "core/bwe/trendline_estimator.h"
#include "wire/rtp_extensions.h"

namespace duet {

class ReceiveBandwidthEstimator {
 public:
  static constexpr Duration kInterval = Duration::Seconds(1);
  static constexpr double kFall = 0.97;  // of what was told last
  static constexpr double kStartBps = 600'000;
  static constexpr double kMinBps = 50'000;
  static constexpr double kMaxBps = 50'000'000;

  void OnPacket(Time now, AbsSendTime sent, size_t bytes);
  // What is to be told now, in bit/s; nothing when nothing is due.
  std::optional<int64_t> TakeRemb(Time now);
  Time NextTimer() const { return due_; }

 private:
  InterArrivalDelta inter_arrival_;
  TrendlineEstimator trendline_;
  AckedBitrateEstimator received_;
  AimdRateControl aimd_{kStartBps, kMinBps, kMaxBps};
  std::optional<AbsSendTime> last_;
  Time sent_ = Time::FromMillis(0);  // on the sender's clock, from the first packet on
  double told_bps_ = 0;
  Time due_ = Time::Never();
};

}  // namespace duet
