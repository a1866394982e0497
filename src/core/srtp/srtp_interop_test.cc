// Against libsrtp2: it opens what we protect, and we open what it protects.
#include <gtest/gtest.h>
#include <srtp2/srtp.h>

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

class LibSrtp {
 public:
  LibSrtp(const SrtpMasterKey& master, bool outbound) {
    static const srtp_err_status_t kInit = srtp_init();
    EXPECT_EQ(kInit, srtp_err_status_ok);
    const auto profile = static_cast<srtp_profile_t>(master.profile);  // the same numbers
    std::copy_n(master.key.begin(), master.key_size, key_.begin());
    std::copy_n(master.salt.begin(), master.salt_size, key_.begin() + master.key_size);
    srtp_policy_t policy{};
    EXPECT_EQ(srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile), srtp_err_status_ok);
    EXPECT_EQ(srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile), srtp_err_status_ok);
    policy.ssrc.type = outbound ? ssrc_any_outbound : ssrc_any_inbound;
    policy.key = reinterpret_cast<unsigned char*>(key_.data());
    policy.window_size = 1024;
    EXPECT_EQ(srtp_create(&session_, &policy), srtp_err_status_ok);
  }
  ~LibSrtp() { srtp_dealloc(session_); }
  LibSrtp(const LibSrtp&) = delete;
  LibSrtp& operator=(const LibSrtp&) = delete;

  // Empty when refused.
  template <srtp_err_status_t (*kFunction)(srtp_t, void*, int*)>
  Packet Apply(const Packet& in) {
    Packet out = in;
    out.resize(in.size() + SRTP_MAX_TRAILER_LEN + 4);
    int size = static_cast<int>(in.size());
    const bool ok = kFunction(session_, out.data(), &size) == srtp_err_status_ok;
    out.resize(ok ? static_cast<size_t>(size) : 0);
    return out;
  }
  Packet Protect(const Packet& in) { return Apply<srtp_protect>(in); }
  Packet Unprotect(const Packet& in) { return Apply<srtp_unprotect>(in); }
  Packet ProtectRtcp(const Packet& in) { return Apply<srtp_protect_rtcp>(in); }
  Packet UnprotectRtcp(const Packet& in) { return Apply<srtp_unprotect_rtcp>(in); }

 private:
  std::array<std::byte, 46> key_{};
  srtp_t session_ = nullptr;
};

class SrtpInteropTest : public ::testing::TestWithParam<SrtpProfile> {
 protected:
  Packet Ours(Ssrc ssrc, uint64_t index, const Packet& plain, size_t header_size) {
    Packet out(plain.size() + kSrtpMaxOverhead);
    std::copy_n(plain.begin(), header_size, out.begin());
    out.resize(sender_.ProtectRtp(ssrc, index, header_size, Bytes(plain).subspan(header_size), out));
    return out;
  }

  SrtpSender sender_{TestMasterKey(GetParam())};
  SrtpReceiver receiver_{TestMasterKey(GetParam())};
  LibSrtp lib_out_{TestMasterKey(GetParam()), true};
  LibSrtp lib_in_{TestMasterKey(GetParam()), false};
};

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpInteropTest, ::testing::ValuesIn(testing::kAllProfiles),
                         [](const auto& profile) { return std::string(ToString(profile.param)); });

TEST_P(SrtpInteropTest, SamePacketsWithRolloverOfManySsrcs) {
  SeededRng rng(1);
  uint64_t index[5] = {65530, 1, 30000, 65535, 40000};
  for (int i = 0; i < 1000; ++i) {
    const uint32_t s = static_cast<uint32_t>(rng.Below(5));
    const Ssrc ssrc(0xabcd0000 + s);
    const uint16_t seq = static_cast<uint16_t>(index[s]);
    const Packet plain = RtpPacket(ssrc, seq, rng.Below(1300));
    const Packet ours = Ours(ssrc, index[s], plain, 12);
    // All three profiles are deterministic: the bytes must be equal, not only understood.
    ASSERT_EQ(ours, lib_out_.Protect(plain)) << "packet " << i;
    ASSERT_EQ(lib_in_.Unprotect(ours), plain) << "packet " << i;
    Packet copy = ours;
    const auto result = receiver_.UnprotectRtp(copy, 12, ssrc, seq);
    ASSERT_TRUE(result.ok()) << "packet " << i;
    EXPECT_EQ(result->index, index[s]);
    copy.resize(result->size);
    ASSERT_EQ(copy, plain);
    index[s] += 1 + rng.Below(4) * rng.Below(5000);
  }
  for (const uint64_t at : index) EXPECT_GT(at, 3u * 65536);
}

TEST_P(SrtpInteropTest, ReorderedAndRepeatedAlike) {
  SeededRng rng(2);
  const Ssrc ssrc(77);
  uint64_t highest = 65000;
  int passed = 0;
  for (int i = 0; i < 3000; ++i) {
    uint64_t index = highest + 1;
    if (rng.Below(3) == 0) index = highest - rng.Below(900);
    if (rng.Below(200) == 0) index = highest + rng.Below(30000);
    const uint16_t seq = static_cast<uint16_t>(index);
    const Packet plain = RtpPacket(ssrc, seq, 40);
    Packet packet = Ours(ssrc, index, plain, 12);
    const Packet theirs = lib_in_.Unprotect(packet);
    const auto result = receiver_.UnprotectRtp(packet, 12, ssrc, seq);
    ASSERT_EQ(result.ok(), !theirs.empty()) << "step " << i << " index " << index << " highest " << highest;
    if (!result.ok()) continue;
    ++passed;
    EXPECT_EQ(result->index, index);
    highest = std::max(highest, index);
  }
  EXPECT_GT(passed, 1500);
  EXPECT_LT(passed, 2900);
  EXPECT_GT(highest, 2u * 65536);
}

TEST_P(SrtpInteropTest, HeadersWithCsrcsAndExtension) {
  const Ssrc ssrc(0x01020304);
  Packet plain = testing::FromHex(
      "92e0 0005 00000001 01020304 cafe0001 cafe0002"  // two CSRCs
      "bede 0002 10aa 21bbcc 00 00 00"                 // one-byte extensions, two words
      "00112233445566778899");
  const size_t header_size = 12 + 8 + 4 + 8;
  ASSERT_EQ(plain.size(), header_size + 10);
  const Packet ours = Ours(ssrc, 5, plain, header_size);
  EXPECT_EQ(ours, lib_out_.Protect(plain));
  Packet copy = ours;
  const auto result = receiver_.UnprotectRtp(copy, header_size, ssrc, 5);
  ASSERT_TRUE(result.ok());
  copy.resize(result->size);
  EXPECT_EQ(copy, plain);
}

TEST_P(SrtpInteropTest, Rtcp) {
  SeededRng rng(3);
  for (int i = 0; i < 300; ++i) {
    const Ssrc ssrc(static_cast<uint32_t>(1 + rng.Below(3)));
    const Packet plain = RtcpPacket(ssrc, static_cast<uint16_t>(rng.Below(200)));
    Packet ours = plain;
    ours.resize(plain.size() + kSrtcpMaxOverhead);
    ours.resize(sender_.ProtectRtcp(ours, plain.size()));
    ASSERT_EQ(lib_in_.UnprotectRtcp(ours), plain) << "packet " << i;

    Packet theirs = lib_out_.ProtectRtcp(plain);
    const auto size = receiver_.UnprotectRtcp(theirs);
    ASSERT_TRUE(size.ok()) << "packet " << i << ": " << ToString(size.error());
    theirs.resize(size.value());
    ASSERT_EQ(theirs, plain);
  }
}

}  // namespace
}  // namespace duet
