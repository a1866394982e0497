// Bounds-checked reading and writing of network byte order.
//
// Both classes fail softly and stay failed: after a read or write past the end every further call yields zero (or
// writes nothing) and ok() is false, so a parser reads a whole header and asks once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace duet {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes AsBytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline std::string_view AsText(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

inline uint8_t LoadU8(const std::byte* p) { return std::to_integer<uint8_t>(*p); }
inline uint16_t LoadU16(const std::byte* p) { return static_cast<uint16_t>((LoadU8(p) << 8) | LoadU8(p + 1)); }
inline uint32_t LoadU32(const std::byte* p) { return (static_cast<uint32_t>(LoadU16(p)) << 16) | LoadU16(p + 2); }
inline uint64_t LoadU64(const std::byte* p) { return (static_cast<uint64_t>(LoadU32(p)) << 32) | LoadU32(p + 4); }
inline void StoreU8(std::byte* p, uint8_t v) { *p = static_cast<std::byte>(v); }
inline void StoreU16(std::byte* p, uint16_t v) {
  StoreU8(p, static_cast<uint8_t>(v >> 8));
  StoreU8(p + 1, static_cast<uint8_t>(v));
}
inline void StoreU32(std::byte* p, uint32_t v) {
  StoreU16(p, static_cast<uint16_t>(v >> 16));
  StoreU16(p + 2, static_cast<uint16_t>(v));
}
inline void StoreU64(std::byte* p, uint64_t v) {
  StoreU32(p, static_cast<uint32_t>(v >> 32));
  StoreU32(p + 4, static_cast<uint32_t>(v));
}

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t remaining() const { return ok_ ? bytes_.size() - at_ : 0; }
  size_t position() const { return at_; }
  // Everything not read yet.
  Bytes rest() const { return ok_ ? bytes_.subspan(at_) : Bytes(); }

  uint8_t U8() {
    const auto* p = Take(1);
    return p ? LoadU8(p) : 0;
  }
  uint16_t U16() {
    const auto* p = Take(2);
    return p ? LoadU16(p) : 0;
  }
  uint32_t U24() {
    const auto* p = Take(3);
    return p ? (static_cast<uint32_t>(LoadU16(p)) << 8) | LoadU8(p + 2) : 0;
  }
  uint32_t U32() {
    const auto* p = Take(4);
    return p ? LoadU32(p) : 0;
  }
  uint64_t U64() {
    const auto* p = Take(8);
    return p ? LoadU64(p) : 0;
  }
  // The next n bytes, empty (and failed) when there are fewer.
  Bytes Read(size_t n) {
    const auto* p = Take(n);
    return p ? Bytes(p, n) : Bytes();
  }
  void Skip(size_t n) { Take(n); }

 private:
  const std::byte* Take(size_t n) {
    if (!ok_ || bytes_.size() - at_ < n) {
      ok_ = false;
      return nullptr;
    }
    const auto* p = bytes_.data() + at_;
    at_ += n;
    return p;
  }

  Bytes bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

class ByteWriter {
 public:
  explicit ByteWriter(MutableBytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t size() const { return at_; }
  size_t remaining() const { return ok_ ? bytes_.size() - at_ : 0; }
  // What was written so far.
  Bytes written() const { return Bytes(bytes_.data(), at_); }

  void U8(uint8_t v) {
    if (auto* p = Take(1)) StoreU8(p, v);
  }
  void U16(uint16_t v) {
    if (auto* p = Take(2)) StoreU16(p, v);
  }
  void U24(uint32_t v) {
    if (auto* p = Take(3)) {
      StoreU8(p, static_cast<uint8_t>(v >> 16));
      StoreU16(p + 1, static_cast<uint16_t>(v));
    }
  }
  void U32(uint32_t v) {
    if (auto* p = Take(4)) StoreU32(p, v);
  }
  void U64(uint64_t v) {
    if (auto* p = Take(8)) StoreU64(p, v);
  }
  void Write(Bytes bytes) {
    if (bytes.empty()) return;
    if (auto* p = Take(bytes.size())) std::memcpy(p, bytes.data(), bytes.size());
  }
  void Zeros(size_t n) {
    if (auto* p = Take(n)) std::memset(p, 0, n);
  }
  // Overwrites two bytes written earlier, for lengths known only at the end.
  void PatchU16(size_t position, uint16_t v) {
    if (ok_ && position + 2 <= at_) StoreU16(bytes_.data() + position, v);
  }

 private:
  std::byte* Take(size_t n) {
    if (!ok_ || bytes_.size() - at_ < n) {
      ok_ = false;
      return nullptr;
    }
    auto* p = bytes_.data() + at_;
    at_ += n;
    return p;
  }

  MutableBytes bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace duet
