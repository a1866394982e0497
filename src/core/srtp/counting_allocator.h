// Counts every allocation of a test program, through operator new and through OpenSSL. Include it in ONE source file of
// the program: it replaces the global operators.
#pragma once

#include <openssl/crypto.h>

#include <cstdint>
#include <cstdlib>
#include <new>

// GCC does not see that both operators are replaced together once gtest's factory is inlined.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace duet::counting {

// Of this thread, since its start.
inline thread_local uint64_t allocations = 0;

inline void* CountedMalloc(size_t size, const char* /*file*/, int /*line*/) {
  ++allocations;
  return std::malloc(size);
}
inline void* CountedRealloc(void* block, size_t size, const char* /*file*/, int /*line*/) {
  ++allocations;
  return std::realloc(block, size);
}
inline void CountedFree(void* block, const char* /*file*/, int /*line*/) { std::free(block); }

// False when OpenSSL was used before and says no: then nothing of it is counted.
inline const bool kCountsOpenSsl = CRYPTO_set_mem_functions(&CountedMalloc, &CountedRealloc, &CountedFree) == 1;

}  // namespace duet::counting

void* operator new(size_t size) {
  ++duet::counting::allocations;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();  // NOLINT: what the operator must do
}
void* operator new(size_t size, const std::nothrow_t& /*tag*/) noexcept {
  ++duet::counting::allocations;
  return std::malloc(size);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t /*size*/) noexcept { std::free(block); }
