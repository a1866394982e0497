#include "wire/stun.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/evp.h>

#include "wire/test_bytes.h"

namespace duet {
namespace {

// RFC 5769 sections 2.1 to 2.4.
constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";
constexpr std::string_view kRequest = R"(
  00010058 2112a442 b7e7a701bc34d686fa87dfae
  80220010 5354554e207465737420636c69656e74
  00240004 6e0001ff
  80290008 932ff9b151263b36
  00060009 6576746a3a68367659202020
  00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
  80280004 e57a3bcf)";
constexpr std::string_view kIpv4Response = R"(
  0101003c 2112a442 b7e7a701bc34d686fa87dfae
  8022000b 7465737420766563746f7220
  00200008 0001a147e112a643
  00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7
  80280004 c07d4c96)";
constexpr std::string_view kIpv6Response = R"(
  01010048 2112a442 b7e7a701bc34d686fa87dfae
  8022000b 7465737420766563746f7220
  00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
  00080014 a382954e4be67bf11784c97c8292c275bfe3ed41
  80280004 c8fb0b4c)";
constexpr std::string_view kLongTermRequest = R"(
  00010060 2112a442 78ad3433c6ad72c029da412e
  00060012 e3839ee38388e383aae38383e382afe382b90000
  0015001c 662f2f3439396b393534643 64f4c33346f4c39465354767936347341
  0014000b 6578616d706c652e6f726700
  00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666)";

StunTransactionId Transaction(std::string_view hex) {
  StunTransactionId id;
  const auto bytes = Hex(hex);
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}
const StunTransactionId kTransaction = Transaction("b7e7a701bc34d686fa87dfae");

// MD5(username ":" realm ":" password), RFC 8489 section 9.2.2.
std::string LongTermKey() {
  constexpr std::string_view text = "マトリックス:example.org:TheMatrIX";
  std::string key(16, '\0');
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), reinterpret_cast<uint8_t*>(key.data()), &size, EVP_md5(), nullptr);
  return key;
}

TEST(Stun, Rfc5769Request) {
  const auto bytes = Hex(kRequest);
  const auto message = StunMessage::Parse(bytes);
  ASSERT_TRUE(message.ok());
  EXPECT_TRUE(message->is_binding_request());
  EXPECT_EQ(message->message_class(), StunClass::kRequest);
  EXPECT_EQ(message->transaction_id(), kTransaction);
  EXPECT_EQ(message->Username(), "evtj:h6vY");
  EXPECT_EQ(message->LocalUfrag(), "evtj");
  EXPECT_EQ(message->RemoteUfrag(), "h6vY");
  EXPECT_EQ(message->Priority(), 0x6e0001ffu);
  EXPECT_EQ(message->IceControlled(), 0x932ff9b151263b36u);
  EXPECT_FALSE(message->IceControlling().has_value());
  EXPECT_FALSE(message->UseCandidate());
  EXPECT_EQ(AsText(message->Find(StunAttribute::kSoftware).value()), "STUN test client");
  EXPECT_TRUE(message->UnknownRequired().empty());
  EXPECT_TRUE(message->has_integrity());
  EXPECT_TRUE(message->CheckIntegrity(kPassword));
  EXPECT_TRUE(message->CheckFingerprint());
  EXPECT_FALSE(message->CheckIntegrity("VOkJxbRl1RmTxUk/WvJxBu"));
  EXPECT_FALSE(message->CheckIntegrity(""));
}

TEST(Stun, Rfc5769Ipv4Response) {
  const auto bytes = Hex(kIpv4Response);
  const auto message = StunMessage::Parse(bytes);
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->message_class(), StunClass::kSuccess);
  EXPECT_EQ(message->method(), kStunBinding);
  EXPECT_EQ(message->XorMappedAddress()->ToString(), "192.0.2.1:32853");
  EXPECT_TRUE(message->CheckIntegrity(kPassword));
  EXPECT_TRUE(message->CheckFingerprint());
}

TEST(Stun, Rfc5769Ipv6Response) {
  const auto bytes = Hex(kIpv6Response);
  const auto message = StunMessage::Parse(bytes);
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->XorMappedAddress()->ToString(), "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
  EXPECT_TRUE(message->CheckIntegrity(kPassword));
  EXPECT_TRUE(message->CheckFingerprint());
}

TEST(Stun, Rfc5769LongTermRequest) {
  const auto bytes = Hex(kLongTermRequest);
  const auto message = StunMessage::Parse(bytes);
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->Username(), "マトリックス");
  EXPECT_EQ(message->LocalUfrag(), "");
  EXPECT_EQ(AsText(message->Find(StunAttribute::kRealm).value()), "example.org");
  EXPECT_TRUE(message->CheckIntegrity(LongTermKey()));
  EXPECT_FALSE(message->CheckFingerprint()) << "there is none";
}

TEST(Stun, WritesRfc5769LongTermRequest) {
  std::array<std::byte, 256> buffer;
  StunWriter writer(buffer, StunClass::kRequest, kStunBinding, Transaction("78ad3433c6ad72c029da412e"));
  writer.AddUsername("マトリックス");
  writer.AddAttribute(StunAttribute::kNonce, AsBytes("f//499k954d6OL34oL9FSTvy64sA"));
  writer.AddAttribute(StunAttribute::kRealm, AsBytes("example.org"));
  writer.AddMessageIntegrity(LongTermKey());
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(ToHex(writer.message()), ToHex(Hex(kLongTermRequest)));
}

// The other vectors pad with spaces where this writer has zeros, so these compare what is read back.
TEST(Stun, RequestRoundTrip) {
  std::array<std::byte, 256> buffer;
  StunWriter writer(buffer, StunClass::kRequest, kStunBinding, kTransaction);
  writer.AddUsername("them:me");
  writer.AddPriority(1845501695);
  writer.AddIceControlling(0x0123456789abcdef);
  writer.AddUseCandidate();
  writer.AddMessageIntegrity("secret");
  writer.AddFingerprint();
  ASSERT_TRUE(writer.ok());

  const auto message = StunMessage::Parse(writer.message());
  ASSERT_TRUE(message.ok());
  EXPECT_TRUE(message->is_binding_request());
  EXPECT_EQ(message->transaction_id(), kTransaction);
  EXPECT_EQ(message->LocalUfrag(), "them");
  EXPECT_EQ(message->Priority(), 1845501695u);
  EXPECT_EQ(message->IceControlling(), 0x0123456789abcdefu);
  EXPECT_TRUE(message->UseCandidate());
  EXPECT_TRUE(message->CheckIntegrity("secret"));
  EXPECT_FALSE(message->CheckIntegrity("Secret"));
  EXPECT_TRUE(message->CheckFingerprint());
}

TEST(Stun, AddressesRoundTrip) {
  const Endpoint endpoints[] = {{IpAddress::V4(192, 0, 2, 1), 32853},
                                {IpAddress::V4(255, 255, 255, 255), 65535},
                                {IpAddress::V4(0, 0, 0, 0), 0},
                                {IpAddress::Parse("2001:db8::1").value(), 1},
                                {IpAddress::Parse("fe80::ffff:1:2").value(), 40000}};
  for (const Endpoint& endpoint : endpoints) {
    std::array<std::byte, 128> buffer;
    StunWriter writer(buffer, StunClass::kSuccess, kStunBinding, kTransaction);
    writer.AddXorMappedAddress(endpoint);
    const auto message = StunMessage::Parse(writer.message());
    ASSERT_TRUE(message.ok());
    EXPECT_EQ(message->XorMappedAddress(), endpoint) << endpoint.ToString();
  }
}

TEST(Stun, ErrorRoundTrip) {
  std::array<std::byte, 256> buffer;
  StunWriter writer(buffer, StunClass::kError, kStunBinding, kTransaction);
  writer.AddErrorCode(kStunUnknownAttribute, "Unknown Attribute");
  const uint16_t unknown[] = {0x7001, 0x7002, 0x7003};
  writer.AddUnknownAttributes(unknown);
  const auto message = StunMessage::Parse(writer.message());
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->message_class(), StunClass::kError);
  EXPECT_EQ(message->ErrorResponse()->code, 420);
  EXPECT_EQ(message->ErrorResponse()->reason, "Unknown Attribute");
  EXPECT_EQ(ToHex(message->Find(StunAttribute::kUnknownAttributes).value()), "700170027003");
}

TEST(Stun, TypeInterleavesClassAndMethod) {
  // RFC 8489 section 5: Binding is 0x0001, 0x0011, 0x0101, 0x0111 in the four classes.
  const struct {
    StunClass message_class;
    uint16_t method;
    std::string_view type;
  } cases[] = {{StunClass::kRequest, 1, "0001"},     {StunClass::kIndication, 1, "0011"},
               {StunClass::kSuccess, 1, "0101"},     {StunClass::kError, 1, "0111"},
               {StunClass::kRequest, 0xFFF, "3eef"}, {StunClass::kError, 0xFFF, "3fff"}};
  for (const auto& c : cases) {
    std::array<std::byte, 20> buffer;
    StunWriter writer(buffer, c.message_class, c.method, kTransaction);
    EXPECT_EQ(ToHex(writer.message().first(2)), c.type);
    const auto message = StunMessage::Parse(writer.message());
    ASSERT_TRUE(message.ok());
    EXPECT_EQ(message->message_class(), c.message_class);
    EXPECT_EQ(message->method(), c.method);
  }
}

TEST(Stun, EveryTruncationIsRefused) {
  const auto bytes = Hex(kRequest);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto message = StunMessage::Parse(Bytes(bytes).first(size));
    ASSERT_FALSE(message.ok()) << size;
    EXPECT_EQ(message.error().code, ErrorCode::kTruncated) << size;
  }
}

TEST(Stun, EveryFlippedBitIsSeen) {
  const auto original = Hex(kRequest);
  // The integrity covers all before itself, the fingerprint what is behind.
  for (size_t bit = 0; bit < original.size() * 8; ++bit) {
    auto bytes = original;
    bytes[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    const auto message = StunMessage::Parse(bytes);
    EXPECT_FALSE(message.ok() && message->CheckIntegrity(kPassword) && message->CheckFingerprint()) << bit;
  }
}

TEST(Stun, RefusesWhatIsNotStun) {
  const struct {
    std::string_view hex;
    ErrorCode code;
    std::string_view why;
  } cases[] = {
      {"80010000 2112a442 b7e7a701bc34d686fa87dfae", ErrorCode::kMalformed, "top bits"},
      {"00010000 2112a443 b7e7a701bc34d686fa87dfae", ErrorCode::kMalformed, "cookie"},
      {"00010002 2112a442 b7e7a701bc34d686fa87dfae 0000", ErrorCode::kMalformed, "length not in words"},
      {"00010000 2112a442 b7e7a701bc34d686fa87dfae 00250000", ErrorCode::kMalformed, "longer than it says"},
      {"00010008 2112a442 b7e7a701bc34d686fa87dfae 00250000", ErrorCode::kTruncated, "shorter than it says"},
      {"00010004 2112a442 b7e7a701bc34d686fa87dfae 00060001", ErrorCode::kTruncated, "attribute past the end"},
      {"00010008 2112a442 b7e7a701bc34d686fa87dfae 00060005 61626364", ErrorCode::kTruncated, "padding past the end"},
      {"0001000c 2112a442 b7e7a701bc34d686fa87dfae 80280004 00000000 00250000", ErrorCode::kMalformed,
       "fingerprint not last"},
  };
  for (const auto& c : cases) {
    const auto bytes = Hex(c.hex);
    const auto message = StunMessage::Parse(bytes);
    ASSERT_FALSE(message.ok()) << c.why;
    EXPECT_EQ(message.error().code, c.code) << c.why;
  }
}

TEST(Stun, LimitsOfSizeAndAttributes) {
  std::vector<std::byte> buffer(2000);
  StunWriter large(buffer, StunClass::kRequest, kStunBinding, kTransaction);
  large.AddAttribute(StunAttribute::kSoftware, std::vector<std::byte>(1476));
  EXPECT_TRUE(large.ok());
  EXPECT_EQ(large.size(), StunMessage::kMaxBytes);
  EXPECT_TRUE(StunMessage::Parse(large.message()).ok());
  large.AddUseCandidate();
  EXPECT_FALSE(large.ok());
  StoreU16(&buffer[2], 1484);
  EXPECT_EQ(StunMessage::Parse(Bytes(buffer).first(1504)).error().code, ErrorCode::kLimit);

  StunWriter many(buffer, StunClass::kRequest, kStunBinding, kTransaction);
  for (size_t i = 0; i < StunMessage::kMaxAttributes; ++i)
    many.AddAttribute(static_cast<StunAttribute>(0x9000 + i), {});
  EXPECT_TRUE(StunMessage::Parse(many.message()).ok());
  many.AddAttribute(static_cast<StunAttribute>(0xA000), {});
  EXPECT_EQ(StunMessage::Parse(many.message()).error().code, ErrorCode::kLimit);
}

TEST(Stun, TheFirstOfSeveralCounts) {
  std::array<std::byte, 128> buffer;
  StunWriter writer(buffer, StunClass::kRequest, kStunBinding, kTransaction);
  writer.AddPriority(1);
  writer.AddPriority(2);
  EXPECT_EQ(StunMessage::Parse(writer.message())->Priority(), 1u);
}

TEST(Stun, WhatIsBehindTheIntegrityIsIgnored) {
  std::array<std::byte, 128> buffer;
  StunWriter writer(buffer, StunClass::kRequest, kStunBinding, kTransaction);
  writer.AddMessageIntegrity("key");
  writer.AddUseCandidate();  // an attacker could append it without knowing the key
  writer.AddFingerprint();
  const auto message = StunMessage::Parse(writer.message());
  ASSERT_TRUE(message.ok());
  EXPECT_FALSE(message->UseCandidate());
  EXPECT_TRUE(message->CheckIntegrity("key"));
  EXPECT_TRUE(message->CheckFingerprint());
}

TEST(Stun, UnknownRequiredAttributesAreListed) {
  const auto bytes = Hex("00010014 2112a442 b7e7a701bc34d686fa87dfae 001e0000 7fff0000 c0570004 00010000 80300000");
  const auto message = StunMessage::Parse(bytes);
  ASSERT_TRUE(message.ok());
  EXPECT_THAT(message->UnknownRequired(), testing::ElementsAre(0x001E, 0x7FFF));
}

TEST(Stun, IntegrityWithSha256) {
  std::array<std::byte, 256> buffer;
  StunWriter writer(buffer, StunClass::kRequest, kStunBinding, kTransaction);
  writer.AddUsername("a:b");
  writer.AddMessageIntegritySha256("key");
  writer.AddFingerprint();
  EXPECT_TRUE(StunMessage::Parse(writer.message())->CheckIntegrity("key"));
  EXPECT_FALSE(StunMessage::Parse(writer.message())->CheckIntegrity("kez"));

  StunWriter both(buffer, StunClass::kRequest, kStunBinding, kTransaction);
  both.AddMessageIntegrity("key");
  both.AddMessageIntegritySha256("key");
  EXPECT_TRUE(StunMessage::Parse(both.message())->CheckIntegrity("key"));
  buffer[both.size() - 1] ^= std::byte{1};
  EXPECT_FALSE(StunMessage::Parse(both.message())->CheckIntegrity("key")) << "both must fit";
  buffer[both.size() - 1] ^= std::byte{1};
  buffer[30] ^= std::byte{1};
  EXPECT_FALSE(StunMessage::Parse(both.message())->CheckIntegrity("key")) << "both must fit";
}

TEST(Stun, IntegrityOfAWrongSizeNeverFits) {
  for (const auto type : {StunAttribute::kMessageIntegrity, StunAttribute::kMessageIntegritySha256}) {
    for (const size_t size : {size_t{0}, size_t{4}, size_t{12}, size_t{18}, size_t{24}, size_t{36}}) {
      std::array<std::byte, 128> buffer;
      StunWriter writer(buffer, StunClass::kRequest, kStunBinding, kTransaction);
      writer.AddAttribute(type, std::vector<std::byte>(size));
      EXPECT_FALSE(StunMessage::Parse(writer.message())->CheckIntegrity("key")) << size;
    }
  }
}

TEST(Stun, NoIntegrityIsNotAFittingOne) {
  std::array<std::byte, 64> buffer;
  StunWriter writer(buffer, StunClass::kRequest, kStunBinding, kTransaction);
  const auto message = StunMessage::Parse(writer.message());
  EXPECT_FALSE(message->has_integrity());
  EXPECT_FALSE(message->CheckIntegrity(""));
}

TEST(Stun, AttributesOfWrongSizesAreAbsent) {
  std::array<std::byte, 256> buffer;
  StunWriter writer(buffer, StunClass::kRequest, kStunBinding, kTransaction);
  writer.AddAttribute(StunAttribute::kPriority, Hex("0102"));
  writer.AddAttribute(StunAttribute::kIceControlling, Hex("01020304"));
  writer.AddAttribute(StunAttribute::kXorMappedAddress, Hex("0001 1234 010203"));
  writer.AddAttribute(StunAttribute::kErrorCode, Hex("0000 0200"));
  writer.AddUsername("no colon");
  const auto message = StunMessage::Parse(writer.message());
  ASSERT_TRUE(message.ok());
  EXPECT_FALSE(message->Priority());
  EXPECT_FALSE(message->IceControlling());
  EXPECT_FALSE(message->XorMappedAddress());
  EXPECT_FALSE(message->ErrorResponse());
  EXPECT_EQ(message->Username(), "no colon");
  EXPECT_EQ(message->LocalUfrag(), "");
}

TEST(StunWriter, WritesNothingPastItsBuffer) {
  const auto write = [](MutableBytes out) {
    StunWriter writer(out, StunClass::kSuccess, kStunBinding, kTransaction);
    writer.AddXorMappedAddress({IpAddress::V4(1, 2, 3, 4), 5});
    writer.AddMessageIntegrity("key");
    writer.AddFingerprint();
    EXPECT_LE(writer.size(), out.size());
    return writer.ok();
  };
  constexpr size_t kNeeded = 20 + 12 + 24 + 8;
  for (size_t size = 0; size <= kNeeded; ++size) {
    std::vector<std::byte> buffer(size);
    EXPECT_EQ(write(buffer), size == kNeeded) << size;
  }
}

}  // namespace
}  // namespace duet
