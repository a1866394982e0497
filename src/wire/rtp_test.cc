#include "wire/rtp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/rtp_extensions.h"
#include "wire/test_bytes.h"

namespace duet {
namespace {

using testing::ElementsAre;

constexpr std::string_view kPlain = "80e0 1234 89abcdef 01020304 aabbcc";

std::vector<std::string> Elements(const RtpPacketView& view) {
  std::vector<std::string> elements;
  view.ForEachExtension(
      [&](uint8_t id, Bytes content) { elements.push_back(std::to_string(id) + ":" + ToHex(content)); });
  return elements;
}

TEST(ParseRtp, FixedHeader) {
  const auto bytes = Hex(kPlain);
  const auto view = ParseRtp(bytes);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->marker);
  EXPECT_FALSE(view->padding);
  EXPECT_EQ(view->payload_type, PayloadType(96));
  EXPECT_EQ(view->sequence_number, 0x1234);
  EXPECT_EQ(view->timestamp, 0x89abcdefu);
  EXPECT_EQ(view->ssrc, Ssrc(0x01020304));
  EXPECT_EQ(view->header_size, 12);
  EXPECT_EQ(ToHex(view->payload()), "aabbcc");
  EXPECT_FALSE(view->has_extensions());
  EXPECT_TRUE(view->Extension(1).empty());
}

TEST(ParseRtp, ContributingSources) {
  const auto bytes = Hex("8260 0001 00000000 00000001 11111111 22222222 aa");
  const auto view = ParseRtp(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->csrc_count(), 2);
  EXPECT_EQ(view->header_size, 20);
  EXPECT_EQ(ToHex(view->payload()), "aa");
}

TEST(ParseRtp, OneByteExtensions) {
  // The example of RFC 8285 section 4.2 with padding between and behind the elements.
  const auto bytes = Hex("9060 0001 00000000 00000001 bede 0003 10aa 00 21bbcc 00 32 ddeeff 00 77");
  const auto view = ParseRtp(bytes);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->has_extensions());
  EXPECT_THAT(Elements(*view), ElementsAre("1:aa", "2:bbcc", "3:ddeeff"));
  EXPECT_EQ(ToHex(view->Extension(2)), "bbcc");
  EXPECT_TRUE(view->Extension(4).empty());
  EXPECT_EQ(ToHex(view->payload()), "77");
}

TEST(ParseRtp, Id15EndsTheOneByteList) {
  const auto bytes = Hex("9060 0001 00000000 00000001 bede 0002 10aa f0bb 10cc 10dd");
  EXPECT_THAT(Elements(*ParseRtp(bytes)), ElementsAre("1:aa"));
}

TEST(ParseRtp, Id0WithALengthIsSkipped) {
  const auto bytes = Hex("9060 0001 00000000 00000001 bede 0002 02aabbcc 10dd 0000");
  EXPECT_THAT(Elements(*ParseRtp(bytes)), ElementsAre("1:dd"));
}

TEST(ParseRtp, TwoByteExtensions) {
  const auto bytes = Hex("9060 0001 00000000 00000001 1005 0004 0100 00 1002aabb 00 ff05 0102030405 00 55");
  const auto view = ParseRtp(bytes);
  ASSERT_TRUE(view);
  EXPECT_THAT(Elements(*view), ElementsAre("1:", "16:aabb", "255:0102030405"));
  EXPECT_EQ(ToHex(view->Extension(255)), "0102030405");
  EXPECT_EQ(ToHex(view->payload()), "55");
}

TEST(ParseRtp, AnElementPastTheBlockEndsTheList) {
  const auto one = Hex("9060 0001 00000000 00000001 bede 0001 10aa 2fbb 01020304050607080910111213141516");
  EXPECT_THAT(Elements(*ParseRtp(one)), ElementsAre("1:aa"));
  const auto two = Hex("9060 0001 00000000 00000001 1000 0001 0101 aa 02 0304");
  EXPECT_THAT(Elements(*ParseRtp(two)), ElementsAre("1:aa"));
}

TEST(ParseRtp, AnUnknownProfileIsSkipped) {
  const auto bytes = Hex("9060 0001 00000000 00000001 abcd 0001 10aa20bb 99");
  const auto view = ParseRtp(bytes);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->has_extensions());
  EXPECT_THAT(Elements(*view), ElementsAre());
  EXPECT_EQ(ToHex(view->payload()), "99");
}

TEST(ParseRtp, AnEmptyBlockIsAllowed) {
  const auto bytes = Hex("9060 0001 00000000 00000001 bede 0000 99");
  const auto view = ParseRtp(bytes);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->has_extensions());
  EXPECT_EQ(ToHex(view->payload()), "99");
}

TEST(ParseRtp, Padding) {
  const auto bytes = Hex("a060 0001 00000000 00000001 aabb 000003");
  const auto view = ParseRtp(bytes);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->padding);
  EXPECT_EQ(view->padding_size, 3);
  EXPECT_EQ(view->payload_size, 2);
  EXPECT_EQ(ToHex(view->payload()), "aabb");
}

TEST(ParseRtp, APacketOfOnlyPaddingHasNoPayload) {
  const auto view = ParseRtp(Hex("a060 0001 00000000 00000001 00000003 00000008"));
  EXPECT_FALSE(ParseRtp(Hex("a060 0001 00000000 00000001 00000004 00000009")));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->padding_size, 8);
  EXPECT_EQ(view->payload_size, 0);
}

TEST(ParseRtp, PaddingOfNoneOrTooManyIsRefused) {
  EXPECT_FALSE(ParseRtp(Hex("a060 0001 00000000 00000001 aabb00")));
  EXPECT_FALSE(ParseRtp(Hex("a060 0001 00000000 00000001 aabb04")));
  EXPECT_FALSE(ParseRtp(Hex("a060 0001 00000000 00000001")));
}

TEST(ParseRtp, EveryTruncationOfTheHeaderIsRefused) {
  const auto bytes = Hex("9160 0001 00000000 00000001 11111111 bede 0002 10aa 20bb 30cc 0000");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseRtp(Bytes(bytes).first(size))) << size;
    EXPECT_FALSE(ParseRtpHeader(Bytes(bytes).first(size))) << size;
  }
  EXPECT_TRUE(ParseRtp(bytes));
}

TEST(ParseRtp, OtherVersionsAreRefused) {
  for (const uint8_t version : {0, 1, 3}) {
    auto bytes = Hex(kPlain);
    StoreU8(&bytes[0], static_cast<uint8_t>(version << 6));
    EXPECT_FALSE(ParseRtp(bytes)) << int{version};
  }
}

TEST(ParseRtp, TheLongestExtensionBlockOverflowsNothing) {
  // 65535 words do not fit a packet of 65535 bytes; the largest that does.
  std::vector<std::byte> bytes(65535);
  const auto head = Hex("9060 0001 00000000 00000001 bede ffff");
  std::copy(head.begin(), head.end(), bytes.begin());
  EXPECT_FALSE(ParseRtp(bytes));
  StoreU16(&bytes[14], (65535 - 16) / 4);
  const auto view = ParseRtp(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header_size, 65532);
  EXPECT_EQ(view->payload_size, 3);
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(ParseRtp(bytes)) << "over the limit";
}

TEST(ParseRtpHeader, LeavesThePaddingOfAnEncryptedPacketAlone) {
  const auto bytes = Hex("a060 0001 00000000 00000001 aabbff");
  EXPECT_FALSE(ParseRtp(bytes));
  const auto view = ParseRtpHeader(bytes);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->padding);
  EXPECT_EQ(view->padding_size, 0);
  EXPECT_EQ(ToHex(view->payload()), "aabbff");
}

constexpr RtpHeaderFields kFields{.marker = true,
                                  .payload_type = PayloadType(96),
                                  .sequence_number = 0x1234,
                                  .timestamp = 0x89abcdef,
                                  .ssrc = Ssrc(0x01020304)};

TEST(RtpHeaderWriter, FixedHeader) {
  std::array<std::byte, 12> buffer;
  RtpHeaderWriter writer(buffer);
  writer.Begin(kFields);
  ASSERT_EQ(writer.Finish(), 12u);
  EXPECT_EQ(ToHex(buffer), "80e0123489abcdef01020304");
}

TEST(RtpHeaderWriter, OneByteForm) {
  std::array<std::byte, 64> buffer;
  RtpHeaderWriter writer(buffer);
  writer.Begin(kFields);
  writer.AddExtension(1, Hex("aa"));
  writer.AddExtension(14, Hex("000102030405060708090a0b0c0d0e0f"));
  const size_t size = writer.Finish();
  EXPECT_EQ(ToHex(Bytes(buffer).first(size)),
            "90e0123489abcdef01020304"
            "bede0005"
            "10aaef000102030405060708090a0b0c0d0e0f00");
}

TEST(RtpHeaderWriter, ChangesToTheTwoByteFormWhenItMust) {
  const std::vector<std::byte> needs[] = {Hex(""), Hex("000102030405060708090a0b0c0d0e0f10")};
  for (const auto& content : needs) {
    std::array<std::byte, 64> buffer;
    RtpHeaderWriter writer(buffer);
    writer.Begin(kFields);
    writer.AddExtension(1, Hex("aa"));
    writer.AddExtension(2, Hex("bbccdd"));
    writer.AddExtension(3, content);
    writer.AddExtension(4, Hex("ee"));
    const auto view = ParseRtp(Bytes(buffer).first(writer.Finish()));
    ASSERT_TRUE(view);
    EXPECT_TRUE(view->two_byte_form());
    EXPECT_THAT(Elements(*view), ElementsAre("1:aa", "2:bbccdd", "3:" + ToHex(content), "4:ee"));
  }
  for (const uint8_t id : {15, 16, 255}) {
    std::array<std::byte, 64> buffer;
    RtpHeaderWriter writer(buffer);
    writer.Begin(kFields);
    writer.AddExtension(14, Hex("aa"));
    writer.AddExtension(id, Hex("bb"));
    const auto view = ParseRtp(Bytes(buffer).first(writer.Finish()));
    ASSERT_TRUE(view);
    EXPECT_THAT(Elements(*view), ElementsAre("14:aa", std::to_string(id) + ":bb"));
  }
}

TEST(RtpHeaderWriter, WritesNothingPastItsBuffer) {
  for (const uint8_t last_id : {3, 30}) {
    const auto write = [&](MutableBytes out) {
      RtpHeaderWriter writer(out);
      writer.Begin(kFields);
      writer.AddExtension(1, Hex("aabb"));
      writer.AddExtension(2, Hex("aabbcc"));
      writer.AddExtension(last_id, Hex("dd"));
      return writer.Finish();
    };
    std::array<std::byte, 64> large;
    const size_t needed = write(large);
    ASSERT_EQ(needed, 28u);
    for (size_t size = 0; size <= needed; ++size) {
      std::vector<std::byte> exact(size);
      EXPECT_EQ(write(exact), size == needed ? needed : 0) << size;
    }
  }
}

TEST(RtpHeaderWriter, RefusesElementsThatNoFormCanSay) {
  std::array<std::byte, 512> buffer;
  RtpHeaderWriter zero(buffer);
  zero.Begin(kFields);
  zero.AddExtension(0, Hex("aa"));
  EXPECT_EQ(zero.Finish(), 0u);
  RtpHeaderWriter longest(buffer);
  longest.Begin(kFields);
  longest.AddExtension(1, std::vector<std::byte>(255));
  EXPECT_EQ(longest.Finish(), 12u + 4 + 260);
  RtpHeaderWriter longer(buffer);
  longer.Begin(kFields);
  longer.AddExtension(1, std::vector<std::byte>(256));
  EXPECT_EQ(longer.Finish(), 0u);
  EXPECT_EQ(RtpHeaderWriter(buffer).Finish(), 0u) << "not begun";
}

TEST(RtpExtensions, AbsSendTimeIsTheMiddleOfNtp) {
  // 2208988800 s lie between the epochs of NTP and Unix; mod 64 that is 0.
  EXPECT_EQ(AbsSendTime::FromTime(Time::FromMicros(0)).value, 0u);
  EXPECT_EQ(AbsSendTime::FromTime(Time::FromMicros(1'500'000)).value, 3u << 17);
  EXPECT_EQ(AbsSendTime::FromTime(Time::FromMicros(63'500'000)).value, 127u << 17);
  EXPECT_EQ(AbsSendTime::FromTime(Time::FromMicros(64'000'000)).value, 0u);
  EXPECT_EQ(ToHex(AbsSendTime{0x123456}.Encode()), "123456");
  EXPECT_EQ(AbsSendTime::Parse(Hex("123456"))->value, 0x123456u);
  EXPECT_FALSE(AbsSendTime::Parse(Hex("1234")));
}

TEST(RtpExtensions, AbsSendTimeDifferencesGoOverTheWrap) {
  const AbsSendTime before{0xFFFFFF - (1u << 18) + 1};
  const AbsSendTime after{1u << 18};
  EXPECT_EQ(after.Since(before), Duration::Seconds(2));
  EXPECT_EQ(before.Since(after), Duration::Seconds(-2));
  EXPECT_EQ(after.Since(after), Duration::Zero());
}

TEST(RtpExtensions, AudioLevel) {
  EXPECT_TRUE(AudioLevel::Parse(Hex("9e"))->voice);
  EXPECT_EQ(AudioLevel::Parse(Hex("9e"))->minus_dbov, 30);
  EXPECT_FALSE(AudioLevel::Parse(Hex("7f"))->voice);
  EXPECT_EQ(AudioLevel::Parse(Hex("7f00"))->minus_dbov, 127);
  EXPECT_FALSE(AudioLevel::Parse(Hex("")));
  EXPECT_FALSE(AudioLevel::Parse(Hex("010203")));
  for (int octet = 0; octet < 256; ++octet) {
    const std::byte content[] = {static_cast<std::byte>(octet)};
    EXPECT_EQ(AudioLevel::Parse(content)->Encode()[0], content[0]);
  }
}

TEST(RtpExtensions, TransportSequenceNumber) {
  EXPECT_EQ(TransportSequenceNumber::Parse(Hex("fffe"))->value, 0xfffe);
  EXPECT_EQ(TransportSequenceNumber::Parse(Hex("fffe8001"))->value, 0xfffe);
  EXPECT_FALSE(TransportSequenceNumber::Parse(Hex("fffe80")));
  EXPECT_EQ(ToHex(TransportSequenceNumber{0x0102}.Encode()), "0102");
}

TEST(RtpExtensions, VideoOrientation) {
  const auto orientation = VideoOrientation::Parse(Hex("0f"));
  EXPECT_TRUE(orientation->back_camera);
  EXPECT_TRUE(orientation->flipped);
  EXPECT_EQ(orientation->clockwise_degrees, 270);
  for (int octet = 0; octet < 16; ++octet) {
    const std::byte content[] = {static_cast<std::byte>(octet)};
    EXPECT_EQ(VideoOrientation::Parse(content)->Encode()[0], content[0]);
  }
  EXPECT_FALSE(VideoOrientation::Parse(Hex("")));
}

TEST(RtpExtensions, PlayoutDelay) {
  const auto delay = PlayoutDelay::Parse(Hex("001fff"));
  EXPECT_EQ(delay->min_units, 1);
  EXPECT_EQ(delay->max_units, PlayoutDelay::kMaxUnits);
  EXPECT_EQ(ToHex(delay->Encode()), "001fff");
  EXPECT_FALSE(PlayoutDelay::Parse(Hex("0011")));
}

}  // namespace
}  // namespace duet
