#include "core/dtls/dtls_certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>

namespace duet {
namespace {

Error Failed(const char* what) {
  ERR_clear_error();
  return {ErrorCode::kInternal, std::string("OpenSSL could not ") + what + "."};
}

// The name says nothing about the machine. The serial number comes from the key, so that no two certificates of one
// name share it.
bool Describe(X509* certificate, EVP_PKEY* key, int64_t not_before_s, int64_t valid_s) {
  X509_NAME* name = X509_get_subject_name(certificate);
  unsigned char hash[EVP_MAX_MD_SIZE];
  if (X509_set_pubkey(certificate, key) != 1 || X509_pubkey_digest(certificate, EVP_sha256(), hash, nullptr) != 1) {
    return false;
  }
  const uint64_t serial = LoadU64(reinterpret_cast<const std::byte*>(hash)) >> 1;
  return X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1 &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), not_before_s) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), not_before_s + valid_s) != nullptr &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("duet"), -1, -1,
                                    0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && X509_sign(certificate, key, EVP_sha256()) != 0;
}

const EVP_MD* Digest(const std::string& algorithm) {
  if (algorithm == "sha-256") return EVP_sha256();
  if (algorithm == "sha-384") return EVP_sha384();
  if (algorithm == "sha-512") return EVP_sha512();
  if (algorithm == "sha-224") return EVP_sha224();
  if (algorithm == "sha-1") return EVP_sha1();
  return nullptr;
}

}  // namespace

Result<DtlsCertificate> DtlsCertificate::Generate(int64_t not_before_s, int64_t valid_s) {
  DtlsCertificate out;
  out.key_.reset(EVP_EC_gen("P-256"));
  if (out.key_ == nullptr) return Failed("generate a P-256 key");
  out.certificate_.reset(X509_new());
  if (out.certificate_ == nullptr || !Describe(out.certificate_.get(), out.key_.get(), not_before_s, valid_s)) {
    return Failed("sign a certificate");
  }
  unsigned size = 0;
  if (X509_digest(out.certificate_.get(), EVP_sha256(), reinterpret_cast<unsigned char*>(out.sha256_.data()), &size) !=
          1 ||
      size != out.sha256_.size()) {
    return Failed("hash a certificate");
  }
  return out;
}

DtlsFingerprint DtlsCertificate::fingerprint() const {
  DtlsFingerprint out{"sha-256", std::vector<uint8_t>(sha256_.size())};
  std::transform(sha256_.begin(), sha256_.end(), out.bytes.begin(),
                 [](std::byte b) { return std::to_integer<uint8_t>(b); });
  return out;
}

bool Matches(X509* certificate, const DtlsFingerprint& fingerprint) {
  const EVP_MD* digest = Digest(fingerprint.algorithm);
  if (digest == nullptr || certificate == nullptr) return false;
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, digest, hash, &size) != 1) return false;
  return std::equal(fingerprint.bytes.begin(), fingerprint.bytes.end(), hash, hash + size);
}

}  // namespace duet
