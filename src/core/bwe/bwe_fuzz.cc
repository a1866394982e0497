// Bytes -> packets sent, feedback, reports and times at which they come.
//
//   step: | op (3 bits), argument (5 bits) | ...
//     op 0  argument + 1 packets are sent; size and spacing follow (8 bits each)
//     op 1  time passes: (argument + 1)^4 * 16 us, up to 17 s
//     op 2  feedback of bytes that follow: as many as the argument says, 4 each
//     op 3  feedback as an honest receiver would give it for the newest packets, every argument-th of them lost
//     op 4  a receiver report: loss and round trip follow
//     op 5  REMB: 2^argument bit/s
//     op 6  what the application wants, or the highest rate: 2^argument bit/s
//     op 7  a probe is taken and sent, as far as the argument says
//
// Property: whatever is fed, the target stays within its bounds, the figures within their ranges, a probe is sane, and
// the timer is not overdue after OnTimer.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "core/bwe/send_bandwidth_estimator.h"

namespace duet {
namespace {

constexpr BweConfig kConfig{.start_bps = 600'000, .min_bps = 30'000, .max_bps = 20'000'000};

class World {
 public:
  void Run(Bytes input) {
    ByteReader reader(input);
    while (reader.remaining() > 0) {
      const uint8_t step = reader.U8();
      const int argument = step & 31;
      switch (step >> 5) {
        case 0: Send(argument + 1, reader.U8(), reader.U8(), 0); break;
        case 1:
          now_ = now_ + Duration::Micros(int64_t{argument + 1} * (argument + 1) * (argument + 1) * (argument + 1) * 16);
          break;
        case 2: Raw(reader.Read(std::min<size_t>(reader.remaining(), size_t(argument) * 4))); break;
        case 3: Honest(argument); break;
        case 4: {
          const double lost = reader.U8() / 200.0;
          estimator_.OnReceiverReport(now_, lost, Duration::Millis(reader.U8() * 10 - 100));
          break;
        }
        case 5: estimator_.OnRemb(now_, int64_t{1} << argument); break;
        case 6:
          if (argument % 2 == 0) {
            estimator_.SetApplicationRate(now_, int64_t{1} << argument);
          } else {
            estimator_.SetMaxBitrate(int64_t{1} << argument);
          }
          break;
        default: Probe(argument);
      }
      Check();
    }
  }

 private:
  void Send(int packets, int size, int spacing, ProbeId probe) {
    for (int n = 0; n < packets; ++n) {
      estimator_.OnPacketSent(now_, seq_++, static_cast<size_t>(size) * 6, probe);
      sent_.push_back(now_);
      now_ = now_ + Duration::Micros(spacing * 100);
    }
  }
  void Raw(Bytes body) {
    if (const auto feedback = TransportFeedback::Parse(body)) estimator_.OnFeedback(now_, *feedback);
  }
  void Honest(int lose_each) {
    std::array<std::byte, 1200> bytes;
    const size_t first = sent_.size() > 100 ? sent_.size() - 100 : 0;
    if (first == sent_.size()) return;
    TransportFeedbackWriter writer(bytes, Ssrc(1), Ssrc(2), 0, static_cast<uint16_t>(first), sent_[first]);
    for (size_t n = first; n < sent_.size(); ++n) {
      if (lose_each > 1 && n % static_cast<size_t>(lose_each) == 0) continue;
      if (!writer.AddReceived(static_cast<uint16_t>(n), sent_[n])) break;
    }
    const size_t size = writer.Finish();
    if (size > 4) Raw(Bytes(bytes).first(size).subspan(4));
  }
  void Probe(int packets) {
    const auto probe = estimator_.TakeProbe(now_);
    if (!probe) return;
    DUET_CHECK(probe->id != 0 && probe->rate_bps > 0 && probe->rate_bps <= kConfig.max_bps);
    DUET_CHECK(probe->min_packets > 0 && probe->min_bytes > 0 && probe->min_bytes <= 50'000);
    Send(packets, 33, 8, probe->id);
  }
  void Check() {
    estimator_.OnTimer(now_);
    DUET_CHECK(estimator_.NextTimer() > now_);
    DUET_CHECK(estimator_.target_bps() >= kConfig.min_bps && estimator_.target_bps() <= kConfig.max_bps);
    DUET_CHECK(estimator_.acknowledged_bps() >= 0);
    DUET_CHECK(estimator_.loss() >= 0 && estimator_.loss() <= 1);
    DUET_CHECK(estimator_.inherent_loss() >= 0 && estimator_.inherent_loss() <= LossBasedControl::kMaxInherent);
    DUET_CHECK(estimator_.queue_delay() >= Duration::Zero());
  }

  SendBandwidthEstimator estimator_{kConfig};
  Time now_ = Time::FromMillis(1'700'000'000'000);
  uint16_t seq_ = 0;
  std::vector<Time> sent_;
};

}  // namespace
}  // namespace duet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  duet::World world;
  world.Run(std::as_bytes(std::span(data, std::min<size_t>(size, 4096))));
  return 0;
}
