// The certificate that a process shows in its DTLS handshakes, and fingerprints of certificates (RFC 8122).
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace duet {

// As in a=fingerprint.
struct DtlsFingerprint {
  std::string algorithm;       // lower case; "sha-256", also "sha-1", "sha-224", "sha-384" and "sha-512"
  std::vector<uint8_t> bytes;  // as long as the algorithm says

  bool operator==(const DtlsFingerprint&) const = default;
};

// Self-signed, ECDSA over P-256; a key lives as long as the process. Nobody judges it but by its fingerprint, which
// goes through signalling.
class DtlsCertificate {
 public:
  // Draws a key. `not_before_s` is a Unix time, `valid_s` a number of seconds; clients do not look at either.
  static Result<DtlsCertificate> Generate(int64_t not_before_s = 0, int64_t valid_s = 100LL * 365 * 86400);

  const std::array<std::byte, 32>& FingerprintSha256() const { return sha256_; }
  DtlsFingerprint fingerprint() const;
  X509* certificate() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }

 private:
  struct X509Deleter {
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  struct KeyDeleter {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  DtlsCertificate() = default;

  std::unique_ptr<X509, X509Deleter> certificate_;
  std::unique_ptr<EVP_PKEY, KeyDeleter> key_;
  std::array<std::byte, 32> sha256_{};
};

// True when the certificate has this fingerprint. False as well for algorithms other than the named ones.
bool Matches(X509* certificate, const DtlsFingerprint& fingerprint);

}  // namespace duet
