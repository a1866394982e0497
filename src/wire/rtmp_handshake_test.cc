#include "wire/rtmp_handshake.h"

#include <gtest/gtest.h>

#include <vector>

namespace duet {
namespace {

struct Answer {
  RtmpHandshakeKind kind{};
  std::vector<std::byte> bytes = std::vector<std::byte>(1 + 2 * kRtmpHandshakeBytes);
  Bytes s1() const { return Bytes(bytes).subspan(1, kRtmpHandshakeBytes); }
  Bytes s2() const { return Bytes(bytes).subspan(1 + kRtmpHandshakeBytes); }
};

Answer AnswerTo(Bytes c1) {
  SeededRng rng(2);
  Answer answer;
  answer.kind = AnswerRtmpHandshake(c1, 77, rng, answer.bytes);
  return answer;
}

TEST(RtmpHandshake, SimpleEchoesC1) {
  SeededRng rng(1);
  std::vector<std::byte> c1(kRtmpHandshakeBytes);
  rng.Fill(c1);
  StoreU32(c1.data() + 4, 0);
  const Answer answer = AnswerTo(c1);
  EXPECT_EQ(answer.kind, RtmpHandshakeKind::kSimple);
  EXPECT_EQ(LoadU8(answer.bytes.data()), 3);
  EXPECT_EQ(LoadU32(answer.s1().data()), 77u);
  EXPECT_EQ(LoadU32(answer.s1().data() + 4), 0u);
  EXPECT_TRUE(std::equal(c1.begin(), c1.end(), answer.s2().begin()));
  EXPECT_TRUE(CheckRtmpS2(c1, answer.s2()));
}

TEST(RtmpHandshake, DigestIsAnsweredWithOne) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SeededRng rng(seed);
    std::vector<std::byte> c1(kRtmpHandshakeBytes);
    WriteRtmpC1(5, rng, c1);
    Answer answer = AnswerTo(c1);
    ASSERT_EQ(answer.kind, RtmpHandshakeKind::kDigest) << seed;
    EXPECT_TRUE(CheckRtmpS2(c1, answer.s2()));
    answer.bytes.back() ^= std::byte{1};
    EXPECT_FALSE(CheckRtmpS2(c1, answer.s2()));
  }
}

TEST(RtmpHandshake, WrongDigestIsAnsweredSimply) {
  SeededRng rng(9);
  std::vector<std::byte> c1(kRtmpHandshakeBytes);
  WriteRtmpC1(5, rng, c1);
  c1[1500] ^= std::byte{1};  // covered by the digest
  const Answer answer = AnswerTo(c1);
  EXPECT_EQ(answer.kind, RtmpHandshakeKind::kSimple);
  EXPECT_TRUE(std::equal(c1.begin(), c1.end(), answer.s2().begin()));
}

}  // namespace
}  // namespace duet
