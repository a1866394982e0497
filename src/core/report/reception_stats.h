// ReceptionStats: what a receiver report says about one received stream (RFC 3550 section 6.4.1, appendices A.1, A.3
// and A.8).
//
// Sequence numbers are extended ones (base/seq.h). Repaired packets (RTX) belong to another stream and are not told to
// it: a report is about the path. A jump of more than 3000 packets is a sender that began anew (A.1); packets are
// authentic here, so one is enough to believe it. Packets that come late count as received, but not for the jitter:
// they may be retransmissions.
//
// Thread rule: owned by one track.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/time.h"
#include "wire/rtcp.h"

namespace duet {

class ReceptionStats {
 public:
  static constexpr int64_t kMaxDropout = 3000;  // RFC 3550 appendix A.1

  // `clock_rate`: of the RTP timestamps, in Hz, at least 1.
  explicit ReceptionStats(uint32_t clock_rate);

  void OnPacket(Time now, int64_t seq, uint32_t rtp_timestamp);
  // `ntp`: of the sender report, 32.32 seconds.
  void OnSenderReport(Time now, uint64_t ntp);

  // What a report block about this stream says now, and begins a new interval for its fraction lost.
  ReportBlock MakeReportBlock(Time now, Ssrc ssrc);

  struct Interval {
    int64_t expected = 0;
    int64_t lost = 0;  // never negative
  };
  // Since the last call; independent of the reports.
  Interval TakeInterval();

  bool started() const { return started_; }
  int64_t received() const { return received_; }
  // Negative when more came than were sent (duplicates).
  int64_t cumulative_lost() const { return expected() - received_; }
  uint32_t extended_highest() const;  // cycles (16 bits), sequence number (16 bits)
  uint32_t jitter() const { return static_cast<uint32_t>(jitter_q4_ >> 4); }  // in timestamp units

 private:
  struct Mark {  // where an interval began
    int64_t expected = 0;
    int64_t received = 0;
  };
  int64_t expected() const { return started_ ? highest_ - first_ + 1 : 0; }
  void Begin(Time now, int64_t seq, uint32_t rtp_timestamp);
  void UpdateJitter(Time now, uint32_t rtp_timestamp);
  Interval Since(Mark& mark) const;

  uint32_t clock_rate_;
  bool started_ = false;
  int64_t first_ = 0;
  int64_t highest_ = 0;
  int64_t received_ = 0;
  Mark reported_;
  Mark taken_;
  Time began_;  // arrivals are measured from here
  uint32_t last_transit_ = 0;
  int64_t jitter_q4_ = 0;  // 16 times the jitter
  bool has_sender_report_ = false;
  uint32_t last_sr_ = 0;
  Time last_sr_at_;
};

}  // namespace duet
