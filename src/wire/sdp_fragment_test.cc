#include "wire/sdp_fragment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace duet {
namespace {

using testing::HasSubstr;

TEST(SdpFragmentTest, ReadsTrickledCandidates) {
  const auto fragment = ParseSdpFragment(
      "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
      "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n"
      "a=candidate:7 1 sctp 1 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n");
  ASSERT_TRUE(fragment.ok()) << fragment.error().message;
  EXPECT_EQ(fragment->ice, (SdpIce{"EsAw", "P2uYro0UCOQ4zxjKXaWCBui1"}));
  ASSERT_EQ(fragment->candidates.size(), 1u) << "a transport that nobody knows is left out";
  EXPECT_EQ(fragment->candidates[0].port, 61764);
  EXPECT_TRUE(fragment->end_of_candidates);
}

TEST(SdpFragmentTest, NeedsNothing) {
  const auto fragment = ParseSdpFragment("\n\na=unknown\n");
  ASSERT_TRUE(fragment.ok());
  EXPECT_EQ(*fragment, SdpFragment());
}

TEST(SdpFragmentTest, WritesWhatItReads) {
  SdpFragment fragment{.ice = SdpIce{"abcd", "0123456789012345678901"}, .end_of_candidates = true};
  fragment.candidates.push_back(
      {.foundation = "1", .component = 1, .priority = 7, .address = "127.0.0.1", .port = 40000});
  const std::string text = WriteSdpFragment(fragment, "0");
  EXPECT_THAT(text, HasSubstr("a=mid:0\r\na=candidate:1 1 udp 7 127.0.0.1 40000 typ host\r\n"));
  const auto again = ParseSdpFragment(text);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(*again, fragment);
}

TEST(SdpFragmentTest, SaysWhatIsWrong) {
  const auto why = [](std::string_view text) {
    const auto fragment = ParseSdpFragment(text);
    return fragment.ok() ? std::string("it is fine") : fragment.error().message;
  };
  EXPECT_EQ(why("{}"), "line 1: must be a letter, \"=\" and a value");
  EXPECT_THAT(why("a=mid:0\na=ice-ufrag:a!cd"), HasSubstr("line 2: a=ice-ufrag: must have"));
  EXPECT_THAT(why("a=ice-pwd:short"), HasSubstr("line 1: a=ice-pwd: must have 22"));
  EXPECT_THAT(why("a=ice-ufrag:abcd"), HasSubstr("must stand together"));
  EXPECT_THAT(why("a=candidate:1 1 udp"), HasSubstr("line 1: a=candidate: "));
  EXPECT_EQ(why(std::string(20'000, 'a')), "it is over 16 KiB");
  std::string many;
  for (int i = 0; i < 65; ++i) many += "a=candidate:1 1 udp 7 127.0.0.1 40000 typ host\n";
  EXPECT_EQ(why(many), "it has over 64 candidates");
}

}  // namespace
}  // namespace duet
