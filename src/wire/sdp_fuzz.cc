// Any bytes: either an error with words, or a description that is the same after writing and reading.
#include <algorithm>
#include <cstdlib>

#include "wire/sdp.h"

namespace {

// What stands once for the session stands in every section when it is written, so it may grow over the limits.
bool WithinLimits(std::string_view text) {
  size_t longest = 0;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    longest = std::max(longest, end - start);
    start = end + 1;
  }
  return text.size() <= duet::kMaxSdpBytes && longest <= duet::kMaxSdpLineBytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = duet::ParseSdp({reinterpret_cast<const char*>(data), size});
  if (!parsed.ok()) {
    if (parsed.error().message.empty()) std::abort();
    return 0;
  }
  const std::string written = duet::WriteSdp(*parsed);
  if (!WithinLimits(written)) return 0;
  const auto again = duet::ParseSdp(written);
  if (!again.ok() || !(*again == *parsed) || duet::WriteSdp(*again) != written) std::abort();
  for (const auto& section : parsed->sections) {
    section.PreferredFingerprint();
    for (const auto& codec : section.codecs) {
      section.FindRtx(codec.payload_type);
      if (section.FindCodec(codec.payload_type) != &codec) std::abort();
    }
  }
  return 0;
}
