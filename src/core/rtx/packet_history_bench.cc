// What remembering a sent packet for NACKs costs, and finding it again.
#include "core/rtx/packet_history.h"

#include <benchmark/benchmark.h>

namespace duet {
namespace {

constexpr Time kStart = Time::FromMillis(1'800'000'000'000);

void BM_Put(benchmark::State& state) {
  PacketPool pool(1024);
  const PacketRef packet = pool.Acquire();
  PacketHistory<uint64_t> history(512, Duration::Seconds(3));
  int64_t seq = 0;
  for (auto _ : state) history.Put(kStart + Duration::Millis(4 * seq), seq, packet, 0), ++seq;
}
BENCHMARK(BM_Put);

void BM_Resend(benchmark::State& state) {
  PacketPool pool(1024);
  const PacketRef packet = pool.Acquire();
  PacketHistory<uint64_t> history(512, Duration::Seconds(3));
  for (int64_t seq = 0; seq < 512; ++seq) history.Put(kStart, seq, packet, 0);
  uint16_t seq = 0;
  for (auto _ : state) benchmark::DoNotOptimize(history.Resend(kStart, Duration::Millis(50), seq++ % 512));
}
BENCHMARK(BM_Resend);

}  // namespace
}  // namespace duet
