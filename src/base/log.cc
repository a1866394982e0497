#include "base/log.h"

namespace duet {
namespace {

void AppendEscaped(std::string& out, std::string_view value) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  for (char c : value) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet <= 0x20 || octet == 0x7f || c == '=' || c == '\\') {
      out += "\\x";
      out += kDigits[octet >> 4];
      out += kDigits[octet & 15];
    } else {
      out += c;
    }
  }
}

}  // namespace

Log Log::With(std::string_view key, std::string_view value) const {
  Log log = *this;
  if (!log.context_.empty()) log.context_ += ' ';
  log.context_ += key;
  log.context_ += '=';
  AppendEscaped(log.context_, value);
  return log;
}

}  // namespace duet
