#include "wire/json_text.h"

#include <array>
#include <cstdint>
#include <utility>

namespace duet {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNotBase64 = 0xFF;

consteval std::array<uint8_t, 256> InverseAlphabet() {
  std::array<uint8_t, 256> inverse{};
  inverse.fill(kNotBase64);
  for (size_t i = 0; i < kAlphabet.size(); ++i) inverse[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  return inverse;
}
constexpr auto kInverse = InverseAlphabet();

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

}  // namespace

std::string EncodeBase64(Bytes bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t have = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = (group << 8) | (k < have ? LoadU8(&bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) text += k <= have ? kAlphabet[(group >> (18 - 6 * k)) & 63] : '=';
  }
  return text;
}

std::optional<std::vector<std::byte>> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  size_t digits = text.size();
  for (int padding = 0; padding < 2 && digits > 0 && text[digits - 1] == '='; ++padding) --digits;

  std::vector<std::byte> bytes;
  bytes.reserve(digits * 3 / 4);
  uint32_t bits = 0;
  int bit_count = 0;
  for (size_t i = 0; i < digits; ++i) {
    const uint8_t value = kInverse[static_cast<uint8_t>(text[i])];
    if (value == kNotBase64) return std::nullopt;
    bits = (bits << 6) | value;
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<std::byte>(bits >> bit_count));
      bits &= (1u << bit_count) - 1;
    }
  }
  if (bits != 0) return std::nullopt;
  return bytes;
}

size_t Utf8Length(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<uint8_t>(text[0]);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                        : first >= 0xE0 && first <= 0xEF ? 3
                        : first >= 0xF0 && first <= 0xF4 ? 4
                                                         : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if (!IsContinuation(text[i])) return 0;
  // Overlong forms, surrogates, and what lies above U+10FFFF: told by the second byte.
  const auto second = static_cast<uint8_t>(text[1]);
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return length;
}

std::string RepairUtf8(std::string text) {
  size_t good = 0;
  while (good < text.size()) {
    const size_t length = Utf8Length(std::string_view(text).substr(good));
    if (length == 0) break;
    good += length;
  }
  if (good == text.size()) return text;

  std::string repaired = text.substr(0, good);
  for (std::string_view rest = std::string_view(text).substr(good); !rest.empty();) {
    const size_t length = Utf8Length(rest);
    repaired += length == 0 ? kReplacementCharacter : rest.substr(0, length);
    rest.remove_prefix(std::max<size_t>(length, 1));
  }
  return repaired;
}

std::string Excerpt(std::string_view text, size_t max_bytes) {
  std::string excerpt;
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const size_t taken = std::max<size_t>(length, 1);
    if (excerpt.size() + taken > max_bytes) return excerpt + "…";
    const bool printable = length > 1 || (length == 1 && static_cast<uint8_t>(text[0]) >= 0x20 && text[0] != 0x7F);
    if (printable) {
      excerpt += text.substr(0, taken);
    } else {
      excerpt += '?';
    }
    text.remove_prefix(taken);
  }
  return excerpt;
}

}  // namespace duet
