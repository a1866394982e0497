// Bits of an H.264 parameter set (ITU-T H.264 sections 7.4.1 and 9.1): the emulation prevention byte of 00 00 03 is
// skipped on the way, numbers are exponential Golomb codes. Like ByteReader it fails softly and stays failed.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace duet {

class BitReader {
 public:
  // `payload` is a NAL unit without its header byte.
  explicit BitReader(Bytes payload) : payload_(payload) {}

  bool ok() const { return ok_; }

  uint32_t Bit() {
    if (bits_left_ == 0 && !NextByte()) return 0;
    --bits_left_;
    return (current_ >> bits_left_) & 1u;
  }
  // n up to 32.
  uint32_t Bits(int n) {
    uint32_t value = 0;
    for (int i = 0; i < n; ++i) value = (value << 1) | Bit();
    return ok_ ? value : 0;
  }
  // ue(v): n zeros, a one, n bits. Codes of more than 32 bits do not occur in a valid set and fail.
  uint32_t Unsigned() {
    int zeros = 0;
    while (ok_ && Bit() == 0) {
      if (++zeros > 31) ok_ = false;
    }
    if (!ok_) return 0;
    const uint32_t rest = Bits(zeros);
    return ok_ ? (1u << zeros) - 1 + rest : 0;
  }
  // se(v): 0, 1, -1, 2, -2, ...
  int32_t Signed() {
    const uint32_t code = Unsigned();
    const auto half = static_cast<int32_t>(code / 2);
    return code % 2 != 0 ? half + 1 : -half;
  }

 private:
  bool NextByte() {
    if (at_ == payload_.size()) return Fail();
    uint8_t octet = LoadU8(&payload_[at_++]);
    if (zeros_ >= 2 && octet == 3) {
      if (at_ == payload_.size()) return Fail();
      octet = LoadU8(&payload_[at_++]);
      zeros_ = 0;
    }
    zeros_ = octet == 0 ? zeros_ + 1 : 0;
    current_ = octet;
    bits_left_ = 8;
    return true;
  }
  bool Fail() {
    ok_ = false;
    return false;
  }

  Bytes payload_;
  size_t at_ = 0;
  int zeros_ = 0;  // bytes of zero just read
  int bits_left_ = 0;
  uint8_t current_ = 0;
  bool ok_ = true;
};

}  // namespace duet
