#include "core/nack/keyframe_requester.h"

#include <gtest/gtest.h>

namespace duet {
namespace {

Time At(int64_t ms) { return Time::FromMillis(1'700'000'000'000 + ms); }

TEST(KeyframeRequester, StaysSilentUnasked) {
  KeyframeRequester requester;
  EXPECT_FALSE(requester.Due(At(0)));
  EXPECT_TRUE(requester.NextTimer().is_never());
  requester.OnKeyframe(At(1));
  EXPECT_FALSE(requester.Due(At(100'000)));
}

TEST(KeyframeRequester, TheFirstRequestGoesOutAtOnce) {
  KeyframeRequester requester;
  requester.Request(At(5));
  EXPECT_EQ(requester.NextTimer(), At(5));
  EXPECT_TRUE(requester.Due(At(5)));
  EXPECT_FALSE(requester.Due(At(5)));
}

TEST(KeyframeRequester, RepeatsUntilTheKeyframeIsThere) {
  struct Case {
    int64_t rtt_ms;
    int64_t retry_ms;
  };
  for (const Case& c : {Case{0, 300}, Case{100, 300}, Case{200, 400}, Case{1000, 1600}}) {
    SCOPED_TRACE(c.rtt_ms);
    KeyframeRequester requester;
    requester.Request(At(0));
    for (int n = 0; n < 100; ++n) {
      EXPECT_FALSE(requester.Due(At(n * c.retry_ms - 1), Duration::Millis(c.rtt_ms)));
      EXPECT_TRUE(requester.Due(At(n * c.retry_ms), Duration::Millis(c.rtt_ms)));
      EXPECT_EQ(requester.NextTimer(), At((n + 1) * c.retry_ms));
    }
    requester.OnKeyframe(At(100 * c.retry_ms));
    EXPECT_FALSE(requester.wanted());
    EXPECT_FALSE(requester.Due(At(1'000'000)));
  }
}

TEST(KeyframeRequester, ManyWhoAskAtOnceShareOne) {
  KeyframeRequester requester;
  requester.Request(At(0));
  EXPECT_TRUE(requester.Due(At(0)));
  for (int64_t ms = 1; ms < 300; ++ms) {
    requester.Request(At(ms));
    EXPECT_FALSE(requester.Due(At(ms)));
  }
  EXPECT_TRUE(requester.Due(At(300)));
}

TEST(KeyframeRequester, AfterAKeyframeTheNextRequestWaitsForHalfASecond) {
  KeyframeRequester requester;
  requester.Request(At(0));
  EXPECT_TRUE(requester.Due(At(0)));
  requester.OnKeyframe(At(60));
  requester.Request(At(70));  // this one came too late for it
  EXPECT_EQ(requester.NextTimer(), At(500));
  EXPECT_FALSE(requester.Due(At(499)));
  EXPECT_TRUE(requester.Due(At(500)));
  requester.OnKeyframe(At(560));
  requester.Request(At(5000));
  EXPECT_TRUE(requester.Due(At(5000)));
}

TEST(KeyframeRequester, AKeyframeThatComesByItselfSavesTheRequest) {
  KeyframeRequester requester;
  requester.Request(At(0));
  requester.Due(At(0));
  requester.OnKeyframe(At(60));
  requester.Request(At(70));
  requester.OnKeyframe(At(200));
  EXPECT_FALSE(requester.Due(At(1000)));
}

TEST(KeyframeRequester, AWithdrawnRequestIsNotRepeated) {
  KeyframeRequester requester;
  requester.Request(At(0));
  EXPECT_TRUE(requester.Due(At(0)));
  requester.Withdraw();
  EXPECT_FALSE(requester.wanted());
  EXPECT_FALSE(requester.Due(At(1000)));
  requester.Request(At(1000));
  EXPECT_TRUE(requester.Due(At(1000)));
}

}  // namespace
}  // namespace duet
