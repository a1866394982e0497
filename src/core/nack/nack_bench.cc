// What following a stream for its losses costs for each packet that comes.
#include <benchmark/benchmark.h>

#include <array>

#include "core/nack/nack_generator.h"

namespace duet {
namespace {

// `lost_one_in`: of so many packets one never comes; 0 = none. It is asked for after every frame of ten.
void BM_Arrivals(benchmark::State& state) {
  NackGenerator nack;
  Time now = Time::FromMillis(1'800'000'000'000);
  int64_t seq = 0;
  std::array<uint16_t, 128> asked;
  for (auto _ : state) {
    ++seq;
    now = now + Duration::Millis(4);
    if (state.range(0) == 0 || seq % state.range(0) != 0) nack.OnPacket(now, seq);
    if (seq % 10 == 0 && now >= nack.NextTimer()) benchmark::DoNotOptimize(nack.Due(now, Duration::Millis(50), asked));
    if (seq % 1000 == 0) nack.OnKeyframe(seq);
  }
}
BENCHMARK(BM_Arrivals)->ArgName("lost_one_in")->Arg(0)->Arg(20);

}  // namespace
}  // namespace duet
