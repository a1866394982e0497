// Transport-wide feedback: noting an arrival, with its share of the message that tells of it.
#include <benchmark/benchmark.h>

#include <array>

#include "core/twcc/twcc_recorder.h"

namespace duet {
namespace {

void BM_ArrivalAndFeedback(benchmark::State& state) {
  TwccRecorder recorder;
  Time now = Time::FromMillis(1'800'000'000'000);
  uint16_t seq = 0;
  std::array<std::byte, 1200> out;
  for (auto _ : state) {
    now = now + Duration::Millis(4);
    recorder.OnPacket(now, seq++);
    if (now >= recorder.NextTimer()) benchmark::DoNotOptimize(recorder.WriteFeedback(now, Ssrc(1), Ssrc(2), out));
  }
}
BENCHMARK(BM_ArrivalAndFeedback);

}  // namespace
}  // namespace duet
