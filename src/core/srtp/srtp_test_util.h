// What the tests, the benchmark and the fuzz target of this folder share.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "core/srtp/srtp_key.h"

namespace duet::testing {

using Packet = std::vector<std::byte>;

inline constexpr SrtpProfile kAllProfiles[] = {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm,
                                               SrtpProfile::kAes128CmSha1_80};

// Hexadecimal digits, with spaces anywhere.
inline Packet FromHex(std::string_view text) {
  Packet out;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::byte>(high * 16 + digit));
      high = -1;
    }
  }
  return out;
}

inline std::string ToHex(Bytes bytes) {
  std::string out;
  for (const std::byte b : bytes) {
    out += "0123456789abcdef"[std::to_integer<int>(b) >> 4];
    out += "0123456789abcdef"[std::to_integer<int>(b) & 15];
  }
  return out;
}

inline SrtpMasterKey TestMasterKey(SrtpProfile profile, uint8_t seed = 1) {
  Packet bytes(SrtpKeySize(profile) + SrtpSaltSize(profile));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(seed * 37 + i * 11);
  return MakeSrtpMasterKey(profile, Bytes(bytes).first(SrtpKeySize(profile)),
                           Bytes(bytes).subspan(SrtpKeySize(profile)));
}

// A header of 12 bytes and a payload that depends on all arguments.
inline Packet RtpPacket(Ssrc ssrc, uint16_t seq, size_t payload_size) {
  Packet packet(12 + payload_size);
  StoreU16(&packet[0], 0x8060);
  StoreU16(&packet[2], seq);
  StoreU32(&packet[4], 90u * seq);
  StoreU32(&packet[8], ssrc.value());
  for (size_t i = 12; i < packet.size(); ++i) packet[i] = static_cast<std::byte>(i * 7 + seq + ssrc.value());
  return packet;
}

// A receiver report without blocks, followed by `extra` words of an APP-like packet.
inline Packet RtcpPacket(Ssrc ssrc, uint16_t extra) {
  Packet packet(8 + (extra > 0 ? 4 + 4 * size_t{extra} : 0));
  StoreU32(&packet[0], 0x80c90001);
  StoreU32(&packet[4], ssrc.value());
  if (extra > 0) {
    StoreU16(&packet[8], 0x80cc);
    StoreU16(&packet[10], extra);
    for (size_t i = 12; i < packet.size(); ++i) packet[i] = static_cast<std::byte>(i * 5);
  }
  return packet;
}

}  // namespace duet::testing
