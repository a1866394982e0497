// Redundant audio data (RFC 2198 section 3).
//
//    0                   1                    2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3  4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   |1|  block PT   |     timestamp offset (14)  |  length (10)      |   for each redundant block
//   |0|  block PT   |                                                    for the primary, which takes what is left
//   then the blocks' data in the same order
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/fixed_vector.h"
#include "base/ids.h"

namespace duet {

inline constexpr size_t kMaxRedBlocks = 32;  // in a packet, the primary included
inline constexpr uint32_t kMaxRedTimestampOffset = 0x3FFF;
inline constexpr size_t kMaxRedBlockBytes = 0x3FF;  // of a redundant one
inline constexpr size_t kRedHeaderBytes = 4;        // of a redundant one
inline constexpr size_t kRedPrimaryHeaderBytes = 1;

struct RedBlock {
  PayloadType payload_type;
  uint32_t timestamp = 0;  // of its own data, not the offset
  Bytes data;
};

// In the packet's order; the last one is the primary, of which there is always one.
using RedBlocks = FixedVector<RedBlock, kMaxRedBlocks>;

// Reads the payload of an RTP packet with this timestamp. The data are views into it. Nothing when it is cut or has
// more than kMaxRedBlocks.
std::optional<RedBlocks> ParseRed(uint32_t timestamp, Bytes payload);

// Writes a payload; its size, or 0 when it does not fit, or a redundant block is too old or too long for its header.
size_t WriteRed(std::span<const RedBlock> redundant, const RedBlock& primary, MutableBytes out);

}  // namespace duet
