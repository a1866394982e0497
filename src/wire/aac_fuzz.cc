// A configuration that parses is within the ranges of its type, and its core, written anew, reads as what it was.
#include <cstdint>

#include "base/check.h"
#include "wire/aac.h"

using namespace duet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto config = ParseAacConfig(std::as_bytes(std::span(data, size)));
  if (!config) return 0;
  DUET_CHECK(config->object_type >= 1 && config->object_type <= 4);
  DUET_CHECK(config->channels >= 1 && config->channels <= 8 && config->channels != 7);
  DUET_CHECK(config->sample_rate > 0 && config->sample_rate < 1u << 24 && config->output_rate > 0);
  DUET_CHECK(config->frame_samples == 1024 || config->frame_samples == 960);
  DUET_CHECK(config->sbr || config->output_rate == config->sample_rate);
  const auto again = ParseAacConfig(WriteAacConfig(config->sample_rate, config->channels));
  DUET_CHECK(again && again->sample_rate == config->sample_rate && again->channels == config->channels);
  DUET_CHECK(again->object_type == 2 && !again->sbr);
  return 0;
}
