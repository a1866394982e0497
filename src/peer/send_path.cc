#include "peer/send_path.h"

#include <algorithm>

namespace duet {

void SendPath::OnSent(Time now, size_t size) {
  if (transport_wide_) {
    estimator_.OnPacketSent(now, transport_seq_++, size, pacer_.last_probe());
  } else {
    estimator_.OnPacketSent(now, size);
  }
}

bool SendPath::retransmissions_exhausted(Time now) {
  // Losses that sending less does not cure need as many repetitions as there are losses, and again for these.
  const double share = std::min(kRetransmissionShare + estimator_.inherent_loss(), 0.9);
  return retransmitted_.bps(now) > static_cast<int64_t>(static_cast<double>(target_bps()) * share);
}

void SendPath::OnFeedback(Time now, const TransportFeedback& feedback) {
  estimator_.OnFeedback(now, feedback);
  Settle(now);
}

void SendPath::OnReceiverReport(Time now, double fraction_lost, Duration rtt) {
  estimator_.OnReceiverReport(now, fraction_lost, rtt);
  Settle(now);
}

void SendPath::OnRemb(Time now, int64_t bps) {
  estimator_.OnRemb(now, bps);
  Settle(now);
}

void SendPath::OnTimer(Time now) {
  if (now < estimator_.NextTimer()) return;
  estimator_.OnTimer(now);
  Settle(now);
}

void SendPath::SetWanted(Time now, int64_t bps) {
  estimator_.SetApplicationRate(now, bps);
  Settle(now);
}

void SendPath::Settle(Time now) {
  pacer_.SetTarget(estimator_.target_bps());
  if (pacer_.probing()) return;
  if (const auto probe = estimator_.TakeProbe(now)) pacer_.StartProbe(now, *probe);
}

Time SendPath::NextTimer() const { return std::min(estimator_.NextTimer(), pacer_.NextTimer()); }

}  // namespace duet
