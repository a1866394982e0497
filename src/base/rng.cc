#include "base/rng.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace duet {

uint32_t Rng::U32() {
  std::array<std::byte, 4> bytes;
  Fill(bytes);
  return LoadU32(bytes.data());
}

uint64_t Rng::U64() {
  std::array<std::byte, 8> bytes;
  Fill(bytes);
  return LoadU64(bytes.data());
}

uint64_t Rng::Below(uint64_t bound) {
  DUET_CHECK(bound > 0);
  // Values below 2^64 mod bound would make small results likelier; draw again.
  const uint64_t threshold = (0 - bound) % bound;
  for (;;) {
    const uint64_t value = U64();
    if (value >= threshold) return value % bound;
  }
}

std::string Rng::IceString(size_t length) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text(length, '\0');
  Fill(std::as_writable_bytes(std::span(text)));
  for (char& c : text) c = kAlphabet[static_cast<uint8_t>(c) & 63];
  return text;
}

std::string Rng::Hex(size_t bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string raw(bytes, '\0');
  Fill(std::as_writable_bytes(std::span(raw)));
  std::string text;
  text.reserve(bytes * 2);
  for (char c : raw) {
    text.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    text.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
  }
  return text;
}

SeededRng::SeededRng(uint64_t seed) {
  // splitmix64 spreads a small seed over the whole state.
  for (auto& word : state_) {
    seed += 0x9E3779B97F4A7C15ull;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    word = z ^ (z >> 31);
  }
}

uint64_t SeededRng::Next() {
  const auto rotl = [](uint64_t x, int k) { return (x << k) | (x >> (64 - k)); };
  const uint64_t result = rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = rotl(state_[3], 45);
  return result;
}

void SeededRng::Fill(MutableBytes out) {
  while (!out.empty()) {
    std::array<std::byte, 8> bytes;
    StoreU64(bytes.data(), Next());
    const size_t n = std::min(out.size(), bytes.size());
    std::copy_n(bytes.begin(), n, out.begin());
    out = out.subspan(n);
  }
}

}  // namespace duet
