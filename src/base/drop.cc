#include "base/drop.h"

namespace duet {

const char* ToString(Drop drop) {
  switch (drop) {
    case Drop::kUnknownSource: return "unknown_source";
    case Drop::kMalformed: return "malformed";
    case Drop::kBadStun: return "bad_stun";
    case Drop::kNotReady: return "not_ready";
    case Drop::kReplay: return "replay";
    case Drop::kAuthFailed: return "auth_failed";
    case Drop::kUnknownSsrc: return "unknown_ssrc";
    case Drop::kUnknownPayload: return "unknown_payload";
    case Drop::kNotPublished: return "not_published";
    case Drop::kNoKeyframe: return "no_keyframe";
    case Drop::kLayerFiltered: return "layer_filtered";
    case Drop::kUnsupportedCodec: return "unsupported_codec";
    case Drop::kDuplicate: return "duplicate";
    case Drop::kPoolEmpty: return "pool_empty";
    case Drop::kQueueFull: return "queue_full";
    case Drop::kDisabled: return "disabled";
    case Drop::kNoConnection: return "no_connection";
    case Drop::kCount: break;
  }
  return "unknown";
}

}  // namespace duet
