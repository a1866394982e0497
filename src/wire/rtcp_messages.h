// The RTCP messages that Duet reads and writes, as views: spans point into the received bytes and are valid as long as
// these. Numbers are in the units of the wire.
//
// Every packet of a compound begins with
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   |V=2|P| count or format |  packet type  |  length in words - 1  |
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"

namespace duet {

// Packet types (RFC 3550 section 12.1, RFC 4585 section 6.1) and feedback formats.
namespace rtcp {
inline constexpr uint8_t kSenderReport = 200;
inline constexpr uint8_t kReceiverReport = 201;
inline constexpr uint8_t kSourceDescription = 202;
inline constexpr uint8_t kBye = 203;
inline constexpr uint8_t kTransportFeedback = 205;
inline constexpr uint8_t kPayloadFeedback = 206;

inline constexpr uint8_t kFormatNack = 1;                // RTPFB
inline constexpr uint8_t kFormatTransportCc = 15;        // RTPFB
inline constexpr uint8_t kFormatPli = 1;                 // PSFB
inline constexpr uint8_t kFormatFir = 4;                 // PSFB
inline constexpr uint8_t kFormatApplicationLayer = 15;   // PSFB; REMB is one
inline constexpr uint32_t kRembIdentifier = 0x52454D42;  // "REMB"
inline constexpr uint8_t kCname = 1;                     // SDES item

inline constexpr size_t kHeaderBytes = 4;
inline constexpr size_t kReportBlockBytes = 24;
inline constexpr size_t kMaxCount = 31;  // the count field has 5 bits
}  // namespace rtcp

// RFC 3550 section 6.4.1.
struct ReportBlock {
  Ssrc ssrc;                         // whose packets are reported on
  uint8_t fraction_lost = 0;         // of 256, since the last report
  int32_t cumulative_lost = 0;       // 24 bits, negative with duplicates
  uint32_t highest_sequence = 0;     // cycles (16) and highest sequence number received (16)
  uint32_t jitter = 0;               // in ticks of the RTP clock
  uint32_t last_sr = 0;              // the middle 32 bits of the NTP timestamp of the last SR; 0 = none yet
  uint32_t delay_since_last_sr = 0;  // in 1/65536 s

  static ReportBlock Read(Bytes bytes);  // REQUIRES: 24 bytes
};

namespace rtcp {
template <typename F>
void ForEachBlockIn(Bytes blocks, F&& f) {
  for (; blocks.size() >= kReportBlockBytes; blocks = blocks.subspan(kReportBlockBytes)) f(ReportBlock::Read(blocks));
}
template <typename F>
void ForEachSsrcIn(Bytes ssrcs, F&& f) {
  for (; ssrcs.size() >= 4; ssrcs = ssrcs.subspan(4)) f(Ssrc(LoadU32(ssrcs.data())));
}
}  // namespace rtcp

// RFC 3550 section 6.4.1.
struct SenderReport {
  Ssrc sender_ssrc;
  uint64_t ntp = 0;  // 32.32 fixed point seconds since 1900
  uint32_t rtp_timestamp = 0;
  uint32_t packets = 0;
  uint32_t octets = 0;
  Bytes blocks;  // as read; the writer takes its blocks apart from this

  // Calls f(const ReportBlock&).
  template <typename F>
  void ForEachBlock(F&& f) const {
    rtcp::ForEachBlockIn(blocks, f);
  }
};

// RFC 3550 section 6.4.2.
struct ReceiverReport {
  Ssrc sender_ssrc;
  Bytes blocks;

  template <typename F>
  void ForEachBlock(F&& f) const {
    rtcp::ForEachBlockIn(blocks, f);
  }
};

// RFC 3550 section 6.5; one for each chunk that has a CNAME.
struct SdesCname {
  Ssrc ssrc;
  std::string_view cname;  // what the remote wrote: any bytes, up to 255
};

// RFC 3550 section 6.6.
struct Bye {
  Bytes ssrcs;
  std::string_view reason;

  // Calls f(Ssrc).
  template <typename F>
  void ForEachSsrc(F&& f) const {
    rtcp::ForEachSsrcIn(ssrcs, f);
  }
};

// Generic NACK, RFC 4585 section 6.2.1. Items: packet id (16), bitmask of the 16 that follow it (16).
struct Nack {
  Ssrc sender_ssrc;
  Ssrc media_ssrc;
  Bytes items;

  // Calls f(uint16_t) for each sequence number, in the order of the message.
  template <typename F>
  void ForEachSequence(F&& f) const {
    for (Bytes rest = items; rest.size() >= 4; rest = rest.subspan(4)) {
      const uint16_t first = LoadU16(rest.data());
      f(first);
      uint16_t mask = LoadU16(rest.data() + 2);
      for (uint16_t seq = first + 1; mask != 0; ++seq, mask >>= 1)
        if (mask & 1) f(seq);
    }
  }
};

// Picture Loss Indication, RFC 4585 section 6.3.1.
struct Pli {
  Ssrc sender_ssrc;
  Ssrc media_ssrc;
};

// Full Intra Request, RFC 5104 section 4.3.1.
struct FirEntry {
  Ssrc ssrc;
  uint8_t command_sequence = 0;  // the same number again is the same command again
};
struct Fir {
  Ssrc sender_ssrc;
  Bytes entries;

  // Calls f(const FirEntry&).
  template <typename F>
  void ForEachEntry(F&& f) const {
    for (Bytes rest = entries; rest.size() >= 8; rest = rest.subspan(8))
      f(FirEntry{Ssrc(LoadU32(rest.data())), LoadU8(rest.data() + 4)});
  }
};

// Receiver Estimated Maximum Bitrate, draft-alvestrand-rmcat-remb-03 section 2.2.
struct Remb {
  Ssrc sender_ssrc;
  uint64_t bitrate_bps = 0;
  Bytes ssrcs;

  // Calls f(Ssrc).
  template <typename F>
  void ForEachSsrc(F&& f) const {
    rtcp::ForEachSsrcIn(ssrcs, f);
  }
};

}  // namespace duet
