// AV1 over RTP ("RTP Payload Format For AV1 (v1.0)", sections 4.4 and 4.5).
//
//    0 1 2 3 4 5 6 7
//   |Z|Y| W |N|  -  |    aggregation header
//   then OBU elements, each behind its length (leb128); with W = 1..3 there are W and the last has no length
//     |0| type (4)|X|S|-|    OBU header; S: a length (leb128) follows, which senders leave out
//     |tid (3)|sid(2)| - |   when X
//
//   Z: the first element continues one of the packet before; Y: the last one goes on in the next packet
//   N: the first packet of a coded video sequence, that is of a keyframe
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace duet {

struct Av1PayloadInfo {
  bool valid = false;  // at least one element, and all lengths fit
  bool continues = false;
  bool continued = false;
  bool new_sequence = false;  // N
  bool has_sequence_header = false;
  // N, or a sequence header that no other frame than a keyframe follows: some senders never set N.
  bool starts_keyframe = false;
  uint8_t element_count = 0;  // of those read, at most kMaxElements

  static constexpr uint8_t kMaxElements = 32;  // more are not looked at
};

Av1PayloadInfo ParseAv1Payload(Bytes payload);

}  // namespace duet
