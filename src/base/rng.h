// Randomness is injected: the server passes the operating system's (io), simulation and tests a seeded one.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace duet {

class Rng {
 public:
  virtual ~Rng() = default;
  virtual void Fill(MutableBytes out) = 0;

  uint32_t U32();
  uint64_t U64();
  // Uniform in [0, bound); bound > 0.
  uint64_t Below(uint64_t bound);
  // `length` characters of the ice-char alphabet (A-Z a-z 0-9 + /), 6 bits of randomness each (RFC 8839 section 5.4).
  std::string IceString(size_t length);
  // 2 * bytes lower-case hexadecimal digits.
  std::string Hex(size_t bytes);
};

// xoshiro256**: fast and repeatable, NOT for secrets. Same seed, same stream, on every platform.
class SeededRng : public Rng {
 public:
  explicit SeededRng(uint64_t seed);
  void Fill(MutableBytes out) override;

 private:
  uint64_t Next();
  uint64_t state_[4];
};

}  // namespace duet
