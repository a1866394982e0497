// Whatever parses has attributes inside the message; what is written from it parses back to the same.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "wire/stun.h"

using namespace duet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  const auto message = StunMessage::Parse(input);
  if (!message.ok()) return 0;
  DUET_CHECK(message->bytes().size() == size);
  DUET_CHECK(message->LocalUfrag().size() <= message->Username().size());
  DUET_CHECK(message->UnknownRequired().size() <= StunMessage::kMaxAttributes);
  (void)message->CheckIntegrity("key");
  (void)message->CheckFingerprint();
  (void)message->ErrorResponse();

  std::vector<std::byte> buffer(StunMessage::kMaxBytes);
  StunWriter writer(buffer, message->message_class(), message->method(), message->transaction_id());
  if (const auto address = message->XorMappedAddress()) writer.AddXorMappedAddress(*address);
  if (const auto priority = message->Priority()) writer.AddPriority(*priority);
  if (const auto tiebreaker = message->IceControlling()) writer.AddIceControlling(*tiebreaker);
  if (const auto username = message->Find(StunAttribute::kUsername)) {
    writer.AddAttribute(StunAttribute::kUsername, *username);
  }
  writer.AddMessageIntegrity("key");
  writer.AddFingerprint();
  if (!writer.ok()) return 0;
  const auto again = StunMessage::Parse(writer.message());
  DUET_CHECK(again.ok());
  DUET_CHECK(again->message_class() == message->message_class() && again->method() == message->method());
  DUET_CHECK(again->transaction_id() == message->transaction_id());
  // An IPv4-mapped IPv6 address goes out as IPv4 and is the same endpoint.
  DUET_CHECK(again->XorMappedAddress() == message->XorMappedAddress());
  DUET_CHECK(again->Priority() == message->Priority());
  DUET_CHECK(again->IceControlling() == message->IceControlling());
  DUET_CHECK(again->Username() == message->Username());
  DUET_CHECK(again->CheckIntegrity("key") && !again->CheckIntegrity("other") && again->CheckFingerprint());
  return 0;
}
