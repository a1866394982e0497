// For tests: bytes written as hexadecimal text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace duet {

// "80 60 1234" with any white space.
inline std::vector<std::byte> Hex(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::vector<std::byte> bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const int value = digit(c);
    DUET_CHECK(value >= 0);
    if (high < 0) {
      high = value;
    } else {
      bytes.push_back(static_cast<std::byte>(high * 16 + value));
      high = -1;
    }
  }
  DUET_CHECK(high < 0);
  return bytes;
}

inline std::string ToHex(Bytes bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    text += kDigits[LoadU8(&b) >> 4];
    text += kDigits[LoadU8(&b) & 15];
  }
  return text;
}

}  // namespace duet
