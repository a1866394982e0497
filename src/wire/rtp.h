// RTP packets (RFC 3550 section 5.1) with header extensions (RFC 8285).
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//   |                           timestamp                           |
//   |                             SSRC                              |
//   |                  CC contributing sources (32 each)            |
//   when X:  profile (16), length in 32-bit words (16), elements
//     profile 0xBEDE, one-byte form:   id (4), length - 1 (4), data; id 0 pads, id 15 ends the list
//     profile 0x100?, two-byte form:   id (8), length (8), data; id 0 pads
//   payload
//   when P:  padding, whose last byte is its length
//
// What the extensions contain is in wire/rtp_extensions.h.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"

namespace duet {

inline constexpr size_t kRtpHeaderBytes = 12;

// A parsed packet. Valid as long as the bytes that it was parsed from.
struct RtpPacketView {
  Bytes packet;
  bool marker = false;
  bool padding = false;  // the P bit
  PayloadType payload_type;
  uint16_t sequence_number = 0;
  uint32_t timestamp = 0;
  Ssrc ssrc;
  uint16_t header_size = 0;       // fixed header, contributing sources and extensions
  uint16_t payload_size = 0;      // without padding
  uint8_t padding_size = 0;       // 0 from ParseRtpHeader
  uint16_t extension_offset = 0;  // of the first element
  uint16_t extension_size = 0;    // of all elements, padding between them included
  uint16_t extension_profile = 0;

  Bytes payload() const { return packet.subspan(header_size, payload_size); }
  uint8_t csrc_count() const { return LoadU8(packet.data()) & 0x0f; }
  // True when there are elements in one of the two known forms.
  bool has_extensions() const { return extension_size != 0 && (one_byte_form() || two_byte_form()); }
  bool one_byte_form() const { return extension_profile == 0xBEDE; }
  bool two_byte_form() const { return (extension_profile & 0xFFF0) == 0x1000; }

  // The content of the first element with this id; empty when there is none (or it is empty, which only the two-byte
  // form can say).
  Bytes Extension(uint8_t id) const;

  // Calls f(uint8_t id, Bytes content) for each element. Ends at an element that reaches past the block (RFC 8285
  // section 4.1.2: what follows is ignored).
  template <typename F>
  void ForEachExtension(F&& f) const {
    if (!has_extensions()) return;
    ByteReader reader(packet.subspan(extension_offset, extension_size));
    while (reader.remaining() > 0) {
      const uint8_t first = reader.U8();
      if (first == 0) continue;
      uint8_t id = first;
      size_t size = 0;
      if (one_byte_form()) {
        id = first >> 4;
        size = size_t{first & 0x0fu} + 1;
        if (id == 15) return;
        if (id == 0) {  // padding with a length is not defined; section 4.2 has it skipped
          reader.Skip(size);
          continue;
        }
      } else {
        size = reader.U8();
      }
      const Bytes content = reader.Read(size);
      if (!reader.ok()) return;
      f(id, content);
    }
  }
};

// Parses a packet in clear. Nothing when it is no RTP of version 2, shorter than its header says, longer than 65535
// bytes, or padded by none or more bytes than there are.
std::optional<RtpPacketView> ParseRtp(Bytes packet);

// Parses only what SRTP leaves in clear: the padding's length is not looked at, payload() is everything behind the
// header, authentication tag included.
std::optional<RtpPacketView> ParseRtpHeader(Bytes packet);

struct RtpHeaderFields {
  bool marker = false;
  PayloadType payload_type;
  uint16_t sequence_number = 0;
  uint32_t timestamp = 0;
  Ssrc ssrc;
  bool padding = false;
};

// Writes a header: Begin, AddExtension for each element, Finish. Elements are written in the one-byte form until one
// comes that needs the two-byte form (id above 14, or a length of 0 or above 16); then all change to that form.
// Allocates nothing.
class RtpHeaderWriter {
 public:
  explicit RtpHeaderWriter(MutableBytes out) : out_(out) {}

  void Begin(const RtpHeaderFields& fields);
  // id 1..255, at most 255 bytes. An element that does not fit makes Finish return 0.
  void AddExtension(uint8_t id, Bytes content);
  // The header's size, extensions padded to 32 bits; 0 when `out` was too small or an element not allowed.
  size_t Finish();

 private:
  void ChangeToTwoByteForm();

  MutableBytes out_;
  size_t size_ = 0;  // written so far
  bool ok_ = false;
  bool has_extensions_ = false;
  bool two_byte_form_ = false;
};

}  // namespace duet
