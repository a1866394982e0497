// Where a datagram belongs: one lookup by the address that it came from.
#include "base/flat_map.h"

#include <benchmark/benchmark.h>

#include <vector>

#include "base/endpoint.h"

namespace duet {
namespace {

void BM_RouteLookup(benchmark::State& state) {
  FlatMap<Endpoint, int> routes;
  std::vector<Endpoint> addresses;
  for (int64_t i = 0; i < state.range(0); ++i) {
    addresses.push_back({IpAddress::V4(10, 0, static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i)), 5000});
    routes.Insert(addresses.back(), static_cast<int>(i));
  }
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(routes.Find(addresses[next]));
    next = next + 1 < addresses.size() ? next + 1 : 0;
  }
}
BENCHMARK(BM_RouteLookup)->Arg(20)->Arg(2000);

}  // namespace
}  // namespace duet
