#include "core/srtp/aes_gcm.h"

#include <openssl/crypto.h>

#ifdef DUET_IPSEC_MB
#include <intel-ipsec-mb.h>
#else
#include "core/srtp/evp_cipher_ctx.h"
#endif

#include "base/check.h"
#include "base/prefetch.h"

namespace duet {

#ifdef DUET_IPSEC_MB
namespace {

struct ManagerDeleter {
  void operator()(IMB_MGR* manager) const { free_mb_mgr(manager); }
};

// The library's functions for this processor; only read after it was made.
const IMB_MGR& Functions() {
  static const std::unique_ptr<IMB_MGR, ManagerDeleter> kManager = [] {
    std::unique_ptr<IMB_MGR, ManagerDeleter> manager(alloc_mb_mgr(0));
    DUET_CHECK(manager != nullptr);
    init_mb_mgr_auto(manager.get(), nullptr);
    DUET_CHECK(imb_get_errno(manager.get()) == 0);
    return manager;
  }();
  return *kManager;
}

}  // namespace

struct AesGcm::Key {
  gcm_key_data data;
  aes_gcm_enc_dec_t crypt;
};

AesGcm::AesGcm(Bytes key, Direction direction) : key_(new Key) {
  DUET_CHECK(key.size() == 16 || key.size() == 32);
  const IMB_MGR& functions = Functions();
  const bool seals = direction == Direction::kSeal;
  if (key.size() == 32) {
    IMB_AES256_GCM_PRE(&functions, key.data(), &key_->data);
    key_->crypt = seals ? functions.gcm256_enc : functions.gcm256_dec;
  } else {
    IMB_AES128_GCM_PRE(&functions, key.data(), &key_->data);
    key_->crypt = seals ? functions.gcm128_enc : functions.gcm128_dec;
  }
}

void AesGcm::KeyDeleter::operator()(Key* key) const {
  OPENSSL_cleanse(&key->data, sizeof(key->data));
  delete key;
}

void AesGcm::Prefetch() const {
  // The round keys, and the first of the powers of the hash key; the others come in a row.
  constexpr size_t kFirst = 512;
  duet::Prefetch(key_.get(), kFirst);
}

void AesGcm::Seal(const Iv& iv, Bytes aad, Bytes plain, std::byte* out) {
  gcm_context_data context;
  auto* to = reinterpret_cast<uint8_t*>(out);
  key_->crypt(&key_->data, &context, to, reinterpret_cast<const uint8_t*>(plain.data()), plain.size(),
              reinterpret_cast<const uint8_t*>(iv.data()), reinterpret_cast<const uint8_t*>(aad.data()), aad.size(),
              to + plain.size(), kTagSize);
}

bool AesGcm::Open(const Iv& iv, Bytes aad, MutableBytes body) {
  gcm_context_data context;
  uint8_t tag[kTagSize];
  auto* secret = reinterpret_cast<uint8_t*>(body.data());
  const size_t size = body.size() - kTagSize;
  key_->crypt(&key_->data, &context, secret, secret, size, reinterpret_cast<const uint8_t*>(iv.data()),
              reinterpret_cast<const uint8_t*>(aad.data()), aad.size(), tag, kTagSize);
  return CRYPTO_memcmp(tag, secret + size, kTagSize) == 0;
}

#else
namespace {

const unsigned char* Raw(const std::byte* p) { return reinterpret_cast<const unsigned char*>(p); }
unsigned char* Raw(std::byte* p) { return reinterpret_cast<unsigned char*>(p); }
int Size(Bytes bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

struct AesGcm::Key {
  EvpCipherCtx context{EVP_CIPHER_CTX_new()};
};

AesGcm::AesGcm(Bytes key, Direction direction) : key_(new Key) {
  DUET_CHECK(key.size() == 16 || key.size() == 32);
  const EVP_CIPHER* cipher = key.size() == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
  DUET_CHECK(key_->context != nullptr && EVP_CipherInit_ex(key_->context.get(), cipher, nullptr, Raw(key.data()),
                                                           nullptr, direction == Direction::kSeal ? 1 : 0) == 1);
}

void AesGcm::KeyDeleter::operator()(Key* key) const { delete key; }

void AesGcm::Prefetch() const {
  constexpr size_t kContextBytes = 192;  // about; what it points to cannot be reached from here
  duet::Prefetch(key_->context.get(), kContextBytes);
}

// The calls below fail for wrong arguments only, which would be our own mistake.
void AesGcm::Seal(const Iv& iv, Bytes aad, Bytes plain, std::byte* out) {
  EVP_CIPHER_CTX* c = key_->context.get();
  int n = 0;
  bool ok = EVP_EncryptInit_ex(c, nullptr, nullptr, nullptr, Raw(iv.data())) == 1 &&
            EVP_EncryptUpdate(c, nullptr, &n, Raw(aad.data()), Size(aad)) == 1;
  if (!plain.empty()) ok = ok && EVP_EncryptUpdate(c, Raw(out), &n, Raw(plain.data()), Size(plain)) == 1;
  std::byte* tag = out + plain.size();
  ok = ok && EVP_EncryptFinal_ex(c, Raw(tag), &n) == 1 &&
       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, kTagSize, tag) == 1;
  DUET_CHECK(ok);
}

bool AesGcm::Open(const Iv& iv, Bytes aad, MutableBytes body) {
  EVP_CIPHER_CTX* c = key_->context.get();
  const MutableBytes secret = body.first(body.size() - kTagSize);
  std::byte* tag = body.data() + secret.size();
  int n = 0;
  bool ok = EVP_DecryptInit_ex(c, nullptr, nullptr, nullptr, Raw(iv.data())) == 1 &&
            EVP_DecryptUpdate(c, nullptr, &n, Raw(aad.data()), Size(aad)) == 1;
  if (!secret.empty()) ok = ok && EVP_DecryptUpdate(c, Raw(secret.data()), &n, Raw(secret.data()), Size(secret)) == 1;
  DUET_CHECK(ok && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag) == 1);
  std::byte rest[16];  // GCM has none
  return EVP_DecryptFinal_ex(c, Raw(rest), &n) == 1;
}

#endif

}  // namespace duet
