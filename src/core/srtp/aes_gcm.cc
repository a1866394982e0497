#include "core/srtp/aes_gcm.h"

#include "base/check.h"
#include "base/prefetch.h"
#include "core/srtp/evp_cipher_ctx.h"

namespace duet {
namespace {

const unsigned char* Raw(const std::byte* p) { return reinterpret_cast<const unsigned char*>(p); }
unsigned char* Raw(std::byte* p) { return reinterpret_cast<unsigned char*>(p); }
int Size(Bytes bytes) { return static_cast<int>(bytes.size()); }

// The calls of EVP fail for wrong arguments only, which would be our own mistake.
class EvpKey final : public AesGcm::Key {
 public:
  EvpKey(Bytes key, AesGcm::Direction direction) : context_(EVP_CIPHER_CTX_new()) {
    const EVP_CIPHER* cipher = key.size() == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
    const int seals = direction == AesGcm::Direction::kSeal ? 1 : 0;
    DUET_CHECK(context_ != nullptr &&
               EVP_CipherInit_ex(context_.get(), cipher, nullptr, Raw(key.data()), nullptr, seals) == 1);
  }

  void Prefetch() const override {
    constexpr size_t kContextBytes = 192;  // about; what it points to cannot be reached from here
    duet::Prefetch(context_.get(), kContextBytes);
  }

  void Seal(const AesGcm::Iv& iv, Bytes aad, Bytes plain, std::byte* out) override {
    EVP_CIPHER_CTX* c = context_.get();
    int n = 0;
    bool ok = EVP_EncryptInit_ex(c, nullptr, nullptr, nullptr, Raw(iv.data())) == 1 &&
              EVP_EncryptUpdate(c, nullptr, &n, Raw(aad.data()), Size(aad)) == 1;
    if (!plain.empty()) ok = ok && EVP_EncryptUpdate(c, Raw(out), &n, Raw(plain.data()), Size(plain)) == 1;
    std::byte* tag = out + plain.size();
    ok = ok && EVP_EncryptFinal_ex(c, Raw(tag), &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, AesGcm::kTagSize, tag) == 1;
    DUET_CHECK(ok);
  }

  bool Open(const AesGcm::Iv& iv, Bytes aad, MutableBytes body) override {
    EVP_CIPHER_CTX* c = context_.get();
    const MutableBytes secret = body.first(body.size() - AesGcm::kTagSize);
    std::byte* tag = body.data() + secret.size();
    int n = 0;
    bool ok = EVP_DecryptInit_ex(c, nullptr, nullptr, nullptr, Raw(iv.data())) == 1 &&
              EVP_DecryptUpdate(c, nullptr, &n, Raw(aad.data()), Size(aad)) == 1;
    if (!secret.empty()) ok = ok && EVP_DecryptUpdate(c, Raw(secret.data()), &n, Raw(secret.data()), Size(secret)) == 1;
    DUET_CHECK(ok && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, AesGcm::kTagSize, tag) == 1);
    std::byte rest[16];  // GCM has none
    return EVP_DecryptFinal_ex(c, Raw(rest), &n) == 1;
  }

 private:
  EvpCipherCtx context_;
};

}  // namespace

AesGcm::AesGcm(Bytes key, Direction direction, Provider provider) {
  DUET_CHECK(key.size() == 16 || key.size() == 32);
  if (provider == Provider::kFastest) key_ = MakeIpsecMbKey(key, direction);
  if (key_ == nullptr) key_ = std::make_unique<EvpKey>(key, direction);
}

AesGcm::AesGcm(AesGcm&&) noexcept = default;
AesGcm& AesGcm::operator=(AesGcm&&) noexcept = default;
AesGcm::~AesGcm() = default;

}  // namespace duet
