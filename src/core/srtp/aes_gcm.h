// AesGcm: AES-128-GCM and AES-256-GCM with a key that stays (NIST SP 800-38D), nonce of 12 bytes, tag of 16.
//
// On x86-64 by the Multi-Buffer Crypto library (libipsec-mb), which takes one call for a packet where OpenSSL's EVP
// takes five and looks after its context by name in each (docs/performance.md has the figures). Without that library,
// or on a processor without AES instructions, by EVP.
//
// The caller never seals twice with the same nonce: SRTP makes it of SSRC and index (srtp_gcm.h).
// Thread rule: owned by one stream. Nothing allocates after construction.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "base/bytes.h"

namespace duet {

class AesGcm {
 public:
  static constexpr size_t kTagSize = 16;
  using Iv = std::array<std::byte, 12>;
  enum class Direction : bool { kSeal, kOpen };
  enum class Provider : bool { kFastest, kOpenSsl };

  // `key`: 16 or 32 bytes. Either seals or opens.
  AesGcm(Bytes key, Direction direction, Provider provider = Provider::kFastest);
  AesGcm(AesGcm&&) noexcept;
  AesGcm& operator=(AesGcm&&) noexcept;
  ~AesGcm();

  // Asks for the memory that the next call reads.
  void Prefetch() const { key_->Prefetch(); }

  // `out` has room for the payload and the tag, which are written to it; it may be where `plain` is.
  void Seal(const Iv& iv, Bytes aad, Bytes plain, std::byte* out) { key_->Seal(iv, aad, plain, out); }
  // `body` is encrypted payload and tag, at least kTagSize bytes; decrypted in place. False when it is not authentic:
  // what is in `body` then means nothing.
  bool Open(const Iv& iv, Bytes aad, MutableBytes body) { return key_->Open(iv, aad, body); }

  // What a provider makes of a key.
  class Key {
   public:
    virtual ~Key() = default;
    virtual void Prefetch() const = 0;
    virtual void Seal(const Iv& iv, Bytes aad, Bytes plain, std::byte* out) = 0;
    virtual bool Open(const Iv& iv, Bytes aad, MutableBytes body) = 0;
  };

 private:
  std::unique_ptr<Key> key_;
};

// Null where there is no such provider: built without the library, or a processor without AES instructions.
std::unique_ptr<AesGcm::Key> MakeIpsecMbKey(Bytes key, AesGcm::Direction direction);

}  // namespace duet
