// SrtpSender and SrtpReceiver against each other: what must pass, and what must not.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "core/srtp/srtp_receiver.h"
#include "core/srtp/srtp_sender.h"
#include "core/srtp/srtp_test_util.h"

namespace duet {
namespace {

using testing::Packet;
using testing::RtcpPacket;
using testing::RtpPacket;
using testing::TestMasterKey;

constexpr Ssrc kSsrc(0xdecafbad);

class SrtpTest : public ::testing::TestWithParam<SrtpProfile> {
 protected:
  Packet Protect(uint64_t index, Ssrc ssrc = kSsrc, size_t payload = 100) {
    const Packet plain = RtpPacket(ssrc, static_cast<uint16_t>(index), payload);
    Packet out(plain.size() + kSrtpMaxOverhead);
    std::copy_n(plain.begin(), 12, out.begin());
    out.resize(sender_.ProtectRtp(ssrc, index, 12, Bytes(plain).subspan(12), out));
    return out;
  }
  Packet ProtectRtcp(Ssrc ssrc = kSsrc, uint16_t extra = 4) {
    Packet packet = RtcpPacket(ssrc, extra);
    const size_t size = packet.size();
    packet.resize(size + kSrtcpMaxOverhead);
    packet.resize(sender_.ProtectRtcp(packet, size));
    return packet;
  }
  // The extended index when the packet came through with the right content.
  Result<uint64_t, Drop> Receive(Packet packet) {
    const Ssrc ssrc(LoadU32(&packet[8]));
    const uint16_t seq = LoadU16(&packet[2]);
    const auto result = receiver_.UnprotectRtp(packet, 12, ssrc, seq);
    if (!result.ok()) return result.error();
    packet.resize(result->size);
    EXPECT_EQ(packet, RtpPacket(ssrc, seq, result->size - 12));
    return result->index;
  }
  void ExpectPasses(uint64_t index, Ssrc ssrc = kSsrc) {
    const auto result = Receive(Protect(index, ssrc));
    ASSERT_TRUE(result.ok()) << index << ": " << ToString(result.error());
    EXPECT_EQ(result.value(), index);
  }
  void ExpectDrop(Drop drop, uint64_t index, Ssrc ssrc = kSsrc) {
    const auto result = Receive(Protect(index, ssrc));
    ASSERT_FALSE(result.ok()) << index;
    EXPECT_EQ(result.error(), drop) << index << ": " << ToString(result.error());
  }

  size_t tag_size() const { return SrtpTagSize(GetParam()); }

  SrtpSender sender_{TestMasterKey(GetParam())};
  SrtpReceiver receiver_{TestMasterKey(GetParam())};
};

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpTest, ::testing::ValuesIn(testing::kAllProfiles),
                         [](const auto& profile) { return std::string(ToString(profile.param)); });

TEST_P(SrtpTest, SizesOfPayload) {
  uint64_t index = 1;
  for (const size_t size : {0u, 1u, 15u, 16u, 17u, 255u, 1200u, 1500u}) {
    const Packet packet = Protect(++index, kSsrc, size);
    ASSERT_EQ(packet.size(), 12 + size + tag_size());
    const auto result = Receive(packet);
    ASSERT_TRUE(result.ok()) << size;
  }
}

TEST_P(SrtpTest, EncryptsInPlaceAsWell) {
  const Packet plain = RtpPacket(kSsrc, 7, 200);
  Packet out = plain;
  out.resize(plain.size() + kSrtpMaxOverhead);
  out.resize(sender_.ProtectRtp(kSsrc, 7, 12, Bytes(out).subspan(12, 200), out));
  EXPECT_EQ(out, Protect(7, kSsrc, 200));
  EXPECT_TRUE(std::equal(out.begin(), out.begin() + 12, plain.begin()));
  EXPECT_FALSE(std::equal(out.begin() + 12, out.begin() + 60, plain.begin() + 12));
}

TEST_P(SrtpTest, SameIndexSamePacket) { EXPECT_EQ(Protect(500), Protect(500)); }

TEST_P(SrtpTest, NoRoom) {
  const Packet payload(100);
  Packet out(12 + 100 + tag_size());
  EXPECT_EQ(sender_.ProtectRtp(kSsrc, 1, 12, payload, MutableBytes(out).first(out.size() - 1)), 0u);
  EXPECT_EQ(out, Packet(out.size()));
  EXPECT_EQ(sender_.ProtectRtp(kSsrc, 1, 12, payload, out), out.size());

  Packet rtcp = RtcpPacket(kSsrc, 4);
  const size_t size = rtcp.size();
  rtcp.resize(size + tag_size() + 3);
  EXPECT_EQ(sender_.ProtectRtcp(rtcp, size), 0u);
  rtcp.resize(size + tag_size() + 4);
  EXPECT_EQ(sender_.ProtectRtcp(rtcp, 7), 0u);
  EXPECT_EQ(sender_.ProtectRtcp(rtcp, size), rtcp.size());
}

// ---- rollover

TEST_P(SrtpTest, RollsOverAgainAndAgain) {
  for (uint64_t index = 65000; index < 5 * 65536; index += 777) ExpectPasses(index);
  EXPECT_EQ(receiver_.rtp_ssrcs(), 1u);
}

TEST_P(SrtpTest, ReorderingAcrossTheWrap) {
  for (uint64_t wrap = 65536; wrap < 4 * 65536; wrap += 65536) {
    ExpectPasses(wrap - 3);
    ExpectPasses(wrap);
    ExpectPasses(wrap - 1);
    ExpectPasses(wrap + 5);
    ExpectPasses(wrap - 2);
    ExpectPasses(wrap + 1);
    ExpectDrop(Drop::kReplay, wrap - 2);
    ExpectDrop(Drop::kReplay, wrap);
    for (uint64_t index = wrap + 20000; index < wrap + 65000; index += 20000) ExpectPasses(index);
  }
}

TEST_P(SrtpTest, LossOfUpToHalfTheNumbersAcrossTheWrap) {
  ExpectPasses(40000);
  ExpectPasses(40000 + 32767);
  // One more is taken for an old number: with the wrong rollover counter, so it is dropped as too old.
  ExpectDrop(Drop::kReplay, 40000 + 32767 + 32768);
}

TEST_P(SrtpTest, NumbersBeforeTheFirstRollover) {
  ExpectPasses(2);
  // 65530 would have index -6.
  ExpectDrop(Drop::kReplay, 65530);
  ExpectPasses(3);
}

// ---- replay

TEST_P(SrtpTest, EachPacketOnce) {
  for (const uint64_t index : {100u, 101u, 105u, 103u, 1124u}) {
    ExpectPasses(index);
    ExpectDrop(Drop::kReplay, index);
  }
  ExpectPasses(102);
  ExpectDrop(Drop::kReplay, 101);
}

TEST_P(SrtpTest, TooOld) {
  ExpectPasses(5000);
  ExpectPasses(5000 - ReplayWindow::kSize + 1);
  ExpectDrop(Drop::kReplay, 5000 - ReplayWindow::kSize);
}

// ---- forgery

TEST_P(SrtpTest, EveryByteIsProtected) {
  ExpectPasses(10);
  const Packet good = Protect(11, kSsrc, 20);
  for (size_t i = 0; i < good.size(); ++i) {
    Packet bad = good;
    bad[i] ^= std::byte{0x10};
    const Ssrc ssrc(LoadU32(&bad[8]));
    const auto result = receiver_.UnprotectRtp(bad, 12, ssrc, LoadU16(&bad[2]));
    ASSERT_FALSE(result.ok()) << "byte " << i;
    EXPECT_EQ(result.error(), Drop::kAuthFailed) << "byte " << i;
  }
  EXPECT_EQ(receiver_.rtp_ssrcs(), 1u);
  EXPECT_TRUE(Receive(good).ok());
}

TEST_P(SrtpTest, Truncated) {
  const Packet good = Protect(11, kSsrc, 20);
  for (size_t size = 0; size < good.size(); ++size) {
    Packet bad(good.begin(), good.begin() + static_cast<ptrdiff_t>(size));
    const auto result = receiver_.UnprotectRtp(bad, 12, kSsrc, 11);
    ASSERT_FALSE(result.ok()) << size;
    EXPECT_EQ(result.error(), size < 12 + tag_size() ? Drop::kMalformed : Drop::kAuthFailed) << size;
  }
  Packet copy = good;
  EXPECT_EQ(receiver_.UnprotectRtp(copy, 11, kSsrc, 11).error(), Drop::kMalformed);
  EXPECT_EQ(receiver_.UnprotectRtp(copy, good.size(), kSsrc, 11).error(), Drop::kMalformed);
  EXPECT_EQ(receiver_.UnprotectRtp(copy, SIZE_MAX, kSsrc, 11).error(), Drop::kMalformed);
  EXPECT_TRUE(Receive(good).ok());
}

// A forged packet with a far number must not move the window or the rollover counter.
TEST_P(SrtpTest, ForgeryDoesNotMoveTheWindow) {
  ExpectPasses(60000);
  for (const uint16_t seq : {60001, 65535, 20000, 59000, 100}) {
    Packet forged = RtpPacket(kSsrc, seq, 80);
    EXPECT_FALSE(receiver_.UnprotectRtp(forged, 12, kSsrc, seq).ok());
  }
  ExpectPasses(60001);
  ExpectPasses(59000);
}

TEST_P(SrtpTest, ForgeryDoesNotMakeStreams) {
  for (uint32_t i = 0; i < 1000; ++i) {
    Packet forged = RtpPacket(Ssrc(i), 1, 80);
    EXPECT_EQ(receiver_.UnprotectRtp(forged, 12, Ssrc(i), 1).error(), Drop::kAuthFailed);
  }
  EXPECT_EQ(receiver_.rtp_ssrcs(), 0u);
}

TEST_P(SrtpTest, AnotherKeyIsRefused) {
  SrtpReceiver other(TestMasterKey(GetParam(), 2));
  Packet packet = Protect(1);
  EXPECT_EQ(other.UnprotectRtp(packet, 12, kSsrc, 1).error(), Drop::kAuthFailed);
  Packet rtcp = ProtectRtcp();
  EXPECT_EQ(other.UnprotectRtcp(rtcp).error(), Drop::kAuthFailed);
}

// ---- many SSRCs

TEST_P(SrtpTest, StreamsAreIndependent) {
  for (uint32_t s = 0; s < SrtpReceiver::kMaxSsrcs; ++s) ExpectPasses(1000 * s, Ssrc(s));
  for (uint32_t s = 0; s < SrtpReceiver::kMaxSsrcs; ++s) {
    ExpectDrop(Drop::kReplay, 1000 * s, Ssrc(s));
    ExpectPasses(1000 * s + 1, Ssrc(s));
  }
  EXPECT_EQ(receiver_.rtp_ssrcs(), SrtpReceiver::kMaxSsrcs);
}

TEST_P(SrtpTest, TheMostSilentSsrcMakesRoom) {
  for (uint32_t s = 0; s < SrtpReceiver::kMaxSsrcs; ++s) ExpectPasses(65536 - 10, Ssrc(s));  // as first numbers
  ExpectPasses(65536, Ssrc(0));
  ExpectPasses(5, Ssrc(1000));  // takes the place of 1
  EXPECT_EQ(receiver_.rtp_ssrcs(), SrtpReceiver::kMaxSsrcs);
  ExpectPasses(65537, Ssrc(0));
  ExpectPasses(65537, Ssrc(2));
  // 1 begins anew, with rollover counter 0, and takes the place of 3.
  ExpectPasses(7, Ssrc(1));
  ExpectPasses(7, Ssrc(3));
  EXPECT_EQ(receiver_.rtp_ssrcs(), SrtpReceiver::kMaxSsrcs);
}

// ---- SRTCP

TEST_P(SrtpTest, RtcpPassesOnce) {
  for (const uint16_t extra : {0, 1, 4, 250}) {
    const Packet packet = ProtectRtcp(kSsrc, extra);
    const Packet plain = RtcpPacket(kSsrc, extra);
    ASSERT_EQ(packet.size(), plain.size() + tag_size() + 4);
    Packet copy = packet;
    const auto size = receiver_.UnprotectRtcp(copy);
    ASSERT_TRUE(size.ok()) << ToString(size.error());
    copy.resize(size.value());
    EXPECT_EQ(copy, plain);
    copy = packet;
    EXPECT_EQ(receiver_.UnprotectRtcp(copy).error(), Drop::kReplay);
  }
}

TEST_P(SrtpTest, RtcpReordered) {
  std::vector<Packet> packets;
  for (int i = 0; i < 1100; ++i) packets.push_back(ProtectRtcp(Ssrc(i % 2)));
  for (const size_t i : {1098u, 1099u, 1090u, 200u, 300u}) EXPECT_TRUE(receiver_.UnprotectRtcp(packets[i]).ok()) << i;
  EXPECT_EQ(receiver_.UnprotectRtcp(packets[20]).error(), Drop::kReplay);
}

TEST_P(SrtpTest, EveryByteOfRtcpIsProtected) {
  const Packet good = ProtectRtcp();
  for (size_t i = 0; i < good.size(); ++i) {
    Packet bad = good;
    bad[i] ^= std::byte{0x01};
    EXPECT_EQ(receiver_.UnprotectRtcp(bad).error(), Drop::kAuthFailed) << "byte " << i;
  }
  for (size_t size = 0; size < good.size(); ++size) {
    Packet bad(good.begin(), good.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(receiver_.UnprotectRtcp(bad).ok()) << size;
  }
  Packet copy = good;
  EXPECT_TRUE(receiver_.UnprotectRtcp(copy).ok());
}

// With a correct tag over E = 0 as well, which our own sender never makes: the flag alone refuses.
TEST_P(SrtpTest, UnencryptedRtcpIsRefused) {
  Packet packet = ProtectRtcp();
  const size_t word = IsAead(GetParam()) ? packet.size() - 4 : packet.size() - tag_size() - 4;
  packet[word] &= std::byte{0x7f};
  if (!IsAead(GetParam())) {
    const HmacSha1 hmac(DeriveSrtpSessionKeys(TestMasterKey(GetParam()), SrtpStream::kRtcp).auth_key);
    const auto sum = hmac.Sum(Bytes(packet).first(packet.size() - tag_size()), Bytes());
    std::copy_n(sum.begin(), tag_size(), packet.end() - static_cast<ptrdiff_t>(tag_size()));
  }
  EXPECT_EQ(receiver_.UnprotectRtcp(packet).error(), Drop::kAuthFailed);
}

TEST_P(SrtpTest, MovesKeepTheState) {
  ExpectPasses(65536 - 1);
  ExpectPasses(65536);
  Packet rtcp = ProtectRtcp();
  EXPECT_TRUE(receiver_.UnprotectRtcp(rtcp).ok());
  SrtpReceiver moved = std::move(receiver_);
  receiver_ = std::move(moved);
  SrtpSender moved_sender = std::move(sender_);
  sender_ = std::move(moved_sender);
  ExpectDrop(Drop::kReplay, 65536);
  ExpectPasses(65537);
  rtcp = ProtectRtcp();
  EXPECT_TRUE(receiver_.UnprotectRtcp(rtcp).ok());
}

}  // namespace
}  // namespace duet
