// UplinkLoss: how much of what a remote sends is lost whatever it sends, so that this much need not be held against it.
//
// Browsers take every loss that transport-wide feedback tells of as a sign that they send too much; on a radio at its
// edge, where a third is lost at any rate, they fall to a rate that carries no picture, and stay there. The same loss at
// a policer is of their own making. What tells the two apart is a low rate at which nothing waits: a path that loses
// there loses always.
//
//   every window    loss, rate received, queue (one-way delay above its least)
//   rate low, no queue, for kCertain windows          -> the inherent loss is what is lost there
//   less is lost than that, at any rate               -> it follows down
//
// Above the low rate it never rises, so that what a policer takes beyond it is told.
//
// Thread rule: owned by one Peer.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace duet {

class UplinkLoss {
 public:
  static constexpr int64_t kLowBps = 350'000;
  static constexpr int64_t kMinPackets = 15;  // of a window
  static constexpr int kCertain = 3;
  static constexpr double kWeight = 0.2;
  static constexpr double kSlowWeight = 0.05;  // one window with few losses is chance
  static constexpr double kMost = 0.8;
  static constexpr Duration kQueued = Duration::Millis(40);

  struct Window {
    int64_t expected = 0;  // packets
    int64_t lost = 0;
    int64_t received_bps = 0;
    Duration queue;
  };
  void OnWindow(const Window& window) {
    if (window.expected < kMinPackets) return;
    const double loss = static_cast<double>(window.lost) / static_cast<double>(window.expected);
    const bool tells = window.received_bps < kLowBps && window.queue < kQueued;
    certain_ = tells ? certain_ + 1 : 0;
    if (certain_ >= kCertain) {
      inherent_ += kWeight * (loss - inherent_);
    } else if (loss < inherent_) {
      inherent_ += kSlowWeight * (loss - inherent_);
    }
    inherent_ = std::clamp(inherent_, 0.0, kMost);
    loss_ += kWeight * (loss - loss_);
  }
  // Of all packets, 0..kMost.
  double inherent() const { return inherent_; }
  // Of the packets lost, 0..1: those that are not held against the sender. A little more than what is known to be
  // inherent, since chance adds to it.
  double forgiven() const {
    constexpr double kChance = 1.2;
    return loss_ > 0 ? std::min(1.0, kChance * inherent_ / loss_) : 0;
  }

 private:
  double loss_ = 0;  // smoothed
  double inherent_ = 0;
  int certain_ = 0;  // windows in a row that tell
};

// TransitQueue: what waits on the way of one RTP stream - its one-way delay, by RTP timestamps, above the least of the
// last 10 to 20 s. A clock that drifts by 100 ppm makes 2 ms of it.
class TransitQueue {
 public:
  void OnPacket(Time now, uint32_t timestamp, uint32_t clock_rate) {
    if (!started_) {
      started_ = true;
      last_timestamp_ = timestamp;
      period_since_ = window_since_ = now;
    }
    ticks_ += static_cast<int32_t>(timestamp - last_timestamp_);
    last_timestamp_ = timestamp;
    const int64_t transit_us = now.us() - ticks_ * 1'000'000 / clock_rate;
    if (now - period_since_ >= kPeriod) {
      before_us_ = least_us_;
      least_us_ = kNone;
      period_since_ = now;
    }
    if (now - window_since_ >= kWindow) {
      window_us_ = kNone;
      window_since_ = now;
    }
    least_us_ = std::min(least_us_, transit_us);
    window_us_ = std::min(window_us_, transit_us);
  }
  Duration queue() const {
    return window_us_ == kNone ? Duration::Zero() : Duration::Micros(window_us_ - std::min(least_us_, before_us_));
  }

 private:
  static constexpr int64_t kNone = INT64_MAX;
  static constexpr Duration kPeriod = Duration::Seconds(10);
  static constexpr Duration kWindow = Duration::Millis(400);
  bool started_ = false;
  uint32_t last_timestamp_ = 0;
  int64_t ticks_ = 0;
  int64_t least_us_ = kNone;
  int64_t before_us_ = kNone;
  int64_t window_us_ = kNone;
  Time period_since_;
  Time window_since_;
};

}  // namespace duet
