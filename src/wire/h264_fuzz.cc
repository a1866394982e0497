// What is visited lies inside the payload; the visitor, the payload's description and the parameter set agree.
#include <cstdint>
#include <optional>

#include "base/check.h"
#include "wire/h264.h"

using namespace duet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes payload = std::as_bytes(std::span(data, size));
  const H264PayloadInfo info = ParseH264Payload(payload);
  DUET_CHECK(info.valid || info.nal_types == 0);
  DUET_CHECK(!info.starts_picture || info.start_of_frame);
  DUET_CHECK(!info.starts_keyframe || info.has(H264Nal::kSps) || info.has(H264Nal::kIdrSlice));

  uint32_t types = 0;
  size_t total = 0;
  const bool whole = ForEachH264Nal(payload, [&](Bytes nal) {
    DUET_CHECK(!nal.empty() && nal.data() >= payload.data());
    DUET_CHECK(nal.data() + nal.size() <= payload.data() + payload.size());
    types |= 1u << static_cast<uint8_t>(H264NalType(nal[0]));
    total += nal.size();
    if (const auto sps = ParseH264Sps(nal)) {
      DUET_CHECK(H264NalType(nal[0]) == H264Nal::kSps);
      DUET_CHECK(sps->width > 0 && sps->width <= 16384 && sps->height > 0 && sps->height <= 16384);
    }
  });
  DUET_CHECK(total <= size);
  const bool fragment = size > 0 && H264NalType(payload[0]) == H264Nal::kFuA;
  if (info.valid && !fragment) DUET_CHECK(whole && types == info.nal_types);
  return 0;
}
