// The part of OpenSSL that DTLS handshakes use, as a library context of its own.
//
// OpenSSL 3.0 reads the key in a certificate by asking each decoder that it has whether it may be of use: a third of a
// handshake's instructions. In this context there are three, for the public keys that certificates of WebRTC clients
// have (RFC 8827 section 6.5: EC; RSA with older ones). All else is as in the default provider, whose functions these
// are.
//
// Thread rule: any thread; made once for the process and never freed.
#pragma once

#include <openssl/types.h>

namespace duet {

// Null, which means OpenSSL's default context, when it cannot be made.
OSSL_LIB_CTX* DtlsLibrary();

}  // namespace duet
