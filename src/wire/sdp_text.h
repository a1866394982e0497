// Words and numbers of a description's lines. Internal to the SDP reader.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace duet::sdp_text {

inline constexpr std::string_view kBlanks = " \t";

inline std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Takes the first word off `rest`; empty when there is none. What is left starts with a word.
inline std::string_view TakeWord(std::string_view& rest) {
  rest = Trim(rest);
  const size_t end = std::min(rest.find_first_of(kBlanks), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest = Trim(rest.substr(end));
  return word;
}

// Takes what stands before the first `separator`, or everything, off `rest`.
inline std::string_view TakeUntil(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

// Digits only, without sign, at most `max`.
template <std::unsigned_integral T>
std::optional<T> ParseNumber(std::string_view digits, T max = std::numeric_limits<T>::max()) {
  T value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || stop != end || value > max) return std::nullopt;
  return value;
}

inline char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = ToLower(c);
  return lower;
}

inline bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (ToLower(a[i]) != ToLower(b[i])) return false;
  return true;
}

inline bool IsAlphanumeric(char c) { return (c >= '0' && c <= '9') || (ToLower(c) >= 'a' && ToLower(c) <= 'z'); }

}  // namespace duet::sdp_text
