// Parameter sets and NAL units lie inside the input; what is written of them reads as the same.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "wire/avc.h"

using namespace duet;

namespace {

bool Equal(Bytes a, Bytes b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes = std::as_bytes(std::span(data, size));
  if (const auto config = ParseAvcConfig(bytes)) {
    DUET_CHECK(config->length_bytes == 1 || config->length_bytes == 2 || config->length_bytes == 4);
    if (!config->sps.empty() && !config->pps.empty() && config->sps[0].size() >= 4) {
      std::vector<std::byte> written;
      AppendAvcConfig(config->sps[0], config->pps[0], written);
      const auto again = ParseAvcConfig(written);
      DUET_CHECK(again && again->length_bytes == 4 && again->sps.size() == 1 && again->pps.size() == 1);
      DUET_CHECK(Equal(again->sps[0], config->sps[0]) && Equal(again->pps[0], config->pps[0]));
    }
  }
  for (const uint8_t length_bytes : {1, 2, 4}) {
    std::vector<std::byte> written;
    std::vector<Bytes> nals;
    ForEachAvccNal(bytes, length_bytes, [&](Bytes nal) {
      DUET_CHECK(!nal.empty() && nal.data() >= bytes.data() && nal.data() + nal.size() <= bytes.data() + size);
      const auto slice = ParseH264SliceType(nal);
      DUET_CHECK(!slice || *slice <= H264Slice::kSi);
      nals.push_back(nal);
      AppendAvccNal(nal, written);
    });
    size_t i = 0;
    DUET_CHECK(ForEachAvccNal(written, 4, [&](Bytes nal) { DUET_CHECK(i < nals.size() && Equal(nal, nals[i++])); }));
    DUET_CHECK(i == nals.size());
  }
  return 0;
}
