// What reading and writing the headers of a media packet costs.
#include <benchmark/benchmark.h>

#include <array>

#include "wire/rtcp.h"
#include "wire/rtp.h"

namespace duet {
namespace {

constexpr size_t kPayload = 1126;
constexpr std::array kNumber = {std::byte{1}, std::byte{2}};

size_t WriteHeader(uint16_t seq, MutableBytes out) {
  RtpHeaderWriter writer(out);
  writer.Begin({.marker = true,
                .payload_type = PayloadType(102),
                .sequence_number = seq,
                .timestamp = 1234,
                .ssrc = Ssrc(5678)});
  writer.AddExtension(3, kNumber);
  return writer.Finish();
}

void BM_ParseRtp(benchmark::State& state) {
  std::array<std::byte, 1500> packet{};
  const size_t header = WriteHeader(1, packet);
  const Bytes bytes = Bytes(packet).first(header + kPayload);
  for (auto _ : state) {
    const auto view = ParseRtp(bytes);
    benchmark::DoNotOptimize(view->Extension(3));
  }
}
BENCHMARK(BM_ParseRtp);

// The header as a receiver gets it: its numbers, and the transport-wide one.
void BM_WriteHeader(benchmark::State& state) {
  std::array<std::byte, 64> out{};
  uint16_t seq = 0;
  for (auto _ : state) benchmark::DoNotOptimize(WriteHeader(++seq, out));
}
BENCHMARK(BM_WriteHeader);

void BM_ReadReceiverReport(benchmark::State& state) {
  std::array<std::byte, 256> out{};
  RtcpWriter writer(out);
  const ReportBlock block{.ssrc = Ssrc(2), .fraction_lost = 3};
  writer.AddReceiverReport(Ssrc(1), {&block, 1});
  const Bytes bytes = Bytes(out).first(writer.size());
  for (auto _ : state) {
    int seen = 0;
    VisitRtcp(bytes, [&](const auto&) { ++seen; });
    benchmark::DoNotOptimize(seen);
  }
}
BENCHMARK(BM_ReadReceiverReport);

}  // namespace
}  // namespace duet
