#include "core/dtls/dtls_context.h"

#include <openssl/err.h>
#include <openssl/srtp.h>

#include "core/dtls/dtls_library.h"

namespace duet {
namespace {

// Ours is an ECDSA certificate; ECDHE-RSA is for remotes that are the server and have an RSA one. All are AES-GCM,
// which every WebRTC client has (RFC 8827 section 6.5); dtls_record.h relies on it.
constexpr char kCiphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384";
constexpr char kSrtpProfiles[] = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";
// Certificate chains of WebRTC clients are one certificate of 300 to 1000 bytes.
constexpr long kMaxCertificateList = 8 * 1024;

// Called with the remote's certificate instead of OpenSSL's judgement of chains, names and dates. That the remote has
// the key too is proven by the rest of the handshake.
int CheckFingerprint(X509_STORE_CTX* store, void* /*unused*/) {
  const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* expected = static_cast<const DtlsFingerprint*>(SSL_get_app_data(ssl));
  if (expected != nullptr && Matches(X509_STORE_CTX_get0_cert(store), *expected)) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

}  // namespace

Result<DtlsContext> DtlsContext::Create(const DtlsCertificate& certificate) {
  ERR_clear_error();
  DtlsContext out(SSL_CTX_new_ex(DtlsLibrary(), nullptr, DTLS_method()));
  SSL_CTX* c = out.get();
  const bool ok = c != nullptr && SSL_CTX_set_min_proto_version(c, DTLS1_2_VERSION) == 1 &&
                  SSL_CTX_set_max_proto_version(c, DTLS1_2_VERSION) == 1 && SSL_CTX_set_cipher_list(c, kCiphers) == 1 &&
                  SSL_CTX_set1_groups_list(c, "X25519:P-256:P-384") == 1 &&
                  SSL_CTX_use_certificate(c, certificate.certificate()) == 1 &&
                  SSL_CTX_use_PrivateKey(c, certificate.key()) == 1 &&
                  SSL_CTX_set_tlsext_use_srtp(c, kSrtpProfiles) == 0;  // 0 is success here
  if (!ok) {
    ERR_clear_error();
    return Error{ErrorCode::kInternal, "OpenSSL could not be set up for DTLS 1.2 with an ECDSA certificate."};
  }
  SSL_CTX_set_options(c, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                             SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(c, kMaxCertificateList);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(c, &CheckFingerprint, nullptr);
  return out;
}

}  // namespace duet
