// Writing RTCP: packets one after the other into a buffer that the caller owns, as a compound (RFC 3550 section 6.1) or
// of reduced size (RFC 5506); the order is the caller's.
//
// A message is written whole or not at all. Once one did not fit, ok() is false; size() then still covers the whole
// messages before it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "wire/rtcp_messages.h"

namespace duet {

class RtcpWriter {
 public:
  explicit RtcpWriter(MutableBytes out) : out_(out) {}

  // The report's own `blocks` are not looked at. More than 31 blocks go on in receiver reports.
  bool AddSenderReport(const SenderReport& report, std::span<const ReportBlock> blocks = {});
  // At least one packet, also without blocks: a compound must begin with a report.
  bool AddReceiverReport(Ssrc sender, std::span<const ReportBlock> blocks = {});
  // The name is cut at 255 bytes.
  bool AddSdesCname(Ssrc ssrc, std::string_view cname);
  // At most 31 sources; the reason is cut at 255 bytes.
  bool AddBye(std::span<const Ssrc> ssrcs, std::string_view reason = {});
  // `sequences` ascend (over the wrap, too). Writes as many as fit and returns how many: what is missing can be asked
  // for in the next packet, so this never makes ok() false.
  size_t AddNack(Ssrc sender, Ssrc media, std::span<const uint16_t> sequences);
  bool AddPli(Ssrc sender, Ssrc media);
  // REQUIRES: at least one entry.
  bool AddFir(Ssrc sender, std::span<const FirEntry> entries);
  // The bitrate is rounded down to 18 significant bits. At most 255 sources.
  bool AddRemb(Ssrc sender, uint64_t bitrate_bps, std::span<const Ssrc> ssrcs);

  bool ok() const { return ok_; }
  size_t size() const { return size_; }
  size_t remaining() const { return out_.size() - size_; }
  Bytes written() const { return out_.first(size_); }

 private:
  // Room for a packet of header and body_bytes (a multiple of 4): writes the header, moves size_, returns the body.
  // Empty and not ok() when it does not fit.
  MutableBytes Begin(uint8_t type, uint8_t count, size_t body_bytes);

  MutableBytes out_;
  size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace duet
