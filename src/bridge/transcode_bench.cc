// What a bridged member's sound costs: one iteration is one second of it, so 10 ms is 1 % of a core.
#include <benchmark/benchmark.h>
#include <opus/opus.h>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "base/check.h"
#include "bridge/aac_to_opus.h"
#include "bridge/opus_to_aac.h"

namespace duet {
namespace {

constexpr int kPacketsPerSecond = 50;

// Two seconds of a rough voice: a pitch that slides, with overtones and some noise.
std::vector<std::vector<std::byte>> MakeOpus() {
  AvPtr<OpusEncoder> encoder(opus_encoder_create(kOpusRate, 2, OPUS_APPLICATION_AUDIO, nullptr));
  DUET_CHECK(encoder && opus_encoder_ctl(encoder.get(), OPUS_SET_BITRATE(64000)) == OPUS_OK);
  std::vector<std::vector<std::byte>> packets;
  double phase = 0;
  uint32_t noise = 1;
  for (int i = 0; i < 2 * kPacketsPerSecond; ++i) {
    std::vector<float> samples;
    for (int k = 0; k < AacToOpus::kFrameSamples; ++k) {
      phase += (120 + 60 * std::sin(i * 0.1)) * 6.2831853 / kOpusRate;
      noise = noise * 1664525 + 1013904223;
      double value = 0.01 * (static_cast<double>(noise >> 8) / (1 << 24) - 0.5);
      for (int overtone = 1; overtone <= 8; ++overtone) value += 0.2 / overtone * std::sin(phase * overtone);
      samples.insert(samples.end(), {static_cast<float>(value), static_cast<float>(value * 0.8)});
    }
    auto& packet = packets.emplace_back(AacToOpus::kMaxPacket);
    const int size = opus_encode_float(encoder.get(), samples.data(), AacToOpus::kFrameSamples,
                                       reinterpret_cast<unsigned char*>(packet.data()), AacToOpus::kMaxPacket);
    DUET_CHECK(size > 0);
    packet.resize(static_cast<size_t>(size));
  }
  return packets;
}

void OpusToAacSecond(benchmark::State& state) {
  const auto packets = MakeOpus();
  auto transcoder = OpusToAac::Create().value();
  int64_t i = 0;
  for (auto _ : state) {
    for (int k = 0; k < kPacketsPerSecond; ++k, ++i) {
      DUET_CHECK(transcoder.Push(Duration::Millis(i * 20), packets[static_cast<size_t>(i) % packets.size()]).ok());
      while (const auto aac = transcoder.Pop()) benchmark::DoNotOptimize(aac->data.data());
    }
  }
}
BENCHMARK(OpusToAacSecond)->Unit(benchmark::kMillisecond);

void AacToOpusSecond(benchmark::State& state) {
  constexpr int kAacFrames = 47;  // 1.003 s
  auto encoder = OpusToAac::Create().value();
  std::vector<std::vector<std::byte>> frames;
  int64_t time_ms = 0;
  for (const auto& packet : MakeOpus()) {
    DUET_CHECK(encoder.Push(Duration::Millis(time_ms), packet).ok());
    time_ms += 20;
    while (const auto aac = encoder.Pop()) frames.emplace_back(aac->data.begin(), aac->data.end());
  }
  auto transcoder = AacToOpus::Create(encoder.audio_specific_config()).value();
  int64_t i = 0;
  for (auto _ : state) {
    for (int k = 0; k < kAacFrames; ++k, ++i) {
      DUET_CHECK(transcoder.Push(SamplesAt48k(i * 1024), frames[static_cast<size_t>(i) % frames.size()]).ok());
      while (const auto opus = transcoder.Pop()) benchmark::DoNotOptimize(opus->data.data());
    }
  }
}
BENCHMARK(AacToOpusSecond)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace duet
