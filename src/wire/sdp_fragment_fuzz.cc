// Any bytes: an error with words, or a fragment that is the same after writing and reading.
#include <cstdlib>

#include "wire/sdp_fragment.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = duet::ParseSdpFragment({reinterpret_cast<const char*>(data), size});
  if (!parsed.ok()) {
    if (parsed.error().message.empty()) std::abort();
    return 0;
  }
  const std::string written = duet::WriteSdpFragment(*parsed, "0");
  if (written.size() > duet::kMaxSdpFragmentBytes) return 0;
  const auto again = duet::ParseSdpFragment(written);
  if (!again.ok() || !(*again == *parsed)) std::abort();
  return 0;
}
