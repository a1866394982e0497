// STUN messages (RFC 8489) with the attributes of ICE (RFC 8445 section 16).
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   |0 0|  method and class (14)    |   length without these 20     |
//   |                 magic cookie 0x2112A442                       |
//   |                 transaction id (96 bits)                      |
//   then attributes: type (16), length (16), value, padding to 32 bits
//
// The type interleaves the method's 12 bits with the class's 2: M11..M7 C1 M6..M4 C0 M3..M0 (section 5).
// MESSAGE-INTEGRITY covers everything before itself, FINGERPRINT everything before itself, each with the header's
// length set as if the message ended with that attribute (sections 14.5 to 14.7).
//
// Thread rule: plain values and views; a StunMessage is valid as long as the bytes it was parsed from.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/fixed_vector.h"
#include "base/result.h"

namespace duet {

enum class StunClass : uint8_t { kRequest = 0, kIndication = 1, kSuccess = 2, kError = 3 };

inline constexpr uint16_t kStunBinding = 0x001;

using StunTransactionId = std::array<std::byte, 12>;

// Types below 0x8000 must be understood by the receiver of a request, those above may be ignored (section 14).
enum class StunAttribute : uint16_t {
  kMappedAddress = 0x0001,
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000A,
  kRealm = 0x0014,
  kNonce = 0x0015,
  kMessageIntegritySha256 = 0x001C,
  kXorMappedAddress = 0x0020,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kSoftware = 0x8022,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802A,
};

// The codes of RFC 8489 section 14.8 and RFC 8445 section 7.3.1.1 that Duet sends or looks for.
inline constexpr int kStunBadRequest = 400;
inline constexpr int kStunUnauthenticated = 401;
inline constexpr int kStunUnknownAttribute = 420;
inline constexpr int kStunRoleConflict = 487;
inline constexpr int kStunServerError = 500;

struct StunError {
  int code = 0;  // 300..699
  std::string_view reason;
};

class StunMessage {
 public:
  static constexpr size_t kHeaderBytes = 20;
  // A Binding message of any browser has under 200 bytes and 10 attributes.
  static constexpr size_t kMaxBytes = 1500;
  static constexpr size_t kMaxAttributes = 32;

  // Checks the header, the magic cookie, the length (the whole of `datagram`) and the bounds of every attribute.
  // Attributes behind MESSAGE-INTEGRITY are ignored, other than MESSAGE-INTEGRITY-SHA256 and FINGERPRINT; of an
  // attribute that comes more than once the first counts (sections 14 and 14.5). Allocates nothing on success.
  // kTruncated, kMalformed, or kLimit for more than kMaxBytes or kMaxAttributes.
  static Result<StunMessage> Parse(Bytes datagram);

  StunClass message_class() const;
  uint16_t method() const;
  bool is_binding_request() const { return message_class() == StunClass::kRequest && method() == kStunBinding; }
  StunTransactionId transaction_id() const;
  Bytes bytes() const { return bytes_; }

  // The value of the first attribute of this type, which may be empty; nothing when there is none.
  std::optional<Bytes> Find(StunAttribute type) const;

  // USERNAME as it is: in ICE "ufrag of the receiver:ufrag of the sender". Empty when absent or over 513 bytes.
  std::string_view Username() const;
  // The part of USERNAME before the colon: our own ufrag when the message came to us. Empty when there is no colon.
  std::string_view LocalUfrag() const;
  // The part behind the colon.
  std::string_view RemoteUfrag() const;
  std::optional<uint32_t> Priority() const;
  bool UseCandidate() const { return Find(StunAttribute::kUseCandidate).has_value(); }
  // The tiebreakers (RFC 8445 section 16.1).
  std::optional<uint64_t> IceControlled() const { return FindU64(StunAttribute::kIceControlled); }
  std::optional<uint64_t> IceControlling() const { return FindU64(StunAttribute::kIceControlling); }
  std::optional<Endpoint> XorMappedAddress() const;
  // ERROR-CODE; nothing when it is absent or its number is not 300..699.
  std::optional<StunError> ErrorResponse() const;

  // Attributes that must be understood and are not: a request that has any is answered with error 420 (section 6.3.1).
  FixedVector<uint16_t, kMaxAttributes> UnknownRequired() const;

  bool has_integrity() const {
    return Find(StunAttribute::kMessageIntegrity).has_value() ||
           Find(StunAttribute::kMessageIntegritySha256).has_value();
  }
  // True when there is a MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256 and all that are there fit. `key` is the
  // password for short-term credentials (ICE), MD5(username ":" realm ":" password) for long-term ones (section 9).
  bool CheckIntegrity(std::string_view key) const;
  // True when there is a FINGERPRINT and it fits.
  bool CheckFingerprint() const;

 private:
  struct Attribute {
    uint16_t type = 0;
    uint16_t offset = 0;  // of the value
    uint16_t size = 0;    // of the value, without padding
  };
  explicit StunMessage(Bytes bytes) : bytes_(bytes) {}
  const Attribute* FindAttribute(StunAttribute type) const;
  std::optional<uint64_t> FindU64(StunAttribute type) const;

  Bytes bytes_;
  FixedVector<Attribute, kMaxAttributes> attributes_;
};

// Writes one message. The header's length is right after every call, so the message can be sent at any point:
//
//   StunWriter writer(buffer, StunClass::kSuccess, kStunBinding, request.transaction_id());
//   writer.AddXorMappedAddress(from);
//   writer.AddMessageIntegrity(password);
//   writer.AddFingerprint();
//   if (writer.ok()) Send(writer.message());
//
// What does not fit is not written and makes ok() false for good.
class StunWriter {
 public:
  StunWriter(MutableBytes out, StunClass message_class, uint16_t method, const StunTransactionId& transaction_id);

  void AddAttribute(StunAttribute type, Bytes value);
  void AddUsername(std::string_view username) { AddAttribute(StunAttribute::kUsername, AsBytes(username)); }
  void AddSoftware(std::string_view text) { AddAttribute(StunAttribute::kSoftware, AsBytes(text)); }
  void AddPriority(uint32_t priority);
  void AddUseCandidate() { AddAttribute(StunAttribute::kUseCandidate, {}); }
  void AddIceControlled(uint64_t tiebreaker) { AddU64(StunAttribute::kIceControlled, tiebreaker); }
  void AddIceControlling(uint64_t tiebreaker) { AddU64(StunAttribute::kIceControlling, tiebreaker); }
  void AddXorMappedAddress(const Endpoint& address);
  // code 300..699; the reason is cut at 127 bytes.
  void AddErrorCode(int code, std::string_view reason);
  void AddUnknownAttributes(std::span<const uint16_t> types);

  // The last but one attribute; `key` as in StunMessage::CheckIntegrity.
  void AddMessageIntegrity(std::string_view key);
  void AddMessageIntegritySha256(std::string_view key);
  // The last attribute.
  void AddFingerprint();

  bool ok() const { return ok_; }
  size_t size() const { return size_; }
  Bytes message() const { return out_.first(size_); }

 private:
  // Writes the attribute's head and zeros, sets the message's length, and returns where the value goes. Not ok(), and
  // empty, when it does not fit.
  MutableBytes BeginAttribute(StunAttribute type, size_t value_size);
  void AddU64(StunAttribute type, uint64_t value);

  MutableBytes out_;
  size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace duet
