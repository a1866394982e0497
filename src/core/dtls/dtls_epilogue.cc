#include "core/dtls/dtls_epilogue.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "core/srtp/aes_gcm.h"

namespace duet {
namespace {

constexpr size_t kHeader = 13;
constexpr size_t kNonce = 8;
// A Finished of DTLS has 24 bytes, an alert 2; larger records are nothing that we wait for.
constexpr size_t kMaxContent = 64;
constexpr std::byte kAlertRecord{21};
constexpr std::byte kHandshakeRecord{22};
constexpr std::byte kFinished{20};
constexpr std::byte kFatal{2};
constexpr std::byte kCloseNotify{0};
constexpr size_t kRandom = 32;

struct KdfDeleter {
  void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};

// key_block = PRF(master secret, "key expansion", server random | client random)
bool DeriveKeyBlock(const SSL* ssl, MutableBytes block) {
  constexpr std::string_view kLabel = "key expansion";
  std::array<unsigned char, kLabel.size() + 2 * kRandom> seed;
  std::copy(kLabel.begin(), kLabel.end(), seed.begin());
  if (SSL_get_server_random(ssl, seed.data() + kLabel.size(), kRandom) != kRandom) return false;
  if (SSL_get_client_random(ssl, seed.data() + kLabel.size() + kRandom, kRandom) != kRandom) return false;
  std::array<unsigned char, SSL_MAX_MASTER_KEY_LENGTH> secret;
  const size_t secret_size = SSL_SESSION_get_master_key(SSL_get_session(ssl), secret.data(), secret.size());
  const EVP_MD* digest = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
  const std::unique_ptr<EVP_KDF, KdfDeleter> kdf(EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr));
  const std::unique_ptr<EVP_KDF_CTX, KdfDeleter> context(EVP_KDF_CTX_new(kdf.get()));
  bool ok = false;
  if (context != nullptr && digest != nullptr && secret_size > 0) {
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(EVP_MD_get0_name(digest)), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, secret.data(), secret_size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed.data(), seed.size()), OSSL_PARAM_construct_end()};
    ok = EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(block.data()), block.size(), params) == 1;
  }
  OPENSSL_cleanse(secret.data(), secret.size());
  ERR_clear_error();
  return ok;
}

}  // namespace

std::optional<DtlsEpilogue> DtlsEpilogue::From(const SSL* ssl, bool remote_is_client) {
  DtlsEpilogue out;
  out.key_size_ = static_cast<size_t>(SSL_CIPHER_get_bits(SSL_get_current_cipher(ssl), nullptr)) / 8;
  if (out.key_size_ != 16 && out.key_size_ != 32) return std::nullopt;
  // client key | server key | client nonce | server nonce; AEAD ciphers have no MAC keys.
  std::array<std::byte, 2 * (32 + 4)> block;
  const size_t size = 2 * (out.key_size_ + out.iv_.size());
  if (!DeriveKeyBlock(ssl, MutableBytes(block).first(size))) return std::nullopt;
  const size_t key_at = remote_is_client ? 0 : out.key_size_;
  const size_t iv_at = 2 * out.key_size_ + (remote_is_client ? 0 : out.iv_.size());
  std::copy_n(&block[key_at], out.key_size_, out.key_.begin());
  std::copy_n(&block[iv_at], out.iv_.size(), out.iv_.begin());
  OPENSSL_cleanse(block.data(), block.size());
  return out;
}

DtlsEpilogue::~DtlsEpilogue() { OPENSSL_cleanse(key_.data(), key_.size()); }

DtlsEpilogue::Heard DtlsEpilogue::Read(Bytes datagram) const {
  Heard heard = Heard::kNothing;
  while (datagram.size() >= kHeader) {
    const size_t size = kHeader + LoadU16(datagram.data() + 11);
    if (size > datagram.size()) break;
    heard = std::max(heard, ReadRecord(datagram.first(size)));
    datagram = datagram.subspan(size);
  }
  return heard;
}

DtlsEpilogue::Heard DtlsEpilogue::ReadRecord(Bytes record) const {
  constexpr uint16_t kEpoch = 1;  // of the one handshake that there is
  constexpr size_t kAround = kHeader + kNonce + AesGcm::kTagSize;
  const std::byte type = record[0];
  if ((type != kAlertRecord && type != kHandshakeRecord) || LoadU16(record.data() + 3) != kEpoch)
    return Heard::kNothing;
  if (record.size() < kAround + 2 || record.size() > kAround + kMaxContent) return Heard::kNothing;
  const size_t content = record.size() - kAround;
  AesGcm::Iv iv;
  std::copy(iv_.begin(), iv_.end(), iv.begin());
  std::copy_n(record.begin() + kHeader, kNonce, iv.begin() + iv_.size());
  // epoch and sequence number | type | version | length of the content (RFC 5246 section 6.2.3.3)
  std::array<std::byte, 13> aad;
  std::copy_n(record.begin() + 3, 8, aad.begin());
  std::copy_n(record.begin(), 3, aad.begin() + 8);
  StoreU16(&aad[11], static_cast<uint16_t>(content));
  std::array<std::byte, kMaxContent + AesGcm::kTagSize> room;
  const MutableBytes body = MutableBytes(room).first(content + AesGcm::kTagSize);
  std::copy_n(record.begin() + kHeader + kNonce, body.size(), body.begin());
  if (!AesGcm(Bytes(key_).first(key_size_), AesGcm::Direction::kOpen).Open(iv, aad, body)) return Heard::kNothing;
  if (type == kHandshakeRecord) return body[0] == kFinished ? Heard::kFinished : Heard::kNothing;
  return body[0] == kFatal || body[1] == kCloseNotify ? Heard::kGoodbye : Heard::kNothing;
}

}  // namespace duet
