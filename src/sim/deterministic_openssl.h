// Makes OpenSSL repeatable for a simulated world: keys, nonces and DTLS randoms come from a seeded generator, so that
// the same seed gives the same datagrams, sizes included. For the simulation alone: nothing that it protects is secret.
#pragma once

#include <cstdint>

namespace duet::sim {

// Process-wide, one thread. Call it before each run.
void SeedOpenSsl(uint64_t seed);

}  // namespace duet::sim
