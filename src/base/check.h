// CHECK for our own mistakes, never for input: it prints where and aborts. DCHECK vanishes in optimised builds.
#pragma once

namespace duet {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
}  // namespace duet

#define DUET_CHECK(condition) ((condition) ? static_cast<void>(0) : ::duet::CheckFailed(__FILE__, __LINE__, #condition))
#ifdef NDEBUG
#define DUET_DCHECK(condition) static_cast<void>(sizeof(condition))
#else
#define DUET_DCHECK(condition) DUET_CHECK(condition)
#endif
