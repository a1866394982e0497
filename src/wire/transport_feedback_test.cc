#include "wire/transport_feedback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/rng.h"
#include "wire/rtcp.h"
#include "wire/test_bytes.h"

namespace duet {
namespace {

using testing::ElementsAre;

// The packets of a feedback: "seq" when lost, "seq@microseconds" when received.
std::vector<std::string> Told(const TransportFeedback& feedback) {
  std::vector<std::string> told;
  feedback.ForEachPacket([&](const TransportFeedback::Status& status) {
    std::string text = std::to_string(status.sequence);
    if (status.received) text += "@" + std::to_string(status.arrival.us());
    told.push_back(text);
  });
  return told;
}
std::vector<std::string> ToldHex(std::string_view body) {
  const auto bytes = Hex(body);
  const auto feedback = TransportFeedback::Parse(bytes);
  return feedback ? Told(*feedback) : std::vector<std::string>{"malformed"};
}

TEST(TransportFeedback, Fields) {
  const auto bytes = Hex("00000001 00000002 fffe 0001 000003 07 2001 04 00");
  const auto feedback = TransportFeedback::Parse(bytes);
  ASSERT_TRUE(feedback);
  EXPECT_EQ(feedback->sender_ssrc(), Ssrc(1));
  EXPECT_EQ(feedback->media_ssrc(), Ssrc(2));
  EXPECT_EQ(feedback->base_sequence(), 65534);
  EXPECT_EQ(feedback->status_count(), 1);
  EXPECT_EQ(feedback->feedback_count(), 7);
  EXPECT_EQ(feedback->reference_time(), Duration::Millis(192));
  EXPECT_THAT(Told(*feedback), ElementsAre("65534@193000"));
}

TEST(TransportFeedback, RunLength) {
  // Two received, then three lost; the run may be longer than the count.
  EXPECT_THAT(ToldHex("00000001 00000002 0005 0005 000000 00 2002 0003 0408"),
              ElementsAre("5@1000", "6@3000", "7", "8", "9"));
  EXPECT_THAT(ToldHex("00000001 00000002 0005 0005 000000 00 2002 0fff 0408"),
              ElementsAre("5@1000", "6@3000", "7", "8", "9"));
}

TEST(TransportFeedback, OneBitVector) {
  // 1 0 10100000000000: received, lost, received.
  EXPECT_THAT(ToldHex("00000001 00000002 ffff 0004 000000 00 a800 0102"), ElementsAre("65535@250", "0", "1@750", "2"));
}

TEST(TransportFeedback, TwoBitVector) {
  // 1 1 01 10 00 10: small 4 ms, large -1 ms, lost, large 32767 ticks.
  EXPECT_THAT(ToldHex("00000001 00000002 0000 0004 000001 00 d880 10 fffc 7fff"),
              ElementsAre("0@68000", "1@67000", "2", "3@8258750"));
}

TEST(TransportFeedback, TheReferenceIsSigned) {
  EXPECT_THAT(ToldHex("00000001 00000002 0000 0001 ffffff 00 2001 01 00"), ElementsAre("0@-63750"));
}

TEST(TransportFeedback, Malformed) {
  const std::pair<const char*, const char*> cases[] = {
      {"00000001 00000002 0000 0000 000000 00 2001 01 00", "tells of no packet"},
      {"00000001 00000002 0000 0002 000000 00 2001", "chunks end early"},
      {"00000001 00000002 0000 0001 000000 00", "no chunk"},
      {"00000001 00000002 0000 0001 000000 00 2001", "no delta"},
      {"00000001 00000002 0000 0001 000000 00 4001 01", "half a large delta"},
      {"00000001 00000002 0000 0001 000000 00 6001 0101", "reserved symbol in a run"},
      {"00000001 00000002 0000 0001 000000 00 f000 0101", "reserved symbol in a vector"},
      {"00000001 00000002 0000 0001 000000 00 2000 2001 01", "a run of none"},
  };
  for (const auto& [body, why] : cases) EXPECT_THAT(ToldHex(body), ElementsAre("malformed")) << why;
}

TEST(TransportFeedback, EveryTruncationIsMalformed) {
  const auto bytes = Hex("00000001 00000002 0000 0004 000001 00 d880 10 fffc 7fff");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(TransportFeedback::Parse(Bytes(bytes).first(size))) << size;
  }
}

TEST(TransportFeedback, TheLongestCountEnds) {
  std::string body = "00000001 00000002 0000 ffff 000000 00";
  for (int i = 0; i < 9; ++i) body += " 1fff";
  EXPECT_EQ(ToldHex(body).size(), 65535u);
}

// ---- writing -------------------------------------------------------------------------------------------------------

constexpr Time kStart = Time::FromMicros(64'000'000);

TEST(TransportFeedbackWriter, Golden) {
  std::array<std::byte, 64> buffer;
  TransportFeedbackWriter writer(buffer, Ssrc(1), Ssrc(2), 7, 65534, kStart + Duration::Millis(1));
  EXPECT_TRUE(writer.empty());
  EXPECT_TRUE(writer.AddReceived(65534, kStart + Duration::Millis(1)));
  EXPECT_TRUE(writer.AddReceived(0, kStart + Duration::Millis(2)));
  EXPECT_EQ(writer.next_sequence(), 1);
  EXPECT_FALSE(writer.empty());
  const size_t size = writer.Finish();
  EXPECT_EQ(ToHex(Bytes(buffer).first(size)),
            "8fcd0005"
            "0000000100000002"
            "fffe0003"
            "0003e807"
            "a8000404");
}

// Writes the arrivals (microseconds after kStart; -1 = lost) and reads them back.
void ExpectRoundTrip(uint16_t base, const std::vector<int64_t>& arrivals, size_t buffer_size = 1200) {
  std::vector<std::byte> buffer(buffer_size);
  int64_t last_received = -1;
  for (size_t i = 0; i < arrivals.size(); ++i)
    if (arrivals[i] >= 0) last_received = static_cast<int64_t>(i);
  const auto first = std::find_if(arrivals.begin(), arrivals.end(), [](int64_t a) { return a >= 0; });
  ASSERT_NE(first, arrivals.end());
  TransportFeedbackWriter writer(buffer, Ssrc(1), Ssrc(2), 0, base, kStart + Duration::Micros(*first));
  size_t told = 0;
  for (size_t i = 0; i < arrivals.size(); ++i) {
    if (arrivals[i] < 0) continue;
    const bool added = writer.AddReceived(static_cast<uint16_t>(base + i), kStart + Duration::Micros(arrivals[i]));
    if (!added) break;
    told = i + 1;
  }
  EXPECT_EQ(writer.next_sequence(), static_cast<uint16_t>(base + told));
  if (buffer_size >= 1200) {
    EXPECT_EQ(told, static_cast<size_t>(last_received + 1));
  }
  const size_t size = writer.Finish();
  if (told == 0) {
    EXPECT_EQ(size, 0u);
    return;
  }
  ASSERT_LE(size, buffer_size);
  ASSERT_EQ(size % 4, 0u);
  size_t i = 0;
  const bool valid = VisitRtcp(Bytes(buffer).first(size), [&](const TransportFeedback& feedback) {
    EXPECT_EQ(feedback.base_sequence(), base);
    feedback.ForEachPacket([&](const TransportFeedback::Status& status) {
      ASSERT_LT(i, told);
      EXPECT_EQ(status.sequence, static_cast<uint16_t>(base + i));
      ASSERT_EQ(status.received, arrivals[i] >= 0) << i;
      // Times are cut to 250 us, each by itself: errors do not add up.
      if (status.received) {
        EXPECT_EQ(status.arrival.us() - kStart.us(), arrivals[i] / 250 * 250) << i;
      }
      ++i;
    });
  });
  EXPECT_TRUE(valid);
  EXPECT_EQ(i, told);
}

TEST(TransportFeedbackWriter, EveryPatternOfTwelve) {
  // All of received small, received large, lost, in sequences that exercise each kind of chunk and their borders.
  for (uint32_t pattern = 1; pattern < (1u << 12); ++pattern) {
    std::vector<int64_t> arrivals;
    int64_t time = 0;
    for (int i = 0; i < 12; ++i) arrivals.push_back((pattern >> i)& 1 ? time += 1000 : -1);
    ExpectRoundTrip(65530, arrivals);
  }
}

TEST(TransportFeedbackWriter, EveryRunBeforeEachSymbol) {
  enum Kind { kLost, kSmall, kLarge };
  for (const Kind run : {kLost, kSmall, kLarge}) {
    for (const Kind then : {kLost, kSmall, kLarge}) {
      for (const Kind last : {kSmall, kLarge}) {
        for (size_t length = 0; length < 32; ++length) {
          std::vector<Kind> kinds(length, run);
          kinds.push_back(then);
          kinds.push_back(last);
          std::vector<int64_t> arrivals = {0};
          int64_t time = 0;
          for (const Kind kind : kinds) arrivals.push_back(kind == kLost ? -1 : time += kind == kSmall ? 250 : 100'000);
          ExpectRoundTrip(0, arrivals);
        }
      }
    }
  }
}

TEST(TransportFeedbackWriter, RandomPatternsInBuffersOfEverySize) {
  SeededRng rng(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<int64_t> arrivals;
    int64_t time = static_cast<int64_t>(rng.Below(64'000));
    const uint64_t loss = rng.Below(100);
    const uint64_t large = rng.Below(100);
    while (arrivals.size() < 200) {
      const bool lost = rng.Below(100) < loss && !arrivals.empty();
      if (!lost && rng.Below(100) < large) {
        time += static_cast<int64_t>(rng.Below(300'000));
        time = std::max<int64_t>(0, time - static_cast<int64_t>(rng.Below(100'000)));  // reordering
      } else if (!lost) {
        time += static_cast<int64_t>(rng.Below(5000));
      }
      arrivals.push_back(lost ? -1 : time);
    }
    ExpectRoundTrip(static_cast<uint16_t>(rng.U32()), arrivals, rng.Below(300));
  }
}

TEST(TransportFeedbackWriter, AGapOfThousandsTakesAFewBytes) {
  std::array<std::byte, 64> buffer;
  TransportFeedbackWriter writer(buffer, Ssrc(1), Ssrc(2), 0, 100, kStart);
  ASSERT_TRUE(writer.AddReceived(100, kStart));
  ASSERT_TRUE(writer.AddReceived(static_cast<uint16_t>(100 + 30'000), kStart + Duration::Seconds(1)));
  const size_t size = writer.Finish();
  EXPECT_LE(size, 40u);
  size_t told = 0;
  size_t received = 0;
  EXPECT_TRUE(VisitRtcp(Bytes(buffer).first(size), [&](const TransportFeedback& feedback) {
    feedback.ForEachPacket([&](const TransportFeedback::Status& status) {
      ++told;
      received += status.received;
    });
  }));
  EXPECT_EQ(told, 30'001u);
  EXPECT_EQ(received, 2u);
}

TEST(TransportFeedbackWriter, RefusesWhatItCannotSayAndGoesOn) {
  std::array<std::byte, 128> buffer;
  TransportFeedbackWriter writer(buffer, Ssrc(1), Ssrc(2), 0, 10, kStart);
  ASSERT_TRUE(writer.AddReceived(10, kStart));
  EXPECT_FALSE(writer.AddReceived(10, kStart)) << "told already";
  EXPECT_FALSE(writer.AddReceived(9, kStart)) << "older";
  EXPECT_FALSE(writer.AddReceived(12, kStart + Duration::Micros(32768 * 250))) << "delta too large";
  EXPECT_EQ(writer.next_sequence(), 11) << "nothing changed";
  EXPECT_TRUE(writer.AddReceived(12, kStart + Duration::Micros(32767 * 250)));
  EXPECT_FALSE(writer.AddReceived(13, kStart - Duration::Micros(2 * 250))) << "delta too negative";
  EXPECT_TRUE(writer.AddReceived(13, kStart - Duration::Micros(250)));
  const size_t size = writer.Finish();
  std::vector<std::string> told;
  EXPECT_TRUE(VisitRtcp(Bytes(buffer).first(size), [&](const TransportFeedback& f) { told = Told(f); }));
  EXPECT_THAT(told, ElementsAre("10@64000000", "11", "12@72191750", "13@63999750"));
}

TEST(TransportFeedbackWriter, ManySmallOnesFillTheBufferToTheEnd) {
  std::array<std::byte, 1200> buffer;
  TransportFeedbackWriter writer(buffer, Ssrc(1), Ssrc(2), 0, 0, kStart);
  uint16_t seq = 0;
  while (writer.AddReceived(seq, kStart + Duration::Millis(seq))) ++seq;
  EXPECT_EQ(seq, 1200 - 20 - 2) << "one run and a byte each";
  EXPECT_EQ(writer.Finish(), 1200u);
}

TEST(TransportFeedbackWriter, TheReferenceTimeWrapsWithin24Bits) {
  const Time late = Time::FromMicros((int64_t{1} << 24) * 64'000 + 5 * 64'000);
  std::array<std::byte, 64> buffer;
  TransportFeedbackWriter writer(buffer, Ssrc(1), Ssrc(2), 0, 0, late);
  ASSERT_TRUE(writer.AddReceived(0, late));
  const size_t size = writer.Finish();
  Duration reference;
  EXPECT_TRUE(
      VisitRtcp(Bytes(buffer).first(size), [&](const TransportFeedback& f) { reference = f.reference_time(); }));
  EXPECT_EQ(reference, Duration::Millis(5 * 64));
}

TEST(TransportFeedbackWriter, ABufferForNothing) {
  for (size_t size = 0; size < 24; ++size) {
    std::vector<std::byte> buffer(size);
    TransportFeedbackWriter writer(buffer, Ssrc(1), Ssrc(2), 0, 0, kStart);
    EXPECT_FALSE(writer.AddReceived(0, kStart)) << size;
    EXPECT_EQ(writer.Finish(), 0u);
  }
}

}  // namespace
}  // namespace duet
