#include "core/twcc/twcc_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

#include "wire/rtcp.h"

namespace duet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// A multiple of 64 ms * 2^24, so that reference times on the wire count from here.
constexpr int64_t kEpochUs = (int64_t{64'000} << 24) * 2;
constexpr Ssrc kSender{1};
constexpr Ssrc kMedia{2};

Time At(double ms) { return Time::FromMicros(kEpochUs + static_cast<int64_t>(ms * 1000)); }

struct Message {
  uint16_t base = 0;
  uint16_t statuses = 0;
  uint8_t number = 0;
  std::vector<std::pair<uint16_t, double>> received;  // arrivals in ms
};

class TwccRecorderTest : public testing::Test {
 protected:
  void Get(double ms, uint16_t seq) { recorder_.OnPacket(At(ms), seq); }
  std::vector<Message> Feedback(double ms, size_t room = 1200) {
    std::vector<Message> messages;
    std::vector<std::byte> out(room);
    while (const size_t size = recorder_.WriteFeedback(At(ms), kSender, kMedia, out)) {
      EXPECT_TRUE(VisitRtcp(Bytes(out).first(size), [&](const TransportFeedback& feedback) {
        EXPECT_EQ(feedback.sender_ssrc(), kSender);
        EXPECT_EQ(feedback.media_ssrc(), kMedia);
        Message message{feedback.base_sequence(), feedback.status_count(), feedback.feedback_count(), {}};
        feedback.ForEachPacket([&](const TransportFeedback::Status& status) {
          if (status.received) message.received.emplace_back(status.sequence, status.arrival.us() / 1000.0);
        });
        messages.push_back(message);
      }));
    }
    return messages;
  }
  TwccRecorder recorder_;
};

TEST_F(TwccRecorderTest, SilentWithoutPackets) {
  EXPECT_TRUE(recorder_.NextTimer().is_never());
  EXPECT_THAT(Feedback(1e6), IsEmpty());
}

TEST_F(TwccRecorderTest, TellsArrivalsAndLosses) {
  Get(1000, 10);
  Get(1005.25, 11);
  Get(1070, 14);
  EXPECT_EQ(recorder_.NextTimer(), At(1100));
  EXPECT_THAT(Feedback(1099), IsEmpty());
  const auto messages = Feedback(1100);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].base, 10);
  EXPECT_EQ(messages[0].statuses, 5);
  EXPECT_THAT(messages[0].received, ElementsAre(Pair(10, 1000), Pair(11, 1005.25), Pair(14, 1070)));
  EXPECT_TRUE(recorder_.NextTimer().is_never());
}

TEST_F(TwccRecorderTest, LossesBetweenMessagesAreToldOnce) {
  Get(0, 10);
  Feedback(100);
  Get(110, 13);
  const auto messages = Feedback(210);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].base, 11);
  EXPECT_EQ(messages[0].statuses, 3);
  EXPECT_THAT(messages[0].received, ElementsAre(Pair(13, 110)));
}

TEST_F(TwccRecorderTest, ManyPacketsAreToldSooner) {
  for (uint16_t n = 0; n < 9; ++n) Get(1, n);
  EXPECT_EQ(recorder_.NextTimer(), At(101));
  Get(2, 9);
  EXPECT_EQ(recorder_.NextTimer(), At(51));
  for (uint16_t n = 10; n < 100; ++n) Get(3, n);
  EXPECT_EQ(recorder_.NextTimer(), At(3));
  EXPECT_EQ(Feedback(3)[0].received.size(), 100u);
}

TEST_F(TwccRecorderTest, NumbersAndCountsWrap) {
  uint16_t seq = 65'500;
  for (int n = 0; n < 300; ++n) {
    Get(n * 200, seq);
    Get(n * 200 + 1, static_cast<uint16_t>(seq + 1));
    const auto messages = Feedback(n * 200 + 150);
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(messages[0].number, static_cast<uint8_t>(n));
    EXPECT_EQ(messages[0].base, seq);
    EXPECT_EQ(messages[0].received.size(), 2u);
    seq = static_cast<uint16_t>(seq + 2);
  }
}

TEST_F(TwccRecorderTest, AReorderedPacketIsToldWithANegativeDelta) {
  Get(0, 10);
  Get(5, 12);
  Get(7, 11);
  EXPECT_THAT(Feedback(100)[0].received, ElementsAre(Pair(10, 0), Pair(11, 7), Pair(12, 5)));
}

TEST_F(TwccRecorderTest, ALatePacketIsToldAfterItWasToldAsLost) {
  Get(0, 10);
  Get(5, 13);
  Feedback(100);
  Get(110, 11);
  Get(115, 14);
  const auto messages = Feedback(210);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].base, 11);
  EXPECT_THAT(messages[0].received, ElementsAre(Pair(11, 110), Pair(13, 5), Pair(14, 115)));
}

TEST_F(TwccRecorderTest, PacketsBeforeTheFirstOneAreToldToo) {
  Get(0, 1);
  Get(1, 65'534);
  const auto messages = Feedback(100);
  EXPECT_EQ(messages[0].base, 65'534);
  EXPECT_THAT(messages[0].received, ElementsAre(Pair(65'534, 1), Pair(1, 0)));
}

TEST_F(TwccRecorderTest, DuplicatesKeepTheFirstArrival) {
  Get(0, 10);
  Get(50, 10);
  EXPECT_THAT(Feedback(100)[0].received, ElementsAre(Pair(10, 0)));
  Get(150, 10);
  EXPECT_TRUE(recorder_.NextTimer().is_never());
}

TEST_F(TwccRecorderTest, WhatDoesNotFitGoesIntoAnotherMessage) {
  std::vector<std::pair<uint16_t, double>> expected;
  for (uint16_t n = 0; n < 90; ++n) {
    Get(n / 2.0, static_cast<uint16_t>(2 * n));
    expected.emplace_back(static_cast<uint16_t>(2 * n), n / 2.0);
  }
  std::vector<std::pair<uint16_t, double>> told;
  const auto messages = Feedback(100, 60);
  EXPECT_GT(messages.size(), 2u);
  uint16_t next = 0;
  for (const Message& message : messages) {
    EXPECT_EQ(message.base, next);
    next = static_cast<uint16_t>(message.base + message.statuses);
    told.insert(told.end(), message.received.begin(), message.received.end());
  }
  EXPECT_EQ(told, expected);
}

TEST_F(TwccRecorderTest, ArrivalsFarApartGoIntoSeparateMessages) {
  Get(0, 10);
  Get(20'000, 11);
  const auto messages = Feedback(20'100);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_THAT(messages[0].received, ElementsAre(Pair(10, 0)));
  EXPECT_THAT(messages[1].received, ElementsAre(Pair(11, 20'000)));
}

TEST_F(TwccRecorderTest, AJumpForgetsWhatLeavesTheWindow) {
  Get(0, 10);
  Get(1, static_cast<uint16_t>(10 + TwccRecorder::kWindow));
  const auto messages = Feedback(101);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].statuses, TwccRecorder::kWindow);
  EXPECT_THAT(messages[0].received, ElementsAre(Pair(10 + TwccRecorder::kWindow, 1)));
}

TEST_F(TwccRecorderTest, GoesOnAfterALongSilenceInWhichTheSenderWentOn) {
  for (const int jump : {1000, 5000, 30'000, 40'000, 57'000}) {
    TwccRecorder fresh;
    recorder_ = fresh;
    Get(0, 60'000);
    Feedback(100);
    const auto seq = static_cast<uint16_t>(60'000 + jump);
    Get(60'000, seq);
    const auto messages = Feedback(60'100);
    ASSERT_EQ(messages.size(), 1u) << jump;
    EXPECT_THAT(messages[0].received, ElementsAre(Pair(seq, 60'000))) << jump;
  }
}

TEST_F(TwccRecorderTest, WhatIsTooOldIsLeftOut) {
  Get(0, 5000);
  Feedback(100);
  Get(110, static_cast<uint16_t>(5000 - TwccRecorder::kWindow));
  EXPECT_TRUE(recorder_.NextTimer().is_never());
  Get(110, static_cast<uint16_t>(5001 - TwccRecorder::kWindow));
  EXPECT_FALSE(recorder_.NextTimer().is_never());
}

}  // namespace
}  // namespace duet
