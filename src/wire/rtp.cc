#include "wire/rtp.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace duet {
namespace {

constexpr uint8_t kVersion = 2;
constexpr size_t kExtensionHeaderBytes = 4;
constexpr uint16_t kOneByteProfile = 0xBEDE;
constexpr uint16_t kTwoByteProfile = 0x1000;

}  // namespace

Bytes RtpPacketView::Extension(uint8_t id) const {
  Bytes found;
  ForEachExtension([&](uint8_t other, Bytes content) {
    if (other == id && found.empty()) found = content;
  });
  return found;
}

std::optional<RtpPacketView> ParseRtpHeader(Bytes packet) {
  if (packet.size() < kRtpHeaderBytes || packet.size() > std::numeric_limits<uint16_t>::max()) return std::nullopt;
  ByteReader reader(packet);
  const uint8_t first = reader.U8();
  const uint8_t second = reader.U8();
  if (first >> 6 != kVersion) return std::nullopt;
  RtpPacketView view{.packet = packet,
                     .marker = (second & 0x80) != 0,
                     .padding = (first & 0x20) != 0,
                     .payload_type = PayloadType(second & 0x7f)};
  view.sequence_number = reader.U16();
  view.timestamp = reader.U32();
  view.ssrc = Ssrc(reader.U32());
  reader.Skip(size_t{4} * (first & 0x0f));
  if ((first & 0x10) != 0) {
    view.extension_profile = reader.U16();
    const size_t size = size_t{4} * reader.U16();
    view.extension_offset = static_cast<uint16_t>(reader.position());
    view.extension_size = static_cast<uint16_t>(size);  // fits when the Skip does
    reader.Skip(size);
  }
  if (!reader.ok()) return std::nullopt;
  view.header_size = static_cast<uint16_t>(reader.position());
  view.payload_size = static_cast<uint16_t>(reader.remaining());
  return view;
}

std::optional<RtpPacketView> ParseRtp(Bytes packet) {
  std::optional<RtpPacketView> view = ParseRtpHeader(packet);
  if (!view || !view->padding) return view;
  const uint8_t padding = LoadU8(&packet.back());
  if (padding == 0 || padding > view->payload_size) return std::nullopt;
  view->padding_size = padding;
  view->payload_size = static_cast<uint16_t>(view->payload_size - padding);
  return view;
}

void RtpHeaderWriter::Begin(const RtpHeaderFields& fields) {
  ByteWriter writer(out_);
  writer.U8(static_cast<uint8_t>((kVersion << 6) | (fields.padding ? 0x20 : 0)));
  writer.U8(static_cast<uint8_t>((fields.marker ? 0x80 : 0) | (fields.payload_type.value() & 0x7f)));
  writer.U16(fields.sequence_number);
  writer.U32(fields.timestamp);
  writer.U32(fields.ssrc.value());
  ok_ = writer.ok();
  size_ = writer.size();
  has_extensions_ = false;
  two_byte_form_ = false;
}

void RtpHeaderWriter::AddExtension(uint8_t id, Bytes content) {
  constexpr uint8_t kMaxOneByteId = 14;
  constexpr size_t kMaxOneByteSize = 16;
  if (id == 0 || content.size() > std::numeric_limits<uint8_t>::max()) ok_ = false;
  if (!ok_) return;
  if (!has_extensions_) {
    if (out_.size() - size_ < kExtensionHeaderBytes) {
      ok_ = false;
      return;
    }
    size_ += kExtensionHeaderBytes;  // written by Finish
    has_extensions_ = true;
  }
  if (id > kMaxOneByteId || content.empty() || content.size() > kMaxOneByteSize) ChangeToTwoByteForm();
  ByteWriter writer(out_.subspan(size_));
  if (two_byte_form_) {
    writer.U8(id);
    writer.U8(static_cast<uint8_t>(content.size()));
  } else {
    writer.U8(static_cast<uint8_t>((id << 4) | (content.size() - 1)));
  }
  writer.Write(content);
  ok_ = ok_ && writer.ok();
  if (ok_) size_ += writer.size();
}

// Each element's head becomes one byte longer, so what is behind it moves. Few elements, and hardly ever done.
void RtpHeaderWriter::ChangeToTwoByteForm() {
  if (two_byte_form_) return;
  two_byte_form_ = true;
  for (size_t at = kRtpHeaderBytes + kExtensionHeaderBytes; at < size_;) {
    if (size_ == out_.size()) {
      ok_ = false;
      return;
    }
    const uint8_t head = LoadU8(&out_[at]);
    const size_t size = size_t{head & 0x0fu} + 1;
    std::memmove(&out_[at + 2], &out_[at + 1], size_ - at - 1);
    StoreU8(&out_[at], head >> 4);
    StoreU8(&out_[at + 1], static_cast<uint8_t>(size));
    at += 2 + size;
    ++size_;
  }
}

size_t RtpHeaderWriter::Finish() {
  if (!ok_) return 0;
  if (!has_extensions_) return size_;
  const size_t padded = (size_ + 3) & ~size_t{3};
  if (padded > out_.size()) return 0;
  ByteWriter padding(out_.subspan(size_, padded - size_));
  padding.Zeros(padded - size_);
  size_ = padded;
  StoreU8(&out_[0], LoadU8(&out_[0]) | 0x10);
  ByteWriter head(out_.subspan(kRtpHeaderBytes, kExtensionHeaderBytes));
  head.U16(two_byte_form_ ? kTwoByteProfile : kOneByteProfile);
  head.U16(static_cast<uint16_t>((size_ - kRtpHeaderBytes - kExtensionHeaderBytes) / 4));
  return size_;
}

}  // namespace duet
