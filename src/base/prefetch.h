// Asks for memory ahead of its use. A packet is passed to many receivers one after the other, and the state of each is
// out of the first cache by the time of the next packet: while one receiver's packet is encrypted, the next one's state
// comes in.
#pragma once

#include <cstddef>
#include <utility>

namespace duet {

inline constexpr size_t kCacheLine = 64;

// For writing: what is asked for here is changed soon.
inline void Prefetch(const void* memory, size_t bytes) {
  const auto* line = static_cast<const char*>(memory);
  for (size_t at = 0; at < bytes; at += kCacheLine) __builtin_prefetch(line + at, 1);
}

// All of an object, without a loop: there is one for each receiver of each packet.
template <typename T>
inline void PrefetchAll(const T& object) {
  const auto* line = reinterpret_cast<const char*>(&object);
  [line]<size_t... I>(std::index_sequence<I...>) { (__builtin_prefetch(line + I * kCacheLine, 1), ...); }
  (std::make_index_sequence<(sizeof(T) + kCacheLine - 1) / kCacheLine>{});
}

// The members of an object from `first` to `last`, declared one after the other: what is used together stands together.
template <typename First, typename Last>
inline void PrefetchMembers(const First& first, const Last& last) {
  const auto* begin = reinterpret_cast<const char*>(&first);
  Prefetch(begin, static_cast<size_t>(reinterpret_cast<const char*>(&last + 1) - begin));
}

}  // namespace duet
