#include "wire/rtcp_writer.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace duet {
namespace {

constexpr size_t kMaxTextBytes = 255;
constexpr size_t kFeedbackHeadBytes = 8;  // sender and media SSRC

constexpr size_t Padded(size_t size) { return (size + 3) & ~size_t{3}; }

void WriteBlock(ByteWriter& writer, const ReportBlock& block) {
  constexpr int32_t kMaxLost = 0x7FFFFF;
  const int32_t lost = std::clamp(block.cumulative_lost, -kMaxLost - 1, kMaxLost);
  writer.U32(block.ssrc.value());
  writer.U8(block.fraction_lost);
  writer.U24(static_cast<uint32_t>(lost));
  writer.U32(block.highest_sequence);
  writer.U32(block.jitter);
  writer.U32(block.last_sr);
  writer.U32(block.delay_since_last_sr);
}

// Sequence numbers as items of a NACK, as many items as `out` holds; returns the numbers told and the items needed.
struct Packed {
  size_t sequences = 0;
  size_t items = 0;
};
template <typename F>
Packed PackNack(std::span<const uint16_t> sequences, size_t max_items, F&& write) {
  Packed packed;
  while (packed.sequences < sequences.size() && packed.items < max_items) {
    const uint16_t first = sequences[packed.sequences++];
    uint16_t mask = 0;
    for (; packed.sequences < sequences.size(); ++packed.sequences) {
      const uint16_t distance = static_cast<uint16_t>(sequences[packed.sequences] - first);
      if (distance > 16) break;
      if (distance > 0) mask = static_cast<uint16_t>(mask | 1u << (distance - 1));
    }
    write(first, mask);
    ++packed.items;
  }
  return packed;
}

}  // namespace

MutableBytes RtcpWriter::Begin(uint8_t type, uint8_t count, size_t body_bytes) {
  const size_t total = rtcp::kHeaderBytes + body_bytes;
  if (total > remaining()) {
    ok_ = false;
    return {};
  }
  ByteWriter header(out_.subspan(size_));
  header.U8(static_cast<uint8_t>(0x80 | count));
  header.U8(type);
  header.U16(static_cast<uint16_t>(body_bytes / 4));
  const MutableBytes body = out_.subspan(size_ + rtcp::kHeaderBytes, body_bytes);
  size_ += total;
  return body;
}

bool RtcpWriter::AddSenderReport(const SenderReport& report, std::span<const ReportBlock> blocks) {
  constexpr size_t kSenderInfoBytes = 24;  // with the SSRC
  const size_t before = size_;
  const auto own = blocks.first(std::min(blocks.size(), rtcp::kMaxCount));
  const MutableBytes body = Begin(rtcp::kSenderReport, static_cast<uint8_t>(own.size()),
                                  kSenderInfoBytes + own.size() * rtcp::kReportBlockBytes);
  if (body.empty()) return false;
  ByteWriter writer(body);
  writer.U32(report.sender_ssrc.value());
  writer.U64(report.ntp);
  writer.U32(report.rtp_timestamp);
  writer.U32(report.packets);
  writer.U32(report.octets);
  for (const ReportBlock& block : own) WriteBlock(writer, block);
  if (own.size() < blocks.size() && !AddReceiverReport(report.sender_ssrc, blocks.subspan(own.size()))) {
    size_ = before;
    return false;
  }
  return true;
}

bool RtcpWriter::AddReceiverReport(Ssrc sender, std::span<const ReportBlock> blocks) {
  const size_t before = size_;
  do {
    const auto own = blocks.first(std::min(blocks.size(), rtcp::kMaxCount));
    const MutableBytes body =
        Begin(rtcp::kReceiverReport, static_cast<uint8_t>(own.size()), 4 + own.size() * rtcp::kReportBlockBytes);
    if (body.empty()) {
      size_ = before;
      return false;
    }
    ByteWriter writer(body);
    writer.U32(sender.value());
    for (const ReportBlock& block : own) WriteBlock(writer, block);
    blocks = blocks.subspan(own.size());
  } while (!blocks.empty());
  return true;
}

bool RtcpWriter::AddSdesCname(Ssrc ssrc, std::string_view cname) {
  cname = cname.substr(0, kMaxTextBytes);
  // SSRC, type, length, text and at least one zero that ends the items.
  const size_t used = 4 + 2 + cname.size();
  const MutableBytes body = Begin(rtcp::kSourceDescription, 1, Padded(used + 1));
  if (body.empty()) return false;
  ByteWriter writer(body);
  writer.U32(ssrc.value());
  writer.U8(rtcp::kCname);
  writer.U8(static_cast<uint8_t>(cname.size()));
  writer.Write(AsBytes(cname));
  writer.Zeros(body.size() - used);
  return true;
}

bool RtcpWriter::AddBye(std::span<const Ssrc> ssrcs, std::string_view reason) {
  ssrcs = ssrcs.first(std::min(ssrcs.size(), rtcp::kMaxCount));
  reason = reason.substr(0, kMaxTextBytes);
  const size_t used = 4 * ssrcs.size() + (reason.empty() ? 0 : 1 + reason.size());
  const size_t size_before = size_;
  const MutableBytes body = Begin(rtcp::kBye, static_cast<uint8_t>(ssrcs.size()), Padded(used));
  if (size_ == size_before) return false;
  ByteWriter writer(body);
  for (const Ssrc ssrc : ssrcs) writer.U32(ssrc.value());
  if (!reason.empty()) {
    writer.U8(static_cast<uint8_t>(reason.size()));
    writer.Write(AsBytes(reason));
  }
  writer.Zeros(body.size() - used);
  return true;
}

size_t RtcpWriter::AddNack(Ssrc sender, Ssrc media, std::span<const uint16_t> sequences) {
  constexpr size_t kItemBytes = 4;
  constexpr size_t kHeadBytes = rtcp::kHeaderBytes + kFeedbackHeadBytes;
  if (sequences.empty() || remaining() < kHeadBytes + kItemBytes) return 0;
  const size_t room = (remaining() - kHeadBytes) / kItemBytes;
  const Packed packed = PackNack(sequences, room, [](uint16_t, uint16_t) {});
  ByteWriter writer(Begin(rtcp::kTransportFeedback, rtcp::kFormatNack, kFeedbackHeadBytes + packed.items * kItemBytes));
  writer.U32(sender.value());
  writer.U32(media.value());
  PackNack(sequences, packed.items, [&](uint16_t first, uint16_t mask) {
    writer.U16(first);
    writer.U16(mask);
  });
  return packed.sequences;
}

bool RtcpWriter::AddPli(Ssrc sender, Ssrc media) {
  const MutableBytes body = Begin(rtcp::kPayloadFeedback, rtcp::kFormatPli, kFeedbackHeadBytes);
  if (body.empty()) return false;
  ByteWriter writer(body);
  writer.U32(sender.value());
  writer.U32(media.value());
  return true;
}

bool RtcpWriter::AddFir(Ssrc sender, std::span<const FirEntry> entries) {
  DUET_CHECK(!entries.empty());
  const MutableBytes body = Begin(rtcp::kPayloadFeedback, rtcp::kFormatFir, kFeedbackHeadBytes + 8 * entries.size());
  if (body.empty()) return false;
  ByteWriter writer(body);
  writer.U32(sender.value());
  writer.U32(0);  // the SSRC of media is unused (RFC 5104 section 4.3.1.2)
  for (const FirEntry& entry : entries) {
    writer.U32(entry.ssrc.value());
    writer.U8(entry.command_sequence);
    writer.U24(0);
  }
  return true;
}

bool RtcpWriter::AddRemb(Ssrc sender, uint64_t bitrate_bps, std::span<const Ssrc> ssrcs) {
  constexpr int kMantissaBits = 18;
  constexpr size_t kMaxSsrcs = 255;
  ssrcs = ssrcs.first(std::min(ssrcs.size(), kMaxSsrcs));
  const MutableBytes body =
      Begin(rtcp::kPayloadFeedback, rtcp::kFormatApplicationLayer, kFeedbackHeadBytes + 8 + 4 * ssrcs.size());
  if (body.empty()) return false;
  const int exponent = std::max(0, static_cast<int>(std::bit_width(bitrate_bps)) - kMantissaBits);
  ByteWriter writer(body);
  writer.U32(sender.value());
  writer.U32(0);
  writer.U32(rtcp::kRembIdentifier);
  writer.U8(static_cast<uint8_t>(ssrcs.size()));
  writer.U24(static_cast<uint32_t>(exponent) << kMantissaBits | static_cast<uint32_t>(bitrate_bps >> exponent));
  for (const Ssrc ssrc : ssrcs) writer.U32(ssrc.value());
  return true;
}

}  // namespace duet
