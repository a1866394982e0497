#include "core/srtp/srtp_sender.h"

#include "base/check.h"

namespace duet {
namespace {

constexpr size_t kRtcpMin = 8;
constexpr uint32_t kRtcpIndices = 0x80000000;

std::variant<SrtpGcm, SrtpCm> MakeCipher(const SrtpMasterKey& master, SrtpStream stream) {
  const SrtpSessionKeys keys = DeriveSrtpSessionKeys(master, stream);
  if (IsAead(master.profile)) return SrtpGcm(master.profile, keys, SrtpGcm::Direction::kSeal);
  return SrtpCm(keys);
}

}  // namespace

SrtpSender::SrtpSender(const SrtpMasterKey& master)
    : profile_(master.profile),
      rtp_(MakeCipher(master, SrtpStream::kRtp)),
      rtcp_(MakeCipher(master, SrtpStream::kRtcp)) {}

size_t SrtpSender::ProtectRtp(Ssrc ssrc, uint64_t index, size_t header_size, Bytes payload, MutableBytes out) {
  DUET_DCHECK(header_size >= 12);
  const size_t size = header_size + payload.size() + SrtpTagSize(profile_);
  if (size > out.size()) return 0;
  std::byte* body = out.data() + header_size;
  if (auto* gcm = std::get_if<SrtpGcm>(&rtp_)) {
    gcm->SealRtp(ssrc, index, out.first(header_size), payload, body);
  } else {
    std::get_if<SrtpCm>(&rtp_)->SealRtp(ssrc, index, header_size, payload, body);
  }
  return size;
}

void SrtpSender::Prefetch() const {
  if (const auto* gcm = std::get_if<SrtpGcm>(&rtp_)) gcm->Prefetch();
}

size_t SrtpSender::ProtectRtcp(MutableBytes buffer, size_t size) {
  const size_t total = size + SrtpTagSize(profile_) + 4;
  if (size < kRtcpMin || total > buffer.size() || rtcp_index_ == kRtcpIndices) return 0;
  const uint32_t index = rtcp_index_++;
  std::visit([&](auto& cipher) { cipher.SealRtcp(index, buffer.data(), size); }, rtcp_);
  return total;
}

}  // namespace duet
