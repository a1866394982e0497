// Whoever has no key gets nothing in: no packet made of the input is accepted, as SRTP or SRTCP, and after it the good
// packets of the remote still pass and repeats of them still do not.
//
//   input = profile, 1 B | { kind, 1 B | size, 2 B | packet }*
#include <cstdint>
#include <optional>
#include <vector>

#include "base/check.h"
#include "core/srtp/srtp_receiver.h"
#include "core/srtp/srtp_sender.h"
#include "core/srtp/srtp_test_util.h"

namespace {

using namespace duet;  // NOLINT
using duet::testing::Packet;

constexpr Ssrc kSsrc(0x12345678);

class Remote {
 public:
  explicit Remote(SrtpProfile profile)
      : sender_(testing::TestMasterKey(profile)), receiver(testing::TestMasterKey(profile)) {}

  Packet NextRtp() {
    const Packet plain = testing::RtpPacket(kSsrc, static_cast<uint16_t>(++index_), 30);
    Packet out(plain.size() + kSrtpMaxOverhead);
    std::copy_n(plain.begin(), 12, out.begin());
    out.resize(sender_.ProtectRtp(kSsrc, index_, 12, Bytes(plain).subspan(12), out));
    return out;
  }
  Packet NextRtcp() {
    Packet out = testing::RtcpPacket(kSsrc, 3);
    const size_t size = out.size();
    out.resize(size + kSrtcpMaxOverhead);
    out.resize(sender_.ProtectRtcp(out, size));
    return out;
  }
  uint64_t index() const { return index_; }

 private:
  SrtpSender sender_;
  uint64_t index_ = 65533;

 public:
  SrtpReceiver receiver;
};

// As a parser of RTP would find it, or anything.
void TryRtp(SrtpReceiver& receiver, Packet packet, size_t header_size, const Packet& genuine) {
  if (packet.size() < 12 || packet == genuine) return;
  const Ssrc ssrc(LoadU32(&packet[8]));
  const uint16_t seq = LoadU16(&packet[2]);
  DUET_CHECK(!receiver.UnprotectRtp(packet, header_size, ssrc, seq).ok());
}

// The input as a difference to a genuine packet: gets past every check but the last.
Packet Altered(Packet packet, Bytes change) {
  for (size_t i = 0; i < change.size() && i < packet.size(); ++i) packet[i] ^= change[i];
  if (change.size() > packet.size()) packet.insert(packet.end(), change.begin() + packet.size(), change.end());
  return packet;
}

void Run(Bytes input) {
  ByteReader reader(input);
  Remote remote(testing::kAllProfiles[reader.U8() % 3]);
  SrtpReceiver& receiver = remote.receiver;
  while (reader.remaining() > 0) {
    const uint8_t kind = reader.U8();
    const size_t size = reader.U16();
    const Bytes bytes = reader.Read(std::min(size, reader.remaining()));
    const Packet packet(bytes.begin(), bytes.end());
    const Packet rtp = remote.NextRtp();
    const Packet rtcp = remote.NextRtcp();
    switch (kind % 4) {
      case 0: TryRtp(receiver, packet, 12 + 4 * (kind >> 4), rtp); break;
      case 1: TryRtp(receiver, Altered(rtp, packet), 12 + (kind >> 6), rtp); break;
      case 2: {
        Packet copy = packet;
        DUET_CHECK(copy == rtcp || !receiver.UnprotectRtcp(copy).ok());
        break;
      }
      default: {
        Packet copy = Altered(rtcp, packet);
        DUET_CHECK(copy == rtcp || !receiver.UnprotectRtcp(copy).ok());
      }
    }
    Packet copy = rtp;
    const auto result = receiver.UnprotectRtp(copy, 12, kSsrc, static_cast<uint16_t>(remote.index()));
    DUET_CHECK(result.ok() && result->index == remote.index() && receiver.rtp_ssrcs() == 1);
    copy = rtp;
    DUET_CHECK(!receiver.UnprotectRtp(copy, 12, kSsrc, static_cast<uint16_t>(remote.index())).ok());
    copy = rtcp;
    DUET_CHECK(receiver.UnprotectRtcp(copy).ok());
    copy = rtcp;
    DUET_CHECK(!receiver.UnprotectRtcp(copy).ok());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run(std::as_bytes(std::span(data, size)));
  return 0;
}
