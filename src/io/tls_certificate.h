// The certificate of the HTTPS door: a PEM pair of one's own, or a self-signed one for use in a LAN, which is made once
// and kept. (The certificate of DTLS is another one, made in memory at every start.)
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/result.h"

namespace duet {

struct TlsCertificate {
  std::string certificate_pem;  // the whole chain, leaf first
  std::string key_pem;
  std::string sha256;  // of the leaf, "AB:CD:..."
  int64_t not_after_unix_s = 0;
  bool self_signed = false;  // made by us
};

// Reads a pair and checks that the key belongs to the certificate and that its time is not over. The sentence of an
// error names the file.
Result<TlsCertificate> LoadTlsCertificate(const std::filesystem::path& certificate_file,
                                          const std::filesystem::path& key_file, int64_t unix_now_s);

struct SelfSignedOptions {
  std::string host_name;             // may be empty
  std::vector<IpAddress> addresses;  // besides 127.0.0.1 and ::1
  int64_t unix_now_s = 0;
};

// ECDSA P-256, valid from a day ago for 397 days (the most that browsers accept of any certificate), for localhost, the
// host name and the addresses.
Result<TlsCertificate> MakeSelfSignedCertificate(const SelfSignedOptions& options);

// The self-signed pair in `directory` (tls-cert.pem, and tls-key.pem with mode 0600), made when there is none and made
// anew when it cannot be read, has less than 30 days left or lacks one of the names or addresses. The directory is
// created with mode 0700.
Result<TlsCertificate> LoadOrMakeSelfSigned(const std::filesystem::path& directory, const SelfSignedOptions& options);

}  // namespace duet
