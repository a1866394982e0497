// AES-GCM by libipsec-mb. Only built into it when CMake finds the library (DUET_IPSEC_MB).
#include "base/prefetch.h"
#include "core/srtp/aes_gcm.h"

#ifdef DUET_IPSEC_MB
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

namespace duet {
namespace {

struct ManagerDeleter {
  void operator()(IMB_MGR* manager) const { free_mb_mgr(manager); }
};

// The library's functions for this processor, only read after they were chosen; null when it has none with AES
// instructions, or fails its own test.
const IMB_MGR* Functions() {
  static const std::unique_ptr<IMB_MGR, ManagerDeleter> kManager = [] {
    std::unique_ptr<IMB_MGR, ManagerDeleter> manager(alloc_mb_mgr(0));
    if (manager == nullptr) return manager;
    init_mb_mgr_auto(manager.get(), nullptr);
    const bool has_aes = (manager->features & IMB_CPUFLAGS_SSE) == IMB_CPUFLAGS_SSE;
    if (imb_get_errno(manager.get()) != 0 || !has_aes) manager.reset();
    return manager;
  }();
  return kManager.get();
}

const uint8_t* Raw(const std::byte* p) { return reinterpret_cast<const uint8_t*>(p); }
uint8_t* Raw(std::byte* p) { return reinterpret_cast<uint8_t*>(p); }

class IpsecMbKey final : public AesGcm::Key {
 public:
  IpsecMbKey(const IMB_MGR& functions, Bytes key, AesGcm::Direction direction) {
    const bool seals = direction == AesGcm::Direction::kSeal;
    if (key.size() == 32) {
      IMB_AES256_GCM_PRE(&functions, key.data(), &data_);
      crypt_ = seals ? functions.gcm256_enc : functions.gcm256_dec;
    } else {
      IMB_AES128_GCM_PRE(&functions, key.data(), &data_);
      crypt_ = seals ? functions.gcm128_enc : functions.gcm128_dec;
    }
  }
  ~IpsecMbKey() override { OPENSSL_cleanse(&data_, sizeof(data_)); }

  void Prefetch() const override {
    // The round keys, and the first of the powers of the hash key; the others come in a row.
    constexpr size_t kFirst = 512;
    duet::Prefetch(&data_, kFirst);
  }

  void Seal(const AesGcm::Iv& iv, Bytes aad, Bytes plain, std::byte* out) override {
    gcm_context_data context;
    crypt_(&data_, &context, Raw(out), Raw(plain.data()), plain.size(), Raw(iv.data()), Raw(aad.data()), aad.size(),
           Raw(out + plain.size()), AesGcm::kTagSize);
  }

  bool Open(const AesGcm::Iv& iv, Bytes aad, MutableBytes body) override {
    gcm_context_data context;
    std::array<std::byte, AesGcm::kTagSize> tag;
    const MutableBytes secret = body.first(body.size() - tag.size());
    crypt_(&data_, &context, Raw(secret.data()), Raw(secret.data()), secret.size(), Raw(iv.data()), Raw(aad.data()),
           aad.size(), Raw(tag.data()), tag.size());
    return CRYPTO_memcmp(tag.data(), secret.data() + secret.size(), tag.size()) == 0;
  }

 private:
  alignas(64) gcm_key_data data_;  // as the library was built; its header asks for it on some systems only
  aes_gcm_enc_dec_t crypt_;
};

}  // namespace

std::unique_ptr<AesGcm::Key> MakeIpsecMbKey(Bytes key, AesGcm::Direction direction) {
  const IMB_MGR* functions = Functions();
  if (functions == nullptr) return nullptr;
  return std::make_unique<IpsecMbKey>(*functions, key, direction);
}

}  // namespace duet

#else

namespace duet {

std::unique_ptr<AesGcm::Key> MakeIpsecMbKey(Bytes /*key*/, AesGcm::Direction /*direction*/) { return nullptr; }

}  // namespace duet

#endif
