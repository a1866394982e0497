#include "node/tickets.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/check.h"

namespace duet {

using signal::MakeError;
using signal::SignalErrorKind;

namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr size_t kExpiryBytes = 8;

std::string ToHex(Bytes bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    text += kHex[std::to_integer<size_t>(b >> 4)];
    text += kHex[std::to_integer<size_t>(b & std::byte{15})];
  }
  return text;
}

// Empty when it is not hexadecimal.
std::vector<std::byte> FromHex(std::string_view text) {
  if (text.size() % 2 != 0) return {};
  std::vector<std::byte> bytes(text.size() / 2);
  for (size_t i = 0; i < bytes.size(); ++i) {
    uint8_t value = 0;
    const char* const digits = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, value, 16);
    if (error != std::errc() || end != digits + 2) return {};
    bytes[i] = std::byte{value};
  }
  return bytes;
}

class Content {
 public:
  void Add(uint64_t value) {
    std::array<std::byte, sizeof value> bytes{};
    StoreU64(bytes.data(), value);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  // With its length before it, so that no two contents are written the same.
  void Add(std::string_view text) {
    Add(text.size());
    bytes_.insert(bytes_.end(), AsBytes(text).begin(), AsBytes(text).end());
  }
  Bytes bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace

Tickets::Mac Tickets::MacOf(const Subject& subject, std::string_view member, uint64_t expiry_ms) const {
  Content content;
  content.Add(static_cast<uint64_t>(subject.purpose));
  content.Add(subject.room.value());
  content.Add(expiry_ms);
  content.Add(member);
  content.Add(subject.publisher);
  content.Add(static_cast<uint64_t>(subject.stream));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const auto* made = HMAC(EVP_sha256(), key_->data(), static_cast<int>(key_->size()),
                          reinterpret_cast<const unsigned char*>(content.bytes().data()), content.bytes().size(),
                          digest.data(), &size);
  DUET_CHECK(made != nullptr && size >= kMacBytes);
  Mac mac;
  std::copy_n(std::as_bytes(std::span(digest)).begin(), kMacBytes, mac.begin());
  return mac;
}

std::string Tickets::Make(Time now, const Subject& subject, std::string_view member) {
  if (!key_) rng_.Fill(key_.emplace());
  const auto expiry_ms = static_cast<uint64_t>((now + kLife).ms());
  std::array<std::byte, kExpiryBytes> expiry{};
  StoreU64(expiry.data(), expiry_ms);
  return ToHex(expiry) + ToHex(MacOf(subject, member, expiry_ms)) + ToHex(AsBytes(member));
}

Result<std::string, signal::SignalError> Tickets::Check(Time now, const Subject& subject,
                                                        std::string_view ticket) const {
  const auto invalid = [] {
    return MakeError(SignalErrorKind::kTicketInvalid,
                     "The ticket of this address is not valid for this stream. Ask for fresh addresses with `urls`.");
  };
  if (!key_ || ticket.size() > 2 * (kExpiryBytes + kMacBytes + signal::kMaxUserIdBytes)) return invalid();
  const std::vector<std::byte> bytes = FromHex(ticket);
  ByteReader reader(bytes);
  const uint64_t expiry_ms = reader.U64();
  const Bytes given = reader.Read(kMacBytes);
  if (!reader.ok()) return invalid();
  const std::string_view member = AsText(reader.rest());
  const Mac right = MacOf(subject, member, expiry_ms);
  if (CRYPTO_memcmp(given.data(), right.data(), right.size()) != 0) return invalid();
  if (now.ms() >= static_cast<int64_t>(expiry_ms)) {
    return MakeError(SignalErrorKind::kTicketExpired, "The ticket of this address is older than " +
                                                          std::to_string(kLife.ms() / 1000) +
                                                          " s. Ask for fresh addresses with `urls`.");
  }
  return std::string(member);
}

}  // namespace duet
