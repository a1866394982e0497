#include "sim/deterministic_openssl.h"

#include <openssl/rand.h>

#include <memory>

#include "base/check.h"
#include "base/rng.h"

// RAND_METHOD is deprecated in favour of providers, which would take a hundred lines for the same.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace duet::sim {
namespace {

std::unique_ptr<SeededRng> generator;

int Fill(unsigned char* out, int size) {
  generator->Fill({reinterpret_cast<std::byte*>(out), static_cast<size_t>(size)});
  return 1;
}
int Ready() { return 1; }

const RAND_METHOD kSeeded = {
    .seed = nullptr, .bytes = &Fill, .cleanup = nullptr, .add = nullptr, .pseudorand = &Fill, .status = &Ready};

}  // namespace

void SeedOpenSsl(uint64_t seed) {
  generator = std::make_unique<SeededRng>(seed);
  DUET_CHECK(RAND_set_rand_method(&kSeeded) == 1);
}

}  // namespace duet::sim
