// No packet allocates: neither through operator new nor through OpenSSL's allocator.
#include <gtest/gtest.h>

#include "core/srtp/counting_allocator.h"
#include "core/srtp/srtp_receiver.h"
#include "core/srtp/srtp_sender.h"
#include "core/srtp/srtp_test_util.h"

namespace duet {
namespace {

using counting::allocations;
using testing::Packet;

TEST(SrtpAllocationTest, NoPacketAllocates) {
  ASSERT_TRUE(counting::kCountsOpenSsl);
  for (const SrtpProfile profile : testing::kAllProfiles) {
    SCOPED_TRACE(ToString(profile));
    SrtpSender sender(testing::TestMasterKey(profile));
    SrtpReceiver receiver(testing::TestMasterKey(profile));
    const Ssrc ssrc(1);
    const Packet plain = testing::RtpPacket(ssrc, 0, 1000);
    const Packet report = testing::RtcpPacket(ssrc, 20);
    Packet packet(plain.size() + kSrtpMaxOverhead);
    Packet rtcp(report.size() + kSrtcpMaxOverhead);
    bool ok = true;
    const auto round = [&](uint64_t index) {
      std::copy_n(plain.begin(), 12, packet.begin());
      const size_t size = sender.ProtectRtp(ssrc, index, 12, Bytes(plain).subspan(12), packet);
      ok = ok && receiver.UnprotectRtp(MutableBytes(packet).first(size), 12, ssrc, static_cast<uint16_t>(index)).ok();
      ok = ok && !receiver.UnprotectRtp(MutableBytes(packet).first(size), 12, ssrc, static_cast<uint16_t>(index)).ok();
      std::copy(report.begin(), report.end(), rtcp.begin());
      const size_t rtcp_size = sender.ProtectRtcp(rtcp, report.size());
      ok = ok && receiver.UnprotectRtcp(MutableBytes(rtcp).first(rtcp_size)).ok();
    };
    const uint64_t before_first = allocations;
    round(1);  // the SSRC becomes known
    const uint64_t before = allocations;
    EXPECT_GT(before, before_first);  // the counter counts
    for (uint64_t index = 2; index < 200'000; index += 997) round(index);
    EXPECT_EQ(allocations, before);
    EXPECT_TRUE(ok);
  }
}

}  // namespace
}  // namespace duet
