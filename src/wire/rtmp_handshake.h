// The RTMP handshake (specification section 5.2), and the one with digests that came after it.
//
//   client: C0 version (8) = 3, C1    server: S0, S1, S2    client: C2        C1, C2, S1, S2: 1536 bytes each
//   simple:  C1, S1 = time (32), 0 (32), random      C2, S2 = the other side's C1, S1
//   digest:  C1, S1 = time (32), version (32), ..., with the HMAC-SHA256 of all other bytes at a place that four of the
//            bytes tell: in scheme 0 those four stand in front of bytes 12..739, in scheme 1 in front of 776..1503
//            C2, S2 = random, with their own HMAC at the end, made with a key that the other side's digest makes
//
// Clients that verify the digest (Flash players, librtmp in its SWF mode, ffmpeg) get one; all others the simple form.
// The keys are part of the protocol and no secret: a digest proves nothing about who somebody is.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/rng.h"

namespace duet {

inline constexpr uint8_t kRtmpVersion = 3;
inline constexpr size_t kRtmpHandshakeBytes = 1536;

enum class RtmpHandshakeKind : uint8_t { kSimple, kDigest };

// Writes S0, S1 and S2 in answer to C1. REQUIRES: `c1` of 1536 bytes, `out` of 1 + 2 * 1536. `time_ms` is any clock.
RtmpHandshakeKind AnswerRtmpHandshake(Bytes c1, uint32_t time_ms, Rng& rng, MutableBytes out);

// For clients. Writes C1 with a digest of scheme 0. REQUIRES: 1536 bytes.
void WriteRtmpC1(uint32_t time_ms, Rng& rng, MutableBytes out);
// True when S2 answers this C1, in either form. REQUIRES: 1536 bytes each.
bool CheckRtmpS2(Bytes c1, Bytes s2);

}  // namespace duet
