// DtlsEpilogue: what is kept of an association when OpenSSL is done with it: the remote's write key. That is enough to
// read the alert that ends the association, and to notice that the remote repeats its last flight because ours was lost
// (RFC 6347 section 4.2.4).
//
//   record   = type, 1 B | 0xfefd, 2 B | epoch, 2 B | sequence number, 6 B | length, 2 B | fragment    (RFC 6347 4.1)
//   fragment = explicit nonce, 8 B | encrypted content | tag, 16 B                                     (RFC 5288 3)
//   content  = 21: level, 1 B | description, 1 B      22: handshake type, 1 B | ... , 20 is Finished
//
// The keys are derived anew from the master secret (RFC 5246 section 6.3): OpenSSL does not hand out its own. A
// repeated record is not noticed; what it says was true before. Nothing is ever sealed here.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace duet {

class DtlsEpilogue {
 public:
  // `ssl` has finished its handshake with one of the AES-GCM ciphers of DtlsContext. Nothing when OpenSSL refuses.
  static std::optional<DtlsEpilogue> From(const SSL* ssl, bool remote_is_client);
  DtlsEpilogue(const DtlsEpilogue&) = delete;
  DtlsEpilogue(DtlsEpilogue&&) = default;
  DtlsEpilogue& operator=(DtlsEpilogue&&) = default;
  ~DtlsEpilogue();

  enum class Heard : uint8_t {
    kNothing,
    kFinished,  // the end of the remote's last flight, once more
    kGoodbye,   // close_notify or a fatal alert
  };
  // What the authentic records of the datagram say; a goodbye before all else. REQUIRES: LooksLikeDtls.
  Heard Read(Bytes datagram) const;

 private:
  DtlsEpilogue() = default;
  Heard ReadRecord(Bytes record) const;

  std::array<std::byte, 32> key_{};
  size_t key_size_ = 0;
  std::array<std::byte, 4> iv_{};
};

}  // namespace duet
