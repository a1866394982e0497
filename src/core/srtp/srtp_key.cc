#include "core/srtp/srtp_key.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "base/check.h"

namespace duet {

const char* ToString(SrtpProfile profile) {
  switch (profile) {
    case SrtpProfile::kAes128CmSha1_80: return "AES_CM_128_HMAC_SHA1_80";
    case SrtpProfile::kAeadAes128Gcm: return "AEAD_AES_128_GCM";
    case SrtpProfile::kAeadAes256Gcm: return "AEAD_AES_256_GCM";
  }
  return "unknown";
}

SrtpMasterKey MakeSrtpMasterKey(SrtpProfile profile, Bytes key, Bytes salt) {
  DUET_CHECK(key.size() == SrtpKeySize(profile) && salt.size() == SrtpSaltSize(profile));
  SrtpMasterKey master;
  master.profile = profile;
  master.key_size = static_cast<uint8_t>(key.size());
  master.salt_size = static_cast<uint8_t>(salt.size());
  std::copy(key.begin(), key.end(), master.key.begin());
  std::copy(salt.begin(), salt.end(), master.salt.begin());
  return master;
}

namespace {

// Key derivation labels of RFC 3711 section 4.3.1 and 4.3.2.
struct Labels {
  uint8_t encryption;
  uint8_t authentication;
  uint8_t salt;
};
constexpr Labels kRtpLabels{0x00, 0x01, 0x02};
constexpr Labels kRtcpLabels{0x03, 0x04, 0x05};

// The AES-CM key stream under the master key whose IV is (label << 48 XOR master salt) << 16. A 96 bit salt stands to
// the left of 16 zero bits (RFC 7714 section 11).
void Derive(const SrtpMasterKey& master, uint8_t label, MutableBytes out) {
  std::array<std::byte, 16> iv{};
  std::copy_n(master.salt.begin(), master.salt_size, iv.begin());
  iv[7] ^= static_cast<std::byte>(label);
  const EVP_CIPHER* cipher = master.key_size == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  const auto* key = reinterpret_cast<const unsigned char*>(master.key.data());
  auto* stream = reinterpret_cast<unsigned char*>(out.data());
  std::fill(out.begin(), out.end(), std::byte{0});
  int written = 0;
  const bool done =
      context != nullptr &&
      EVP_EncryptInit_ex(context.get(), cipher, nullptr, key, reinterpret_cast<const unsigned char*>(iv.data())) == 1 &&
      EVP_EncryptUpdate(context.get(), stream, &written, stream, static_cast<int>(out.size())) == 1;
  DUET_CHECK(done);
}

}  // namespace

SrtpSessionKeys DeriveSrtpSessionKeys(const SrtpMasterKey& master, SrtpStream stream) {
  DUET_CHECK(master.key_size == SrtpKeySize(master.profile) && master.salt_size == SrtpSaltSize(master.profile));
  const Labels& labels = stream == SrtpStream::kRtp ? kRtpLabels : kRtcpLabels;
  SrtpSessionKeys keys;
  Derive(master, labels.encryption, MutableBytes(keys.cipher_key).first(master.key_size));
  Derive(master, labels.authentication, keys.auth_key);
  Derive(master, labels.salt, MutableBytes(keys.salt).first(master.salt_size));
  return keys;
}

}  // namespace duet
