// Protecting and unprotecting packets of 1200 bytes: ours and libsrtp2's, side by side.
#include <benchmark/benchmark.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <srtp2/srtp.h>

#include "core/srtp/aes_gcm.h"
#include "core/srtp/srtp_receiver.h"
#include "core/srtp/srtp_sender.h"
#include "core/srtp/srtp_test_util.h"

namespace duet {
namespace {

using testing::Packet;

constexpr size_t kPayload = 1188;
constexpr Ssrc kSsrc(1);

void BM_Protect(benchmark::State& state, SrtpProfile profile) {
  SrtpSender sender(testing::TestMasterKey(profile));
  const Packet plain = testing::RtpPacket(kSsrc, 0, kPayload);
  Packet out(plain.size() + kSrtpMaxOverhead);
  uint64_t index = 0;
  for (auto _ : state) {
    std::copy_n(plain.begin(), 12, out.begin());
    benchmark::DoNotOptimize(sender.ProtectRtp(kSsrc, ++index, 12, Bytes(plain).subspan(12), out));
  }
}

// AES-GCM alone, by what is fastest here and by OpenSSL.
void BM_Seal(benchmark::State& state, AesGcm::Provider provider) {
  AesGcm cipher(Packet(16), AesGcm::Direction::kSeal, provider);
  const Packet plain(static_cast<size_t>(state.range(0)));
  const Packet header(20);
  Packet out(plain.size() + AesGcm::kTagSize);
  AesGcm::Iv iv{};
  for (auto _ : state) {
    StoreU32(iv.data(), LoadU32(iv.data()) + 1);
    cipher.Seal(iv, header, plain, out.data());
  }
}

// The packet is made anew in each round: what that takes is BM_Protect.
void BM_ProtectAndUnprotect(benchmark::State& state, SrtpProfile profile) {
  SrtpSender sender(testing::TestMasterKey(profile));
  SrtpReceiver receiver(testing::TestMasterKey(profile));
  const Packet plain = testing::RtpPacket(kSsrc, 0, kPayload);
  Packet out(plain.size() + kSrtpMaxOverhead);
  uint64_t index = 0;
  for (auto _ : state) {
    std::copy_n(plain.begin(), 12, out.begin());
    const size_t size = sender.ProtectRtp(kSsrc, ++index, 12, Bytes(plain).subspan(12), out);
    if (!receiver.UnprotectRtp(MutableBytes(out).first(size), 12, kSsrc, static_cast<uint16_t>(index)).ok()) {
      state.SkipWithError("not authentic");
    }
  }
}

// With the copy that an in-place library needs when a packet goes to many.
void BM_LibSrtpProtect(benchmark::State& state, SrtpProfile profile) {
  static const auto kInit = srtp_init();
  benchmark::DoNotOptimize(kInit);
  const SrtpMasterKey master = testing::TestMasterKey(profile);
  std::array<std::byte, 46> key{};
  std::copy_n(master.key.begin(), master.key_size, key.begin());
  std::copy_n(master.salt.begin(), master.salt_size, key.begin() + master.key_size);
  srtp_policy_t policy{};
  srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, static_cast<srtp_profile_t>(profile));
  srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, static_cast<srtp_profile_t>(profile));
  policy.ssrc.type = ssrc_any_outbound;
  policy.key = reinterpret_cast<unsigned char*>(key.data());
  srtp_t session = nullptr;
  srtp_create(&session, &policy);
  const Packet plain = testing::RtpPacket(kSsrc, 0, kPayload);
  Packet out(plain.size() + SRTP_MAX_TRAILER_LEN);
  uint16_t seq = 0;
  for (auto _ : state) {
    std::copy(plain.begin(), plain.end(), out.begin());
    StoreU16(&out[2], ++seq);
    int size = static_cast<int>(plain.size());
    if (srtp_protect(session, out.data(), &size) != srtp_err_status_ok) state.SkipWithError("libsrtp2 refused");
  }
  srtp_dealloc(session);
}

void BM_HmacSha1(benchmark::State& state) {
  const HmacSha1 hmac(AsBytes("0123456789abcdef0123"));
  const Packet data(1200);
  for (auto _ : state) benchmark::DoNotOptimize(hmac.Sum(data, Bytes()));
}

// The same through EVP_MAC, re-initialised with the key it has: the best that the interface offers.
void BM_HmacSha1Evp(benchmark::State& state) {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
  char digest[] = "SHA1";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
  EVP_MAC_init(context, reinterpret_cast<const unsigned char*>("0123456789abcdef0123"), 20, params);
  const Packet data(1200);
  unsigned char sum[20];
  size_t size = 0;
  for (auto _ : state) {
    EVP_MAC_init(context, nullptr, 0, nullptr);
    EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(data.data()), data.size());
    benchmark::DoNotOptimize(EVP_MAC_final(context, sum, &size, sizeof(sum)));
  }
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
}

BENCHMARK_CAPTURE(BM_Protect, gcm128, SrtpProfile::kAeadAes128Gcm);
BENCHMARK_CAPTURE(BM_LibSrtpProtect, gcm128, SrtpProfile::kAeadAes128Gcm);
BENCHMARK_CAPTURE(BM_Protect, gcm256, SrtpProfile::kAeadAes256Gcm);
BENCHMARK_CAPTURE(BM_LibSrtpProtect, gcm256, SrtpProfile::kAeadAes256Gcm);
BENCHMARK_CAPTURE(BM_Protect, cm, SrtpProfile::kAes128CmSha1_80);
BENCHMARK_CAPTURE(BM_LibSrtpProtect, cm, SrtpProfile::kAes128CmSha1_80);
BENCHMARK_CAPTURE(BM_ProtectAndUnprotect, gcm128, SrtpProfile::kAeadAes128Gcm);
BENCHMARK_CAPTURE(BM_ProtectAndUnprotect, gcm256, SrtpProfile::kAeadAes256Gcm);
BENCHMARK_CAPTURE(BM_ProtectAndUnprotect, cm, SrtpProfile::kAes128CmSha1_80);
BENCHMARK_CAPTURE(BM_Seal, fastest, AesGcm::Provider::kFastest)->Arg(100)->Arg(1126);
BENCHMARK_CAPTURE(BM_Seal, evp, AesGcm::Provider::kOpenSsl)->Arg(100)->Arg(1126);
BENCHMARK(BM_HmacSha1);
BENCHMARK(BM_HmacSha1Evp);

}  // namespace
}  // namespace duet
