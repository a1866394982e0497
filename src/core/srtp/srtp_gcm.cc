#include "core/srtp/srtp_gcm.h"

#include <algorithm>

#include "base/check.h"

namespace duet {
namespace {

constexpr size_t kRtcpClear = 8;  // RTCP header and SSRC of the sender: authenticated, not encrypted

// What is authenticated in clear: the head of the packet and the word behind it.
std::array<std::byte, kRtcpClear + 4> RtcpAad(const std::byte* packet, const std::byte* word) {
  std::array<std::byte, kRtcpClear + 4> aad;
  std::copy_n(packet, kRtcpClear, aad.begin());
  std::copy_n(word, 4, aad.begin() + kRtcpClear);
  return aad;
}

}  // namespace

SrtpGcm::SrtpGcm(SrtpProfile profile, const SrtpSessionKeys& keys, Direction direction)
    : cipher_(Bytes(keys.cipher_key).first(SrtpKeySize(profile)), direction) {
  DUET_CHECK(IsAead(profile));
  std::copy_n(keys.salt.begin(), salt_.size(), salt_.begin());
}

SrtpGcm::Iv SrtpGcm::RtpIv(Ssrc ssrc, uint64_t index) const {
  Iv iv = salt_;
  StoreU32(&iv[2], LoadU32(&salt_[2]) ^ ssrc.value());
  StoreU32(&iv[6], LoadU32(&salt_[6]) ^ static_cast<uint32_t>(index >> 16));
  StoreU16(&iv[10], static_cast<uint16_t>(LoadU16(&salt_[10]) ^ index));
  return iv;
}

SrtpGcm::Iv SrtpGcm::RtcpIv(const std::byte* packet, uint32_t index) const {
  Iv iv = salt_;
  StoreU32(&iv[2], LoadU32(&salt_[2]) ^ LoadU32(packet + 4));
  StoreU32(&iv[8], LoadU32(&salt_[8]) ^ (index & 0x7fffffff));
  return iv;
}

void SrtpGcm::SealRtp(Ssrc ssrc, uint64_t index, Bytes header, Bytes payload, std::byte* out) {
  cipher_.Seal(RtpIv(ssrc, index), header, payload, out);
}

bool SrtpGcm::OpenRtp(Ssrc ssrc, uint64_t index, Bytes header, MutableBytes body) {
  return cipher_.Open(RtpIv(ssrc, index), header, body);
}

void SrtpGcm::SealRtcp(uint32_t index, std::byte* packet, size_t size) {
  std::byte* word = packet + size + kTagSize;
  StoreU32(word, index | 0x80000000);
  cipher_.Seal(RtcpIv(packet, index), RtcpAad(packet, word), Bytes(packet + kRtcpClear, size - kRtcpClear),
               packet + kRtcpClear);
}

bool SrtpGcm::OpenRtcp(uint32_t index, MutableBytes packet) {
  const Bytes word = packet.last(4);
  return cipher_.Open(RtcpIv(packet.data(), index), RtcpAad(packet.data(), word.data()),
                      packet.subspan(kRtcpClear, packet.size() - kRtcpClear - 4));
}

}  // namespace duet
