// Asks for memory ahead of its use. A packet is passed to many receivers one after the other, and the state of each is
// out of the first cache by the time of the next packet: while one receiver's packet is encrypted, the next one's state
// comes in.
#pragma once

#include <cstddef>

namespace duet {

inline constexpr size_t kCacheLine = 64;

// For writing: what is asked for here is changed soon.
inline void Prefetch(const void* memory, size_t bytes) {
  const auto* line = static_cast<const char*>(memory);
  for (size_t at = 0; at < bytes; at += kCacheLine) __builtin_prefetch(line + at, 1);
}

}  // namespace duet
