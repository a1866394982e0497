// DtlsContext: what all DTLS transports of a worker share - certificate, version, ciphers, SRTP profiles.
//
// DTLS 1.2 only (RFC 6347), ECDHE with AES-GCM, no tickets, no session cache, no renegotiation, no
// compression. Both sides must show a certificate; it is judged by its fingerprint alone. SRTP profiles in our order of
// preference: AEAD_AES_128_GCM, AEAD_AES_256_GCM, AES128_CM_HMAC_SHA1_80. As server OpenSSL chooses by its own order,
// so a client that names AES-CM first (Chromium does) gets GCM.
//
// Thread rule: owned by one worker. The certificate may be shared: it is only read.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "base/result.h"
#include "core/dtls/dtls_certificate.h"

namespace duet {

class DtlsContext {
 public:
  static Result<DtlsContext> Create(const DtlsCertificate& certificate);

  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Deleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  explicit DtlsContext(SSL_CTX* context) : context_(context) {}

  std::unique_ptr<SSL_CTX, Deleter> context_;
};

}  // namespace duet
