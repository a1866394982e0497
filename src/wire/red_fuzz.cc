// What is read is written again byte for byte.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "wire/red.h"

using namespace duet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 65535) return 0;
  const Bytes payload = std::as_bytes(std::span(data, size));
  constexpr uint32_t kTimestamp = 5000;  // so that some blocks lie before the wrap
  const auto blocks = ParseRed(kTimestamp, payload);
  if (!blocks) return 0;
  DUET_CHECK(!blocks->empty() && blocks->size() <= kMaxRedBlocks);
  DUET_CHECK(blocks->back().timestamp == kTimestamp);
  std::vector<std::byte> out(size);
  const std::span<const RedBlock> redundant(blocks->begin(), blocks->size() - 1);
  DUET_CHECK(WriteRed(redundant, blocks->back(), out) == size);
  DUET_CHECK(AsText(out) == AsText(payload));
  out.pop_back();
  DUET_CHECK(WriteRed(redundant, blocks->back(), out) == 0);
  return 0;
}
