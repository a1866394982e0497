#include "wire/stun.h"

#include <openssl/crypto.h>
#include <zlib.h>

#include <algorithm>

#include "base/check.h"
#include "wire/hmac.h"

namespace duet {
namespace {

constexpr uint32_t kMagicCookie = 0x2112A442;
constexpr uint32_t kFingerprintXor = 0x5354554E;
constexpr size_t kAttributeHeaderBytes = 4;
constexpr size_t kMinSha256Bytes = 16;  // RFC 8489 section 14.6 lets the sender cut it, by whole words
constexpr size_t kMaxUsernameBytes = 513;
constexpr uint8_t kFamilyV4 = 1;
constexpr uint8_t kFamilyV6 = 2;

constexpr size_t Padded(size_t size) { return (size + 3) & ~size_t{3}; }

uint16_t MessageType(StunClass message_class, uint16_t method) {
  const auto c = static_cast<uint16_t>(message_class);
  return static_cast<uint16_t>((method & 0x00F) | ((method & 0x070) << 1) | ((method & 0xF80) << 2) | ((c & 1) << 4) |
                               ((c & 2) << 7));
}

bool IsKnown(uint16_t type) {
  switch (static_cast<StunAttribute>(type)) {
    case StunAttribute::kMappedAddress:
    case StunAttribute::kUsername:
    case StunAttribute::kMessageIntegrity:
    case StunAttribute::kErrorCode:
    case StunAttribute::kUnknownAttributes:
    case StunAttribute::kRealm:
    case StunAttribute::kNonce:
    case StunAttribute::kMessageIntegritySha256:
    case StunAttribute::kXorMappedAddress:
    case StunAttribute::kPriority:
    case StunAttribute::kUseCandidate: return true;
    default: return false;
  }
}

// The first `size` bytes of a message with the length field as if `end` were the whole of it. The copy is on the stack:
// the message itself may be const, and is at most kMaxBytes long.
class Prefix {
 public:
  Prefix(Bytes message, size_t size, size_t end) : size_(size) {
    DUET_CHECK(size >= StunMessage::kHeaderBytes && size <= message.size() && size <= bytes_.size());
    std::memcpy(bytes_.data(), message.data(), size);
    StoreU16(bytes_.data() + 2, static_cast<uint16_t>(end - StunMessage::kHeaderBytes));
  }
  Bytes bytes() const { return Bytes(bytes_).first(size_); }

 private:
  size_t size_;
  std::array<std::byte, StunMessage::kMaxBytes> bytes_;
};

// What the integrity of a message covers whose integrity attribute has its value at `value_offset`, `value_size` bytes
// long.
Prefix CoveredByIntegrity(Bytes message, size_t value_offset, size_t value_size) {
  return Prefix(message, value_offset - kAttributeHeaderBytes, value_offset + value_size);
}

uint32_t ComputeFingerprint(Bytes message, size_t value_offset) {
  const Prefix covered(message, value_offset - kAttributeHeaderBytes, value_offset + sizeof(uint32_t));
  return static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(covered.bytes().data()),
                                     static_cast<uInt>(covered.bytes().size()))) ^
         kFingerprintXor;
}

}  // namespace

// ---- reading -------------------------------------------------------------------------------------------------------

Result<StunMessage> StunMessage::Parse(Bytes datagram) {
  if (datagram.size() < kHeaderBytes) return Error{ErrorCode::kTruncated, "STUN header"};
  if (datagram.size() > kMaxBytes) return Error{ErrorCode::kLimit, "STUN length"};
  ByteReader reader(datagram);
  const uint16_t type = reader.U16();
  const uint16_t length = reader.U16();
  if ((type & 0xC000) != 0 || reader.U32() != kMagicCookie) return Error{ErrorCode::kMalformed, "not STUN"};
  if (length % 4 != 0) return Error{ErrorCode::kMalformed, "STUN length"};
  if (length > datagram.size() - kHeaderBytes) return Error{ErrorCode::kTruncated, "STUN length"};
  if (length < datagram.size() - kHeaderBytes) return Error{ErrorCode::kMalformed, "STUN length"};
  reader.Skip(sizeof(StunTransactionId));

  StunMessage message(datagram);
  bool after_integrity = false;
  while (reader.remaining() > 0) {
    Attribute attribute{.type = reader.U16(), .size = reader.U16()};
    attribute.offset = static_cast<uint16_t>(reader.position());
    reader.Skip(Padded(attribute.size));
    if (!reader.ok()) return Error{ErrorCode::kTruncated, "STUN attribute"};
    const auto is = [&](StunAttribute other) { return attribute.type == static_cast<uint16_t>(other); };
    if (is(StunAttribute::kFingerprint) && reader.remaining() > 0) {
      return Error{ErrorCode::kMalformed, "STUN attribute"};
    }
    const bool is_sha256 = is(StunAttribute::kMessageIntegritySha256);
    if (after_integrity && !is_sha256 && !is(StunAttribute::kFingerprint)) continue;
    if (message.FindAttribute(static_cast<StunAttribute>(attribute.type)) != nullptr) continue;
    if (!message.attributes_.push_back(attribute)) return Error{ErrorCode::kLimit, "STUN attributes"};
    after_integrity = after_integrity || is_sha256 || is(StunAttribute::kMessageIntegrity);
  }
  return message;
}

StunClass StunMessage::message_class() const {
  const uint16_t type = LoadU16(bytes_.data());
  return static_cast<StunClass>(((type >> 4) & 1) | ((type >> 7) & 2));
}

uint16_t StunMessage::method() const {
  const uint16_t type = LoadU16(bytes_.data());
  return static_cast<uint16_t>((type & 0x00F) | ((type >> 1) & 0x070) | ((type >> 2) & 0xF80));
}

StunTransactionId StunMessage::transaction_id() const {
  StunTransactionId id;
  std::copy_n(bytes_.begin() + 8, id.size(), id.begin());
  return id;
}

const StunMessage::Attribute* StunMessage::FindAttribute(StunAttribute type) const {
  const auto found = std::find_if(attributes_.begin(), attributes_.end(),
                                  [&](const Attribute& a) { return a.type == static_cast<uint16_t>(type); });
  return found == attributes_.end() ? nullptr : found;
}

std::optional<Bytes> StunMessage::Find(StunAttribute type) const {
  const Attribute* attribute = FindAttribute(type);
  if (attribute == nullptr) return std::nullopt;
  return bytes_.subspan(attribute->offset, attribute->size);
}

std::string_view StunMessage::Username() const {
  const auto value = Find(StunAttribute::kUsername);
  return value && value->size() <= kMaxUsernameBytes ? AsText(*value) : std::string_view();
}

std::string_view StunMessage::LocalUfrag() const {
  const std::string_view name = Username();
  const size_t colon = name.find(':');
  return colon == name.npos ? std::string_view() : name.substr(0, colon);
}

std::string_view StunMessage::RemoteUfrag() const {
  const std::string_view name = Username();
  const size_t colon = name.find(':');
  return colon == name.npos ? std::string_view() : name.substr(colon + 1);
}

std::optional<uint32_t> StunMessage::Priority() const {
  const auto value = Find(StunAttribute::kPriority);
  if (!value || value->size() != 4) return std::nullopt;
  return LoadU32(value->data());
}

std::optional<uint64_t> StunMessage::FindU64(StunAttribute type) const {
  const auto value = Find(type);
  if (!value || value->size() != 8) return std::nullopt;
  return LoadU64(value->data());
}

std::optional<Endpoint> StunMessage::XorMappedAddress() const {
  const auto value = Find(StunAttribute::kXorMappedAddress);
  if (!value || value->size() < 4) return std::nullopt;
  ByteReader reader(*value);
  reader.Skip(1);
  const uint8_t family = reader.U8();
  Endpoint endpoint;
  endpoint.port = reader.U16() ^ static_cast<uint16_t>(kMagicCookie >> 16);
  // The address is combined with the cookie and, where it is longer, the transaction id: the bytes from 4 on.
  const Bytes key = bytes_.subspan(4);
  const auto unmask = [&](auto octets) {
    for (size_t i = 0; i < octets.size(); ++i) octets[i] = reader.U8() ^ LoadU8(&key[i]);
    return octets;
  };
  if (family == kFamilyV4 && value->size() == 8) {
    endpoint.ip = IpAddress::FromV4(unmask(std::array<uint8_t, 4>{}));
  } else if (family == kFamilyV6 && value->size() == 20) {
    endpoint.ip = IpAddress::FromV6(unmask(std::array<uint8_t, 16>{}));
  } else {
    return std::nullopt;
  }
  return endpoint;
}

std::optional<StunError> StunMessage::ErrorResponse() const {
  const auto value = Find(StunAttribute::kErrorCode);
  if (!value || value->size() < 4) return std::nullopt;
  const int hundreds = LoadU8(&(*value)[2]) & 7;
  const int rest = LoadU8(&(*value)[3]);
  if (hundreds < 3 || hundreds > 6 || rest > 99) return std::nullopt;
  return StunError{hundreds * 100 + rest, AsText(value->subspan(4))};
}

FixedVector<uint16_t, StunMessage::kMaxAttributes> StunMessage::UnknownRequired() const {
  FixedVector<uint16_t, kMaxAttributes> unknown;
  for (const Attribute& attribute : attributes_) {
    if (attribute.type < 0x8000 && !IsKnown(attribute.type)) unknown.push_back(attribute.type);
  }
  return unknown;
}

bool StunMessage::CheckIntegrity(std::string_view key) const {
  const auto fits = [&](const Attribute& attribute, auto hmac_of) {
    const auto hmac = hmac_of(key, CoveredByIntegrity(bytes_, attribute.offset, attribute.size).bytes());
    return CRYPTO_memcmp(hmac.data(), bytes_.data() + attribute.offset, attribute.size) == 0;
  };
  const Attribute* sha1 = FindAttribute(StunAttribute::kMessageIntegrity);
  const Attribute* sha256 = FindAttribute(StunAttribute::kMessageIntegritySha256);
  if (sha1 == nullptr && sha256 == nullptr) return false;
  if (sha1 != nullptr && (sha1->size != kSha1Bytes || !fits(*sha1, HmacSha1))) return false;
  if (sha256 == nullptr) return true;
  const bool good_size = sha256->size >= kMinSha256Bytes && sha256->size <= kSha256Bytes && sha256->size % 4 == 0;
  return good_size && fits(*sha256, HmacSha256);
}

bool StunMessage::CheckFingerprint() const {
  const Attribute* attribute = FindAttribute(StunAttribute::kFingerprint);
  if (attribute == nullptr || attribute->size != sizeof(uint32_t)) return false;
  return LoadU32(bytes_.data() + attribute->offset) == ComputeFingerprint(bytes_, attribute->offset);
}

// ---- writing -------------------------------------------------------------------------------------------------------

StunWriter::StunWriter(MutableBytes out, StunClass message_class, uint16_t method,
                       const StunTransactionId& transaction_id)
    : out_(out.first(std::min(out.size(), StunMessage::kMaxBytes))) {
  ByteWriter header(out_);
  header.U16(MessageType(message_class, method));
  header.U16(0);
  header.U32(kMagicCookie);
  header.Write(transaction_id);
  ok_ = header.ok();
  if (ok_) size_ = header.size();
}

MutableBytes StunWriter::BeginAttribute(StunAttribute type, size_t value_size) {
  const size_t total = kAttributeHeaderBytes + Padded(value_size);
  if (!ok_ || total > out_.size() - size_) {
    ok_ = false;
    return {};
  }
  ByteWriter writer(out_.subspan(size_, total));
  writer.U16(static_cast<uint16_t>(type));
  writer.U16(static_cast<uint16_t>(value_size));
  writer.Zeros(Padded(value_size));
  const MutableBytes value = out_.subspan(size_ + kAttributeHeaderBytes, value_size);
  size_ += total;
  StoreU16(out_.data() + 2, static_cast<uint16_t>(size_ - StunMessage::kHeaderBytes));
  return value;
}

void StunWriter::AddAttribute(StunAttribute type, Bytes value) {
  const MutableBytes out = BeginAttribute(type, value.size());
  if (!out.empty()) std::copy(value.begin(), value.end(), out.begin());
}

void StunWriter::AddPriority(uint32_t priority) {
  if (const MutableBytes out = BeginAttribute(StunAttribute::kPriority, 4); !out.empty())
    StoreU32(out.data(), priority);
}

void StunWriter::AddU64(StunAttribute type, uint64_t value) {
  if (const MutableBytes out = BeginAttribute(type, 8); !out.empty()) StoreU64(out.data(), value);
}

void StunWriter::AddXorMappedAddress(const Endpoint& address) {
  const bool v4 = address.ip.is_v4();
  const std::span<const uint8_t> octets = std::span(address.ip.octets).subspan(v4 ? 12 : 0);
  const MutableBytes out = BeginAttribute(StunAttribute::kXorMappedAddress, 4 + octets.size());
  if (out.empty()) return;
  ByteWriter writer(out);
  writer.U8(0);
  writer.U8(v4 ? kFamilyV4 : kFamilyV6);
  writer.U16(address.port ^ static_cast<uint16_t>(kMagicCookie >> 16));
  for (size_t i = 0; i < octets.size(); ++i) writer.U8(octets[i] ^ LoadU8(&out_[4 + i]));
}

void StunWriter::AddErrorCode(int code, std::string_view reason) {
  constexpr size_t kMaxReasonBytes = 127;
  DUET_CHECK(code >= 300 && code <= 699);
  reason = reason.substr(0, kMaxReasonBytes);
  const MutableBytes out = BeginAttribute(StunAttribute::kErrorCode, 4 + reason.size());
  if (out.empty()) return;
  ByteWriter writer(out);
  writer.U16(0);
  writer.U8(static_cast<uint8_t>(code / 100));
  writer.U8(static_cast<uint8_t>(code % 100));
  writer.Write(AsBytes(reason));
}

void StunWriter::AddUnknownAttributes(std::span<const uint16_t> types) {
  ByteWriter writer(BeginAttribute(StunAttribute::kUnknownAttributes, 2 * types.size()));
  for (const uint16_t type : types) writer.U16(type);
}

void StunWriter::AddMessageIntegrity(std::string_view key) {
  const MutableBytes out = BeginAttribute(StunAttribute::kMessageIntegrity, kSha1Bytes);
  if (out.empty()) return;
  const auto covered = CoveredByIntegrity(message(), size_ - kSha1Bytes, kSha1Bytes);
  std::ranges::copy(HmacSha1(key, covered.bytes()), out.begin());
}

void StunWriter::AddMessageIntegritySha256(std::string_view key) {
  const MutableBytes out = BeginAttribute(StunAttribute::kMessageIntegritySha256, kSha256Bytes);
  if (out.empty()) return;
  const auto covered = CoveredByIntegrity(message(), size_ - kSha256Bytes, kSha256Bytes);
  std::ranges::copy(HmacSha256(key, covered.bytes()), out.begin());
}

void StunWriter::AddFingerprint() {
  const MutableBytes out = BeginAttribute(StunAttribute::kFingerprint, sizeof(uint32_t));
  if (!out.empty()) StoreU32(out.data(), ComputeFingerprint(message(), size_ - sizeof(uint32_t)));
}

}  // namespace duet
