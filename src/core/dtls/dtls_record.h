// What a datagram must look like before OpenSSL sees it (RFC 6347 section 4.1): whole records, of known types.
//
//   record = type, 1 B | 0xfe, minor version | epoch, 2 B | sequence number, 6 B | length, 2 B | content
//
// The standard wants invalid records discarded without a word (section 4.1.2.7). OpenSSL 3.0 does so for a wrong tag,
// but ends the association over an encrypted record that is too short to have one: a single datagram with a forged
// source address would end a call.
#pragma once

#include "base/bytes.h"

namespace duet {

// An encrypted record has an explicit nonce of 8 bytes and a tag of 16 (AES-GCM, RFC 5288); DtlsContext allows no other
// ciphers.
inline constexpr size_t kDtlsMinEncrypted = 24;

// True when the datagram is one or more records that could be valid.
bool LooksLikeDtls(Bytes datagram);

}  // namespace duet
