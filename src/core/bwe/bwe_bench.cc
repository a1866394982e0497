// The estimate of a receiver's path: what each packet costs when it is sent, and when the receiver tells of it.
#include <benchmark/benchmark.h>

#include <array>

#include "core/bwe/send_bandwidth_estimator.h"
#include "core/twcc/twcc_recorder.h"
#include "wire/rtcp.h"

namespace duet {
namespace {

void BM_PacketSentAndToldOf(benchmark::State& state) {
  SendBandwidthEstimator estimator;
  TwccRecorder recorder;
  Time now = Time::FromMillis(1'800'000'000'000);
  uint16_t seq = 0;
  std::array<std::byte, 1200> out;
  for (auto _ : state) {
    now = now + Duration::Millis(4);
    estimator.OnPacketSent(now, seq, 1150, 0);
    recorder.OnPacket(now, seq++);
    if (now < recorder.NextTimer()) continue;
    const size_t size = recorder.WriteFeedback(now, Ssrc(1), Ssrc(2), out);
    VisitRtcp(Bytes(out).first(size), [&](const auto& message) {
      if constexpr (std::is_same_v<std::decay_t<decltype(message)>, TransportFeedback>)
        estimator.OnFeedback(now, message);
    });
    estimator.OnTimer(now);
  }
}
BENCHMARK(BM_PacketSentAndToldOf);

}  // namespace
}  // namespace duet
