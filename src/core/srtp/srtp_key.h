// SRTP protection profiles, master keys, and the derivation of session keys (RFC 3711 section 4.3, RFC 7714 section
// 11).
//
// Duet never rederives keys (key derivation rate 0), uses no MKI and full-length tags.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace duet {

// The values are those of the DTLS use_srtp extension (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
enum class SrtpProfile : uint16_t {
  kAes128CmSha1_80 = 0x0001,  // AES-CM, HMAC-SHA1 with 80 bit tags
  kAeadAes128Gcm = 0x0007,
  kAeadAes256Gcm = 0x0008,
};

// The name in the IANA registry, for instance "AEAD_AES_128_GCM"; "unknown" for a value that is none of ours.
const char* ToString(SrtpProfile profile);

constexpr bool IsAead(SrtpProfile profile) { return profile != SrtpProfile::kAes128CmSha1_80; }
// Bytes of the master key, and of the session encryption key.
constexpr size_t SrtpKeySize(SrtpProfile profile) { return profile == SrtpProfile::kAeadAes256Gcm ? 32 : 16; }
// Bytes of the master salt, and of the session salt.
constexpr size_t SrtpSaltSize(SrtpProfile profile) { return IsAead(profile) ? 12 : 14; }
// Bytes of the authentication tag, of SRTP and SRTCP alike.
constexpr size_t SrtpTagSize(SrtpProfile profile) { return IsAead(profile) ? 16 : 10; }

// What protection may add to a packet: a 16 byte tag to RTP, a tag and the 4 byte index word to RTCP.
inline constexpr size_t kSrtpMaxOverhead = 16;
inline constexpr size_t kSrtcpMaxOverhead = kSrtpMaxOverhead + 4;

// The master key and salt of one direction. Secret: never logged.
struct SrtpMasterKey {
  SrtpProfile profile = SrtpProfile::kAeadAes128Gcm;
  std::array<std::byte, 32> key{};
  uint8_t key_size = 0;  // SrtpKeySize(profile)
  std::array<std::byte, 14> salt{};
  uint8_t salt_size = 0;  // SrtpSaltSize(profile)

  bool operator==(const SrtpMasterKey&) const = default;
};

// Puts key and salt together; their sizes must be those of the profile (CHECKed).
SrtpMasterKey MakeSrtpMasterKey(SrtpProfile profile, Bytes key, Bytes salt);

enum class SrtpStream : uint8_t { kRtp, kRtcp };

// What protects one kind of packet in one direction.
struct SrtpSessionKeys {
  std::array<std::byte, 32> cipher_key{};  // the first SrtpKeySize(profile) bytes
  std::array<std::byte, 14> salt{};        // the first SrtpSaltSize(profile) bytes
  std::array<std::byte, 20> auth_key{};    // HMAC-SHA1; unused by AEAD profiles
};
SrtpSessionKeys DeriveSrtpSessionKeys(const SrtpMasterKey& master, SrtpStream stream);

}  // namespace duet
