#include "core/bwe/loss_based_control.h"

#include <algorithm>
#include <cmath>

namespace duet {
namespace {

// A rate above the target by more than the size of frames and probes explains.
constexpr double kDisobeys = 1.5;
// So much above what could not be lowered tells the two causes apart.
constexpr double kIsRaised = 1.3;

// Of a share seen in so many packets; never zero, since none of forty is no proof of none.
double Deviation(double share, double packets) {
  const double bounded = std::clamp(share, 1 / (packets + 2), 1 - 1 / (packets + 2));
  return std::sqrt(bounded * (1 - bounded) / packets);
}

}  // namespace

void LossBasedControl::OnWindow(Time now, const Window& window, double target_bps) {
  const auto packets = static_cast<double>(window.told);
  const double loss = static_cast<double>(window.lost) / packets;
  const double excess = Excess(loss);
  loss_ = 0.5 * loss_ + 0.5 * loss;

  // As far as chance may take the loss from the inherent one.
  const double chance = kTriggerDeviations * Deviation(inherent_, packets) / (1 - inherent_);
  if (testing_) {
    ContinueTest(now, window, target_bps);
  } else if (excess > std::max(kHighLoss, chance)) {
    StartTest(now, window, target_bps);
  } else {
    clean_windows_ = excess < kLowLoss && !window.queued ? clean_windows_ + 1 : 0;
    if (limited() && excess < kLowLoss) {
      limit_bps_ *= clean_windows_ > kCleanWindows ? kFastRaise : kRaise;
      if (limit_bps_ > kForgetAbove * target_bps) limit_bps_ = kNoLimit;
    }
    TrackInherent(loss, Deviation(loss, packets));
  }
}

void LossBasedControl::TrackInherent(double loss, double deviation) {
  constexpr double kGain = 0.1;
  constexpr double kCeilingGain = 0.02;
  better_windows_ = loss < inherent_ - kTriggerDeviations * deviation ? better_windows_ + 1 : 0;
  if (better_windows_ == 2) {
    // Not by chance: another path.
    inherent_ = inherent_ceiling_ = loss;
    return;
  }
  inherent_ = std::min(inherent_ + kGain * (loss - inherent_), inherent_ceiling_);
  inherent_ceiling_ -= kCeilingGain * (inherent_ceiling_ - inherent_);
}

void LossBasedControl::StartTest(Time now, const Window& window, double target_bps) {
  const auto told = static_cast<double>(window.told);
  const auto lost = static_cast<double>(window.lost);
  const double loss = lost / told;
  const double excess = Excess(loss);
  // An application that sends less than it may has to be brought below what it sends.
  const double rate_bps = std::min(target_bps, window.sent_bps);
  // And one that does not obey is not pressed below what arrives of it.
  const double full_bps = window.sent_bps > kDisobeys * target_bps ? window.sent_bps : rate_bps;
  testing_ = true;
  clean_windows_ = 0;
  test_ = Test{.start = now,
               .excess = excess,
               .limit_bps = limit_bps_,
               .floor_bps = kShare * full_bps * (1 - loss),
               .after_bps = kShare * full_bps * (1 - excess)};
  Lower(loss, window.queued ? 0 : rate_bps);
}

void LossBasedControl::ContinueTest(Time now, const Window& window, double target_bps) {
  if (test_.raised) return ContinueRaised(now, window);
  const auto told = static_cast<double>(window.told);
  const auto lost = static_cast<double>(window.lost);
  const double excess = std::max(Excess(lost / told), kHighLoss);
  if (window.queued && now - test_.start < kSettleTime) {
    test_.floor_bps = std::min(test_.floor_bps, kShare * window.sent_bps * (1 - lost / told));
    test_.after_bps = std::min(test_.after_bps, kShare * window.sent_bps * (1 - excess));
  }
  // What arrived before the test: a path that loses because we send more than this loses nothing at this rate.
  const bool low = window.sent_bps <= test_.floor_bps / kShare;
  test_.low_since = low ? std::min(test_.low_since, now) : Time::Never();
  if (low && (!window.queued || now - test_.low_since >= kDrainTime)) {
    test_.low_told += told;
    test_.low_lost += lost;
  }
  const bool late = now - test_.start > kMaxTest;
  if (test_.low_told > 0) {
    const double low_loss = test_.low_lost / test_.low_told;
    const double middle = inherent_ + kSettled * test_.excess * (1 - inherent_);
    const double margin = late ? 0 : kVerdictDeviations * Deviation(low_loss, test_.low_told);
    if (std::abs(low_loss - middle) >= margin) return EndTest(low_loss > middle);
  }
  if (!low && now - test_.start > kObeyTime / 2) {
    test_.same_told += told;
    test_.same_lost += lost;
    test_.same_rates += told * window.sent_bps;
  }
  const bool disobeyed = now - test_.start > kObeyTime && test_.low_told == 0 && !window.queued;
  if (disobeyed && test_.same_told >= kMinPackets && now >= raise_not_before_) return RaiseInTest(now);
  if (late) return EndTest(false);
  if (!low) Lower(std::max(lost / told, kHighLoss), window.queued ? 0 : std::min(target_bps, limit_bps_));
}

// What is lost at the lowered rate is inherent, whatever the verdict. The window that started the test does not count:
// it was a high one among many.
void LossBasedControl::EndTest(bool acquitted) {
  testing_ = false;
  limit_bps_ = acquitted ? test_.limit_bps : std::max(limit_bps_, test_.after_bps);
  if (test_.low_told >= kMinPackets) LearnInherent(test_.low_lost / test_.low_told, test_.low_told);
}

void LossBasedControl::LearnInherent(double loss, double packets) {
  inherent_ = std::min(loss, kMaxInherent);
  inherent_ceiling_ = std::min(inherent_ + kVerdictDeviations * Deviation(inherent_, packets), kMaxInherent);
}

void LossBasedControl::RaiseInTest(Time now) {
  test_.raised = true;
  test_.start = now;
  limit_bps_ = kRaisedTest * test_.same_bps();
}

void LossBasedControl::ContinueRaised(Time now, const Window& window) {
  if (window.queued) return EndRaised(now, false);
  if (window.sent_bps >= kIsRaised * test_.same_bps()) {
    const auto told = static_cast<double>(window.told);
    const double would_arrive = (1 - test_.same_loss()) * test_.same_bps() / window.sent_bps;
    test_.high_told += told;
    test_.high_lost += static_cast<double>(window.lost);
    test_.high_ours += told * (1 - would_arrive);
  }
  const bool late = now - test_.start > kMaxTest;
  if (test_.high_told >= kMinPackets) {
    const double loss = test_.high_lost / test_.high_told;
    const double middle = (test_.high_ours / test_.high_told + test_.same_loss()) / 2;
    const double deviation =
        std::hypot(Deviation(loss, test_.high_told), Deviation(test_.same_loss(), test_.same_told));
    if (late || std::abs(loss - middle) >= kVerdictDeviations * deviation) return EndRaised(now, loss < middle);
  }
  if (late) EndRaised(now, false);
}

void LossBasedControl::EndRaised(Time now, bool acquitted) {
  testing_ = false;
  if (!acquitted) {
    limit_bps_ = test_.same_bps();
    raise_not_before_ = now + kBetweenRaisedTests;
    return;
  }
  limit_bps_ = kNoLimit;
  LearnInherent(test_.high_lost / test_.high_told, test_.high_told);
}

void LossBasedControl::Lower(double loss, double from_bps) {
  limit_bps_ = std::max(from_bps * (1 - 0.5 * loss), test_.floor_bps);
}

}  // namespace duet
