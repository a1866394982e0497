#include "core/srtp/srtp_receiver.h"

#include "base/check.h"
#include "base/seq.h"

namespace duet {
namespace {

constexpr size_t kRtpMin = 12;
constexpr size_t kRtcpMin = 8;
constexpr uint64_t kIndices = uint64_t{1} << 48;

std::variant<SrtpGcm, SrtpCm> MakeCipher(const SrtpMasterKey& master, SrtpStream stream) {
  const SrtpSessionKeys keys = DeriveSrtpSessionKeys(master, stream);
  if (IsAead(master.profile)) return SrtpGcm(master.profile, keys, SrtpGcm::Direction::kOpen);
  return SrtpCm(keys);
}

// RFC 3711 section 3.3.1: the index with these low bits that is nearest to the highest one. kIndices or more when there
// is none: before rollover counter 0, or after the last.
uint64_t GuessIndex(const ReplayWindow* window, uint16_t seq) {
  if (window == nullptr) return seq;
  const int64_t highest = static_cast<int64_t>(window->highest());
  return static_cast<uint64_t>(highest + WrapDistance(static_cast<uint16_t>(highest), seq));
}

}  // namespace

SrtpReceiver::SrtpReceiver(const SrtpMasterKey& master)
    : profile_(master.profile),
      rtp_{.cipher = MakeCipher(master, SrtpStream::kRtp)},
      rtcp_{.cipher = MakeCipher(master, SrtpStream::kRtcp)} {}

const ReplayWindow* SrtpReceiver::Side::Find(Ssrc ssrc) const {
  const uint32_t* at = index_of.Find(ssrc);
  return at == nullptr ? nullptr : &streams[*at].window;
}

void SrtpReceiver::Side::Commit(Ssrc ssrc, uint64_t index) {
  const uint32_t* known = index_of.Find(ssrc);
  uint32_t at = known == nullptr ? static_cast<uint32_t>(streams.size()) : *known;
  if (known == nullptr && streams.size() < kMaxSsrcs) {
    streams.push_back({.ssrc = ssrc});
    index_of.Insert(ssrc, at);
  } else if (known == nullptr) {
    at = 0;
    for (uint32_t i = 1; i < streams.size(); ++i) {
      if (streams[i].last_used < streams[at].last_used) at = i;
    }
    index_of.Erase(streams[at].ssrc);
    streams[at] = Stream{.ssrc = ssrc};
    index_of.Insert(ssrc, at);
  }
  streams[at].last_used = ++packets;
  streams[at].window.Commit(index);
}

Result<SrtpReceiver::Unprotected, Drop> SrtpReceiver::UnprotectRtp(MutableBytes packet, size_t header_size, Ssrc ssrc,
                                                                   uint16_t seq) {
  const size_t tag_size = SrtpTagSize(profile_);
  if (header_size < kRtpMin || packet.size() < tag_size || packet.size() - tag_size < header_size) {
    return Drop::kMalformed;
  }
  const ReplayWindow* window = rtp_.Find(ssrc);
  const uint64_t index = GuessIndex(window, seq);
  if (index >= kIndices || (window != nullptr && !window->Check(index))) return Drop::kReplay;
  bool authentic = false;
  if (auto* gcm = std::get_if<SrtpGcm>(&rtp_.cipher)) {
    authentic = gcm->OpenRtp(ssrc, index, packet.first(header_size), packet.subspan(header_size));
  } else {
    authentic = std::get_if<SrtpCm>(&rtp_.cipher)->OpenRtp(ssrc, index, header_size, packet);
  }
  if (!authentic) return Drop::kAuthFailed;
  rtp_.Commit(ssrc, index);
  return Unprotected{.size = packet.size() - tag_size, .index = index};
}

Result<size_t, Drop> SrtpReceiver::UnprotectRtcp(MutableBytes packet) {
  const size_t overhead = SrtpTagSize(profile_) + 4;
  if (packet.size() < kRtcpMin + overhead) return Drop::kMalformed;
  // AEAD profiles have the index behind the tag, AES-CM before it.
  const size_t behind_word = IsAead(profile_) ? 0 : SrtpTagSize(profile_);
  const uint32_t word = LoadU32(packet.data() + packet.size() - behind_word - 4);
  if ((word & 0x80000000) == 0) return Drop::kAuthFailed;
  const uint32_t index = word & 0x7fffffff;
  const Ssrc ssrc(LoadU32(packet.data() + 4));
  const ReplayWindow* window = rtcp_.Find(ssrc);
  if (window != nullptr && !window->Check(index)) return Drop::kReplay;
  if (!std::visit([&](auto& cipher) { return cipher.OpenRtcp(index, packet); }, rtcp_.cipher)) {
    return Drop::kAuthFailed;
  }
  rtcp_.Commit(ssrc, index);
  return packet.size() - overhead;
}

}  // namespace duet
