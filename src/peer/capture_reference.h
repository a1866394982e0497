// CaptureReference: when the media with an RTP timestamp was captured, on our clock. Made from a publisher's sender
// reports, so that the reports that subscribers get keep sound and picture of one publisher together.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace duet {

struct CaptureReference {
  Time time;
  uint32_t rtp_timestamp = 0;
};

}  // namespace duet
