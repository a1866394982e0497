// DtlsFarewell: what is kept of an association when OpenSSL is done with it: enough to read the alert that ends it.
//
//   record   = 21, 1 B | 0xfefd, 2 B | epoch, 2 B | sequence number, 6 B | length, 2 B | fragment     (RFC 6347 4.1)
//   fragment = explicit nonce, 8 B | encrypted level, 1 B, and description, 1 B | tag, 16 B           (RFC 5288 3)
//
// The keys are derived anew from the master secret (RFC 5246 section 6.3): OpenSSL does not hand out its own. A
// repeated record is not noticed; what it says was true before.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <optional>

#include "base/bytes.h"

namespace duet {

class DtlsFarewell {
 public:
  // `ssl` has finished its handshake with one of the AES-GCM ciphers of DtlsContext. Nothing when OpenSSL refuses.
  static std::optional<DtlsFarewell> From(const SSL* ssl, bool remote_is_client);
  DtlsFarewell(const DtlsFarewell&) = delete;
  DtlsFarewell(DtlsFarewell&&) = default;
  DtlsFarewell& operator=(DtlsFarewell&&) = default;
  ~DtlsFarewell();

  // Whether an authentic close_notify or fatal alert of the remote is in the datagram. REQUIRES: LooksLikeDtls.
  bool Ends(Bytes datagram) const;

 private:
  DtlsFarewell() = default;
  bool EndsWith(Bytes record) const;

  std::array<std::byte, 32> key_{};  // the remote's write key
  size_t key_size_ = 0;
  std::array<std::byte, 4> iv_{};
};

}  // namespace duet
