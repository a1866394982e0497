// The dependency descriptor: what a frame of a scalable stream is good for, in a header extension that can be read
// without the payload ("RTP Payload Format For AV1 (v1.0)", appendix A).
//
//   | start of frame | end of frame | template id (6) | frame number (16) |          three bytes in each packet, then
//   | structure | active targets | custom dtis | custom fdiffs | custom chains |     one bit each, and what they
//   announce
//
//   structure: template id offset (6), decode targets - 1 (5), the layer of each template, its indication for each
//   decode target (2), its references, chains: their number, which protects each target, and for each template how far
//   back the last frame of each chain lies (4); sizes of the spatial layers
//
// A decode target is what a receiver can choose: a spatial and a temporal layer with all below. A template says of a
// kind of frame to which targets it belongs; most frames name a template and nothing else. The structure comes with the
// first packet of a keyframe, so the caller keeps it for each stream.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace duet {

inline constexpr size_t kMaxAv1DecodeTargets = 32;
inline constexpr size_t kMaxAv1Chains = 32;
inline constexpr size_t kMaxAv1Templates = 64;
inline constexpr size_t kMaxAv1SpatialLayers = 4;
inline constexpr uint8_t kMaxAv1TemporalId = 7;

// Table A.1: what a frame is for a decode target.
enum class DecodeTargetIndication : uint8_t {
  kNotPresent,   // it does not belong to it
  kDiscardable,  // no later frame of the target refers to it
  kSwitch,       // a receiver of the target can be switched to it here
  kRequired,
};

// The indications of one frame for all targets, two bits each, target 0 lowest.
struct DecodeTargetIndications {
  uint64_t bits = 0;

  DecodeTargetIndication operator[](size_t target) const {
    return target < kMaxAv1DecodeTargets ? static_cast<DecodeTargetIndication>((bits >> (2 * target)) & 3)
                                         : DecodeTargetIndication::kNotPresent;
  }
  bool operator==(const DecodeTargetIndications&) const = default;
};

// What the caller keeps for each stream, default-constructed at first. 3.2 KiB.
struct Av1Structure {
  struct Template {
    uint8_t spatial_id = 0;
    uint8_t temporal_id = 0;
    DecodeTargetIndications indications;
    std::array<uint8_t, kMaxAv1Chains> chain_diffs{};
    bool operator==(const Template&) const = default;
  };
  struct DecodeTarget {
    uint8_t spatial_id = 0;  // the highest that belongs to it
    uint8_t temporal_id = 0;
    uint8_t protected_by = 0;  // the chain whose frames are needed for it; only when chain_count > 0
    bool operator==(const DecodeTarget&) const = default;
  };

  bool known = false;
  uint8_t template_id_offset = 0;
  uint8_t template_count = 0;  // 1..64
  uint8_t target_count = 0;    // 1..32
  uint8_t chain_count = 0;     // 0..32; 0: nothing is said about chains
  uint8_t max_spatial_id = 0;  // 0..3
  uint8_t max_temporal_id = 0;
  bool has_sizes = false;
  std::array<uint16_t, kMaxAv1SpatialLayers> widths{};  // at most; 65536 reads as 65535
  std::array<uint16_t, kMaxAv1SpatialLayers> heights{};
  std::array<Template, kMaxAv1Templates> templates{};
  std::array<DecodeTarget, kMaxAv1DecodeTargets> targets{};

  // Bit t: target t can be decoded now; the sender may have stopped a layer.
  uint32_t active_targets = 0;

  // Frame numbers made 64 bits wide: of the newest frame, of the structure's, of the mask's. A stream may go on for
  // longer than half a circle of 16 bits (18 minutes) with one structure.
  int64_t newest_frame = 0;
  int64_t since_frame = 0;
  int64_t active_since_frame = 0;

  bool operator==(const Av1Structure&) const = default;
};

struct Av1FrameInfo {
  bool start_of_frame = false;  // first packet
  bool end_of_frame = false;    // last packet
  bool has_structure = false;   // first packet of a keyframe
  uint8_t template_id = 0;
  uint16_t frame_number = 0;
  uint8_t spatial_id = 0;
  uint8_t temporal_id = 0;
  uint8_t target_count = 0;
  uint32_t active_targets = 0;
  DecodeTargetIndications indications;
  uint8_t chain_count = 0;
  // How many frame numbers before this frame the last one of each chain lies; 0: the chain begins here.
  std::array<uint8_t, kMaxAv1Chains> chain_diffs{};
};

// Reads the content of the extension. A structure or a mask of active targets that it brings is kept in `structure`,
// unless one of a later frame is there already. Nothing, and `structure` as it was, when the descriptor is cut, breaks
// a limit, or names a template of a structure that is not there.
std::optional<Av1FrameInfo> ParseAv1Dependency(Bytes content, Av1Structure& structure);

// Whether a receiver of the decode target needs the frame. False for targets that do not exist.
bool BelongsToTarget(const Av1FrameInfo& frame, size_t target);

// The decode target of these layers, or of the best layers below them, among those that are active; nothing when none
// is. For a receiver that wants at most this much.
std::optional<size_t> FindDecodeTarget(const Av1Structure& structure, uint8_t spatial_id, uint8_t temporal_id);

}  // namespace duet
