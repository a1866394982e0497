#include "io/tls_certificate.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace duet {
namespace {

constexpr int64_t kDay = 24 * 60 * 60;
constexpr int64_t kValidity = 397 * kDay;
constexpr int64_t kRenewBefore = 30 * kDay;
constexpr size_t kMaxPemBytes = 256 * 1024;

template <typename T, void (*Free)(T*)>
struct Freer {
  void operator()(T* p) const { Free(p); }
};
using X509Ptr = std::unique_ptr<X509, Freer<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Freer<BIO, BIO_free_all>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION, X509_EXTENSION_free>>;

Error Failed(ErrorCode code, std::string message) { return Error{code, std::move(message)}; }

// ---- files

Result<std::string> ReadFile(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kRefused;
    return Failed(code, "cannot read " + path.string() + ": " + std::strerror(errno));
  }
  std::string text;
  std::array<char, 4096> block;
  ssize_t n = 0;
  while ((n = read(fd, block.data(), block.size())) > 0 && text.size() <= kMaxPemBytes)
    text.append(block.data(), static_cast<size_t>(n));
  close(fd);
  if (n < 0) return Failed(ErrorCode::kInternal, "cannot read " + path.string() + ": " + std::strerror(errno));
  if (text.size() > kMaxPemBytes) return Failed(ErrorCode::kLimit, path.string() + " is too large for a PEM file");
  return text;
}

// Whole or not at all: written beside it and renamed.
Status WriteFile(const std::filesystem::path& path, std::string_view text, mode_t mode) {
  const std::string temporary = path.string() + ".new";
  unlink(temporary.c_str());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  bool good = fd >= 0;
  while (good && !text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    good = n > 0;
    if (good) text.remove_prefix(static_cast<size_t>(n));
  }
  good = good && fsync(fd) == 0;
  good = good && rename(temporary.c_str(), path.c_str()) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!good) return Failed(ErrorCode::kRefused, "cannot write " + path.string() + ": " + std::strerror(error));
  return Ok{};
}

// ---- reading certificates

X509Ptr ParseCertificate(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

KeyPtr ParseKey(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // Never ask for a pass phrase on the terminal: an encrypted key is an error that says so.
  constexpr auto kNoPassphrase = [](char*, int, int, void*) { return 0; };
  return KeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, kNoPassphrase, nullptr));
}

int64_t ToUnix(const ASN1_TIME* time) {
  std::tm utc{};
  return ASN1_TIME_to_tm(time, &utc) == 1 ? static_cast<int64_t>(timegm(&utc)) : 0;
}

std::string Sha256Of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    if (i > 0) text += ':';
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

std::string DateOf(int64_t unix_s) {
  const auto seconds = static_cast<std::time_t>(unix_s);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &utc);
  return text.data();
}

// ---- making certificates

bool AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// A host name goes into a configuration string of OpenSSL, so only what a host name may contain is let through.
bool IsHostName(const std::string& name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
  return !name.empty() && name.size() <= 253 && name.find_first_not_of(kAllowed) == name.npos && name[0] != '.';
}

std::string AlternativeNames(const SelfSignedOptions& options) {
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  if (IsHostName(options.host_name) && options.host_name != "localhost") names += ",DNS:" + options.host_name;
  for (const IpAddress& address : options.addresses) names += ",IP:" + address.ToString();
  return names;
}

bool SetSerialAndTimes(X509* certificate, int64_t unix_now_s) {
  std::array<unsigned char, 16> serial{};
  if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return false;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x3f) | 0x40);  // positive, and always 16 bytes
  const std::unique_ptr<BIGNUM, Freer<BIGNUM, BN_free>> number(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<std::time_t>(unix_now_s - kDay)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<std::time_t>(unix_now_s + kValidity - kDay)) !=
             nullptr;
}

bool SetNames(X509* certificate, const SelfSignedOptions& options) {
  const auto* common_name = reinterpret_cast<const unsigned char*>("Duet (self-signed)");
  X509_NAME* name = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 &&
         AddExtension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         AddExtension(certificate, NID_key_usage, "critical,digitalSignature") &&
         AddExtension(certificate, NID_ext_key_usage, "serverAuth") &&
         AddExtension(certificate, NID_subject_alt_name, AlternativeNames(options));
}

template <typename Write>
std::string ToPem(Write write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) return "";
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

// Why a kept certificate cannot serve on; empty when it can.
std::string ReasonToRenew(const TlsCertificate& kept, const SelfSignedOptions& options) {
  if (kept.not_after_unix_s - options.unix_now_s < kRenewBefore) return "it expires soon";
  const X509Ptr certificate = ParseCertificate(kept.certificate_pem);
  for (const IpAddress& address : options.addresses) {
    if (X509_check_ip_asc(certificate.get(), address.ToString().c_str(), 0) != 1) return "an address is new";
  }
  if (IsHostName(options.host_name) &&
      X509_check_host(certificate.get(), options.host_name.c_str(), 0, 0, nullptr) != 1)
    return "the host name is new";
  return "";
}

Result<TlsCertificate> FromPem(std::string certificate_pem, std::string key_pem, const std::string& certificate_name,
                               const std::string& key_name) {
  const X509Ptr certificate = ParseCertificate(certificate_pem);
  if (!certificate) return Failed(ErrorCode::kMalformed, certificate_name + " is not a PEM certificate");
  const KeyPtr key = ParseKey(key_pem);
  if (!key) return Failed(ErrorCode::kMalformed, key_name + " is not a PEM private key without a pass phrase");
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    return Failed(ErrorCode::kMalformed, key_name + " is not the key of " + certificate_name);
  TlsCertificate out;
  out.sha256 = Sha256Of(certificate.get());
  out.not_after_unix_s = ToUnix(X509_get0_notAfter(certificate.get()));
  out.certificate_pem = std::move(certificate_pem);
  out.key_pem = std::move(key_pem);
  return out;
}

}  // namespace

Result<TlsCertificate> LoadTlsCertificate(const std::filesystem::path& certificate_file,
                                          const std::filesystem::path& key_file, int64_t unix_now_s) {
  Result<std::string> certificate_pem = ReadFile(certificate_file);
  if (!certificate_pem) return certificate_pem.error();
  Result<std::string> key_pem = ReadFile(key_file);
  if (!key_pem) return key_pem.error();
  Result<TlsCertificate> loaded =
      FromPem(std::move(*certificate_pem), std::move(*key_pem), certificate_file.string(), key_file.string());
  if (loaded && loaded->not_after_unix_s <= unix_now_s) {
    return Failed(ErrorCode::kRefused, "the certificate " + certificate_file.string() + " has expired on " +
                                           DateOf(loaded->not_after_unix_s));
  }
  return loaded;
}

Result<TlsCertificate> MakeSelfSignedCertificate(const SelfSignedOptions& options) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr certificate(X509_new());
  const bool made = key && certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    SetSerialAndTimes(certificate.get(), options.unix_now_s) &&
                    X509_set_pubkey(certificate.get(), key.get()) == 1 && SetNames(certificate.get(), options) &&
                    X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
  if (!made) return Failed(ErrorCode::kInternal, "OpenSSL could not make a self-signed certificate");
  TlsCertificate out;
  out.certificate_pem = ToPem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  out.key_pem =
      ToPem([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  out.sha256 = Sha256Of(certificate.get());
  out.not_after_unix_s = options.unix_now_s + kValidity - kDay;
  out.self_signed = true;
  return out;
}

Result<TlsCertificate> LoadOrMakeSelfSigned(const std::filesystem::path& directory, const SelfSignedOptions& options) {
  const std::filesystem::path certificate_file = directory / "tls-cert.pem";
  const std::filesystem::path key_file = directory / "tls-key.pem";
  Result<TlsCertificate> kept = LoadTlsCertificate(certificate_file, key_file, options.unix_now_s);
  if (kept && ReasonToRenew(*kept, options).empty()) {
    kept->self_signed = true;
    return kept;
  }
  std::error_code error;
  if (std::filesystem::create_directories(directory, error)) chmod(directory.c_str(), 0700);
  if (error) return Failed(ErrorCode::kRefused, "cannot create " + directory.string() + ": " + error.message());
  Result<TlsCertificate> made = MakeSelfSignedCertificate(options);
  if (!made) return made;
  // The key first: a certificate without its key would be found and refused at the next start.
  const Status key_written = WriteFile(key_file, made->key_pem, 0600);
  if (!key_written) return key_written.error();
  const Status certificate_written = WriteFile(certificate_file, made->certificate_pem, 0644);
  if (!certificate_written) return certificate_written.error();
  return made;
}

}  // namespace duet
