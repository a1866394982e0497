#include "wire/transport_feedback.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "wire/rtcp_messages.h"

namespace duet {
namespace {

constexpr uint16_t kMaxRunLength = 0x1FFF;
constexpr size_t kChunkBytes = 2;
constexpr size_t kOneBitSymbols = 14;
constexpr size_t kTwoBitSymbols = 7;

}  // namespace

// ---- reading -------------------------------------------------------------------------------------------------------

std::optional<TransportFeedback> TransportFeedback::Parse(Bytes body) {
  ByteReader reader(body);
  TransportFeedback feedback;
  feedback.sender_ssrc_ = Ssrc(reader.U32());
  feedback.media_ssrc_ = Ssrc(reader.U32());
  feedback.base_sequence_ = reader.U16();
  feedback.status_count_ = reader.U16();
  const uint32_t reference = reader.U24();
  feedback.reference_ = static_cast<int32_t>(reference << 8) >> 8;  // sign-extends the 24 bits
  feedback.feedback_count_ = reader.U8();
  feedback.chunks_ = reader.rest();
  if (!reader.ok() || feedback.status_count_ == 0) return std::nullopt;
  for (size_t told = 0; told < feedback.status_count_;) {
    const uint16_t chunk = reader.U16();
    // A run of no symbols would let a chunk say nothing.
    if (!reader.ok() || ChunkCapacity(chunk) == 0) return std::nullopt;
    told += ChunkCapacity(chunk);
    feedback.chunk_bytes_ += kChunkBytes;
  }
  if (!feedback.Walk([](const Status&) {})) return std::nullopt;
  return feedback;
}

// ---- writing -------------------------------------------------------------------------------------------------------

TransportFeedbackWriter::TransportFeedbackWriter(MutableBytes out, Ssrc sender, Ssrc media, uint8_t feedback_count,
                                                 uint16_t base_sequence, Time first_arrival)
    : out_(out.first(std::min(out.size(), kMaxBytes) & ~size_t{3})), base_sequence_(base_sequence) {
  const int64_t reference = first_arrival.us() / TransportFeedback::kReferenceUs;
  last_tick_ = reference * (TransportFeedback::kReferenceUs / TransportFeedback::kTickUs);
  ByteWriter writer(out_);
  writer.U8(static_cast<uint8_t>(0x80 | rtcp::kFormatTransportCc));
  writer.U8(rtcp::kTransportFeedback);
  writer.U16(0);
  writer.U32(sender.value());
  writer.U32(media.value());
  writer.U16(base_sequence);
  writer.U16(0);
  writer.U24(static_cast<uint32_t>(reference));
  writer.U8(feedback_count);
}

bool TransportFeedbackWriter::AddReceived(uint16_t sequence, Time arrival) {
  const uint16_t missing = static_cast<uint16_t>(sequence - next_sequence());
  constexpr uint16_t kHalfCircle = 0x8000;
  if (missing >= kHalfCircle) return false;
  const int64_t tick = arrival.us() / TransportFeedback::kTickUs;
  const int64_t delta = tick - last_tick_;
  if (delta < std::numeric_limits<int16_t>::min() || delta > std::numeric_limits<int16_t>::max()) return false;
  const bool small = delta >= 0 && delta <= std::numeric_limits<uint8_t>::max();

  const Statuses before = statuses_;
  bool fits = true;
  for (uint16_t i = 0; i < missing && fits; ++i) fits = AddSymbol(TransportFeedback::kNotReceived);
  fits = fits && AddSymbol(small ? TransportFeedback::kSmallDelta : TransportFeedback::kLargeDelta);
  if (!fits) {
    statuses_ = before;  // chunks written since are written over
    return false;
  }
  std::byte* place = deltas_.data() + statuses_.delta_bytes;
  if (small) {
    StoreU8(place - 1, static_cast<uint8_t>(delta));
  } else {
    StoreU16(place - 2, static_cast<uint16_t>(delta));
  }
  last_tick_ = tick;
  return true;
}

// Counts the symbol and reserves its delta.
bool TransportFeedbackWriter::AddSymbol(Symbol symbol) {
  Statuses& s = statuses_;
  const bool chunk_ends = !Fits(symbol);
  const size_t delta_bytes = s.delta_bytes + symbol;  // the symbols are numbered by the size of their delta
  // One chunk is always still to come: the one of the pending symbols.
  const size_t chunk_bytes = s.chunk_bytes + (chunk_ends ? 2 : 1) * kChunkBytes;
  const size_t size = rtcp::kHeaderBytes + TransportFeedback::kFixedBytes + chunk_bytes + delta_bytes;
  if (size > out_.size() || s.count == std::numeric_limits<uint16_t>::max()) return false;
  if (chunk_ends) WriteChunk(false);
  s.uniform = s.pending == 0 || (s.uniform && symbol == s.symbols[0]);
  s.large = (s.pending != 0 && s.large) || symbol == TransportFeedback::kLargeDelta;
  if (s.pending < s.symbols.size()) s.symbols[s.pending] = symbol;
  ++s.pending;
  ++s.count;
  s.delta_bytes = delta_bytes;
  return true;
}

bool TransportFeedbackWriter::Fits(Symbol symbol) const {
  const Statuses& s = statuses_;
  if (s.pending == 0) return true;
  if (s.uniform && symbol == s.symbols[0]) return s.pending < kMaxRunLength;
  const bool large = s.large || symbol == TransportFeedback::kLargeDelta;
  return s.pending < (large ? kTwoBitSymbols : kOneBitSymbols);
}

// Turns the pending symbols into a chunk; the last one need not be full. Mixed symbols that a large delta is to follow
// leave what is over seven pending.
void TransportFeedbackWriter::WriteChunk(bool last) {
  Statuses& s = statuses_;
  uint16_t chunk = 0;
  size_t told = s.pending;
  if (s.uniform) {
    chunk = static_cast<uint16_t>(s.symbols[0] << 13 | s.pending);
  } else if (!s.large && (last || s.pending == kOneBitSymbols)) {
    chunk = 0x8000;
    for (size_t i = 0; i < told; ++i) chunk = static_cast<uint16_t>(chunk | s.symbols[i] << (13 - i));
  } else {
    chunk = 0xC000;
    told = std::min(told, kTwoBitSymbols);
    for (size_t i = 0; i < told; ++i) chunk = static_cast<uint16_t>(chunk | s.symbols[i] << (12 - 2 * i));
  }
  StoreU16(&out_[rtcp::kHeaderBytes + TransportFeedback::kFixedBytes + s.chunk_bytes], chunk);
  s.chunk_bytes += kChunkBytes;
  const size_t left = s.pending - told;
  for (size_t i = 0; i < left; ++i) s.symbols[i] = s.symbols[told + i];
  const std::span<const Symbol> pending = std::span(s.symbols).first(left);
  s.pending = static_cast<uint16_t>(left);
  s.large = std::count(pending.begin(), pending.end(), TransportFeedback::kLargeDelta) > 0;
  s.uniform = std::all_of(pending.begin(), pending.end(), [&](Symbol x) { return x == pending[0]; });
}

size_t TransportFeedbackWriter::Finish() {
  Statuses& s = statuses_;
  if (s.count == 0) return 0;
  if (s.pending > 0) WriteChunk(true);
  size_t size = rtcp::kHeaderBytes + TransportFeedback::kFixedBytes + s.chunk_bytes;
  std::memcpy(&out_[size], deltas_.data(), s.delta_bytes);
  size += s.delta_bytes;
  for (; size % 4 != 0; ++size) out_[size] = std::byte{0};
  StoreU16(&out_[2], static_cast<uint16_t>(size / 4 - 1));
  StoreU16(&out_[rtcp::kHeaderBytes + 10], static_cast<uint16_t>(s.count));
  return size;
}

}  // namespace duet
