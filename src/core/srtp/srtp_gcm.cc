#include "core/srtp/srtp_gcm.h"

#include <algorithm>

#include "base/check.h"

namespace duet {
namespace {

constexpr size_t kRtcpClear = 8;  // RTCP header and SSRC of the sender: authenticated, not encrypted

const unsigned char* Raw(const std::byte* p) { return reinterpret_cast<const unsigned char*>(p); }
unsigned char* Raw(std::byte* p) { return reinterpret_cast<unsigned char*>(p); }
int Size(Bytes bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

SrtpGcm::SrtpGcm(SrtpProfile profile, const SrtpSessionKeys& keys, Direction direction)
    : context_(EVP_CIPHER_CTX_new()) {
  DUET_CHECK(IsAead(profile));
  std::copy_n(keys.salt.begin(), salt_.size(), salt_.begin());
  const EVP_CIPHER* cipher = SrtpKeySize(profile) == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
  DUET_CHECK(context_ != nullptr && EVP_CipherInit_ex(context_.get(), cipher, nullptr, Raw(keys.cipher_key.data()),
                                                      nullptr, direction == Direction::kSeal ? 1 : 0) == 1);
}

SrtpGcm::Iv SrtpGcm::RtpIv(Ssrc ssrc, uint64_t index) const {
  Iv iv{};
  StoreU32(&iv[2], ssrc.value());
  StoreU32(&iv[6], static_cast<uint32_t>(index >> 16));
  StoreU16(&iv[10], static_cast<uint16_t>(index));
  for (size_t i = 0; i < iv.size(); ++i) iv[i] ^= salt_[i];
  return iv;
}

SrtpGcm::Iv SrtpGcm::RtcpIv(const std::byte* packet, uint32_t index) const {
  Iv iv{};
  std::copy_n(packet + 4, 4, &iv[2]);
  StoreU32(&iv[8], index & 0x7fffffff);
  for (size_t i = 0; i < iv.size(); ++i) iv[i] ^= salt_[i];
  return iv;
}

// The calls below fail for wrong arguments only, which would be our own mistake.
void SrtpGcm::Seal(const Iv& iv, Bytes aad1, Bytes aad2, Bytes plain, std::byte* out) {
  EVP_CIPHER_CTX* c = context_.get();
  int n = 0;
  bool ok = EVP_EncryptInit_ex(c, nullptr, nullptr, nullptr, Raw(iv.data())) == 1 &&
            EVP_EncryptUpdate(c, nullptr, &n, Raw(aad1.data()), Size(aad1)) == 1;
  if (!aad2.empty()) ok = ok && EVP_EncryptUpdate(c, nullptr, &n, Raw(aad2.data()), Size(aad2)) == 1;
  if (!plain.empty()) ok = ok && EVP_EncryptUpdate(c, Raw(out), &n, Raw(plain.data()), Size(plain)) == 1;
  std::byte* tag = out + plain.size();
  ok = ok && EVP_EncryptFinal_ex(c, Raw(tag), &n) == 1 &&
       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, kTagSize, tag) == 1;
  DUET_CHECK(ok);
}

bool SrtpGcm::Open(const Iv& iv, Bytes aad1, Bytes aad2, MutableBytes body) {
  EVP_CIPHER_CTX* c = context_.get();
  const MutableBytes secret = body.first(body.size() - kTagSize);
  std::byte* tag = body.data() + secret.size();
  int n = 0;
  bool ok = EVP_DecryptInit_ex(c, nullptr, nullptr, nullptr, Raw(iv.data())) == 1 &&
            EVP_DecryptUpdate(c, nullptr, &n, Raw(aad1.data()), Size(aad1)) == 1;
  if (!aad2.empty()) ok = ok && EVP_DecryptUpdate(c, nullptr, &n, Raw(aad2.data()), Size(aad2)) == 1;
  if (!secret.empty()) ok = ok && EVP_DecryptUpdate(c, Raw(secret.data()), &n, Raw(secret.data()), Size(secret)) == 1;
  DUET_CHECK(ok && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag) == 1);
  std::byte rest[16];  // GCM has none
  return EVP_DecryptFinal_ex(c, Raw(rest), &n) == 1;
}

void SrtpGcm::SealRtp(Ssrc ssrc, uint64_t index, Bytes header, Bytes payload, std::byte* out) {
  Seal(RtpIv(ssrc, index), header, Bytes(), payload, out);
}

bool SrtpGcm::OpenRtp(Ssrc ssrc, uint64_t index, Bytes header, MutableBytes body) {
  return Open(RtpIv(ssrc, index), header, Bytes(), body);
}

void SrtpGcm::SealRtcp(uint32_t index, std::byte* packet, size_t size) {
  std::byte* word = packet + size + kTagSize;
  StoreU32(word, index | 0x80000000);
  Seal(RtcpIv(packet, index), Bytes(packet, kRtcpClear), Bytes(word, 4), Bytes(packet + kRtcpClear, size - kRtcpClear),
       packet + kRtcpClear);
}

bool SrtpGcm::OpenRtcp(uint32_t index, MutableBytes packet) {
  const Bytes word = packet.last(4);
  return Open(RtcpIv(packet.data(), index), packet.first(kRtcpClear), word,
              packet.subspan(kRtcpClear, packet.size() - kRtcpClear - 4));
}

}  // namespace duet
